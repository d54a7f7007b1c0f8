"""Other servers that speak the Open Inference Protocol, behind Slipway: as a fallback, and as versions."""

import contextlib
import http.client
import json
import re
import shutil
import socket
import struct
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
from certificate import make_certificate
from server import MODELS, Server, push_approved, wait_until


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.degraded = headers.get("slipway-degraded")
        self.json = json.loads(body)

    @property
    def data(self):
        return self.json["outputs"][0]["data"]

    @property
    def reason(self):
        return self.json.get("reason")

    @property
    def message(self):
        return self.json["message"] if "message" in self.json else self.json["error"]


def ask(server, model, name, datatype, shape, data, **parameters):
    body = {"inputs": [{"name": name, "datatype": datatype, "shape": shape, "data": data}], "parameters": parameters}
    request = urllib.request.Request(f"{server.url}/v2/models/{model}/infer", json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def rows(server, *indices, model="gather", **parameters):
    return ask(server, model, "indices", "INT64", [len(indices)], list(indices), **parameters)


def metric(server, name, **labels):
    pattern = re.compile(rf"^{name}\{{([^}}]*)\}} (\S+)$", re.MULTILINE)
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    text = server.get("/metrics").decode()
    return sum(float(value) for found, value in pattern.findall(text) if wanted <= set(found.split(",")))


class HostileRemote:
    """Answers /v2 as a server without extensions, or with those given, and infer with the bytes of `answer(n, body)`.

    What `answer` gives is sent as it is, and the connection is closed behind it; a generator is sent piece by piece.
    None: the connection is reset. `requests` keeps the heads.
    """

    def __init__(self, answer, extensions=(), metadata=None, port=0):
        self.answer, self.extensions, self.metadata = answer, list(extensions), metadata
        self.requests = []
        self.is_stopping = False
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_stopping = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection:
            stream = connection.makefile("rb")
            while True:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = stream.readline()
                    if not line:
                        return
                    head += line
                length = re.search(rb"content-length: (\d+)", head)
                body = stream.read(int(length[1])) if length else b""
                self.requests.append(head.decode())
                target = head.split()[1].decode()
                if target == "/v2":
                    connection.sendall(response({"name": "hostile", "version": "1", "extensions": self.extensions}))
                    continue
                if head.startswith(b"GET "):
                    connection.sendall(response(self.metadata or {}))
                    continue
                count = sum("/infer " in request for request in self.requests)
                wanted = self.answer(count - 1, body)
                if wanted is None:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    return
                for piece in [wanted] if isinstance(wanted, bytes) else wanted:
                    connection.sendall(piece)
                    if self.is_stopping:
                        return
                if b"connection: keep-alive" not in (wanted if isinstance(wanted, bytes) else b""):
                    return


def response(body, status="200 OK", headers=""):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(text)}\r\n{headers}\r\n".encode() + text


def gathered(data, name="rows", datatype="FP32", shape=None):
    return {"outputs": [{"name": name, "datatype": datatype, "shape": shape or [len(data) // 2, 2], "data": data}]}


GOOD = response(gathered([1, 2]), headers="connection: keep-alive\r\n")


@pytest.fixture(scope="module")
def far(tmp_path_factory):
    """The remote: another Slipway."""
    running = Server(tmp_path_factory.mktemp("far")).start()
    push_approved(running, "gather", MODELS / "gather_any.onnx")
    yield running
    assert running.stop() == 0, running.log()


@pytest.fixture(scope="module")
def near(tmp_path_factory):
    """Asks remotes on this machine; its endpoint `gather` fails where an index is 9."""
    folder = tmp_path_factory.mktemp("near")
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "triton").write_text("word-from-a-file\n")
    (secrets / "triton").chmod(0o600)
    running = Server(
        folder,
        *("--remote-allow", "127.0.0.1", "--remote-allow", "localhost", "--remote-secrets", secrets),
        *("--remote-answer-bytes-max", "100000"),
        environment={"SLIPWAY_REMOTE_WORD": "word-from-the-environment"},
    ).start()
    push_approved(running, "gather", MODELS / "throws.onnx")
    yield running
    assert running.stop() == 0, running.log()
    assert "Sanitizer" not in running.log(), running.log()
    assert "word-from" not in running.log()


@pytest.fixture
def policy(near, tmp_path):
    """policy(text) is in force for `gather` when it returns; taken back at the end of the test."""

    def use(text):
        path = tmp_path / "policy.yaml"
        path.write_text(text)
        before = near.log().count('"policy.in_force"')
        near.cli("policy", "set", "gather", path)
        wait_until(lambda: near.log().count('"policy.in_force"') > before)
        time.sleep(0.2)  # it is published right after it is logged

    yield use
    near.cli("policy", "remove", "gather")


def test_a_remote_stands_in_for_a_version_that_fails(near, far, policy):
    assert rows(near, 9).reason == "run.failed"
    policy(f"fallback: [{{remote: {{url: '{far.url}', model: gather, timeout: 5s}}}}]")
    assert (rows(near, 3).data, rows(near, 3).degraded) == ([6, 7], None)
    answer = rows(near, 9)
    assert (answer.status, answer.data) == (200, [6, 7])
    assert answer.degraded == 'source="remote"; reason="run.failed"'
    assert answer.json["parameters"]["slipway_degraded"] == answer.degraded
    assert metric(near, "slipway_degraded_answers_total", model="gather", source="remote", reason="run.failed") == 1
    remote = far.address
    assert metric(near, "slipway_remote_requests_total", remote=remote, outcome="200") == 2  # /v2 and infer
    for _ in range(20):
        assert rows(near, 9, 0, 9).data == [6, 7, 0, 1, 6, 7]
    assert metric(near, "slipway_remote_requests_total", remote=remote, outcome="200") == 22
    assert metric(near, "slipway_remote_connections_opened_total", remote=remote) == 1  # kept open
    assert metric(near, "slipway_remote_connections", remote=remote) == 1

    def degraded_records():
        found = near.cli("audit", "query", "--kind", "prediction", "--json").stdout
        return [record for record in json.loads(found)["records"] if record.get("degraded")]

    wait_until(lambda: len(degraded_records()) == 21)  # the log is relaxed
    details = json.loads(degraded_records()[0]["details"])
    assert details == {"source": "remote", "reason": "run.failed", "asked": "1.0.0"}


def test_the_key_is_sent_and_kept_nowhere(near, policy):
    with HostileRemote(lambda n, body: GOOD) as remote:
        policy(f"fallback: [{{remote: {{url: '{remote.url}', model: m, version: '7', key: {{file: triton}}}}}}]")
        assert rows(near, 9).data == [1, 2]
        assert "authorization: Bearer word-from-a-file\r\n" in remote.requests[-1]
        assert remote.requests[-1].startswith("POST /v2/models/m/versions/7/infer HTTP/1.1\r\n")
        policy(
            f"fallback: [{{remote: {{url: '{remote.url}/inner', model: 'a b/c', "
            "key: {environment: SLIPWAY_REMOTE_WORD, header: X-Key}}}]"
        )
        assert rows(near, 9).data == [1, 2]
        assert "x-key: word-from-the-environment\r\n" in remote.requests[-1]
        assert "authorization" not in remote.requests[-1]
        assert remote.requests[-1].startswith("POST /inner/v2/models/a%20b%2Fc/infer HTTP/1.1\r\n")
    assert "word-from" not in near.cli("policy", "show", "gather").stdout


def test_a_policy_names_only_what_the_operator_allows(near, tmp_path):
    def refused(remote):
        path = tmp_path / "policy.yaml"
        path.write_text(f"fallback: [{{remote: {{{remote}}}}}]")
        done = near.cli("policy", "set", "gather", path, check=False)
        assert done.returncode != 0
        return done.stderr

    assert "remote.not_allowed" in refused("url: 'http://10.0.0.1:8000', model: m")
    assert "--remote-allow 10.0.0.1:8000" in refused("url: 'http://10.0.0.1:8000', model: m")
    assert "remote.bad_url" in refused("url: 'http://169.254.169.254', model: m")
    assert "remote.bad_url" in refused("url: 'http://user@127.0.0.1', model: m")
    assert "remote.key" in refused("url: 'http://127.0.0.1:1', model: m, key: {file: absent}")
    assert "remote.key" in refused("url: 'http://127.0.0.1:1', model: m, key: {environment: SLIPWAY_REMOTE_ABSENT}")
    assert "policy.bad_value" in refused("url: 'http://127.0.0.1:1', model: m, key: {environment: HOME}")
    assert "policy.bad_value" in refused("url: 'http://127.0.0.1:1', model: m, key: {file: ../data/commitment.key}")


def endless():
    yield b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    while True:
        yield b"1000\r\n" + b"x" * 4096 + b"\r\n"


def slowly():
    yield b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"
    for _ in range(100):
        time.sleep(0.05)
        yield b"x"


def after(seconds, wanted):
    time.sleep(seconds)
    yield wanted


HOSTILE = {
    "not HTTP": (lambda n, body: b"hello\r\n\r\n", "remote.answer"),
    "reset": (lambda n, body: None, "remote.unreachable"),
    "closed": (lambda n, body: b"", "remote.unreachable"),
    "cut off": (lambda n, body: response(gathered([1, 2]))[:-5], "remote.unreachable"),
    "huge length": (lambda n, body: b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n", "remote.answer"),
    "huge head": (lambda n, body: b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 50_000 + b"\r\n", "remote.answer"),
    "endless": (lambda n, body: endless(), "remote.answer"),
    "slow": (lambda n, body: slowly(), "remote.deadline"),
    "silent": (lambda n, body: after(5, GOOD), "remote.deadline"),
    "redirect": (lambda n, body: response({}, "302 Found", "location: http://127.0.0.1:1/\r\n"), "302"),
    "unavailable": (lambda n, body: response({"error": "no model today"}, "503 Service Unavailable"), "503"),
    "compressed": (lambda n, body: response(b"x", headers="content-encoding: gzip\r\n"), "remote.answer"),
}
MALFORMED = {
    "not JSON": b"rows",
    "an array": [],
    "no outputs": {},
    "another output": gathered([1, 2], name="columns"),
    "another type": gathered([1, 2], datatype="INT64"),
    "unknown type": gathered([1, 2], datatype="INT63"),
    "another rank": gathered([1, 2], shape=[2]),
    "another dimension": gathered([1, 2, 3], shape=[1, 3]),
    "too few elements": gathered([1]),
    "not a number": gathered([1, "2"]),
    "not a float": gathered([1, None]),
    "out of range": gathered([1, 1e39]),
    "negative shape": gathered([1, 2], shape=[-1, 2]),
    "huge shape": gathered([1, 2], shape=[1 << 40, 2]),
    "twice": {"outputs": gathered([1, 2])["outputs"] * 2},
    "deep": b"[" * 10_000,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_remote_that_misbehaves_is_passed_over(near, policy, case):
    answer, outcome = HOSTILE[case]
    with HostileRemote(answer) as remote:
        policy(f"fallback: [{{remote: {{url: '{remote.url}', model: m, timeout: 500ms}}}}]\ndefault: {{rows: -1}}")
        begin = time.monotonic()
        got = rows(near, 9)
        assert (got.data, got.degraded) == ([-1, -1], 'source="default"; reason="run.failed"')
        assert time.monotonic() - begin < 3
        address = f"127.0.0.1:{remote.port}"
        assert metric(near, "slipway_remote_requests_total", remote=address, outcome=outcome) == 1
        wait_until(lambda: metric(near, "slipway_remote_connections", remote=address) == 0)


@pytest.mark.parametrize("case", MALFORMED)
def test_an_answer_that_is_none_is_passed_over(near, policy, case):
    body = response(MALFORMED[case], headers="connection: keep-alive\r\n")
    with HostileRemote(lambda n, _: body if n == 0 else GOOD) as remote:
        policy(f"fallback: [{{remote: {{url: '{remote.url}', model: m}}}}]\ndefault: {{rows: -1}}")
        assert rows(near, 9).data == [-1, -1]
        assert rows(near, 9).data == [1, 2]
        opened = metric(near, "slipway_remote_connections_opened_total", remote=f"127.0.0.1:{remote.port}")
        assert opened == 1  # the connection was as good as before


def test_an_idle_connection_that_the_remote_closed_is_replaced(near, policy):
    def answer(n, body):
        return None if n in (1, 2) else GOOD  # a reset where a second request was sent on it

    with HostileRemote(answer) as remote:
        policy(f"fallback: [{{remote: {{url: '{remote.url}', model: m}}}}]\ndefault: {{rows: -1}}")
        assert rows(near, 9).data == [1, 2]
        # The kept connection is reset, then the new one too: once is forgiven.
        assert rows(near, 9).data == [-1, -1]
        assert sum("/infer " in head for head in remote.requests) == 3
        assert rows(near, 9).data == [1, 2]


def test_nothing_listens(near, policy):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    policy(f"fallback: [{{remote: {{url: 'http://localhost:{port}', model: m}}}}]\ndefault: {{rows: -1}}")
    assert rows(near, 9).data == [-1, -1]
    outcome = metric(near, "slipway_remote_requests_total", remote=f"localhost:{port}", outcome="remote.unreachable")
    assert outcome == 1


def test_a_name_without_an_allowance_is_no_remote(make_server, tmp_path):
    server = make_server()
    push_approved(server, "gather", MODELS / "throws.onnx")
    path = tmp_path / "policy.yaml"
    path.write_text("fallback: [{remote: {url: 'http://localhost:9', model: m}}]")
    done = server.cli("policy", "set", "gather", path, check=False)
    assert "remote.not_allowed" in done.stderr


def test_tls_is_verified(make_server, tmp_path):
    chain, key = make_certificate(tmp_path, "DNS:localhost")
    remote = Server(tmp_path / "remote", "--tls-cert", chain, "--tls-key", key).start(timeout_s=60)
    plain = make_server()
    push_approved(plain, "gather", MODELS / "gather_any.onnx")
    remote.stop()
    # The models of the plain server, behind TLS.
    plain.stop()
    remote = Server(plain.directory, "--tls-cert", chain, "--tls-key", key).start()
    port = remote.port
    trusting = make_server("--remote-allow", "localhost", "--remote-allow", "127.0.0.1", "--remote-ca", chain)
    doubting = make_server("--remote-allow", "localhost")
    try:
        for server, host, expected in (
            (trusting, "localhost", [6, 7]),
            (trusting, "127.0.0.1", [-1, -1]),  # not the name in the certificate
            (doubting, "localhost", [-1, -1]),
        ):
            if server.directory.name and not server.log().count('"version.loaded"'):
                push_approved(server, "gather", MODELS / "throws.onnx")
            path = tmp_path / "policy.yaml"
            path.write_text(
                f"fallback: [{{remote: {{url: 'https://{host}:{port}', model: gather}}}}]\ndefault: {{rows: -1}}"
            )
            before = server.log().count('"policy.in_force"')
            server.cli("policy", "set", "gather", path)
            wait_until(lambda s=server, b=before: s.log().count('"policy.in_force"') > b)
            time.sleep(0.2)
            assert rows(server, 9).data == expected, (host, server.log())
    finally:
        assert remote.stop() == 0


# Versions whose model answers on another server.

TYPES = {
    "bool": ("BOOL", "?", [True, False]),
    "uint8": ("UINT8", "B", [0, 255]),
    "uint16": ("UINT16", "H", [0, 65535]),
    "uint32": ("UINT32", "I", [0, 4294967295]),
    "uint64": ("UINT64", "Q", [0, 18446744073709551615]),
    "int8": ("INT8", "b", [-128, 127]),
    "int16": ("INT16", "h", [-32768, 32767]),
    "int32": ("INT32", "i", [-2147483648, 2147483647]),
    "int64": ("INT64", "q", [-9223372036854775808, 9223372036854775807]),
    "fp16": ("FP16", "e", [0.5, -65504.0]),
    "bf16": ("BF16", "H", [0x3F80, 0xC000]),
    "fp32": ("FP32", "f", [0.1, -3e38]),
    "fp64": ("FP64", "d", [0.1, 1e308]),
}


def describe(folder, url, model, more=""):
    path = folder / f"{model}-{time.monotonic_ns()}.yaml"
    path.write_text(f"url: {url}\nmodel: {model}\n{more}")
    return path


def post(server, model, body, **headers):
    request = urllib.request.Request(f"{server.url}/v2/models/{model}/infer", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def binary_request(name, datatype, shape, data, outputs):
    head = {"inputs": [{"name": name, "datatype": datatype, "shape": shape}]}
    head["inputs"][0]["parameters"] = {"binary_data_size": len(data)}
    head["outputs"] = [{"name": output, "parameters": {"binary_data": True}} for output in outputs]
    text = json.dumps(head).encode()
    return text + data, {"Inference-Header-Content-Length": str(len(text))}


def binary_answer(headers, body):
    length = int(headers["Inference-Header-Content-Length"])
    return json.loads(body[:length]), body[length:]


@pytest.fixture
def pair(make_server, tmp_path):
    """A remote, and a server that may ask it."""
    return make_server(), make_server("--remote-allow", "127.0.0.1"), tmp_path


def test_every_data_type_passes_in_json_and_binary(pair):
    far, near, folder = pair
    for kind, (datatype, letter, values) in TYPES.items():
        model = f"identity_{kind}"
        push_approved(far, model, MODELS / f"{model}.onnx")
        push_approved(near, model, describe(folder, far.url, model))
        metadata = json.loads(near.get(f"/v2/models/{model}"))
        assert metadata["platform"] == "slipway_remote"
        [[spec], [output]] = metadata["inputs"], metadata["outputs"]
        assert spec == json.loads(far.get(f"/v2/models/{model}"))["inputs"][0]
        data = struct.pack(f"<2{letter}", *values)
        body, headers = binary_request(
            spec["name"], datatype, [2] + [1] * (len(spec["shape"]) - 1), data, [output["name"]]
        )
        status, got_headers, got = post(near, model, body, **headers)
        assert status == 200, got
        answer, found = binary_answer(got_headers, got)
        assert (answer["outputs"][0]["datatype"], found) == (datatype, data)
        if kind == "bf16":
            continue
        answer = ask(near, model, spec["name"], datatype, [2] + [1] * (len(spec["shape"]) - 1), values)
        direct = ask(far, model, spec["name"], datatype, [2] + [1] * (len(spec["shape"]) - 1), values)
        assert answer.status == 200 and answer.data == direct.data


def test_texts_pass_whatever_they_hold(pair):
    far, near, folder = pair
    push_approved(far, "identity_string", MODELS / "identity_string.onnx")
    push_approved(near, "identity_string", describe(folder, far.url, "identity_string"))
    [spec] = json.loads(near.get("/v2/models/identity_string"))["inputs"]
    [output] = json.loads(near.get("/v2/models/identity_string"))["outputs"]
    texts = ["", 'a"b\\', "\u00fc\U0001f6a2", "\n\t\u0001"]
    shape = [4] + [1] * (len(spec["shape"]) - 1)
    assert ask(near, "identity_string", spec["name"], "BYTES", shape, texts).data == texts
    data = b"".join(struct.pack("<I", len(text)) + text for text in [b"\xff\x00", b"", b"x" * 70_000, b"\xc3"])
    body, headers = binary_request(spec["name"], "BYTES", shape, data, [output["name"]])
    status, got_headers, got = post(near, "identity_string", body, **headers)
    assert status == 200 and binary_answer(got_headers, got)[1] == data


CONTRACT = str(MODELS.parent.parent / "tests/e2e/iris_contract.yaml")


def iris(server, rows, **parameters):
    return ask(server, "iris", "X", "FP32", [len(rows), 4], [value for row in rows for value in row], **parameters)


def test_a_remote_version_is_approved_validated_and_audited_like_any_other(pair, request):
    far, near, folder = pair
    push_approved(far, "iris", MODELS / "iris.onnx")
    tests = folder / "tests.json"
    outputs = json.loads(far.get("/v2/models/iris"))["outputs"]
    label = next(output for output in outputs if output["shape"] == [-1])
    setosa = [5.1, 3.5, 1.4, 0.2]
    expected = next(o["data"] for o in iris(far, [setosa]).json["outputs"] if o["name"] == label["name"])

    def suite(data):
        tests.write_text(
            json.dumps(
                {
                    "cases": [
                        {
                            "name": "setosa",
                            "inputs": {"X": {"datatype": "FP32", "shape": [1, 4], "data": setosa}},
                            "outputs": {label["name"]: {"data": data}},
                        }
                    ]
                }
            )
        )
        return tests

    contract = request.path.parent / "iris_contract.yaml"
    description = describe(folder, far.url, "iris", "version: 1.0.0\ntimeout: 5s\n")
    draft = near.cli(
        *("model", "push", description, "--name", "iris", "--version", "0.9.0", "--tests", suite([7])), who="alice"
    )
    assert "draft" in draft.stdout and "failed" in draft.stdout
    near.cli(
        *("model", "push", description, "--name", "iris", "--version", "1.0.0"),
        *("--tests", suite(expected), "--contract", contract),
        who="alice",
    )
    assert "approval.by_author" in near.cli("model", "approve", "iris@1.0.0", who="alice", check=False).stderr
    near.cli("model", "approve", "iris@1.0.0", who="bob")
    near.wait_until_ready("iris", "1.0.0")
    shown = near.cli("model", "show", "iris@1.0.0").stdout
    assert f"url:        {far.url}" in shown and "the description alone" in shown
    version = json.loads(near.cli("model", "show", "iris@1.0.0", "--json").stdout)
    assert version["probe"]["format"] == "remote" and version["probe"]["batch_axis"] == 0
    assert re.fullmatch("[0-9a-f]{64}", version["probe"]["remote"]["metadata_digest"])

    answer = iris(near, [setosa, setosa])
    assert answer.status == 200 and answer.json["model_version"] == "1.0.0"
    assert answer.json["outputs"] == iris(far, [setosa, setosa]).json["outputs"]
    before = metric(near, "slipway_remote_requests_total", outcome="200")
    assert iris(near, [[-1, 3.5, 1.4, 0.2]]).reason == "contract.violation"  # the remote never hears of it
    assert ask(near, "iris", "Y", "FP32", [1, 4], setosa).status == 400
    wait_until(
        lambda: metric(near, "slipway_remote_requests_total", outcome="200") > before
    )  # the looks of each second

    def records():
        found = near.cli("audit", "query", "--kind", "prediction", "--json").stdout
        return [record for record in json.loads(found)["records"] if record["outcome"] == "ok"]

    wait_until(records)
    assert records()[0]["bundle"] == version["digest"]
    statistics = json.loads(near.get("/v2/models/iris/stats"))["model_stats"][0]
    assert statistics["inference_stats"]["success"]["count"] == 1
    assert json.loads(near.get("/v2/models/iris/config"))["backend"] == "slipway_remote"


def test_a_description_is_refused_with_what_was_found(make_server, tmp_path):
    far = make_server()
    push_approved(far, "iris", MODELS / "iris.onnx")
    near = make_server("--remote-allow", f"127.0.0.1:{far.port}", "--remote-allow", "127.0.0.1:1")

    def refused(text):
        path = tmp_path / "remote.yaml"
        path.write_text(text)
        done = near.cli("model", "push", path, "--name", "m", "--version", "1.0.0", who="alice", check=False)
        assert done.returncode != 0, done.stdout
        return done.stderr

    assert "remote.missing_key" in refused("model: iris")
    assert "line 3" in refused(f"url: {far.url}\nmodel: iris\nverison: 1")
    assert "remote.not_allowed" in refused("url: http://127.0.0.1:2\nmodel: iris")
    assert "remote.not_allowed" in refused(f"url: http://localhost:{far.port}\nmodel: iris")
    assert "remote.unreachable" in refused("url: http://127.0.0.1:1\nmodel: iris")
    assert "404" in refused(f"url: {far.url}\nmodel: roses")
    tensors = "inputs: [{name: X, datatype: FP32, shape: [-1, 5]}]"
    assert "remote.signature" in refused(f"url: {far.url}\nmodel: iris\n{tensors}")
    with HostileRemote(lambda n, body: GOOD, metadata={"name": "m", "inputs": [], "outputs": []}) as bare:
        near = make_server("--remote-allow", f"127.0.0.1:{bare.port}")
        assert "remote.no_signature" in refused(f"url: {bare.url}\nmodel: m")
        assert "remote.bad_value" in refused(
            f"url: {bare.url}\nmodel: m\ninputs: [{{name: a, datatype: FP31, shape: [1]}}]"
        )


GATHER = {
    "name": "m",
    "platform": "p",
    "versions": ["1"],
    "inputs": [{"name": "indices", "datatype": "INT64", "shape": [-1]}],
    "outputs": [{"name": "rows", "datatype": "FP32", "shape": [-1, 2]}],
}


def is_ready(server, model):
    try:
        server.get(f"/v2/models/{model}/ready")
    except urllib.error.HTTPError as error:
        return json.loads(error.read())["reason"]
    return True


def test_a_remote_that_changed_is_not_asked(make_server, tmp_path):
    with HostileRemote(lambda n, body: GOOD, metadata=GATHER) as remote:
        near = make_server("--remote-allow", "127.0.0.1")
        push_approved(near, "gather", describe(tmp_path, remote.url, "m"))
        assert rows(near, 3).data == [1, 2]
        remote.metadata = {**GATHER, "versions": ["1", "2"]}  # says nothing of the model
        time.sleep(1.5)
        assert is_ready(near, "gather") is True
        remote.metadata = {**GATHER, "outputs": [{"name": "rows", "datatype": "FP32", "shape": [-1, 3]}]}
        wait_until(lambda: is_ready(near, "gather") == "remote.changed")
        answer = rows(near, 3)
        assert (answer.status, answer.reason) == (503, "remote.changed")
        assert "push the description again" in answer.json["error"]
        assert metric(near, "slipway_remote_ready", remote=remote.url) == 0
        remote.metadata = GATHER
        wait_until(lambda: is_ready(near, "gather") is True)
        assert rows(near, 3).data == [1, 2]
        assert metric(near, "slipway_remote_ready", remote=remote.url) == 1


def test_a_version_outlives_its_remote(make_server, tmp_path):
    far = make_server()
    push_approved(far, "gather", MODELS / "gather_any.onnx")
    near = make_server("--remote-allow", "127.0.0.1", directory=tmp_path / "near")
    push_approved(near, "gather", describe(tmp_path, far.url, "gather"))
    port = far.port
    far.stop()
    assert near.stop() == 0
    near = make_server("--remote-allow", "127.0.0.1", directory=tmp_path / "near")  # starts without its remote
    assert is_ready(near, "gather") == "remote.unreachable"
    assert rows(near, 3).reason == "remote.unreachable"
    back = make_server(port=port, directory=far.directory)
    wait_until(lambda: is_ready(near, "gather") is True)
    assert rows(near, 3).data == [6, 7]
    assert back.port == port


def test_errors_of_a_remote_reach_the_caller(make_server, tmp_path):
    wanted = {"answer": GOOD}
    with HostileRemote(lambda n, body: wanted["answer"], metadata=GATHER) as remote:
        near = make_server("--remote-allow", "127.0.0.1", "--predict-timeout-ms", "1000")
        push_approved(near, "gather", describe(tmp_path, remote.url, "m"))

        def ends(answer):
            wanted["answer"] = answer
            got = rows(near, 3)
            return got.status, got.reason, got.json.get("error", "")

        def says(status, text):
            return response({"error": text}, f"{status} x")

        assert ends(says(400, "no such row"))[:2] == (400, "remote.status")
        assert "no such row" in ends(says(400, "no such row"))[2]
        assert ends(says(401, "who are you"))[:2] == (500, "remote.status")
        assert ends(says(404, "gone"))[:2] == (503, "remote.status")
        assert ends(says(503, "busy"))[:2] == (503, "remote.status")
        assert ends(response(gathered([1])))[:2] == (500, "remote.answer")
        assert ends(None)[:2] == (503, "remote.unreachable")
        assert ends(after(3, GOOD))[:2] == (504, "remote.deadline")
        begin = time.monotonic()
        wanted["answer"] = after(3, GOOD)
        assert rows(near, 3, timeout=300_000).status == 504  # microseconds, the caller's own
        assert time.monotonic() - begin < 0.9


class Load:
    """Asks from several threads until it is left; `answers` counts by status and source."""

    def __init__(self, server, threads=4):
        self.server, self.count, self.answers, self.is_done = server, threads, {}, False
        self.lock = threading.Lock()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.run) for _ in range(self.count)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_done = True
        for thread in self.threads:
            thread.join()

    def run(self):
        while not self.is_done:
            answer = rows(self.server, 3)
            with self.lock:
                key = (answer.status, (answer.degraded or "").split(";")[0])
                self.answers[key] = self.answers.get(key, 0) + 1

    def seen(self, status, source=""):
        return self.answers.get((status, source and f'source="{source}"'), 0)


def test_a_remote_that_is_killed_under_load_is_survived(make_server, tmp_path):
    far = make_server()
    push_approved(far, "gather", MODELS / "gather_any.onnx")
    near = make_server("--remote-allow", "127.0.0.1")
    push_approved(near, "gather", describe(tmp_path, far.url, "gather"))
    policy = tmp_path / "policy.yaml"
    policy.write_text("breaker: {callsMin: 5, openFor: 500ms, window: 2s}\ndefault: {rows: -1}\n")
    near.cli("policy", "set", "gather", policy)
    wait_until(lambda: "policy.in_force" in near.log())
    with Load(near) as load:
        wait_until(lambda: load.seen(200) > 50)
        assert load.seen(200, "default") == 0
        port = far.port
        far.kill()
        wait_until(lambda: load.seen(200, "default") > 50)
        wait_until(lambda: metric(near, "slipway_breaker_state", model="gather") == 2)
        wait_until(lambda: is_ready(near, "gather") == "remote.unreachable")
        good = load.seen(200)
        begin = time.monotonic()
        make_server(port=port, directory=far.directory)
        wait_until(lambda: load.seen(200) > good + 50)
        assert time.monotonic() - begin < 5
        wait_until(lambda: metric(near, "slipway_breaker_state", model="gather") == 0)
    assert {status for status, _ in load.answers} == {200}, load.answers


def test_a_server_stops_while_a_remote_keeps_it_waiting(make_server, tmp_path):
    wanted = {"answer": GOOD}
    with HostileRemote(lambda n, body: wanted["answer"], metadata=GATHER) as remote:
        near = make_server("--remote-allow", "127.0.0.1", "--drain-timeout-ms", "300")
        push_approved(near, "gather", describe(tmp_path, remote.url, "m"))
        wanted["answer"] = after(20, GOOD)

        def ask_in_vain():
            with contextlib.suppress(OSError, http.client.HTTPException):
                rows(near, 3)

        asked = len(remote.requests)
        asking = threading.Thread(target=ask_in_vain)
        asking.start()
        wait_until(lambda: any("/infer " in head for head in remote.requests[asked:]))
        begin = time.monotonic()
        assert near.stop() == 0
        assert time.monotonic() - begin < 5
        asking.join()


@pytest.fixture(scope="module")
def mlserver(tmp_path_factory, request):
    """A real MLServer, where the comparison with it has installed one: script/bench does."""
    root = request.path.parents[2]
    python = root / ".deps/peers/mlserver/bin/python"
    if not python.exists():
        pytest.skip("MLServer is not installed: script/bench serving installs it")
    folder = tmp_path_factory.mktemp("mlserver")
    sys.path.insert(0, str(root / "bench"))
    try:
        import peers
    finally:
        sys.path.pop(0)
    models = folder / "models"
    models.mkdir()
    for name in ("simple", "tabular"):
        shutil.copy(MODELS / f"{name}.onnx", models)
    peer = peers.Peer("mlserver", python, folder, models)
    yield peer
    peer.stop()


SIMPLE = """inputs:
  - {name: INPUT0, datatype: INT32, shape: [-1, 16]}
  - {name: INPUT1, datatype: INT32, shape: [-1, 16]}
outputs:
  - {name: OUTPUT0, datatype: INT32, shape: [-1, 16]}
  - {name: OUTPUT1, datatype: INT32, shape: [-1, 16]}
"""


def test_mlserver_stands_behind_it(make_server, mlserver, tmp_path):
    near = make_server("--remote-allow", "127.0.0.1")
    path = describe(tmp_path, mlserver.url, "simple")
    done = near.cli("model", "push", path, "--name", "simple", "--version", "1.0.0", who="alice", check=False)
    assert "remote.no_signature" in done.stderr  # MLServer does not look into models
    push_approved(near, "simple", describe(tmp_path, mlserver.url, "simple", SIMPLE))
    version = json.loads(near.cli("model", "show", "simple@1.0.0", "--json").stdout)
    assert "mlserver" in version["probe"]["remote"]["server"]
    inputs = [
        {"name": name, "datatype": "INT32", "shape": [1, 16], "data": list(range(16))} for name in ("INPUT0", "INPUT1")
    ]
    status, _, body = post(near, "simple", json.dumps({"inputs": inputs}).encode())
    assert status == 200, body
    outputs = {output["name"]: output["data"] for output in json.loads(body)["outputs"]}
    assert outputs == {"OUTPUT0": [2 * n for n in range(16)], "OUTPUT1": [0] * 16}
    bad = [{**inputs[0], "shape": [1, 15], "data": list(range(15))}, inputs[1]]
    assert post(near, "simple", json.dumps({"inputs": bad}).encode())[0] == 400

"""Other servers that speak the Open Inference Protocol, behind Slipway: as a fallback of an endpoint."""

import contextlib
import json
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
from server import MODELS, Server, push_approved


def wait_until(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, condition
        time.sleep(0.02)
    return found


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


def certificate(folder):
    key, chain = folder / "key.pem", folder / "chain.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", chain], check=True, capture_output=True)
    return chain, key


def test_tls_is_verified(make_server, tmp_path):
    chain, key = certificate(tmp_path)
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

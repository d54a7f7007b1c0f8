"""Keys, limits of listening, draining, metrics, tracing."""

import hashlib
import json
import re
import signal
import threading
import time
import urllib.error
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from server import MODELS, SLIPWAY, cli, push_approved
from test_lifecycle import predict


def create_key(server, admin, name, role, *arguments):
    made = server.cli("key", "create", "--name", name, "--role", role, "--json", *arguments, key=admin)
    return json.loads(made.stdout)


def status_of(server, path, key=None, content=None):
    request = urllib.request.Request(server.url + path, content)
    if key is not None:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        assert "error" in json.loads(error.read())
        return error.code


def of_another(key):
    """The key with another last character."""
    return key[:-1] + ("y" if key.endswith("x") else "x")


def test_keys_and_roles(make_server):
    server = make_server(auth="on")
    first = server.directory / "data/bootstrap.key"
    assert first.stat().st_mode & 0o777 == 0o600
    admin = first.read_text().strip()
    author = create_key(server, admin, "alice", "data-scientist")
    approver = create_key(server, admin, "bob", "approver")
    caller = create_key(server, admin, "shop", "predictor", "--model", "simple")
    stranger = create_key(server, admin, "other-shop", "predictor", "--model", "another")

    assert status_of(server, "/v2/health/ready") == 200
    assert status_of(server, "/v2/models/simple") == 401
    assert status_of(server, "/v2/models/simple", key=of_another(author["key"])) == 401
    server.cli("model", "push", MODELS / "simple.onnx", "--name", "simple", "--version", "1.0.0", key=author["key"])
    assert server.cli("model", "approve", "simple@1.0.0", key=author["key"], check=False).returncode == 1
    assert server.cli("model", "approve", "simple@1.0.0", key=admin, check=False).returncode == 1
    server.cli("model", "approve", "simple@1.0.0", key=approver["key"])

    content = json.dumps(
        {"inputs": [{"name": f"INPUT{i}", "shape": [1, 16], "datatype": "INT32", "data": [0] * 16} for i in (0, 1)]}
    ).encode()
    infer = "/v2/models/simple/infer"
    deadline = time.monotonic() + 20
    while status_of(server, infer, caller["key"], content) != 200:
        assert time.monotonic() < deadline, server.log()
    assert status_of(server, infer, stranger["key"], content) == 403
    assert status_of(server, infer, approver["key"], content) == 403
    assert status_of(server, infer, admin, content) == 403
    assert status_of(server, infer, None, content) == 401

    rotated = json.loads(server.cli("key", "rotate", caller["id"], "--json", key=admin).stdout)
    assert rotated["key"] != caller["key"]
    assert status_of(server, infer, rotated["key"], content) == 200
    server.cli("key", "revoke", caller["id"], key=admin)
    assert status_of(server, infer, rotated["key"], content) == 401
    listed = server.cli("key", "list", "--json", key=admin).stdout
    for secret in (admin, author["key"], approver["key"], rotated["key"]):
        assert secret not in listed
        assert secret not in server.log()
    assert server.stop() == 0
    for file in (server.directory / "data").rglob("*"):
        if file.is_file() and file != first:
            found = file.read_bytes()
            assert not any(secret.encode() in found for secret in (admin, author["key"], rotated["key"])), file


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["--http", "0.0.0.0:0"], "tls"),
        (["--http", "0.0.0.0:0", "--auth", "off", "--trusted-proxy"], "auth"),
        (["--http", "nonsense"], "--http"),
        (["--http", "127.0.0.1:70000"], "--http"),
        (["--tls-cert", "/none"], "tls"),
    ],
)
def test_refuses_to_listen_unsafely(tmp_path, arguments, word):
    done = cli("serve", "--data", tmp_path / "data", *arguments, check=False)
    assert done.returncode in (1, 2)
    assert word in done.stderr.lower()


def test_role_on_one_model_does_not_reach_the_whole_server(make_server):
    server = make_server(auth="on")
    bootstrap = (server.directory / "data/bootstrap.key").read_text().strip()
    admin = create_key(server, bootstrap, "iris-admin", "admin", "--model", "iris")["key"]
    auditor = create_key(server, bootstrap, "iris-auditor", "auditor", "--model", "iris")["key"]
    assert status_of(server, "/api/v1/keys", admin) == 403
    assert status_of(server, "/api/v1/audit/records", auditor) == 403


def call(server, method, path, key, content=None):
    request = urllib.request.Request(server.url + path, content, method=method)
    request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_hash_is_no_right_to_a_file(make_server):
    server = make_server(auth="on")
    admin = (server.directory / "data/bootstrap.key").read_text().strip()
    owner = create_key(server, admin, "alice", "data-scientist", "--model", "secret")["key"]
    stranger = create_key(server, admin, "eve", "data-scientist", "--model", "eve")["key"]
    content = (MODELS / "simple.onnx").read_bytes()
    digest = hashlib.sha256(content).hexdigest()

    def missing(key):
        body = json.dumps({"digests": [digest, "0" * 64]}).encode()
        return call(server, "POST", "/api/v1/blobs/missing", key, body)[1]["missing"]

    server.cli("model", "push", MODELS / "simple.onnx", "--name", "secret", "--version", "1.0.0", key=owner)
    shown = json.loads(server.cli("model", "show", "secret@1.0.0", "--json", key=owner).stdout)
    manifest = shown["manifest"]
    assert missing(owner) == ["0" * 64]
    assert missing(stranger) == [digest, "0" * 64]

    def steal():
        body = json.dumps({"version": "1.0.0", "manifest": manifest}).encode()
        return call(server, "POST", "/api/v1/models/eve/versions", stranger, body)

    status, refused = steal()
    assert (status, refused["reason"]) == (409, "bundle.incomplete")
    assert [(d["field"], d["rule"]) for d in refused["details"]] == [("simple.onnx", "missing")]
    assert call(server, "PUT", f"/api/v1/blobs/{digest}", stranger, b"a guess")[0] == 400
    assert missing(stranger) == [digest, "0" * 64], "a wrong guess proves nothing"
    server.cli("model", "push", MODELS / "simple.onnx", "--name", "eve", "--version", "1.0.0", key=stranger)
    assert missing(stranger) == ["0" * 64]


def test_grants_are_given_and_taken_with_a_record(make_server):
    server = make_server(auth="on")
    admin = (server.directory / "data/bootstrap.key").read_text().strip()
    auditor = create_key(server, admin, "carol", "auditor")["key"]
    key = create_key(server, admin, "ann", "data-scientist", "--model", "iris")["key"]
    assert status_of(server, "/api/v1/models", key) == 200
    grant = ("--name", "ann", "--role", "data-scientist", "--model", "iris")
    assert server.cli("key", "revoke-grant", *grant, key=key, check=False).returncode == 1
    server.cli("key", "revoke-grant", *grant, key=admin)
    assert status_of(server, "/api/v1/models", key) == 401
    server.cli("key", "grant", "--name", "ann", "--role", "data-scientist", key=admin)
    assert status_of(server, "/api/v1/models", key) == 200, "a role on all models covers one"
    listed = json.loads(server.cli("key", "grants", "--json", key=admin).stdout)["grants"]
    assert ("ann", "data-scientist", "*") in [(g["name"], g["role"], g["model"]) for g in listed]
    records = json.loads(server.cli("audit", "query", "--kind", "decision", "--json", key=auditor).stdout)["records"]
    assert {"grant.add", "grant.revoke"} <= {record["action"] for record in records}


def test_denied_requests_are_counted_in_the_log(make_server):
    server = make_server(auth="on")
    admin = (server.directory / "data/bootstrap.key").read_text().strip()
    auditor = create_key(server, admin, "carol", "auditor")["key"]
    made = create_key(server, admin, "shop", "predictor", "--model", "simple")
    for _ in range(20):
        assert status_of(server, "/v2/models/other/infer", made["key"], b"{}") == 403
    assert status_of(server, "/api/v1/models/simple/versions/1.0.0/approve", None, b"") == 401
    body = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]}
    assert status_of(server, "/v2/models/simple/infer", made["key"], json.dumps(body).encode()) == 404

    def refusals():
        answer = server.cli("audit", "query", "--kind", "refusal", "--json", key=auditor).stdout
        found = {}
        for record in json.loads(answer)["records"]:
            details = json.loads(record["details"]) if isinstance(record["details"], str) else record["details"]
            key = (record["action"], record.get("model", ""), details["reason"], bool(record.get("principal")))
            found[key] = found.get(key, 0) + details["count"]
        return found

    expected = {
        ("predict", "other", "access.forbidden", True): 20,
        ("approve", "simple", "access.missing_key", False): 1,
        ("predict", "simple", "serving.not_served", True): 1,
    }
    deadline = time.monotonic() + 20
    while refusals() != expected:
        assert time.monotonic() < deadline, refusals()
        time.sleep(0.05)


def test_a_refusal_names_people(make_server):
    server = make_server(auth="on")
    admin = (server.directory / "data/bootstrap.key").read_text().strip()
    author = create_key(server, admin, "alice", "data-scientist")["key"]
    own = create_key(server, admin, "alice", "approver")["key"]
    server.cli("model", "push", MODELS / "simple.onnx", "--name", "simple", "--version", "1.0.0", key=author)
    refused = server.cli("model", "approve", "simple@1.0.0", key=own, check=False)
    assert re.search(r"pushed by alice \([0-9a-f-]{36}\)", refused.stderr), refused.stderr


def test_two_servers_do_not_share_a_port(make_server, tmp_path):
    server = make_server()
    second = cli("serve", "--data", tmp_path / "second", "--http", server.address, "--auth", "off", check=False)
    assert second.returncode == 1
    assert "cannot listen" in second.stderr


def test_drain_finishes_what_is_in_flight(make_server):
    server = make_server()
    push_approved(server, "slow", MODELS / "slow.onnx")
    metadata = json.loads(server.get("/v2/models/slow"))["inputs"][0]
    shape = [1 if d < 0 else d for d in metadata["shape"]]
    count = 1
    for d in shape:
        count *= d
    content = json.dumps(
        {"inputs": [{"name": metadata["name"], "shape": shape, "datatype": metadata["datatype"], "data": [0] * count}]}
    ).encode()
    results = []
    client = threading.Thread(
        target=lambda: results.append(status_of(server, "/v2/models/slow/infer", content=content))
    )
    client.start()
    while "in_flight 1" not in server.get("/metrics").decode():
        assert not results, "the slow model answered before it could be seen in flight"
    server.process.send_signal(signal.SIGTERM)
    client.join()
    assert results == [200]
    assert server.process.wait(timeout=20) == 0
    assert not (server.directory / "ready.json").exists(), "whoever waits for the next start would go on too early"


def test_a_run_that_cannot_be_interrupted_does_not_keep_the_server_from_ending(make_server):
    server = make_server("--predict-timeout-ms", "500", "--drain-timeout-ms", "100")
    push_approved(server, "long", MODELS / "operator_by_input.onnx")
    size = {"name": "size", "shape": [2], "datatype": "INT64", "data": [8000, 8000]}  # half a minute and more
    content = json.dumps({"inputs": [size]}).encode()
    assert status_of(server, "/v2/models/long/infer", content=content) == 504
    started = time.monotonic()
    assert server.stop() == 0, server.log()
    assert time.monotonic() - started < 10
    assert "server.stopped" in server.log()


def test_start_clears_what_a_killed_server_left(make_server, tmp_path):
    left = tmp_path / "killed/data/tmp/probe-1/model.onnx"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    make_server(directory=tmp_path / "killed")
    assert list((tmp_path / "killed/data/tmp").iterdir()) == []


def test_metrics_in_both_formats(make_server):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx")
    for _ in range(3):
        predict(server)
    text = server.get("/metrics").decode()
    families = {family.name: family for family in parse_text(text)}
    samples = {(s.name, s.labels.get("outcome")): s.value for s in families["slipway_predictions"].samples}
    assert samples[("slipway_predictions_total", "success")] == 3
    durations = families["slipway_prediction_duration_seconds"]
    assert durations.type == "histogram"
    counts = {s.labels["outcome"]: s.value for s in durations.samples if s.name.endswith("_count")}
    assert counts == {"success": 3, "failure": 0}
    answered = {(s.labels["route"], s.labels["status"]): s.value for s in families["slipway_http_requests"].samples}
    assert answered[("/v2/models/{model}/infer", "200")] == 3
    assert families["process_resident_memory_bytes"].samples[0].value > 0
    exposed = server.get("/metrics", Accept="application/openmetrics-text; version=1.0.0").decode()
    assert exposed.endswith("# EOF\n")
    assert {family.name for family in parse_openmetrics(exposed)} >= {
        "slipway_predictions",
        "slipway_prediction_duration_seconds",
    }


def test_traceparent_reaches_records(make_server):
    server = make_server("--audit", "strict", "--log-level", "debug")
    push_approved(server, "simple", MODELS / "simple.onnx")
    trace = "0af7651916cd43dd8448eb211c80319c"
    content = json.dumps(
        {"inputs": [{"name": f"INPUT{i}", "shape": [1, 16], "datatype": "INT32", "data": [0] * 16} for i in (0, 1)]}
    ).encode()
    request = urllib.request.Request(
        f"{server.url}/v2/models/simple/infer", content, {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    )
    with urllib.request.urlopen(request) as response:
        identity = response.headers["slipway-request-id"]
    record = json.loads(server.cli("audit", "query", "--request-id", identity, "--json").stdout)["records"][0]
    assert record["trace_id"] == trace
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.log().splitlines()]
    logged = [line for line in lines if line.get("request_id") == identity]
    assert [(line["trace_id"], line["status"], line["route"]) for line in logged] == [
        (trace, 200, "/v2/models/{model}/infer")
    ]


COMMANDS = [
    [],
    ["serve"],
    ["model"],
    ["model", "push"],
    ["model", "list"],
    ["model", "show"],
    ["model", "approve"],
    ["model", "reject"],
    ["model", "retire"],
    ["model", "verify"],
    ["model", "pull"],
    ["key"],
    ["key", "create"],
    ["key", "list"],
    ["key", "revoke"],
    ["key", "rotate"],
    ["audit"],
    ["audit", "verify"],
    ["audit", "query"],
    ["audit", "receipt"],
    ["audit", "check"],
    ["audit", "key"],
    ["probe"],
    ["bench"],
    ["tune"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_complete(command):
    done = cli(*command, "--help")
    assert done.stderr == ""
    text = done.stdout
    options = re.findall(r"^  +(?:-\w,)?(--[a-z-]+)(.*)$", text, re.M)
    assert options and all(rest.strip() for _, rest in options), text  # each option is explained


def test_probe_tells_what_a_model_is():
    done = cli("probe", MODELS / "simple.onnx", "--json")
    report = json.loads(done.stdout)
    assert {i["name"] for i in report["inputs"]} == {"INPUT0", "INPUT1"}
    assert cli("probe", SLIPWAY, check=False).returncode == 1

"""A model's life through the command line: push, refusal, approval, verification, pull, retirement, receipts."""

import json
import pathlib
import re
import threading
import time
import urllib.error
import urllib.request

import pytest
from server import MODELS, SLIPWAY, cli, push_approved


def show(server, reference):
    return json.loads(server.cli("model", "show", reference, "--json").stdout)


def predict(server, model="simple", value=1):
    content = json.dumps(
        {"inputs": [{"name": f"INPUT{i}", "shape": [1, 16], "datatype": "INT32", "data": [value] * 16} for i in (0, 1)]}
    ).encode()
    request = urllib.request.Request(f"{server.url}/v2/models/{model}/infer", content)
    with urllib.request.urlopen(request) as response:
        return response.headers["slipway-request-id"], json.loads(response.read())


def test_four_eyes(make_server):
    server = make_server()
    server.cli("model", "push", MODELS / "simple.onnx", "--name", "simple", "--version", "1.0.0", who="alice")
    assert show(server, "simple@1.0.0")["state"] == "candidate"
    own = server.cli("model", "approve", "simple@1.0.0", who="alice", check=False)
    assert own.returncode == 1
    assert "author" in own.stderr
    assert show(server, "simple@1.0.0")["state"] == "candidate"
    server.cli("model", "approve", "simple@1.0.0", who="bob")
    version = show(server, "simple@1.0.0")
    assert version["state"] == "approved"
    assert [(a["principal"], a["decision"], a["digest"]) for a in version["approvals"]] == [
        ("bob", "approve", version["digest"])
    ]


def test_two_approvals_by_two_people(make_server):
    server = make_server("--approvals", "2")
    server.cli("model", "push", MODELS / "simple.onnx", "--name", "simple", "--version", "1.0.0", who="alice")
    server.cli("model", "approve", "simple@1.0.0", who="bob")
    assert show(server, "simple@1.0.0")["state"] == "candidate"
    assert server.cli("model", "approve", "simple@1.0.0", who="bob", check=False).returncode == 1
    server.cli("model", "approve", "simple@1.0.0", who="carol")
    assert show(server, "simple@1.0.0")["state"] == "approved"


def test_rejection_needs_a_reason_and_stops_a_version(make_server):
    server = make_server()
    server.cli("model", "push", MODELS / "simple.onnx", "--name", "simple", "--version", "1.0.0", who="alice")
    assert server.cli("model", "reject", "simple@1.0.0", who="bob", check=False).returncode != 0
    server.cli("model", "reject", "simple@1.0.0", "--reason", "trained on the wrong year", who="bob")
    version = show(server, "simple@1.0.0")
    assert version["state"] not in ("candidate", "approved")
    assert version["approvals"][-1]["reason"] == "trained on the wrong year"
    assert server.cli("model", "approve", "simple@1.0.0", who="bob", check=False).returncode == 1


def test_a_version_is_taken_for_good(make_server):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx")
    again = server.cli(
        "model",
        "push",
        MODELS / "identity_fp32.onnx",
        "--name",
        "simple",
        "--version",
        "1.0.0",
        who="alice",
        check=False,
    )
    assert again.returncode == 1 and "1.0.0" in again.stderr


@pytest.mark.parametrize("version", ["1", "1.0", "01.0.0", "v1.0.0", "1.0.0-", "latest", "1.0.0+build"])
def test_a_version_that_is_not_semantic_is_refused(make_server, version):
    server = make_server()
    refused = server.cli(
        "model", "push", MODELS / "simple.onnx", "--name", "simple", f"--version={version}", who="alice", check=False
    )
    assert refused.returncode in (1, 2) and "version" in refused.stderr
    assert json.loads(server.cli("model", "list", "--json").stdout)["models"] == []


def test_the_highest_approved_version_answers(make_server):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx", version="1.10.0")
    push_approved(server, "simple", MODELS / "simple.onnx", version="1.9.0")
    push_approved(server, "simple", MODELS / "simple.onnx", version="2.0.0-rc.1")
    assert predict(server)[1]["model_version"] == "1.10.0"
    server.cli("model", "retire", "simple@1.10.0", "--reason", "test", who="bob")
    assert predict(server)[1]["model_version"] == "1.9.0"


@pytest.mark.parametrize(
    "name", ["pickle", "zip", "text", "empty", "loop_forever", "external_traversal", "huge_allocation"]
)
def test_models_that_are_refused(make_server, tmp_path, name):
    server = make_server("--probe-timeout-ms", "3000")
    made = {"pickle": b"\x80\x04\x95\x10\x00", "zip": b"PK\x03\x04" + bytes(60), "text": b"hello, model", "empty": b""}
    path = MODELS / f"{name}.onnx"
    if name in made:
        path = tmp_path / "model.onnx"
        path.write_bytes(made[name])
    refused = server.cli("model", "push", path, "--name", "bad", "--version", "1.0.0", who="alice", check=False)
    assert refused.returncode == 1, refused.stdout
    assert refused.stderr.strip()
    if name in ("pickle", "zip"):
        assert name in refused.stderr.lower()
    assert json.loads(server.cli("model", "list", "--json").stdout)["models"] == []
    push_approved(server, "simple", MODELS / "simple.onnx")


def test_a_failing_model_test_keeps_a_version_a_draft(make_server, tmp_path):
    server = make_server()
    case = {
        "name": "adds",
        "inputs": {f"INPUT{i}": {"datatype": "INT32", "shape": [1, 16], "data": [i] * 16} for i in (0, 1)},
        "outputs": {"OUTPUT0": {"data": [1] * 16, "tolerance": 0}},
    }
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"cases": [case]}))
    case["outputs"]["OUTPUT0"]["data"] = [2] * 16
    bad.write_text(json.dumps({"cases": [case]}))
    server.cli(
        "model",
        "push",
        MODELS / "simple.onnx",
        "--name",
        "simple",
        "--version",
        "1.0.0",
        "--tests",
        bad,
        who="alice",
        check=False,
    )
    assert show(server, "simple@1.0.0")["state"] == "draft"
    assert server.cli("model", "approve", "simple@1.0.0", who="bob", check=False).returncode == 1
    server.cli(
        "model", "push", MODELS / "simple.onnx", "--name", "simple", "--version", "1.0.1", "--tests", good, who="alice"
    )
    assert show(server, "simple@1.0.1")["state"] == "candidate"


def endless(iterations):
    return {"iterations": {"datatype": "INT64", "shape": [1], "data": [iterations]}}


def push_with_case(server, tmp_path, model, inputs, output):
    suite = tmp_path / "tests.json"
    suite.write_text(json.dumps({"cases": [{"name": "case", "inputs": inputs, "outputs": {output: {"data": [0]}}}]}))
    arguments = ["--name", "suspect", "--version", "1.0.0", "--tests", suite]
    return server.cli("model", "push", MODELS / model, *arguments, who="alice", check=False)


def test_a_test_suite_that_does_not_end_refuses_the_push(make_server, tmp_path):
    server = make_server("--probe-timeout-ms", "3000")
    refused = push_with_case(server, tmp_path, "slow_by_input.onnx", endless(2**60), "total")
    assert refused.returncode == 1
    assert "model.probe_timeout" in refused.stderr and "test suite" in refused.stderr
    assert json.loads(server.cli("model", "list", "--json").stdout)["models"] == []
    push_approved(server, "simple", MODELS / "simple.onnx")


def peak_memory_mib(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


@pytest.mark.parametrize("elements, found", [(2**28, "has 268435456 elements"), (2**35, "memory")])
def test_a_test_suite_takes_its_memory_from_the_sandbox(make_server, tmp_path, elements, found):
    server = make_server()
    size = {"size": {"datatype": "INT64", "shape": [1], "data": [elements]}}
    push_with_case(server, tmp_path, "memory_by_input.onnx", size, "zeros")
    version = show(server, "suspect@1.0.0")
    assert version["state"] == "draft"
    assert found in json.dumps(version["tests"])
    if "asan" not in str(SLIPWAY):
        assert peak_memory_mib(server) < 500
    push_approved(server, "simple", MODELS / "simple.onnx")


def test_an_endless_input_holds_up_nobody_else(make_server):
    server = make_server("--predict-timeout-ms", "2000")
    push_approved(server, "slow", MODELS / "slow_by_input.onnx")
    inputs = [{"name": name, **given} for name, given in endless(2**60).items()]
    request = urllib.request.Request(f"{server.url}/v2/models/slow/infer", json.dumps({"inputs": inputs}).encode())
    answers = []

    def ask():
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        answers.append(refused.value.code)

    client = threading.Thread(target=ask)
    client.start()
    while client.is_alive():
        started = time.monotonic()
        assert server.get("/v2/health/live")
        assert time.monotonic() - started < 1
        time.sleep(0.05)
    client.join()
    assert answers == [504]


def test_a_large_batch_does_not_hold_up_an_io_thread(make_server):
    server = make_server()
    push_approved(server, "identity", MODELS / "identity_fp32.onnx")

    def queued():
        found = re.findall(
            r"^slipway_prediction_queue_duration_seconds_count.* (\S+)$", server.get("/metrics").decode(), re.M
        )
        return sum(float(count) for count in found)

    def infer(rows):
        entry = {"name": "INPUT", "shape": [rows], "datatype": "FP32", "data": [0.5] * rows}
        request = urllib.request.Request(
            f"{server.url}/v2/models/identity/infer", json.dumps({"inputs": [entry]}).encode()
        )
        with urllib.request.urlopen(request) as response:
            assert len(json.loads(response.read())["outputs"][0]["data"]) == rows

    infer(1)
    assert queued() == 0, "one row runs where it was read"
    infer(500_000)
    assert queued() == 1


def test_a_version_that_cannot_be_loaded_comes_back_with_its_bytes(make_server):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx")
    content = (MODELS / "simple.onnx").read_bytes()
    blob = next(p for p in (server.directory / "data").rglob("*") if p.is_file() and p.read_bytes() == content)
    assert server.stop() == 0
    blob.rename(blob.with_suffix(".kept"))
    server.start()

    def failures():
        return float(
            re.search(r"^slipway_version_load_failures_total (\S+)$", server.get("/metrics").decode(), re.M)[1]
        )

    deadline = time.monotonic() + 30
    while failures() < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert server.log().count("version.load_failed") == 1, "once for each reason"
    blob.with_suffix(".kept").rename(blob)
    while True:
        try:
            predict(server)
            break
        except urllib.error.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_pull_gives_back_the_bytes(make_server, tmp_path):
    server = make_server()
    card = tmp_path / "card.md"
    card.write_text("# Adds — and subtracts\n")
    server.cli(
        "model", "push", MODELS / "simple.onnx", "--name", "simple", "--version", "1.0.0", "--card", card, who="alice"
    )
    server.cli("model", "pull", "simple@1.0.0", tmp_path / "pulled")
    pulled = {p.name: p.read_bytes() for p in (tmp_path / "pulled").rglob("*") if p.is_file()}
    assert (MODELS / "simple.onnx").read_bytes() in pulled.values()
    assert card.read_bytes() in pulled.values()
    assert json.loads(server.cli("model", "verify", "simple@1.0.0", "--json").stdout)["ok"] is True


def test_one_changed_byte_in_the_store_is_found_and_not_served(make_server):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx")
    content = (MODELS / "simple.onnx").read_bytes()
    blob = next(p for p in (server.directory / "data").rglob("*") if p.is_file() and p.read_bytes() == content)
    blob.chmod(0o600)
    blob.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    report = server.cli("model", "verify", "simple@1.0.0", "--json", check=False)
    assert report.returncode == 1 and json.loads(report.stdout)["ok"] is False
    assert server.stop() == 0
    server.start()
    with pytest.raises(Exception, match="404|503"):
        predict(server)
    assert "tampered" in server.log()


def test_contract_is_enforced_with_every_violation(make_server, tmp_path):
    server = make_server()
    contract = tmp_path / "contract.yaml"
    contract.write_text(pathlib.Path(__file__).with_name("iris_contract.yaml").read_text())
    push_approved(server, "iris", MODELS / "iris.onnx", "--contract", contract)
    import numpy as np
    import tritonclient.http as triton
    from tritonclient.utils import InferenceServerException

    with triton.InferenceServerClient(server.address) as client:

        def infer(rows):
            entry = triton.InferInput("X", [len(rows), 4], "FP32")
            entry.set_data_from_numpy(np.array(rows, dtype=np.float32))
            return client.infer("iris", [entry])

        assert infer([[5.1, 3.5, 1.4, 0.2]]).get_response()["model_version"] == "1.0.0"
        with pytest.raises(InferenceServerException) as refused:
            infer([[5.1, 3.5, 1.4, 0.2], [-1, 3.5, 99, 0.2], [5, float("nan"), 1, 1]])
        for word in ("sepal_length", "petal_length", "sepal_width", "99"):
            assert word in refused.value.message(), refused.value.message()


def test_receipts(make_server, tmp_path):
    server = make_server("--audit", "strict")
    push_approved(server, "simple", MODELS / "simple.onnx")
    requests = [predict(server, value=i)[0] for i in range(20)]
    key = server.cli("audit", "key").stdout.strip()
    receipt = tmp_path / "receipt"
    server.cli("audit", "receipt", requests[7], "-o", receipt)
    assert server.stop() == 0
    good = cli("audit", "check", receipt, "--key", key)  # without the server
    assert requests[7] in good.stdout
    content = receipt.read_bytes()
    for position in range(0, len(content), 37):
        altered = tmp_path / "altered"
        altered.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert cli("audit", "check", altered, "--key", key, check=False).returncode == 1, position
    assert json.loads(cli("audit", "verify", "--data", server.directory / "data", "--json").stdout)["ok"] is True
    server.start()


def test_audit_query_tells_who_did_what(make_server):
    server = make_server("--audit", "strict")
    push_approved(server, "simple", MODELS / "simple.onnx")
    request, _ = predict(server)

    def query(*filters):
        return json.loads(server.cli("audit", "query", *filters, "--json").stdout)["records"]

    actions = [(r["action"], r["principal"]) for r in query("--kind", "decision")]
    assert ("model.push", "alice") in actions and ("model.approve", "bob") in actions
    assert [r["request_id"] for r in query("--request-id", request)] == [request]
    assert [r["request_id"] for r in query("--endpoint", "simple", "--kind", "prediction")] == [request]
    assert query("--principal", "nobody") == []

"""Which versions are in memory: at their first request, within a limit, pinned, unloaded for good; and their labels."""

import concurrent.futures
import json
import re
import time
import urllib.error
import urllib.request

import pytest
from server import MODELS, push_approved

SIMPLE = {
    "inputs": [
        {"name": "INPUT0", "datatype": "INT32", "shape": [1, 16], "data": list(range(16))},
        {"name": "INPUT1", "datatype": "INT32", "shape": [1, 16], "data": [1] * 16},
    ]
}


def post(server, path, body=None, method="POST"):
    request = urllib.request.Request(
        server.url + path, json.dumps(body or {}).encode(), {"content-type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def refused(server, path, body=None):
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(server, path, body)
    return caught.value.code, json.loads(caught.value.read())["reason"], caught.value.headers


def version_that_answers(server, model, version=None):
    path = f"/v2/models/{model}" + (f"/versions/{version}" if version else "")
    return post(server, path + "/infer", SIMPLE)["model_version"]


def states(server):
    return {f"{entry['name']}@{entry['version']}": entry["state"] for entry in post(server, "/v2/repository/index")}


def wait_for(condition, timeout_s=20):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def metric(server, name):
    return float(re.search(rf"^{name} (\S+)$", server.get("/metrics").decode(), re.MULTILINE)[1])


def approve(server, name, version="1.0.0"):
    server.cli("model", "push", MODELS / "simple.onnx", "--name", name, "--version", version, who="alice")
    server.cli("model", "approve", f"{name}@{version}", who="bob")
    wait_for(lambda: f"{name}@{version}" in states(server))


def test_first_requests_wait_for_the_model(make_server):
    server = make_server("--load-on-demand")
    approve(server, "lazy")
    assert states(server) == {"lazy@1.0.0": "UNAVAILABLE"}
    assert metric(server, "slipway_versions_served") == 0
    with concurrent.futures.ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(lambda _: version_that_answers(server, "lazy"), range(32)))
    assert set(answers) == {"1.0.0"}
    assert states(server) == {"lazy@1.0.0": "READY"}

    approve(server, "lazy", "1.1.0")  # takes over: loaded beforehand, and until then the other one answers
    wait_for(lambda: states(server)["lazy@1.1.0"] == "READY")
    assert version_that_answers(server, "lazy") == "1.1.0"

    # A restart loads nothing, and metadata is a first request too.
    server.stop()
    server.start()
    assert set(states(server).values()) == {"UNAVAILABLE"}
    assert json.loads(server.get("/v2/models/lazy"))["versions"] == ["1.0.0", "1.1.0"]
    assert states(server)["lazy@1.1.0"] == "READY"


def test_a_limit_of_memory(make_server):
    server = make_server("--models-memory-bytes-max", "1")  # room for none but the pinned
    approve(server, "first")
    assert refused(server, "/v2/models/first/infer", SIMPLE)[:2] == (503, "serving.memory_limit")
    assert post(server, "/v2/repository/models/first/load", {"parameters": {"pinned": True}})
    assert version_that_answers(server, "first") == "1.0.0"
    bytes_of_one = metric(server, "slipway_versions_memory_bytes")
    assert bytes_of_one > 0
    server.stop()

    # Room for two of three: the one that was used longest ago goes, and comes back when it is asked for.
    server.arguments = ("--models-memory-bytes-max", str(int(bytes_of_one * 2.9)))
    server.start()
    approve(server, "second")
    approve(server, "third")
    for name in ("second", "third", "second", "third", "first"):
        assert version_that_answers(server, name) == "1.0.0"
    assert states(server)["first@1.0.0"] == "READY"  # pinned
    assert list(states(server).values()).count("READY") == 2
    assert metric(server, "slipway_version_evictions_total") >= 3


def test_unloaded_is_unloaded_after_a_restart_and_elsewhere(make_server, tmp_path):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx", version="1.0.0")
    push_approved(server, "simple", MODELS / "simple.onnx", version="1.1.0")
    post(server, "/v2/repository/models/simple/unload", {"parameters": {"version": "1.1.0"}})
    assert version_that_answers(server, "simple") == "1.0.0"
    server.stop()
    server.start()
    assert version_that_answers(server, "simple") == "1.0.0"
    code, reason, _ = refused(server, "/v2/models/simple/versions/1.1.0/infer", SIMPLE)
    assert (code, reason) == (404, "model.version_not_served")

    data = server.directory / "data"
    other = make_server("--database", f"sqlite:{data / 'slipway.db'}", "--objects", str(data / "objects"))
    assert version_that_answers(other, "simple") == "1.0.0"
    post(other, "/v2/repository/models/simple/load", {"parameters": {"version": "1.1.0"}})
    assert version_that_answers(other, "simple") == "1.1.0"
    wait_for(lambda: version_that_answers(server, "simple") == "1.1.0")


def test_what_cannot_be_loaded_says_why(make_server):
    server = make_server("--load-on-demand")
    approve(server, "broken")
    for stored in (server.directory / "data/objects").rglob("*"):
        if stored.is_file() and stored.read_bytes() == (MODELS / "simple.onnx").read_bytes():
            stored.chmod(0o600)
            stored.write_bytes(b"something else")
    code, reason, headers = refused(server, "/v2/models/broken/infer", SIMPLE)
    assert (code, reason) == (503, "serving.load_failed")
    assert headers["retry-after"]
    assert refused(server, "/v2/repository/models/broken/load")[:2] == (503, "serving.load_failed")


def test_labels_are_versions(make_server):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx", version="1.0.0")
    push_approved(server, "simple", MODELS / "simple.onnx", version="1.1.0")
    path = "/api/2.0/mlflow/registered-models/alias"

    def label(alias, number):
        post(server, path, {"name": "simple", "alias": alias, "version": str(number)})

    label("stable", 1)
    label("challenger", 2)
    wait_for(lambda: server_knows(server, "challenger"))
    assert version_that_answers(server, "simple", "stable") == "1.0.0"
    assert version_that_answers(server, "simple", "challenger") == "1.1.0"
    assert json.loads(server.get("/v2/models/simple/versions/stable"))["versions"] == ["1.0.0"]
    label("stable", 2)
    wait_for(lambda: version_that_answers(server, "simple", "stable") == "1.1.0")
    assert refused(server, "/v2/models/simple/versions/absent/infer", SIMPLE)[:2] == (404, "model.version_not_served")


def server_knows(server, label):
    try:
        return version_that_answers(server, "simple", label)
    except urllib.error.HTTPError:
        return False

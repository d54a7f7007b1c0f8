"""Lineage: from a file to the predictions of a model that was trained on it, and back; the real OpenLineage client."""

import hashlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import numpy as np
import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    StaticDataset,
)
from openlineage.client.facet_v2 import dataset_version_dataset, datasource_dataset, error_message_run, parent_run
from openlineage.client.transport.http import HttpConfig, HttpTransport
from receiver import Receiver
from server import MODELS, push_approved, wait_until
from test_operations import create_key
from test_webhooks import call, refusal

TIMES = [f"2026-11-24T10:00:{second:02}Z" for second in range(60)]


def client(server, key=None, compression=None):
    config = {"url": server.url, "type": "http"}
    if key:
        config["auth"] = {"type": "api_key", "apiKey": key}
    if compression:
        config["compression"] = compression
    return OpenLineageClient(transport=HttpTransport(HttpConfig.from_dict(config)))


def version(text):
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=text)}


def run_event(state, run_id, second, job="train", inputs=(), outputs=(), **facets):
    return RunEvent(
        eventType=state,
        eventTime=TIMES[second],
        run=Run(runId=run_id, facets=facets),
        job=Job(namespace="tests", name=job),
        producer="https://example.org/tests",
        inputs=list(inputs),
        outputs=list(outputs),
    )


def graph(server, subject, key=None, **arguments):
    query = urllib.parse.urlencode({"subject": subject, **arguments})
    return call(server, "GET", f"/api/v1/lineage/graph?{query}", key=key)


def names(found):
    return sorted((node["kind"], node["name"], node["depth"]) for node in found["nodes"])


def predict(server, model="simple"):
    inputs = [
        {"name": f"INPUT{i}", "shape": [1, 16], "datatype": "INT32", "data": np.ones(16, int).tolist()} for i in (0, 1)
    ]
    request = urllib.request.Request(f"{server.url}/v2/models/{model}/infer", json.dumps({"inputs": inputs}).encode())
    with urllib.request.urlopen(request) as response:
        return response.headers["slipway-request-id"]


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_the_unmodified_client_tells_of_a_pipeline(make_server, compression):
    server = make_server()
    told = client(server, compression=compression)
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    raw = InputDataset(
        namespace="s3://bucket",
        name="raw",
        facets={**version("v1"), "dataSource": datasource_dataset.DatasourceDatasetFacet(name="b", uri="s3://bucket")},
    )
    clean = {"namespace": "s3://bucket", "name": "clean"}
    parent = parent_run.ParentRunFacet(
        run=parent_run.Run(runId=first), job=parent_run.Job(namespace="tests", name="prepare")
    )
    told.emit(run_event(RunState.START, first, 0, "prepare", [raw]))
    told.emit(run_event(RunState.COMPLETE, first, 5, "prepare", [], [OutputDataset(**clean)]))
    told.emit(run_event(RunState.START, second, 6, inputs=[InputDataset(**clean)], parent=parent))
    told.emit(
        run_event(RunState.FAIL, second, 9, errorMessage=error_message_run.ErrorMessageRunFacet("boom", "python"))
    )
    told.emit(run_event(RunState.RUNNING, second, 8))
    told.close()

    found = graph(server, f"run:{second}", direction="up")
    assert found["truncated"] is False
    run_names = {first.replace("-", ""), second.replace("-", "")}
    assert names(found) == sorted(
        [
            ("run", second.replace("-", ""), 0),
            ("run", first.replace("-", ""), -1),
            ("job", "train", -1),
            ("dataset", "clean", -1),
            ("job", "prepare", -2),
            ("dataset", "raw", -2),
        ]
    )
    assert {node["name"] for node in graph(server, "raw", direction="down")["nodes"]} == {"raw", "clean", *run_names}
    (node,) = [node for node in found["nodes"] if node["depth"] == 0]
    details = call(server, "GET", f"/api/v1/lineage/nodes/{node['id']}")
    assert details["state"] == "FAIL", "what ended a run is not undone by what was sent before"
    assert details["started"].startswith("2026-11-24T10:00:06") and details["ended"].startswith("2026-11-24T10:00:09")
    assert details["facets"]["errorMessage"]["message"] == "boom"
    (source,) = [node for node in found["nodes"] if node["name"] == "raw"]
    facets = call(server, "GET", f"/api/v1/lineage/nodes/{source['id']}")["facets"]
    assert facets["dataSource"]["uri"] == "s3://bucket" and facets["version"]["datasetVersion"] == "v1"


def test_events_without_runs(make_server):
    server = make_server()
    told = client(server)
    told.emit(
        JobEvent(
            eventTime=TIMES[0],
            producer="https://example.org/tests",
            job=Job(namespace="tests", name="nightly"),
            inputs=[InputDataset(namespace="db", name="orders")],
            outputs=[OutputDataset(namespace="db", name="revenue")],
        )
    )
    told.emit(
        DatasetEvent(
            eventTime=TIMES[1],
            producer="https://example.org/tests",
            dataset=StaticDataset(namespace="db", name="alone", facets=version("7")),
        )
    )
    told.close()
    assert names(graph(server, "orders")) == [
        ("dataset", "orders", 0),
        ("dataset", "revenue", 2),
        ("job", "nightly", 1),
    ]
    assert [(node["name"], node["version"]) for node in graph(server, "dataset:7")["nodes"]] == [("alone", "7")]


def test_the_same_events_again_change_nothing(make_server):
    server = make_server()
    told = client(server)
    run_id = str(uuid.uuid4())
    event = run_event(RunState.COMPLETE, run_id, 0, inputs=[InputDataset(namespace="n", name="d")])
    told.emit(event)
    before = graph(server, f"run:{run_id}")
    told.emit(event)
    told.close()
    assert graph(server, f"run:{run_id}") == before


def test_from_a_file_to_a_prediction_and_back(make_server, tmp_path):
    """dataset file -> run -> version -> release -> prediction, by the command line, both ways."""
    server = make_server()
    data = tmp_path / "train.csv"
    data.write_bytes(b"a,b\n1,2\n")
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    push_approved(server, "simple", MODELS / "simple.onnx")
    run_id = str(uuid.uuid4())
    told = client(server)
    told.emit(
        run_event(
            RunState.COMPLETE,
            run_id,
            0,
            inputs=[InputDataset(namespace="file", name="train.csv", facets=version(digest))],
            outputs=[OutputDataset(namespace="slipway", name="models/simple", facets=version("1.0.0"))],
        )
    )
    told.close()
    request_id = predict(server)

    upwards = server.cli("lineage", "show", request_id, "--up").stdout.splitlines()
    run = f"run {run_id.replace('-', '')}"
    assert upwards[:5] == [
        f"prediction {request_id}",
        "  comes from:",
        "    release simple@1.0.0",
        "      version simple@1.0.0",
        f"        {run}",
    ]
    assert sorted(upwards[5:]) == [
        f"          dataset train.csv (file) {digest[:12]}",
        "          job train (tests)",
    ]
    shown = server.cli("lineage", "show", data, "--down", "--predictions", "5")
    assert digest in shown.stderr
    wanted = ["dataset train.csv", run, "version simple@1.0.0", "release simple@1.0.0"]
    positions = [shown.stdout.index(text) for text in [*wanted, f"prediction {request_id}"]]
    assert positions == sorted(positions), shown.stdout
    shallow = server.cli("lineage", "show", "simple@1.0.0", "--up", "--depth", "1").stdout
    assert run in shallow and "train.csv" not in shallow
    assert json.loads(server.cli("lineage", "show", "simple@1.0.0", "--json").stdout)["truncated"] is False
    missing = server.cli("lineage", "show", "nothing-like-it", check=False)
    assert missing.returncode == 1 and "nothing is known" in missing.stderr


def mlflow(server, path, body):
    return call(server, "POST", f"/api/2.0/mlflow/{path}", body)


def test_a_tracked_run_leads_from_its_data_to_a_prediction(make_server, tmp_path):
    """What MLflow's client tells is enough: no OpenLineage event is sent, and who listens hears of the run."""
    listening = make_server()
    server = make_server("--openlineage-url", listening.url + "/api/v1/lineage")
    data = tmp_path / "train.csv"
    data.write_bytes(b"a,b\n1,2\n")
    digest = hashlib.sha256(data.read_bytes()).hexdigest()[:32]
    run_id = mlflow(server, "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    dataset = {"name": "train.csv", "digest": digest, "source_type": "local", "source": "train.csv"}
    mlflow(server, "runs/log-inputs", {"run_id": run_id, "datasets": [{"dataset": dataset, "tags": []}]})
    file = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/model/model.onnx"
    content = (MODELS / "simple.onnx").read_bytes()
    urllib.request.urlopen(urllib.request.Request(server.url + file, content, method="PUT")).close()
    mlflow(server, "registered-models/create", {"name": "simple"})
    mlflow(server, "model-versions/create", {"name": "simple", "source": f"runs:/{run_id}/model", "run_id": run_id})
    registered = "/api/2.0/mlflow/model-versions/get?name=simple&version=1"
    wait_until(lambda: call(server, "GET", registered)["model_version"]["status"] == "READY")
    for _ in range(2):  # as a client that asks again
        mlflow(server, "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": 1})
    server.cli("model", "approve", "simple@1.0.0", who="bob")

    def answer():
        try:
            return predict(server)
        except urllib.error.HTTPError:
            return None

    request_id = wait_until(answer)
    upwards = server.cli("lineage", "show", request_id, "--up").stdout
    assert f"run {run_id}" in upwards and "dataset train.csv" in upwards
    shown = server.cli("lineage", "show", data, "--down", "--predictions", "5").stdout
    wanted = ["dataset train.csv", f"run {run_id}", "version simple@1.0.0", f"prediction {request_id}"]
    positions = [shown.index(text) for text in wanted]
    assert positions == sorted(positions), shown

    def heard():
        try:
            nodes = graph(listening, f"run:{run_id}", depth=1)["nodes"]
        except urllib.error.HTTPError:
            return None
        run = next(node for node in nodes if node["kind"] == "run")
        state = call(listening, "GET", f"/api/v1/lineage/nodes/{run['id']}")["state"]
        return {node["name"] for node in nodes} if state == "COMPLETE" else None

    assert wait_until(heard) >= {run_id, "train/Default", "train.csv"}


def test_what_may_not_be_read_is_not_shown(make_server):
    server = make_server(auth="on")
    admin = (server.directory / "data/bootstrap.key").read_text().strip()
    ann = create_key(server, admin, "ann", "data-scientist")["key"]
    bob = create_key(server, admin, "bob", "approver")["key"]
    other = create_key(server, admin, "eve", "viewer", "--model", "other")["key"]
    server.cli("model", "push", MODELS / "simple.onnx", "--name", "simple", "--version", "1.0.0", key=ann)
    server.cli("model", "approve", "simple@1.0.0", key=bob)
    assert len(graph(server, "simple@1.0.0", key=ann)["nodes"]) == 2
    for subject in ("simple@1.0.0", "release:simple@1.0.0", graph(server, "simple@1.0.0", ann)["nodes"][0]["digest"]):
        status, _ = refusal(server, "GET", f"/api/v1/lineage/graph?subject={subject}", key=other)
        assert status == 404, subject
    (node, _) = graph(server, "simple@1.0.0", ann)["nodes"]
    assert refusal(server, "GET", f"/api/v1/lineage/nodes/{node['id']}", key=other)[0] == 404
    path = f"/api/v1/lineage/graph?subject={uuid.uuid4()}"
    assert refusal(server, "GET", path, key=ann)[0] == 403, "predictions are the auditor's"
    event = {"eventTime": TIMES[0]}
    assert refusal(server, "POST", "/api/v1/lineage", event, key=other)[0] == 403
    assert refusal(server, "POST", "/api/v1/lineage", event, key=ann)[0] == 400
    told = client(server, ann)
    told.emit(run_event(RunState.START, str(uuid.uuid4()), 0))
    told.close()


def event_json(**changes):
    event = {
        "eventType": "COMPLETE",
        "eventTime": TIMES[0],
        "producer": "https://example.org",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.uuid4())},
        "job": {"namespace": "n", "name": "j"},
        "inputs": [{"namespace": "n", "name": "d"}],
    }
    return {**event, **changes}


def test_a_batch_keeps_what_is_good(make_server):
    server = make_server()
    good = event_json()
    answer = call(server, "POST", "/api/v1/lineage/batch", [good, {"eventTime": 1}, event_json(job={"name": "j"})])
    assert answer["status"] == "partial_success"
    assert answer["summary"] == {"received": 3, "successful": 1, "failed": 2, "retriable": 0, "non_retriable": 2}
    assert [(one["index"], one["retriable"]) for one in answer["failed_events"]] == [(1, False), (2, False)]
    assert answer["failed_events"][0]["reason"].startswith("[1].eventTime: ")
    assert graph(server, good["run"]["runId"])["nodes"]
    assert call(server, "POST", "/api/v1/lineage/batch", [good])["status"] == "success"


def test_hostile_events_are_refused_with_the_path(make_server):
    server = make_server()
    deep = json.loads("[" * 400 + "]" * 400)
    for path, event in {
        "run.runId": event_json(run={"runId": "../../etc/passwd"}),
        "eventTime": event_json(eventTime="now"),
        "eventType": event_json(eventType="START; DROP TABLE lineage_nodes"),
        "inputs": event_json(inputs=[{"namespace": "n", "name": "d"}] * 1001),
        "inputs[0].name": event_json(inputs=[{"namespace": "n", "name": "x" * 3000}]),
        "job.name": event_json(job={"namespace": "n", "name": "a\x00b"}),
        "job.facets.f": event_json(job={"namespace": "n", "name": "j", "facets": {"f": "x"}}),
        "run.facets.f": event_json(run={"runId": str(uuid.uuid4()), "facets": {"f": {"_producer": deep}}}),
    }.items():
        status, said = refusal(server, "POST", "/api/v1/lineage", event)
        assert status == 400 and said["reason"] == "lineage.invalid_event", said
        assert said["details"][0]["field"].startswith(path), (path, said)
    for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"run":1,"run":2}', b"null", b"x" * (5 << 20)):
        request = urllib.request.Request(server.url + "/api/v1/lineage", body, {"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        assert refused.value.code in (400, 413), body[:20]
    for query in (
        "",
        "subject=",
        "subject=%00",
        "subject=a&direction=left",
        "subject=a&depth=101",
        "subject=a&depth=x",
    ):
        assert refusal(server, "GET", f"/api/v1/lineage/graph?{query}")[0] == 400, query
    assert refusal(server, "GET", "/api/v1/lineage/graph?subject=job:j")[0] == 404, "nothing of them was kept"
    for text in ("' OR 1=1 --", "run:'; DROP TABLE lineage_nodes; --", "%", "_", "x@y@z", "🚢"):
        path = f"/api/v1/lineage/graph?subject={urllib.parse.quote(text)}"
        assert refusal(server, "GET", path)[0] == 404, text


def test_what_slipway_does_is_told_to_an_openlineage_server(make_server, tmp_path):
    """The server that listens is another Slipway, which reads strictly; a first receiver shows the key."""
    listening = make_server()
    server = make_server("--openlineage-url", listening.url + "/api/v1/lineage")
    push_approved(server, "simple", MODELS / "simple.onnx")
    deadline = time.monotonic() + 30
    jobs = set()
    while jobs != {"register/simple", "validate/simple", "release/simple"}:
        assert time.monotonic() < deadline, jobs
        time.sleep(0.05)
        try:
            found = graph(listening, "dataset:models/simple")
        except urllib.error.HTTPError:
            continue
        for run in [node for node in found["nodes"] if node["kind"] == "run"]:
            if call(listening, "GET", f"/api/v1/lineage/nodes/{run['id']}")["state"] == "COMPLETE":
                nearby = graph(listening, f"run:{run['name']}", direction="up", depth=1)["nodes"]
                jobs |= {node["name"] for node in nearby if node["kind"] == "job"}

    key_file = tmp_path / "key"
    key_file.write_text("ol-key\n")
    key_file.chmod(0o600)
    with Receiver(lambda n: 503 if n == 0 else 201) as receiver:
        keyed = make_server(
            "--openlineage-url", receiver.url, "--openlineage-key-file", key_file, "--webhook-backoff-ms", "20"
        )
        push_approved(keyed, "simple", MODELS / "simple.onnx")
        told = receiver.wait_for(7)
        assert {one.headers["authorization"] for one in told} == {"Bearer ol-key"}
        assert told[0].body == told[1].body, "the first was tried again"
        assert [one.json["eventType"] for one in told[1:]] == ["START", "COMPLETE"] * 3

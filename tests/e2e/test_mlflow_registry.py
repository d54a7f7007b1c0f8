"""One registry: what MLflow's client registers is what Slipway approves and serves, and the other way round."""

import json
import pathlib
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from server import MODELS, Server
from test_mlflow_client import LINES, mlflow_environment, new_postgres_database
from test_operations import create_key

SESSION = pathlib.Path(__file__).parent / "mlflow_registry_session.py"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request, tmp_path_factory):
    arguments = []
    if request.param == "postgresql":
        uri = new_postgres_database()
        if uri is None:
            pytest.skip("no PostgreSQL")
        arguments = ["--database", uri]
    running = Server(tmp_path_factory.mktemp("registry"), *arguments).start()
    yield running
    end_clients(running)
    assert running.stop() == 0, running.log()
    assert "Sanitizer" not in running.log(), running.log()


def step(server, function, key=None, **arguments):
    """One step of the client, in a process that is kept for all steps with this key."""
    clients = server.__dict__.setdefault("clients", {})
    if (server.url, key) not in clients:
        variables = {} if key is None else {"MLFLOW_TRACKING_TOKEN": key}
        clients[server.url, key] = subprocess.Popen(
            [sys.executable, SESSION],
            env=mlflow_environment(LINES[0], server.url, **variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(server.directory / "client.log", "ab"),
            text=True,
        )
    client = clients[server.url, key]
    print(json.dumps([function, arguments]), file=client.stdin, flush=True)
    line = client.stdout.readline()
    assert line, (server.directory / "client.log").read_text()[-4000:] + server.log()[-4000:]
    answer = json.loads(line)
    assert "error" not in answer, answer["error"] + server.log()[-4000:]
    return answer["result"]


def end_clients(server):
    for client in server.__dict__.get("clients", {}).values():
        client.stdin.close()
        client.wait(timeout=60)


def api(server, method, path, body=None, key=None):
    """(status, JSON) of a call under /api/2.0/mlflow/."""
    request = urllib.request.Request(
        f"{server.url}/api/2.0/mlflow/{path}", None if body is None else json.dumps(body).encode(), method=method
    )
    if key is not None:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def infer(server, model, version, rows):
    """Binary tensors: JSON has no NaN."""
    data = struct.pack(f"<{4 * len(rows)}f", *sum(rows, []))
    tensor = {"name": "X", "datatype": "FP32", "shape": [len(rows), 4], "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"inputs": [tensor]}).encode()
    request = urllib.request.Request(
        f"{server.url}/v2/models/{model}/versions/{version}/infer",
        head + data,
        {"Inference-Header-Content-Length": str(len(head))},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return {output["name"]: output["data"] for output in json.loads(answer.read())["outputs"]}


def await_ready(server, model, version):
    deadline = time.monotonic() + 30
    while True:
        try:
            return server.get(f"/v2/models/{model}/versions/{version}/ready")
        except urllib.error.HTTPError:
            assert time.monotonic() < deadline, server.log()
            time.sleep(0.02)


def test_an_onnx_model_is_registered_approved_and_served(server):
    made = step(server, "log_onnx", name="My iris", semver="1.2.3")
    assert made["status"] == "READY", made
    assert made["run_id"] == made["run"], "the logged model knows its run"
    assert made["tags"]["semver"] == made["tags"]["slipway.semver"] == "1.2.3"
    assert made["tags"]["slipway.state"] == "candidate" and made["tags"]["slipway.servable"] == "true"
    assert made["tags"]["slipway.approvals"] == "0 of 1"
    shown = server.cli("model", "show", "My iris@1.2.3", "--json").stdout
    assert json.loads(shown)["digest"] == made["tags"]["slipway.digest"]

    server.cli("model", "approve", "My iris@1.2.3", who="bob")
    await_ready(server, "My%20iris", "1.2.3")
    labels = step(server, "expected")
    row = [5.1, 3.5, 1.4, 0.2]
    assert infer(server, "My%20iris", "1.2.3", [row])["label"] == labels[:1]
    with pytest.raises(urllib.error.HTTPError) as refused:
        infer(server, "My%20iris", "1.2.3", [[float("nan"), *row[1:]]])
    assert refused.value.code == 400, "the contract came from the signature"
    assert "sepal l" in refused.value.read().decode()

    approved = step(server, "get", name="My iris", version=1)
    assert approved["tags"]["slipway.state"] == "approved" and approved["tags"]["slipway.approvals"] == "1 of 1"
    assert step(server, "call", method="set_registered_model_alias", arguments=["My iris", "champion", "1"]) == [
        None,
        "",
    ]
    for uri in (
        "models:/My iris/1",
        "models:/My iris/1.2.3",
        "models:/My iris@1.2.3",
        "models:/My iris@champion",
        "models:/My iris/^1.2",
    ):
        assert step(server, "predict", uri=uri) == labels, uri
    code, message = step(server, "refused", uri="models:/My iris/9.9.9")
    assert code == "RESOURCE_DOES_NOT_EXIST", message


def test_versions_without_a_name_count_on(server):
    assert step(server, "log_onnx", name="counted", semver="2.0.0")["tags"]["slipway.semver"] == "2.0.0"
    second = step(server, "log_onnx", name="counted", signature="tensor")
    assert (second["version"], second["tags"]["slipway.semver"]) == ("2", "2.1.0")
    pushed = server.cli("model", "push", MODELS / "simple.onnx", "--name", "counted", "--version", "3.0.0", who="alice")
    assert pushed.returncode == 0
    third = step(server, "get", name="counted", version=3)
    assert third["status"] == "READY" and third["tags"]["slipway.semver"] == "3.0.0"
    assert step(server, "log_onnx", name="counted", semver="3.0.0")["error"].startswith("RESOURCE_ALREADY_EXISTS")
    assert step(server, "search", filter_string="name = 'counted'", order_by=["version_number DESC"]) == [
        ["counted", "3"],
        ["counted", "2"],
        ["counted", "1"],
    ]
    assert step(server, "search", filter_string="name = 'counted' AND tags.`slipway.semver` = '2.1.0'") == [
        ["counted", "2"]
    ]
    assert step(
        server, "search", filter_string="version_number > 1 AND name LIKE 'count%'", order_by=["version_number ASC"]
    ) == [["counted", "2"], ["counted", "3"]]


def test_a_model_pushed_by_the_command_line_loads_in_mlflow(server):
    server.cli("model", "push", MODELS / "simple.onnx", "--name", "pushed", "--version", "1.0.0", who="alice")
    outputs = step(server, "load_any", uri="models:/pushed/1")
    assert outputs["OUTPUT0"] == [[2] * 16] and outputs["OUTPUT1"] == [[0] * 16]
    assert step(server, "load_any", uri="models:/pushed/1.0.0") == outputs


def test_a_signature_that_the_graph_does_not_take_fails_the_registration(server):
    made = step(server, "log_onnx", name="mismatch", signature="double")
    assert "float64" in made["error"] and "FP32" in made["error"], made
    failed = step(server, "get", name="mismatch", version=1)
    assert failed["status"] == "FAILED_REGISTRATION" and "float64" in failed["message"]
    assert step(server, "log_onnx", name="mismatch", signature="none")["status"] == "READY"


def test_other_flavors_are_kept_with_the_command_that_converts_them(server):
    kept = step(server, "log_sklearn", name="forest")
    assert kept["status"] == "READY" and kept["tags"]["slipway.state"] == "draft"
    assert "skl2onnx.to_onnx" in kept["tags"]["slipway.servable"]
    refused = server.cli("model", "approve", "forest@1.0.0", who="bob", check=False)
    assert refused.returncode != 0


def test_what_no_file_is_behind_fails_at_once(server):
    assert api(server, "POST", "registered-models/create", {"name": "nothing"})[0] == 200
    status, answer = api(
        server,
        "POST",
        "model-versions/create",
        {"name": "nothing", "source": "mlflow-artifacts:/0/none/artifacts/model"},
    )
    assert status == 200 and answer["model_version"]["status"] == "FAILED_REGISTRATION"
    for source in (
        "/etc/passwd",
        "file:///etc/passwd",
        "mlflow-artifacts:/0/../x",
        "models:/m-none",
        "models:/nothing/9",
    ):
        status, answer = api(server, "POST", "model-versions/create", {"name": "nothing", "source": source})
        assert status in (400, 404), (source, answer)


def test_files_elsewhere_are_references(server):
    assert step(server, "references", name="references") == ["2"]


def test_a_copied_version_has_the_same_bytes(server):
    made = step(server, "log_onnx", name="staging")
    copied = step(server, "copy", source="models:/staging/1", destination="production")
    deadline = time.monotonic() + 30
    while copied["status"] == "PENDING_REGISTRATION" and time.monotonic() < deadline:
        copied = step(server, "get", name="production", version=1)
    assert copied["tags"]["slipway.digest"] == made["tags"]["slipway.digest"]


def test_a_version_keeps_its_files_when_the_run_changes_its_own(server):
    step(server, "log_onnx", name="immutable")
    source = step(server, "get", name="immutable", version=1)["source"]
    model_id = source.removeprefix("models:/")
    status, answer = api(server, "GET", f"logged-models/{model_id}")
    root = answer["model"]["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
    request = urllib.request.Request(f"{server.url}/api/2.0/mlflow-artifacts/artifacts/{root}", method="DELETE")
    urllib.request.urlopen(request, timeout=30).close()
    assert step(server, "predict", uri="models:/immutable/1") == step(server, "expected")
    server.cli("model", "verify", "immutable@1.0.0")


def test_registrations_survive_kill(make_server):
    server = make_server()
    made = step(server, "log_onnx", name="first")
    create = {"name": "first", "source": step(server, "get", name="first", version=1)["source"]}
    for _ in range(20):
        status, answer = api(server, "POST", "model-versions/create", create)
        assert status == 200, answer
    server.kill()
    again = make_server(directory=server.directory)
    deadline = time.monotonic() + 60
    while True:
        _, answer = api(again, "GET", "model-versions/search?filter=name%20%3D%20'first'&max_results=100")
        versions = answer["model_versions"]
        if all(v["status"] != "PENDING_REGISTRATION" for v in versions):
            break
        assert time.monotonic() < deadline, versions
        time.sleep(0.1)
    assert len(versions) == 21 and all(v["status"] == "READY" for v in versions), versions
    tags = [{t["key"]: t["value"] for t in v["tags"]} for v in sorted(versions, key=lambda v: int(v["version"]))]
    assert [t["slipway.semver"] for t in tags] == [f"1.{minor}.0" for minor in range(21)]
    assert {t["slipway.digest"] for t in tags} == {made["tags"]["slipway.digest"]}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server with authentication, and the keys of several people."""
    running = Server(tmp_path_factory.mktemp("guarded"), auth="on").start()
    admin = (running.directory / "data/bootstrap.key").read_text().strip()
    running.keys = {
        "admin": admin,
        "ana": create_key(running, admin, "ana", "data-scientist")["key"],
        "ben": create_key(running, admin, "ben", "approver")["key"],
        "ole": create_key(running, admin, "ole", "operator")["key"],
        "guest": create_key(running, admin, "guest", "viewer", "--model", "open")["key"],
        "only": create_key(running, admin, "only", "data-scientist", "--model", "open")["key"],
    }
    yield running
    assert running.stop() == 0, running.log()


def test_reserved_aliases_move_with_the_right_to_deploy_to_an_approved_version(guarded):
    keys = guarded.keys
    step(guarded, "log_onnx", key=keys["ana"], name="open")
    alias = {"name": "open", "alias": "champion", "version": "1"}
    for who, alias_name, expected in (("ana", "best", 200), ("ana", "champion", 403), ("ole", "champion", 400)):
        status, answer = api(guarded, "POST", "registered-models/alias", {**alias, "alias": alias_name}, keys[who])
        assert status == expected, (who, alias_name, answer)
    guarded.cli("model", "approve", "open@1.0.0", key=keys["ben"])
    assert api(guarded, "POST", "registered-models/alias", alias, keys["ole"])[0] == 200
    assert (
        api(guarded, "DELETE", "registered-models/alias", {"name": "open", "alias": "champion"}, keys["ana"])[0] == 403
    )
    status, answer = api(guarded, "GET", "registered-models/alias?name=open&alias=champion", key=keys["guest"])
    assert status == 200 and answer["model_version"]["aliases"] == ["best", "champion"]


def test_facts_are_read_only(guarded):
    ana = guarded.keys["ana"]
    api(guarded, "POST", "registered-models/create", {"name": "facts"}, ana)
    api(guarded, "POST", "model-versions/create", {"name": "facts", "source": "s3://b/m"}, ana)
    tag = {"name": "facts", "version": "1", "value": "x"}
    for key in ("slipway.state", "slipway.approvals", "semver"):
        assert api(guarded, "POST", "model-versions/set-tag", {**tag, "key": key}, ana)[0] == 403
        assert api(guarded, "DELETE", "model-versions/delete-tag", {**tag, "key": key}, ana)[0] == 403
    created = {"name": "facts", "source": "s3://b/m", "tags": [{"key": "slipway.state", "value": "approved"}]}
    assert api(guarded, "POST", "model-versions/create", created, ana)[0] == 403
    assert api(guarded, "POST", "model-versions/set-tag", {**tag, "key": "mine"}, ana)[0] == 200


def test_rights_hold_for_each_model(guarded):
    keys = guarded.keys
    for name in ("open", "hidden a", "hidden b"):
        api(guarded, "POST", "registered-models/create", {"name": name}, keys["ana"])
        api(guarded, "POST", "model-versions/create", {"name": name, "source": "s3://b/m"}, keys["ana"])
    assert step(guarded, "search_models", key=keys["guest"], max_results=1) == ["open"], "pages are filled"
    found = step(guarded, "search", key=keys["guest"], filter_string="source_path = 's3://b/m'")
    assert {name for name, _ in found} == {"open"}
    for method, path, body in (
        ("GET", "registered-models/get?name=hidden%20a", None),
        ("GET", "model-versions/get?name=hidden%20a&version=1", None),
        ("GET", "model-versions/get-download-uri?name=hidden%20a&version=1", None),
        ("GET", "registered-models/alias?name=hidden%20a&alias=x", None),
        ("POST", "registered-models/get-latest-versions", {"name": "hidden a"}),
        ("GET", "registered-models/get?name=nobody", None),
    ):
        assert api(guarded, method, path, body, keys["guest"])[0] == 403, path
    for path, body in (
        ("registered-models/create", {"name": "new"}),
        ("registered-models/set-tag", {"name": "hidden a", "key": "a", "value": "b"}),
        ("registered-models/rename", {"name": "open", "new_name": "hidden c"}),
        ("model-versions/create", {"name": "hidden a", "source": "s3://b/m"}),
        (
            "model-versions/transition-stage",
            {"name": "hidden a", "version": "1", "stage": "Staging", "archive_existing_versions": False},
        ),
    ):
        assert api(guarded, "POST", path, body, keys["only"])[0] == 403, path
        assert api(guarded, "POST", path, body, keys["guest"])[0] == 403, path
    for path in ("registered-models/delete", "model-versions/delete"):
        assert api(guarded, "DELETE", path, {"name": "hidden a", "version": "1"}, keys["only"])[0] == 403


def test_the_files_of_a_version_are_read_with_the_right_to_its_model(guarded):
    step(guarded, "log_onnx", key=guarded.keys["ana"], name="secret")
    _, answer = api(guarded, "GET", "model-versions/get-download-uri?name=secret&version=1", key=guarded.keys["ana"])
    path = answer["artifact_uri"].removeprefix("mlflow-artifacts:/")
    url = f"{guarded.url}/api/2.0/mlflow-artifacts/artifacts/{path}/model.onnx"
    for who, expected in (("ana", 200), ("guest", 404)):
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {guarded.keys[who]}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as found:
                status = found.status
        except urllib.error.HTTPError as error:
            status = error.code
        assert status == expected, who


def test_copying_a_version_needs_the_right_to_read_it(guarded):
    keys = guarded.keys
    step(guarded, "log_onnx", key=keys["ana"], name="private")
    _, answer = api(guarded, "GET", "model-versions/get-download-uri?name=private&version=1", key=keys["ana"])
    api(guarded, "POST", "registered-models/create", {"name": "open"}, keys["ana"])
    for source, expected in (("models:/private/1", 403), ("models:/private/9", 403), (answer["artifact_uri"], 403)):
        status, refused = api(
            guarded, "POST", "model-versions/create", {"name": "open", "source": source}, keys["only"]
        )
        assert status == expected, (source, refused)


def test_deleting_and_archiving_approved_versions_needs_the_right_to_deploy(guarded):
    keys = guarded.keys
    step(guarded, "log_onnx", key=keys["ana"], name="retiring")
    step(guarded, "log_onnx", key=keys["ana"], name="retiring")
    guarded.cli("model", "approve", "retiring@1.0.0", key=keys["ben"])
    archive = {"name": "retiring", "version": "1", "stage": "Archived", "archive_existing_versions": False}
    assert api(guarded, "POST", "model-versions/transition-stage", archive, keys["ana"])[0] == 403
    assert api(guarded, "DELETE", "model-versions/delete", {"name": "retiring", "version": "1"}, keys["ana"])[0] == 403
    assert api(guarded, "DELETE", "registered-models/delete", {"name": "retiring"}, keys["ana"])[0] == 403
    assert api(guarded, "DELETE", "model-versions/delete", {"name": "retiring", "version": "2"}, keys["ana"])[0] == 200
    promote = {**archive, "stage": "production"}
    status, answer = api(guarded, "POST", "model-versions/transition-stage", promote, keys["ana"])
    assert status == 200 and answer["model_version"]["current_stage"] == "Production"
    status, answer = api(guarded, "POST", "model-versions/transition-stage", archive, keys["ole"])
    assert status == 200, answer
    tags = {tag["key"]: tag["value"] for tag in answer["model_version"]["tags"]}
    assert tags["slipway.state"] == "retired"
    status, answer = api(guarded, "POST", "model-versions/transition-stage", promote, keys["ole"])
    assert status == 400, "retired is for good"
    assert api(guarded, "DELETE", "registered-models/delete", {"name": "retiring"}, keys["ole"])[0] == 200
    assert step(guarded, "search", key=keys["ana"], filter_string="name = 'retiring'") == []
    step(guarded, "log_onnx", key=keys["ana"], name="retiring")
    assert step(guarded, "search", key=keys["ana"], filter_string="name = 'retiring'") == [["retiring", "3"]]


@pytest.mark.parametrize(
    "name", ["a/b", "a:b", "..", ".", "a@b", "a\\b", "50%", "a?b", "a#b", "a;b", " a", "a\n", "x" * 256]
)
def test_names_that_are_no_segment_are_refused(server, name):
    status, answer = api(server, "POST", "registered-models/create", {"name": name})
    assert status == 400 and answer["error_code"] == "INVALID_PARAMETER_VALUE", answer


def test_any_other_name_is_a_model(server):
    name = "Größe 日本 (v2) & more+1"
    assert api(server, "POST", "registered-models/create", {"name": name})[0] == 200
    assert step(server, "log_onnx", name=name)["status"] == "READY"
    assert step(server, "predict", uri=f"models:/{name}/1") == step(server, "expected")
    server.cli("model", "approve", f"{name}@1.0.0", who="bob")
    await_ready(server, urllib.parse.quote(name), "1.0.0")
    metrics = server.get("/metrics").decode()
    assert "Größe 日本 (v2) & more+1" in metrics

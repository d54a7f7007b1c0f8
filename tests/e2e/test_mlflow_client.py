"""Sessions of the unmodified MLflow client, of three release lines, on both databases.

SLIPWAY_TEST_TRACKING_URI runs them against another server instead: MLflow's own, to test the sessions themselves.
"""

import json
import os
import pathlib
import subprocess
import sys
import urllib.parse
import uuid

import pytest
from server import Server
from test_operations import create_key

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENTS = pathlib.Path(os.environ.get("SLIPWAY_DEPS", ROOT / ".deps")) / "mlflow"
LINES = ["3.17.2", "3.6.0", "2.22.5"]
SESSION = pathlib.Path(__file__).parent / "mlflow_session.py"
SESSION_TIMEOUT_S = 280


def mlflow_environment(line, uri, **variables):
    """The environment of a process that uses the client of one line against `uri`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {
        **environment,
        "PYTHONPATH": str(CLIENTS / line),
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # an answer that makes the client ask again is a defect
        "GIT_PYTHON_REFRESH": "quiet",
        **variables,
    }


def run_sessions(line, uri, out, *names, **variables):
    """{session: None or what failed}."""
    done = subprocess.run(
        [sys.executable, SESSION, out, *names],
        env=mlflow_environment(line, uri, **variables),
        capture_output=True,
        text=True,
        timeout=SESSION_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text())


def new_postgres_database():
    """The URI of an empty database of the tests' PostgreSQL, or None."""
    server = os.environ.get("SLIPWAY_TEST_POSTGRES")
    if server is None:
        return None
    name = f"mlflow_{uuid.uuid4().hex[:12]}"
    subprocess.run(["psql", "--quiet", server, "--command", f"create database {name}"], check=True)
    return urllib.parse.urlparse(server)._replace(path=f"/{name}").geturl()


RUNS = [*((line, "sqlite") for line in LINES), (LINES[0], "postgresql")]


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: "-".join(run))
def results(request, tmp_path_factory):
    line, database = request.param
    folder = tmp_path_factory.mktemp("mlflow")
    other = os.environ.get("SLIPWAY_TEST_TRACKING_URI")
    if other is not None:
        yield run_sessions(line, other, folder / "results.json")
        return
    arguments = []
    if database == "postgresql":
        uri = new_postgres_database()
        if uri is None:
            pytest.skip("no PostgreSQL")
        arguments = ["--database", uri]
    server = Server(folder / "server", *arguments).start()
    yield run_sessions(line, server.url, folder / "results.json")
    assert server.stop() == 0, server.log()
    assert "Sanitizer" not in server.log(), server.log()


SESSIONS = [
    "experiments",
    "experiment_search",
    "runs",
    "metrics",
    "metric_history_pages",
    "batches",
    "names",
    "search",
    "search_order",
    "deletion",
    "datasets",
    "errors",
    "logged_models",
    "artifacts",
    "autolog",
    "sklearn_model",
    "onnx_model",
    "registry",
    "registry_search",
]


@pytest.mark.parametrize("name", SESSIONS)
def test_session(results, name):
    if name not in results:
        pytest.skip("not in this line of the client")
    assert results[name] is None, results[name]


def test_every_session_is_listed(results):
    assert set(results) <= set(SESSIONS) and len(results) >= len(SESSIONS) - 1


def test_a_file_of_600_mb(tmp_path):
    """By the newest client alone, for the bytes take their time; what the server does with them is tested beside it."""
    other = os.environ.get("SLIPWAY_TEST_TRACKING_URI")
    if other is not None:
        pytest.skip("the sessions themselves are tested, not this server")
    server = Server(tmp_path / "server").start()
    assert run_sessions(LINES[0], server.url, tmp_path / "results.json", "large_artifact") == {"large_artifact": None}
    assert server.stop() == 0, server.log()


# What a client says who it is with. The client reads its variables anew for each call, so one process asks as many.
ASK = """
import json, os, sys, mlflow
from mlflow import MlflowClient
for line in sys.stdin:
    variables = json.loads(line)
    os.environ.update(variables)
    try:
        run = MlflowClient().create_run("0")
        MlflowClient().log_metric(run.info.run_id, "m", 1)
        print("ok", flush=True)
    except mlflow.exceptions.MlflowException as error:
        print(error.error_code, " ".join(str(error).split()), flush=True)
    for name in variables:
        del os.environ[name]
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("guarded"), auth="on").start()
    admin = (server.directory / "data/bootstrap.key").read_text().strip()
    keys = {role: create_key(server, admin, role, role)["key"] for role in ("data-scientist", "viewer")}
    client = subprocess.Popen(
        [sys.executable, "-c", ASK],
        env=mlflow_environment(LINES[0], server.url, HOME="/nonexistent"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield client, keys
    client.stdin.close()
    assert client.wait(30) == 0
    assert server.stop() == 0, server.log()


@pytest.mark.parametrize(
    "role, form, expected",
    [
        ("data-scientist", "token", "ok"),
        ("data-scientist", "password", "ok"),
        ("viewer", "token", "PERMISSION_DENIED"),
        ("viewer", "password", "PERMISSION_DENIED"),
        (None, None, "UNAUTHENTICATED"),
        (None, "token", "UNAUTHENTICATED"),
        (None, "password", "UNAUTHENTICATED"),
    ],
)
def test_keys(guarded, role, form, expected):
    client, keys = guarded
    key = keys.get(role, "slipway_wrong")
    variables = {
        None: {},
        "token": {"MLFLOW_TRACKING_TOKEN": key},
        "password": {"MLFLOW_TRACKING_USERNAME": "anyone", "MLFLOW_TRACKING_PASSWORD": key},
    }[form]
    client.stdin.write(json.dumps(variables) + "\n")
    client.stdin.flush()
    answer = client.stdout.readline()
    assert answer.startswith(expected), answer

"""docs/reference/mlflow.md beside a running server: the calls it answers, and those that it says it does not."""

import json
import pathlib
import re
import sys
import urllib.error
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from server import ROOT, Server  # noqa: E402

PAGE = (ROOT / "docs/reference/mlflow.md").read_text()
API = "/api/2.0/mlflow/"
CALL = re.compile(r"^\| ([A-Z]+) \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)
UNANSWERED = re.compile(r"^\| `([^`]+)` \| [^|]+ \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("mlflow-reference")).start()
    yield running
    assert running.stop() == 0, running.log()


def test_calls_are_those_of_the_server(server):
    listed = {
        (method, path if path.startswith("/") else API + path, right) for method, path, right in CALL.findall(PAGE)
    }
    routes = json.loads(server.get("/api/v1/routes"))["routes"]
    actual = {
        (route["method"], route["pattern"], route["permission"])
        for route in routes
        if re.match(r"/api/[23]\.0/", route["pattern"])
    }
    assert listed == actual


def status_and_code(server, path):
    request = urllib.request.Request(server.url + path, b"{}", method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)
    return caught.value.code, json.loads(caught.value.read())["error_code"]


def test_what_is_not_answered_says_so(server):
    section = PAGE.split("## Calls that are answered with 501")[1].split("\n## ")[0]
    families = UNANSWERED.findall(section)
    assert len(families) > 20
    for family in families:
        paths = [family] if family.startswith("/") else [f"/api/2.0/{family}", f"/ajax-api/3.0/{family}"]
        for path in paths:
            assert status_and_code(server, path) == (501, "NOT_IMPLEMENTED"), path
            assert status_and_code(server, path + "/below") == (501, "NOT_IMPLEMENTED"), path

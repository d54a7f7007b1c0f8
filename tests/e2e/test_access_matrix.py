"""Every route, method and role: what the matrix does not give is refused, whatever else the request is."""

import http.client
import json

import pytest
from test_operations import create_key

READS = {"read-endpoint", "read-metadata", "read-metrics"}
MATRIX = {
    "viewer": READS,
    "predictor": {"read-endpoint", "predict"},
    "data-scientist": READS | {"predict", "register", "track"},
    "approver": READS | {"approve"},
    "operator": READS | {"deploy"},
    "admin": READS | {"track", "manage-access"},
    "auditor": READS | {"read-audit"},
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
EVERYONE = [None, *MATRIX]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    from server import Server

    server = Server(tmp_path_factory.mktemp("guarded"), auth="on").start()
    admin = (server.directory / "data/bootstrap.key").read_text().strip()
    keys = {role: create_key(server, admin, role, role)["key"] for role in MATRIX}
    # On another model only: holds the role, and must not get to the models of these requests.
    elsewhere = {
        role: create_key(server, admin, f"{role}-elsewhere", role, "--model", "elsewhere")["key"] for role in MATRIX
    }
    yield server, keys, elsewhere
    assert server.stop() == 0, server.log()


def ask(server, method, path, key):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {key}"} if key else {})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def routes_of(server, key):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/api/v1/routes", headers={"Authorization": f"Bearer {key}"})
    listed = json.loads(connection.getresponse().read())["routes"]
    connection.close()
    return {(route["method"], route["pattern"]): route["permission"] for route in listed}


def fill(pattern):
    return (
        pattern.replace("{model}", "census")
        .replace("{version}", "9.9.9")
        .replace("{sha256}", "0" * 64)
        .replace("{id}", "01a21005-946a-71af-a72b-b5eda96f97d6")
    )


def test_every_route_method_and_role(guarded):
    server, keys, elsewhere = guarded
    routes = routes_of(server, keys["viewer"])
    assert len(routes) > 25
    assert set(routes.values()) == {"public", *set().union(*MATRIX.values())}
    patterns = {pattern for _, pattern in routes}
    wrong = []
    for pattern in sorted(patterns):
        for method in METHODS:
            needed = routes.get(("GET" if method == "HEAD" else method, pattern))
            for role in EVERYONE:
                status = ask(server, method, fill(pattern), keys.get(role))
                if method == "OPTIONS":
                    is_right = status in (200, 204, 405)  # tells the methods, reaches no handler
                elif needed is None:
                    is_right = status == 405
                elif needed == "public":
                    is_right = status not in (401, 403)
                elif role is None:
                    is_right = status == 401
                elif needed in MATRIX[role]:
                    is_right = status not in (401, 403, 405)
                else:
                    is_right = status == 403
                if not is_right:
                    wrong.append((method, pattern, needed, role, status))
                if role is not None and needed not in (None, "public") and "{model}" in pattern and method != "OPTIONS":
                    if ask(server, method, fill(pattern), elsewhere[role]) != 403:
                        wrong.append((method, pattern, needed, f"{role} of another model"))
    assert wrong == []


@pytest.mark.parametrize(
    "path", ["/api/v2/models", "/v2/model", "/admin", "/api/v1/models/census/versions/1.0.0/unknown", "/metrics/x"]
)
def test_what_is_no_route_is_not_found(guarded, path):
    server, keys, _ = guarded
    for method in METHODS:
        assert ask(server, method, path, keys["admin"]) in (404, 405)

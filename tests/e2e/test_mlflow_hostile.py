"""Hostile input to the MLflow API: each row gets a 4xx in the form its clients read, and the server goes on."""

import http.client
import json
import urllib.parse

import pytest
from server import Server
from test_hostile import exchange, traversals

API = "/api/2.0/mlflow"
FINAL = range(400, 500)  # of these the client asks again after 408 and 429, which are no answer to wrong input


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("tracking")).start()
    server.run_id = call(server, "POST", "runs/create", {"experiment_id": "0"})[1]["run"]["info"]["run_id"]
    assert call(server, "POST", "registered-models/create", {"name": "anything"})[0] == 200
    yield server
    assert call(server, "GET", f"runs/get?run_id={server.run_id}")[0] == 200
    assert server.stop() == 0, server.log()
    assert "Sanitizer" not in server.log(), server.log()


def call(server, method, path, body=None, headers=None):
    """(status, parsed body); `body` is bytes or what becomes JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    target = path if path.startswith("/") else f"{API}/{path}"
    try:
        connection.request(method, target, content, headers or {})
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
    finally:
        connection.close()


def refused(answer, *words, code=None):
    status, body = answer
    assert status in FINAL and status not in (408, 429), answer
    assert set(body) == {"error_code", "message"}, answer
    assert code is None or body["error_code"] == code, answer
    for word in words:
        assert word in body["message"], answer


def log_batch(server, **lists):
    return call(server, "POST", "runs/log-batch", {"run_id": server.run_id, **lists})


METRIC = {"key": "m", "value": 1, "timestamp": 1}


@pytest.mark.parametrize(
    "lists, word",
    [
        ({"metrics": "foo"}, "Invalid value \"foo\" for parameter 'metrics' supplied"),
        ({"params": "foo"}, "Invalid value \"foo\" for parameter 'params' supplied"),
        ({"tags": {}}, "Invalid value {} for parameter 'tags' supplied"),
        ({"metrics": [{**METRIC, "value": "x"}]}, "Invalid value \"x\" for parameter 'metrics[0].value' supplied"),
        ({"metrics": [METRIC, {**METRIC, "key": None}]}, "Missing value for required parameter 'metrics[1].key'"),
        ({"metrics": [{"key": "m", "value": 1}]}, "Missing value for required parameter 'metrics[0].timestamp'"),
        ({"metrics": [{"key": "m", "timestamp": 1}]}, "Missing value for required parameter 'metrics[0].value'"),
        ({"metrics": [{**METRIC, "key": "a//b"}]}, "Invalid value \"a//b\" for parameter 'metrics[0].name' supplied"),
        ({"metrics": [{**METRIC, "timestamp": -1}]}, "metrics[0].timestamp"),
        ({"metrics": [{**METRIC, "timestamp": 2**63}]}, "metrics[0].timestamp"),
        ({"metrics": [{**METRIC, "step": 1.5}]}, "metrics[0].step"),
        ({"params": [{"key": 5, "value": "1"}]}, "Invalid value 5 for parameter 'params[0].key' supplied"),
        ({"params": [{"key": "p", "value": ["x"]}]}, "params[0].value"),
        ({"params": [{"key": "p", "value": "1"}, {"key": "p", "value": "2"}]}, "p"),
        ({"tags": [{"value": "1"}]}, "Missing value for required parameter 'tags[0].key'"),
        ({"metrics": [METRIC] * 1001}, "at most 1000 metrics"),
        ({"params": [{"key": f"p{i}", "value": "1"} for i in range(101)]}, "at most 100 params"),
        ({"tags": [{"key": f"t{i}", "value": "1"} for i in range(101)]}, "at most 100 tags"),
        ({"metrics": [METRIC] * 950, "params": [{"key": f"p{i}", "value": "1"} for i in range(60)]}, "at most 1000"),
        ({"metrics": [{**METRIC, "key": "nul\0"}]}, ""),
    ],
)
def test_batch(tracking, lists, word):
    refused(log_batch(tracking, **lists), word, code="INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b'{"run_id": "\xff"}', b"{" * 100_000, b"[" * 1_000_000, b"a=b"],
    ids=lambda body: body[:10].decode("latin-1"),
)
def test_bodies_that_say_nothing(tracking, body):
    refused(call(tracking, "POST", "runs/log-batch", body), code="INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "path",
    [
        "runs/log-batch",
        "runs/create",
        "runs/search",
        "experiments/create",
        "logged-models",
        "registered-models/create",
        "model-versions/create",
        "webhooks",
    ],
)
def test_bodies_that_are_too_large(tracking, path):
    refused(call(tracking, "POST", path, b'{"run_id": "' + b"x" * (10 << 20) + b'"}'), code="BAD_REQUEST")


def test_large_profile_of_a_dataset_is_taken(tracking):
    dataset = {"name": "d", "digest": "1", "source_type": "local", "source": "{}", "profile": "x" * (9 << 20)}
    status, body = call(
        tracking, "POST", "runs/log-inputs", {"run_id": tracking.run_id, "datasets": [{"dataset": dataset}]}
    )
    assert status == 200, body


@pytest.mark.parametrize(
    "filter_string",
    [
        "params.a = 'unbalanced",
        'params.a = "unbalanced',
        "params.`a = 'x'",
        "metrics.a < ",
        "'; DROP TABLE runs; --",
        "params.a = 'x' OR 1 = 1",
        "params.a = 'x'; SELECT 1",
        "metrics.a IN (1)",
        "attributes.run_id IN ('a'",
        "attributes.run_id IN ()",
        "(" * 10_000,
        "metrics." + "a" * 70_000 + " > 1",
        " AND ".join(f"metrics.m{i} > {i}" for i in range(10_000)),
        " AND ".join(["params.a LIKE '%'"] * 101),
        "params.a LIKE 5",
        "\0",
    ],
    ids=lambda text: text[:25],
)
def test_filters(tracking, filter_string):
    for path in ("runs/search", "experiments/search", "logged-models/search"):
        body = {"experiment_ids": ["0"], "filter": filter_string}
        refused(call(tracking, "POST", path, body), code="INVALID_PARAMETER_VALUE")
    query = urllib.parse.urlencode({"filter": filter_string})
    if len(query) > 6_000:  # no request line
        return
    for path in ("registered-models/search", "model-versions/search"):
        refused(call(tracking, "GET", f"{path}?{query}"))


def test_like_patterns_take_no_time(tracking):
    pattern = "%a" * 500 + "b"
    status, _ = call(tracking, "POST", "runs/search", {"experiment_ids": ["0"], "filter": f"tags.`x` LIKE '{pattern}'"})
    assert status in (200, 400)


@pytest.mark.parametrize(
    "order", ["nonsense", "metrics.a SIDEWAYS", "metrics.a; DROP TABLE runs", "", "'", "a" * 10_000]
)
def test_orders(tracking, order):
    refused(call(tracking, "POST", "runs/search", {"experiment_ids": ["0"], "order_by": [order]}))


@pytest.mark.parametrize("token", ["x", "eyJvZmZzZXQiOiAxfQ==", "0" * 10_000, "../..", "' OR 1=1", "\u0000", "ü"])
def test_tokens_made_by_the_client(tracking, token):
    for path in ("runs/search", "experiments/search", "logged-models/search"):
        refused(call(tracking, "POST", path, {"experiment_ids": ["0"], "page_token": token}))
    history = urllib.parse.urlencode(
        {"run_id": tracking.run_id, "metric_key": "m", "max_results": 10, "page_token": token}
    )
    refused(call(tracking, "GET", f"metrics/get-history?{history}"))
    query = urllib.parse.urlencode({"page_token": token})
    for path in ("registered-models/search", "model-versions/search", "webhooks"):
        answer = call(tracking, "GET", f"{path}?{query}")
        refused(answer)


@pytest.mark.parametrize("limit", [0, -1, 50_001, 2**63, "x", 1.5, "", []])
def test_limits(tracking, limit):
    refused(call(tracking, "POST", "runs/search", {"experiment_ids": ["0"], "max_results": limit}))


# Each place of the API where a client names something, as JSON.
PLACES = {
    "runs/get": "run_id",
    "runs/delete": "run_id",
    "runs/update": "run_id",
    "runs/log-metric": "run_id",
    "runs/log-parameter": "run_id",
    "experiments/get": "experiment_id",
    "experiments/delete": "experiment_id",
    "experiments/update": "experiment_id",
    "runs/create": "experiment_id",
    "logged-models": "experiment_id",
}


def test_traversal_in_names_of_things(tracking):
    for text in traversals():
        plain = urllib.parse.unquote(text)
        for path, field in PLACES.items():
            method = "GET" if path.endswith("/get") else "POST"
            if method == "GET":
                answer = call(tracking, "GET", f"{path}?{urllib.parse.urlencode({field: plain})}")
            else:
                body = {"key": "k", "value": "1", "timestamp": 1, "new_name": "n", field: plain}
                answer = call(tracking, method, path, body)
            refused(answer)
        if plain.strip() and set(plain) & set("/\\%:@?#;\0"):
            refused(call(tracking, "POST", "registered-models/create", {"name": plain}))
        for source in (f"mlflow-artifacts:/0/{plain}", f"runs:/{tracking.run_id}/{plain}", f"models:/m-1/{plain}"):
            status, body = call(tracking, "POST", "model-versions/create", {"name": "anything", "source": source})
            if status == 200:  # what leads nowhere is the name of a folder, and there is none
                assert body["model_version"]["status"] == "FAILED_REGISTRATION", (source, body)
                assert ".." not in source.replace("\\", "/").split("/"), source
            else:
                refused((status, body))
        for key in ("metrics", "params"):
            answer = log_batch(tracking, **{key: [{"key": f"../{plain}", "value": "1", "timestamp": 1}]})
            refused(answer, code="INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "place", ["/logged-models/{}", "/logged-models/m-1/tags/{}", "/runs/{}", "/{}", "/metrics/get-history?run_id={}"]
)
def test_traversal_in_paths(tracking, place):
    for text in traversals():
        path = API + place.format(text)
        raw = path.encode("latin-1", "replace").replace(b" ", b"%20").replace(b"\0", b"%00")
        status, content = exchange(
            tracking, b"DELETE " + raw + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        assert status in FINAL, (raw, status)
        assert json.loads(content)["error_code"], (raw, content)


def test_what_is_no_call(tracking):
    for path in ("nothing", "runs/nothing", "runs", "", "../../../v1/keys"):
        status, body = call(tracking, "GET", f"{API}/{path}")
        assert status in (400, 404) and set(body) == {"error_code", "message"}, (path, body)
    assert call(tracking, "GET", "nothing")[1]["error_code"] == "ENDPOINT_NOT_FOUND"
    assert call(tracking, "DELETE", "runs/create")[0] == 405


@pytest.mark.parametrize(
    "method, path",
    [
        ("POST", "/api/3.0/mlflow/traces/search"),
        ("POST", "/api/2.0/mlflow/traces"),
        ("PATCH", "/api/3.0/mlflow/traces/tr-1/tags"),
        ("GET", "/api/3.0/mlflow/workspaces"),
        ("POST", "/ajax-api/3.0/mlflow/gateway/endpoints/create"),
        ("POST", "/v1/traces"),
        ("POST", "/graphql"),
    ],
)
def test_calls_that_are_not_answered_say_so(tracking, method, path):
    status, body = call(tracking, method, path, {} if method != "GET" else None)
    assert status == 501 and body["error_code"] == "NOT_IMPLEMENTED" and body["message"].endswith("."), body

"""What an endpoint's policy does when a model throws, hangs, slows down, answers NaN or is asked for too much."""

import concurrent.futures
import json
import re
import time
import urllib.error
import urllib.request

import pytest
from server import MODELS, Server, push_approved, wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("resilience")).start()
    push_approved(running, "gather", MODELS / "gather_any.onnx", version="1.0.0")
    push_approved(running, "gather", MODELS / "throws.onnx", version="2.0.0")
    push_approved(running, "total", MODELS / "count.onnx", version="1.0.0")
    push_approved(running, "total", MODELS / "slow_by_input.onnx", version="2.0.0")
    push_approved(running, "count", MODELS / "count.onnx")
    push_approved(running, "logarithm", MODELS / "logarithm.onnx")
    push_approved(running, "memory", MODELS / "memory_by_input.onnx")
    yield running
    assert running.stop() == 0, running.log()
    assert "Sanitizer" not in running.log(), running.log()


@pytest.fixture
def policy(server, tmp_path):
    """policy(endpoint, text) is in force when it returns; taken back at the end of the test."""
    endpoints = []

    def use(endpoint, text):
        path = tmp_path / "policy.yaml"
        path.write_text(text)
        before = len(re.findall('"policy.in_force"', server.log()))
        server.cli("policy", "set", endpoint, path)
        endpoints.append(endpoint)
        wait_until(lambda: len(re.findall('"policy.in_force"', server.log())) > before)
        time.sleep(0.2)  # it is published right after it is logged

    yield use
    for endpoint in endpoints:
        server.cli("policy", "remove", endpoint)


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status = status
        self.degraded = headers.get("slipway-degraded")
        self.headers = headers
        self.json = json.loads(body)
        self.seconds = seconds

    @property
    def data(self):
        return self.json["outputs"][0]["data"]

    @property
    def reason(self):
        return self.json.get("reason")


def ask(server, model, name, datatype, shape, data, **parameters):
    body = {"inputs": [{"name": name, "datatype": datatype, "shape": shape, "data": data}], "parameters": parameters}
    request = urllib.request.Request(f"{server.url}/v2/models/{model}/infer", json.dumps(body).encode())
    begin = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, response.headers, response.read(), time.monotonic() - begin)
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read(), time.monotonic() - begin)


def rows(server, *indices, **parameters):
    return ask(server, "gather", "indices", "INT64", [len(indices)], list(indices), **parameters)


def total(server, iterations, model="total", **parameters):
    return ask(server, model, "iterations", "INT64", [1], [iterations], **parameters)


def metric(server, name, **labels):
    pattern = re.compile(rf"^{name}\{{([^}}]*)\}} (\S+)$", re.MULTILINE)
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    text = server.get("/metrics").decode()
    return sum(float(value) for found, value in pattern.findall(text) if wanted <= set(found.split(",")))


def test_a_model_that_throws_is_replaced_by_another_version(server, policy):
    assert rows(server, 9).status == 500
    policy("gather", "fallback: [{version: 1.0.0}]")
    good = rows(server, 3)
    assert (good.data, good.degraded, good.json["model_version"]) == ([6, 7], None, "2.0.0")
    successes = metric(server, "slipway_predictions_total", model="gather", outcome="success")
    answer = rows(server, 9)
    assert (answer.status, answer.data) == (200, [6, 7])
    assert answer.degraded == 'source="version"; reason="run.failed"'
    assert answer.json["parameters"]["slipway_degraded"] == answer.degraded
    assert answer.json["model_version"] == "1.0.0"
    assert metric(server, "slipway_predictions_total", model="gather", outcome="success") == successes
    assert metric(server, "slipway_degraded_answers_total", model="gather", source="version", reason="run.failed") == 1

    def degraded_records():
        found = server.cli("audit", "query", "--kind", "prediction", "--json").stdout
        return [record for record in json.loads(found)["records"] if record.get("degraded")]

    wait_until(degraded_records)  # the log is relaxed
    [degraded] = degraded_records()
    assert (degraded["endpoint"], degraded["version"]) == ("gather", "1.0.0")
    assert json.loads(degraded["details"]) == {"source": "version", "reason": "run.failed", "asked": "2.0.0"}


def test_a_model_that_hangs_is_replaced_within_the_timeout(server, policy):
    policy("total", "timeout: 400ms\nfallback: [{version: 1.0.0}]")
    answer = total(server, 1_000_000_000)
    assert (answer.status, answer.data) == (200, [1_000_000_000])
    assert answer.degraded == 'source="version"; reason="serving.deadline"'
    assert 0.25 < answer.seconds < 0.6


def test_another_endpoint_stands_in(server, policy):
    policy("total", "timeout: 200ms\nfallback: [{endpoint: count}]")
    answer = total(server, 1_000_000_000)
    assert answer.degraded == 'source="endpoint"; reason="serving.deadline"'
    assert (answer.json["model_name"], answer.data) == ("count", [1_000_000_000])


def test_rules_answer_by_column(server, policy):
    policy(
        "gather",
        """
fallback:
  - rules:
      - when: {column: "indices", less: 0}
        outputs: {rows: [-1, -1]}
      - when: {column: "indices", greater: 3}
        outputs: {rows: [100, 200]}
default: {rows: 0}
""",
    )
    answer = rows(server, 9, -9)
    assert answer.degraded == 'source="rules"; reason="run.failed"'
    assert (answer.data, answer.json["outputs"][0]["shape"]) == ([100, 200, -1, -1], [2, 2])
    answer = rows(server, 9, 1)  # no rule for the second row
    assert answer.degraded == 'source="default"; reason="run.failed"'
    assert answer.data == [0, 0, 0, 0]


def test_an_answer_that_is_not_finite_is_replaced(server, policy):
    def logarithm(value):
        return ask(server, "logarithm", "INPUT0", "FP32", [1, 1], [value])

    assert logarithm(-1).status == 400  # NaN has no form in JSON
    policy("logarithm", "notFinite: reject\ndefault: {OUTPUT0: -1}")
    answer = logarithm(-1)
    assert (answer.data, answer.degraded) == ([-1], 'source="default"; reason="serving.not_finite"')
    answer = logarithm(1)
    assert (answer.data, answer.degraded) == ([0], None)


def test_what_may_pass_is_tried_again(server, policy):
    def memory(size):
        return ask(server, "memory", "size", "INT64", [1], [size])

    policy("memory", "retry: {attempts: 3, backoffFirst: 1ms, backoffMax: 2ms}\ndefault: {zeros: 0}")
    assert memory(2).data == [0, 0]
    answer = memory(1 << 60)
    assert answer.degraded == 'source="default"; reason="run.out_of_memory"'
    assert metric(server, "slipway_retries_total", model="memory") == 2


def test_a_breaker_opens_and_closes_again(server, policy):
    policy("gather", "breaker: {callsMin: 4, openFor: 1s, probes: 2}\nfallback: [{version: 1.0.0}]")
    breaker = {"model": "gather", "version": "2.0.0"}
    for _ in range(5):  # errors of the caller say nothing of the model
        assert ask(server, "gather", "indices", "FP32", [1], [9]).status == 400
    for _ in range(4):
        assert rows(server, 9).degraded == 'source="version"; reason="run.failed"'
    assert metric(server, "slipway_breaker_state", **breaker) == 2
    good = rows(server, 1)  # the model could answer it, and is not asked
    assert (good.degraded, good.data) == ('source="version"; reason="serving.breaker_open"', [2, 3])
    wait_until(lambda: rows(server, 1).degraded is None)
    wait_until(lambda: rows(server, 1).degraded is None and metric(server, "slipway_breaker_state", **breaker) == 0)
    assert re.search('"breaker.changed".*"from":"half_open","to":"closed"', server.log())


def test_a_breaker_opens_for_a_model_that_slows_down(server, policy):
    policy("total", "breaker: {slowAfter: 20ms, slowRatio: 50%, callsMin: 4, openFor: 60s}\ndefault: {total: -1}")
    for _ in range(4):
        assert total(server, 2_000).degraded is None  # about 0.1 s
    answer = total(server, 1)
    assert (answer.data, answer.degraded) == ([-1], 'source="default"; reason="serving.breaker_open"')
    assert answer.seconds < 0.02


def test_without_anything_to_give_instead_the_error_is_the_answer(server, policy):
    policy("total", "timeout: 100ms\nbreaker: {callsMin: 1, openFor: 60s}")
    assert (total(server, 1_000_000_000).status, total(server, 1).status) == (504, 503)
    assert total(server, 1).reason == "serving.breaker_open"


def test_a_policy_that_does_not_fit_is_refused(server, tmp_path):
    path = tmp_path / "policy.yaml"
    for text, reason in (
        ("default: {lines: 1}", "policy.unknown_output"),
        ("default: {rows: [1, 2, 3]}", "policy.bad_output"),
        ("default: {rows: text}", "policy.bad_output"),
        ("fallback: [{version: 9.9.9}]", "policy.unknown_version"),
        ("fallback: [{endpoint: nobody}]", "policy.unknown_endpoint"),
        ("fallback: [{remote: {url: 'http://localhost', model: x}}]", "remote.not_allowed"),
        ("fallback: [{rules: [{when: {column: amount, less: 1}, outputs: {rows: 0}}]}]", "policy.unknown_column"),
    ):
        path.write_text(text)
        refused = server.cli("policy", "set", "gather", path, check=False)
        assert refused.returncode == 1 and reason in refused.stderr, (text, refused.stderr)


def test_a_version_that_is_not_in_memory_stands_in_too(make_server, tmp_path):
    server = make_server("--load-on-demand")
    push_approved(server, "gather", MODELS / "gather_any.onnx", version="1.0.0")
    push_approved(server, "gather", MODELS / "throws.onnx", version="2.0.0")
    assert rows(server, 1).json["model_version"] == "2.0.0"
    path = tmp_path / "policy.yaml"
    path.write_text("fallback: [{version: 1.0.0}]")
    server.cli("policy", "set", "gather", path)
    wait_until(lambda: rows(server, 9).degraded == 'source="version"; reason="run.failed"')
    index = urllib.request.Request(f"{server.url}/v2/repository/index", method="POST")
    with urllib.request.urlopen(index) as response:
        assert {entry["state"] for entry in json.load(response)} == {"READY"}


def resident_kib(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def test_overload_sheds_the_least_important_first(server, policy):
    """Five times as many callers as the endpoint has places, for ten seconds."""
    policy("total", "limit: {concurrencyMin: 2, concurrencyMax: 8, levelShares: [100%, 50%], levelByDefault: 2}")
    total(server, 100)
    before_kib = resident_kib(server)
    end = time.monotonic() + 10

    def call(priority):
        answers = []
        while time.monotonic() < end:
            answer = total(server, 100, priority=priority)  # about 5 ms
            answers.append(answer)
            if answer.status == 429:
                assert answer.reason == "serving.overloaded"
                assert answer.headers["Retry-After"] == "1"
                time.sleep(0.005)
        return answers

    with concurrent.futures.ThreadPoolExecutor(42) as pool:
        important = [pool.submit(call, 1) for _ in range(2)]
        others = [pool.submit(call, 2) for _ in range(40)]
    high = [answer for future in important for answer in future.result()]
    low = [answer for future in others for answer in future.result()]
    assert len(high) > 50 and {answer.status for answer in high + low} <= {200, 429}
    assert sum(answer.status == 200 for answer in high) >= 0.95 * len(high)
    shed = sum(answer.status == 429 for answer in low)
    assert shed > 0
    assert metric(server, "slipway_shed_total", model="total", level=2) == shed
    assert 2 <= metric(server, "slipway_concurrency_limit", model="total") <= 8
    assert resident_kib(server) - before_kib < 50 * 1024
    begin = time.monotonic()
    while total(server, 1).status != 200:
        assert time.monotonic() - begin < 2

"""Answers that an endpoint's policy keeps: in memory and in Redis, fresh, stale and gone."""

import concurrent.futures
import json
import pathlib
import re
import signal
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
from redis_server import Redis
from server import MODELS, Server, push_approved, wait_until

sys.path.append(str(pathlib.Path(__file__).parent.parent))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("cache"), "--io-threads", "2").start()
    push_models(running)
    yield running
    assert running.stop() == 0, running.log()
    assert "Sanitizer" not in running.log(), running.log()


def push_models(server):
    push_approved(server, "simple", MODELS / "simple.onnx")
    push_approved(server, "total", MODELS / "slow_by_input.onnx")
    push_approved(server, "gather", MODELS / "throws.onnx")


@pytest.fixture
def policy(server, tmp_path):
    """policy(endpoint, text) is in force when it returns; taken back at the end of the test."""
    endpoints = []

    def use(endpoint, text):
        set_policy(server, endpoint, text, tmp_path)
        endpoints.append(endpoint)

    yield use
    for endpoint in endpoints:
        server.cli("policy", "remove", endpoint)


def set_policy(server, endpoint, text, folder):
    path = folder / "policy.yaml"
    path.write_text(text)
    before = len(re.findall('"policy.in_force"', server.log()))
    server.cli("policy", "set", endpoint, path)
    wait_until(lambda: len(re.findall('"policy.in_force"', server.log())) > before)
    time.sleep(0.2)  # it is published right after it is logged


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status = status
        self.cache = headers.get("slipway-cache")
        self.degraded = headers.get("slipway-degraded")
        self.json = json.loads(body)
        self.seconds = seconds

    @property
    def data(self):
        return self.json["outputs"][0]["data"]


def post(server, target, body, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(server.url + target, json.dumps(body).encode(), headers)
    begin = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, response.headers, response.read(), time.monotonic() - begin)
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read(), time.monotonic() - begin)


def tensor(name, datatype, shape, data):
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def add(server, number, outputs=None, **headers):
    """The sums and differences of two rows of `number`s."""
    body = {"inputs": [tensor(name, "INT32", [1, 16], [number] * 16) for name in ("INPUT0", "INPUT1")]}
    if outputs:
        body["outputs"] = [{"name": name} for name in outputs]
    return post(server, "/v2/models/simple/infer", body, **headers)


def total(server, iterations, parameters=None, **headers):
    """Takes 0.015 to 0.05 ms an iteration."""
    body = {"inputs": [tensor("iterations", "INT64", [1], [iterations])], "parameters": parameters or {}}
    return post(server, "/v2/models/total/infer", body, **headers)


def rows(server, *indices, model="gather"):
    """Fails where an index is above 3."""
    body = {"inputs": [tensor("indices", "INT64", [len(indices)], indices)]}
    return post(server, f"/v2/models/{model}/infer", body)


def metric(server, name, **labels):
    pattern = re.compile(rf"^{name}(?:\{{([^}}]*)\}})? (\S+)$", re.MULTILINE)
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    text = server.get("/metrics").decode()
    return sum(float(value) for found, value in pattern.findall(text) if wanted <= set(found.split(",")))


def results(server, model):
    names = ("hit", "joined", "stale", "miss", "bypass")
    return {name: metric(server, "slipway_cache_requests_total", model=model, result=name) for name in names}


def since(before, after):
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def test_without_a_policy_nothing_is_kept(server):
    assert [add(server, 100).cache for _ in range(2)] == [None, None]


def test_the_same_question_is_answered_from_the_cache(server, policy):
    policy("simple", "cache: {ttl: 1m}")
    before = results(server, "simple")
    rows_before = metric(server, "slipway_prediction_rows_total", model="simple")
    first, second = add(server, 1), add(server, 1)
    assert (first.cache, second.cache) == ("miss", "hit")
    assert first.json == second.json
    assert second.data == [2] * 16
    assert add(server, 2).cache == "miss"
    assert since(before, results(server, "simple")) == {"miss": 2, "hit": 1}
    assert metric(server, "slipway_prediction_rows_total", model="simple") == rows_before + 2
    assert metric(server, "slipway_cache_memory_entries") >= 2
    assert metric(server, "slipway_cache_memory_bytes") > 500
    assert metric(server, "slipway_cache_saved_seconds_total", model="simple") > 0
    assert metric(server, "slipway_cache_spent_seconds_total", model="simple") > 0


def test_every_answer_has_the_id_of_its_own_request(server, policy):
    policy("simple", "cache: {ttl: 1m}")
    inputs = [tensor(name, "INT32", [1, 16], [61] * 16) for name in ("INPUT0", "INPUT1")]
    answers = [post(server, "/v2/models/simple/infer", {"id": id, "inputs": inputs}) for id in ("first", "second")]
    assert [(answer.cache, answer.json["id"]) for answer in answers] == [("miss", "first"), ("hit", "second")]
    assert "id" not in add(server, 61).json


def test_other_outputs_are_another_question(server, policy):
    policy("simple", "cache: {ttl: 1m}")
    whole = add(server, 11)
    difference = add(server, 11, ["OUTPUT1"])
    assert (whole.cache, difference.cache) == ("miss", "miss")
    assert [output["name"] for output in difference.json["outputs"]] == ["OUTPUT1"]
    assert add(server, 11, ["OUTPUT1"]).json == difference.json
    assert add(server, 11, ["OUTPUT0", "OUTPUT1"]).cache == "hit"
    swapped = add(server, 11, ["OUTPUT1", "OUTPUT0"])
    assert [output["name"] for output in swapped.json["outputs"]] == ["OUTPUT1", "OUTPUT0"]


def test_another_version_is_another_question(server, policy):
    push_approved(server, "versions", MODELS / "gather_any.onnx", version="1.0.0")
    policy("versions", "cache: {ttl: 1m}")
    assert [rows(server, 2, model="versions").cache for _ in range(2)] == ["miss", "hit"]
    push_approved(server, "versions", MODELS / "throws.onnx", version="2.0.0")
    promoted = rows(server, 2, model="versions")
    assert (promoted.json["model_version"], promoted.cache) == ("2.0.0", "miss")
    assert rows(server, 2, model="versions").cache == "hit"
    old = rows(server, 2, model="versions/versions/1.0.0")
    assert (old.cache, old.json["model_version"]) == ("hit", "1.0.0")


def test_a_request_may_go_past_the_cache(server, policy):
    policy("simple", "cache: {ttl: 1m}")
    assert [add(server, 21, slipway_cache="no-store").cache for _ in range(2)] == ["bypass", "bypass"]
    assert add(server, 21, cache_control="no-cache").cache == "bypass"  # it runs, and is kept
    assert add(server, 21).cache == "hit"


def test_the_contract_comes_before_the_cache(server, policy):
    policy("simple", "cache: {ttl: 1m}")
    add(server, 31)
    body = {"inputs": [tensor("INPUT0", "INT32", [1, 16], [31] * 16)]}
    refused = post(server, "/v2/models/simple/infer", body)
    assert (refused.status, refused.cache) == (400, None)


def test_an_answer_lives_as_long_as_its_time_and_no_longer(server, policy):
    policy("simple", "cache: {ttl: 300ms}")
    assert add(server, 41).cache == "miss"
    assert add(server, 41).cache == "hit"
    time.sleep(0.35)
    assert [add(server, 41).cache for _ in range(2)] == ["miss", "hit"]


def test_a_stale_answer_is_given_while_a_new_one_is_made(server, policy):
    policy("total", "cache: {ttl: 300ms, staleWhileRevalidate: 1m}")
    first = total(server, 20_000)
    assert first.cache == "miss"
    time.sleep(0.35)
    runs = metric(server, "slipway_prediction_run_duration_seconds_count", model="total")
    stale = total(server, 20_000)
    assert (stale.cache, stale.degraded) == ("stale", None)
    assert stale.seconds < first.seconds / 2
    wait_until(lambda: total(server, 20_000).cache == "hit")
    assert metric(server, "slipway_prediction_run_duration_seconds_count", model="total") == runs + 1


def test_one_run_answers_all_who_ask_at_once(server, policy):
    policy("total", "cache: {ttl: 1m}")
    before = results(server, "total")
    runs = metric(server, "slipway_prediction_run_duration_seconds_count", model="total")
    with concurrent.futures.ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: total(server, 30_001), range(8)))
    assert {tuple(answer.data) for answer in answers} == {tuple(answers[0].data)}
    assert sorted(answer.cache for answer in answers) == ["hit"] * 7 + ["miss"]
    assert metric(server, "slipway_prediction_run_duration_seconds_count", model="total") == runs + 1
    counts = since(before, results(server, "total"))
    assert counts["miss"] == 1 and counts.get("joined", 0) + counts.get("hit", 0) == 7
    assert counts["joined"] > 0


def test_whoever_waits_for_another_waits_until_its_own_deadline(server, policy):
    policy("total", "cache: {ttl: 1m}")
    with concurrent.futures.ThreadPoolExecutor(1) as caller:
        patient = caller.submit(total, server, 60_002)
        wait_until(lambda: metric(server, "slipway_predictions_in_flight") == 1)
        hasty = total(server, 60_002, {"timeout": 100_000})
        assert hasty.status == 504
        assert 0.08 < hasty.seconds < 0.5
        assert patient.result().status == 200


def test_a_first_caller_who_gives_up_takes_nobody_with_it(server, policy):
    policy("total", "cache: {ttl: 1m}")
    with concurrent.futures.ThreadPoolExecutor(1) as caller:
        hasty = caller.submit(total, server, 60_003, {"timeout": 300_000})
        wait_until(lambda: metric(server, "slipway_predictions_in_flight") == 1)
        patient = total(server, 60_003)
        assert hasty.result().status == 504
        assert (patient.status, patient.cache) == (200, "miss")


def test_errors_and_degraded_answers_are_not_kept(server, policy):
    policy("gather", "cache: {ttl: 1m}")
    for answer in (rows(server, 9), rows(server, 9)):
        assert (answer.status, answer.cache) == (500, None)
    policy("gather", "{cache: {ttl: 1m}, default: {rows: 0}}")
    for answer in (rows(server, 9), rows(server, 9)):
        assert (answer.status, answer.cache) == (200, "miss")
        assert answer.degraded == 'source="default"; reason="run.failed"'


def test_a_stale_answer_stands_in_for_a_version_that_fails(server, policy):
    steps = "fallback: [{stale: true}]"
    policy("total", f"timeout: 2s\ncache: {{ttl: 300ms, staleIfError: 1h}}\n{steps}")
    good = total(server, 8_000)
    assert good.cache == "miss"
    policy("total", f"timeout: 50ms\ncache: {{ttl: 300ms, staleIfError: 1h}}\n{steps}")
    time.sleep(0.35)
    answer = total(server, 8_000)
    assert (answer.status, answer.cache, answer.data) == (200, "stale", good.data)
    assert answer.degraded == 'source="stale"; reason="serving.deadline"'
    assert total(server, 8_001).status == 504


def test_a_hit_is_recorded_as_one(server, policy):
    policy("simple", "cache: {ttl: 1m}")
    add(server, 51)
    assert add(server, 51).cache == "hit"

    def records():
        found = server.cli("audit", "query", "--kind", "prediction", "--json").stdout
        found = [record for record in json.loads(found)["records"] if record["endpoint"] == "simple"]
        return found if "hit" in found[-1].get("details", "") else None

    wait_until(records)  # the log is relaxed
    [miss, hit] = records()[-2:]
    assert "details" not in miss
    details = json.loads(hit["details"])
    assert details["cache"] == "hit"
    assert 0 <= details["age_ms"] < 10_000
    assert hit["output_commitment"] and hit["input_commitment"]


def test_memory_is_bounded(make_server, tmp_path):
    small = make_server("--cache-memory-bytes-max", "100000")
    push_approved(small, "simple", MODELS / "simple.onnx")
    set_policy(small, "simple", "cache: {ttl: 1h}", tmp_path)
    for number in range(400):
        assert add(small, number).cache == "miss"
    assert metric(small, "slipway_cache_memory_bytes") <= 100_000
    assert metric(small, "slipway_cache_memory_evictions_total") > 0
    assert add(small, 399).cache == "hit"


@pytest.fixture
def redis(tmp_path):
    running = Redis(tmp_path).start()
    yield running
    running.kill()


def connected(server):
    return metric(server, "slipway_redis_connections") > 0


def asked_redis(server, result):
    return metric(server, "slipway_redis_requests_total", result=result)


IN_REDIS = "cache: {backend: redis, ttl: 1h}"


def test_a_policy_cannot_name_a_redis_that_is_not_there(server, tmp_path):
    (tmp_path / "policy.yaml").write_text(IN_REDIS)
    refused = server.cli("policy", "set", "simple", tmp_path / "policy.yaml", check=False)
    assert refused.returncode != 0
    assert "--redis" in refused.stderr


def test_servers_with_one_secret_share_answers(redis, make_server, tmp_path):
    secret = tmp_path / "cache.key"
    secret.write_text("shared by two\n")
    secret.chmod(0o600)
    shared = [make_server(*redis.arguments, "--cache-key-file", str(secret)) for _ in range(2)]
    alone = make_server(*redis.arguments)
    for server in (*shared, alone):
        push_approved(server, "simple", MODELS / "simple.onnx")
        set_policy(server, "simple", IN_REDIS, tmp_path)
        wait_until(lambda server=server: connected(server))
    first = add(shared[0], 1)
    assert first.cache == "miss"
    wait_until(lambda: redis.size() == 1)
    second = add(shared[1], 1)
    assert (second.cache, second.data) == ("hit", first.data)
    assert metric(shared[1], "slipway_prediction_rows_total", model="simple") == 0
    assert asked_redis(shared[1], "hit") == 1
    assert add(alone, 1).cache == "miss"  # another secret
    assert Redis.PASSWORD not in "".join(server.log() for server in (*shared, alone))


def test_answers_in_redis_expire(redis, make_server, tmp_path):
    server = make_server(*redis.arguments)
    push_approved(server, "simple", MODELS / "simple.onnx")
    set_policy(server, "simple", "cache: {backend: redis, ttl: 300ms, staleWhileRevalidate: 200ms}", tmp_path)
    wait_until(lambda: connected(server))
    assert add(server, 1).cache == "miss"
    wait_until(lambda: redis.size() == 1)
    assert add(server, 1).cache == "hit"
    time.sleep(0.32)
    assert add(server, 1).cache == "stale"
    wait_until(lambda: add(server, 1).cache == "hit", seconds=0.2)
    wait_until(lambda: redis.size() == 0, seconds=2)


def test_what_others_wrote_into_redis_is_not_given(redis, make_server, tmp_path):
    server = make_server(*redis.arguments)
    push_approved(server, "simple", MODELS / "simple.onnx")
    set_policy(server, "simple", IN_REDIS, tmp_path)
    wait_until(lambda: connected(server))
    good = add(server, 1)
    wait_until(lambda: redis.size() == 1)
    script = "local k = redis.call('KEYS', '*')[1]; local v = redis.call('GET', k); "
    script += "local i = #v - 40; v = v:sub(1, i - 1) .. string.char((v:byte(i) + 1) % 256) .. v:sub(i + 1); "
    script += "return redis.call('SET', k, v)"
    assert redis.ask("EVAL", script, 0) == b"+OK"
    answer = add(server, 1)
    assert (answer.cache, answer.data) == ("miss", good.data)
    assert asked_redis(server, "rejected") == 1


def test_redis_killed_and_restarted_under_load_fails_no_request(redis, make_server, tmp_path):
    server = make_server(*redis.arguments, "--io-threads", "2")
    push_approved(server, "simple", MODELS / "simple.onnx")
    set_policy(server, "simple", IN_REDIS, tmp_path)
    wait_until(lambda: connected(server))
    done = threading.Event()

    def call(caller):
        answers = []
        while not done.is_set():
            answers.append(add(server, caller * 1_000 + len(answers) % 5))
        return answers

    def hits():
        return asked_redis(server, "hit")

    def runs():
        return metric(server, "slipway_prediction_rows_total", model="simple")

    def wait_until_more(count, more):
        before = count()
        wait_until(lambda: count() > before + more)

    with concurrent.futures.ThreadPoolExecutor(4) as callers:
        calls = [callers.submit(call, caller) for caller in range(4)]
        wait_until_more(hits, 20)
        for stop in (redis.kill, lambda: redis.process.send_signal(signal.SIGSTOP)):
            stop()
            wait_until_more(runs, 50)
            if redis.process.returncode is not None:
                redis.start()
            else:
                redis.process.send_signal(signal.SIGCONT)
            wait_until_more(hits, 20)
        done.set()
        answers = [answer for answer in calls for answer in answer.result()]
    assert {answer.status for answer in answers} == {200}
    assert asked_redis(server, "timeout") > 0
    assert asked_redis(server, "unavailable") + asked_redis(server, "skipped") > 0
    assert max(answer.seconds for answer in answers) < 1
    events = re.findall(r'"event":"(redis\.\w+)"', server.log())
    assert {"redis.connected", "redis.lost"} <= set(events)
    wait_until(lambda: metric(server, "slipway_redis_breaker_state") == 0)

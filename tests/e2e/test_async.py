"""Predictions that are answered later: taken, run, lost and found again, and what failed for good."""

import collections
import concurrent.futures
import json
import pathlib
import re
import struct
import sys
import time
import urllib.error
import urllib.request

import pytest
from server import MODELS, Server, push_approved, wait_until
from test_operations import create_key

sys.path.append(str(pathlib.Path(__file__).parent.parent))
import postgres  # noqa: E402

LETTERS = 220
KILLS = 6


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("async"), "--async-backoff-ms", "20").start()
    push_models(running)
    yield running
    assert running.stop() == 0, running.log()
    assert "Sanitizer" not in running.log(), running.log()


def push_models(server):
    push_approved(server, "simple", MODELS / "simple.onnx")
    push_approved(server, "total", MODELS / "slow_by_input.onnx")
    push_rows(server)


def push_rows(server):
    """The version that answers throws where an index is above 3; the one before answers any."""
    push_approved(server, "gather", MODELS / "gather_any.onnx", version="1.0.0")
    push_approved(server, "gather", MODELS / "throws.onnx", version="2.0.0")


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def reason(self):
        return self.json.get("reason")


def call(server, target, body=None, key=None, method=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(server.url + target, content, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def submit(server, model, body, version=None, **options):
    path = f"/v2/models/{model}" + (f"/versions/{version}" if version else "")
    return call(server, path + "/infer", body, slipway_async="true", **options)


def question(name, datatype, shape, data, **members):
    return {"inputs": [{"name": name, "datatype": datatype, "shape": shape, "data": data}], **members}


def rows(*indices):
    return question("indices", "INT64", [len(indices)], list(indices))


def total(iterations):
    """Takes 0.015 to 0.05 ms an iteration."""
    return question("iterations", "INT64", [1], [iterations])


def status(server, request, key=None):
    answer = call(server, f"/v2/async/{request}", key=key)
    assert answer.status == 200, answer.body
    return answer.json


def settled(server, request):
    def look():
        found = status(server, request)
        return found if found["status"] in ("succeeded", "failed") else None

    return wait_until(look)


def letters(server, *arguments, **options):
    return json.loads(server.cli("deadletter", "list", "--json", *arguments, **options).stdout)["dead_letters"]


def show(server, letter):
    return json.loads(server.cli("deadletter", "show", letter, "--json").stdout)


def replay(server, *arguments, check=True):
    done = server.cli("deadletter", "replay", "--json", *arguments, check=check)
    return json.loads(done.stdout) if done.stdout else done


def bury(server, *indices):
    """A request that the newest version of the model cannot answer."""
    letter = submit(server, "gather", rows(*(indices or (9,)))).json["id"]
    assert settled(server, letter)["status"] == "failed"
    return letter


def metric(server, name, **labels):
    pattern = re.compile(rf"^{name}(?:\{{([^}}]*)\}})? (\S+)$", re.MULTILINE)
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    text = server.get("/metrics").decode()
    return sum(float(value) for found, value in pattern.findall(text) if wanted <= set(found.split(",")))


def records_of(server, kind="prediction"):
    """The records of the audit log, newest last, with their details read."""
    found, cursor = [], []
    while True:
        page = json.loads(server.cli("audit", "query", "--kind", kind, "--limit", 10_000, "--json", *cursor).stdout)
        found += page["records"]
        if not page.get("next_cursor"):
            break
        cursor = ["--cursor", page["next_cursor"]]
    for record in found:
        record["details"] = json.loads(record.get("details") or "{}")
    return found


def test_the_answer_is_the_one_of_a_caller_who_waits(server):
    body = rows(1, 2)
    accepted = submit(server, "gather", {"id": "mine", **body})
    assert accepted.status == 202
    assert accepted.headers["location"] == f"/v2/async/{accepted.json['id']}"
    assert (accepted.json["status"], accepted.json["model_version"]) == ("queued", "2.0.0")
    found = settled(server, accepted.json["id"])
    waited = call(server, "/v2/models/gather/infer", {"id": "mine", **body})
    assert found["status"] == "succeeded"
    assert found["result"] == waited.json
    result = call(server, found["result_url"])
    assert (result.status, result.headers["content-type"]) == (200, "application/json")
    assert result.body == waited.body
    [record] = [one for one in records_of(server) if one["request_id"] == found["record"]]
    assert (record["details"], record["version"]) == ({"async": accepted.json["id"]}, "2.0.0")
    assert record["principal"] == "anonymous"


def test_an_answer_is_binary_where_that_was_asked(server):
    accepted = submit(server, "gather", {**rows(1, 2), "parameters": {"binary_data_output": True}})
    found = settled(server, accepted.json["id"])
    assert "result" not in found
    result = call(server, found["result_url"])
    head = int(result.headers["inference-header-content-length"])
    assert json.loads(result.body[:head])["outputs"][0]["parameters"] == {"binary_data_size": 16}
    assert struct.unpack("<4f", result.body[head:]) == (2, 3, 4, 5)


def test_binary_and_raw_requests_are_kept_as_they_came(server):
    data = struct.pack("<2q", 0, 3)
    head = json.dumps(
        {"inputs": [{"name": "indices", "datatype": "INT64", "shape": [2], "parameters": {"binary_data_size": 16}}]}
    ).encode()
    binary = submit(server, "gather", head + data, inference_header_content_length=str(len(head)))
    raw = submit(server, "gather", data, inference_header_content_length="0")
    assert settled(server, binary.json["id"])["result"]["outputs"][0]["data"] == [0, 1, 6, 7]
    result = call(server, settled(server, raw.json["id"])["result_url"])
    assert result.body.endswith(struct.pack("<4f", 0, 1, 6, 7))


def test_large_requests_and_answers_lie_beside_the_database(server):
    indices = [number % 4 for number in range(20_000)]
    found = settled(server, submit(server, "gather", rows(*indices)).json["id"])
    assert len(found["result"]["outputs"][0]["data"]) == 40_000
    assert list((server.directory / "data/objects/objects/async").iterdir())


def test_what_would_be_refused_is_refused_at_once(server):
    before = metric(server, "slipway_async_accepted_total")
    assert submit(server, "gather", question("indices", "FP32", [1], [1.5])).status == 400
    assert submit(server, "gather", b"{").reason == "infer.bad_json"
    assert submit(server, "gather", {**rows(1), "outputs": [{"name": "none"}]}).reason == "request.unknown_output"
    assert submit(server, "nothing", rows(1)).reason == "model.not_found"
    assert submit(server, "gather", rows(1), version="9.9.9").reason == "model.version_not_served"
    odd = call(server, "/v2/models/gather/infer", rows(1), slipway_async="maybe")
    assert (odd.status, odd.reason) == (400, "async.bad_header")
    assert submit(server, "gather", rows(1), idempotency_key="two words").reason == "async.invalid_key"
    assert call(server, "/v2/models/gather/infer", rows(1), slipway_async="false").status == 200
    assert metric(server, "slipway_async_accepted_total") == before


def test_a_contract_is_held_at_once(server, tmp_path):
    contract = tmp_path / "contract.yaml"
    contract.write_text(
        "apiVersion: v3.1.0\nkind: DataContract\nid: few\nversion: 1.0.0\nstatus: active\nname: Few\nschema:\n"
        "  - name: few\n    properties:\n      - name: indices\n        logicalType: integer\n        required: true\n"
        "        logicalTypeOptions: {maximum: 2}\n        customProperties:\n"
        "          - {property: tensor, value: indices}\n"
    )
    push_approved(server, "few", MODELS / "gather_any.onnx", "--contract", contract)
    refused = submit(server, "few", rows(3))
    assert (refused.status, refused.reason) == (400, "contract.violation")
    wait_until(lambda: [one for one in records_of(server) if one["endpoint"] == "few"])
    [record] = [one for one in records_of(server) if one["endpoint"] == "few"]
    assert record["outcome"] == "invalid_argument"
    assert settled(server, submit(server, "few", rows(2)).json["id"])["status"] == "succeeded"


def test_the_version_is_the_one_that_would_have_answered(make_server):
    server = make_server("--async-concurrency", "1")
    push_models(server)
    busy = submit(server, "total", total(20_000)).json["id"]
    waiting = submit(server, "gather", rows(1)).json["id"]
    push_approved(server, "gather", MODELS / "gather_any.onnx", version="3.0.0")
    assert settled(server, busy)["status"] == "succeeded"
    found = settled(server, waiting)
    assert (found["model_version"], found["result"]["model_version"]) == ("2.0.0", "2.0.0")


def test_a_full_queue_refuses(make_server):
    server = make_server("--async-waiting-max", "3", "--async-concurrency", "1")
    push_approved(server, "total", MODELS / "slow_by_input.onnx")
    taken = [submit(server, "total", total(40_000), idempotency_key=key) for key in ("one", "two", "last")]
    assert [one.status for one in taken] == [202] * 3
    refused = submit(server, "total", total(1))
    assert (refused.status, refused.reason) == (429, "async.queue_full")
    assert refused.headers["retry-after"]
    wait_until(lambda: metric(server, "slipway_async_requests", state="running") == 1)
    assert metric(server, "slipway_async_oldest_age_seconds") > 0
    assert submit(server, "total", total(40_000), idempotency_key="last").json["id"] == taken[-1].json["id"]
    for one in taken:
        assert settled(server, one.json["id"])["status"] == "succeeded"
    assert submit(server, "total", total(1)).status == 202


def test_whoever_waits_goes_first(server):
    jobs = [submit(server, "total", total(10_000)).json["id"] for _ in range(6)]
    wait_until(lambda: status(server, jobs[0])["status"] != "queued")
    assert call(server, "/v2/models/total/infer", total(1)).status == 200
    assert sum(status(server, job)["status"] == "succeeded" for job in jobs) <= 3
    for job in jobs:
        assert settled(server, job)["status"] == "succeeded"


def test_the_same_key_is_the_same_request(server):
    first = submit(server, "gather", rows(0), slipway_idempotency_key="order-1")
    again = submit(server, "gather", rows(0), idempotency_key="order-1")
    assert (again.status, again.json["id"]) == (202, first.json["id"])
    other = submit(server, "gather", rows(1), idempotency_key="order-1")
    assert (other.status, other.reason) == (409, "async.key_reused")
    somebody = submit(server, "gather", rows(0), idempotency_key="order-1", slipway_principal="ann")
    assert somebody.json["id"] != first.json["id"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        together = pool.map(lambda _: submit(server, "gather", rows(2), idempotency_key="order-2"), range(16))
    assert len({one.json["id"] for one in together}) == 1


def test_a_result_that_is_not_there_yet(server):
    request = submit(server, "total", total(20_000)).json["id"]
    early = call(server, f"/v2/async/{request}/result")
    assert (early.status, early.reason) == (409, "async.not_finished")
    assert settled(server, request)["status"] == "succeeded"
    assert call(server, "/v2/async/nonsense").reason == "async.not_found"


@pytest.mark.parametrize("end", [Server.stop, Server.kill])
def test_a_restart_loses_nothing(make_server, end):
    server = make_server("--async-lease-ms", "500", "--async-concurrency", "4", "--drain-timeout-ms", "100")
    push_approved(server, "total", MODELS / "slow_by_input.onnx")
    requests = [submit(server, "total", {"id": f"{number}", **total(5_000)}).json["id"] for number in range(20)]
    wait_until(lambda: status(server, requests[0])["status"] == "succeeded")
    end(server)
    server.start()
    for number, request in enumerate(requests):
        found = settled(server, request)
        assert found["result"]["id"] == f"{number}"
    if end is Server.stop:
        assert metric(server, "slipway_async_attempts_total", outcome="interrupted") == 0
    server.wait_until_ready("total", "1.0.0")


def test_what_a_policy_gives_instead_is_an_answer(server, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text("fallback: [{version: 1.0.0}]")
    server.cli("policy", "set", "gather", policy)
    try:
        wait_until(lambda: call(server, "/v2/models/gather/infer", rows(9)).status == 200)
        found = settled(server, submit(server, "gather", rows(9)).json["id"])
        assert found["result"]["parameters"]["slipway_degraded"] == 'source="version"; reason="run.failed"'
        [record] = [one for one in records_of(server) if one["request_id"] == found["record"]]
        assert record["details"]["async"] == found["id"] and record["details"]["source"] == "version"
    finally:
        server.cli("policy", "remove", "gather")
        wait_until(lambda: call(server, "/v2/models/gather/infer", rows(9)).status == 500)


def test_what_may_pass_is_tried_until_the_last_attempt(make_server):
    server = make_server("--async-backoff-ms", "1", "--async-attempts-max", "3", "--predict-timeout-ms", "50")
    push_approved(server, "total", MODELS / "slow_by_input.onnx")
    letter = submit(server, "total", total(1_000_000_000)).json["id"]
    assert settled(server, letter)["attempts"] == 3
    attempts = show(server, letter)["log"]
    assert [one["reason"] for one in attempts] == ["serving.deadline"] * 3
    assert metric(server, "slipway_async_attempts_total", outcome="retried") == 2
    result = call(server, f"/v2/async/{letter}/result")
    assert (result.status, result.reason) == (504, "serving.deadline")


def test_a_poisonous_request_becomes_a_dead_letter_that_another_version_answers(server):
    letter = bury(server, 9)
    found = status(server, letter)
    assert (found["error"]["code"], found["error"]["reason"], found["attempts"]) == ("internal", "run.failed", 1)
    assert call(server, found["id"].join(["/v2/async/", "/result"])).status == 500
    [listed] = [one for one in letters(server, "--model", "gather") if one["id"] == letter]
    assert (listed["version"], listed["principal"], listed["error"]["reason"]) == ("2.0.0", "anonymous", "run.failed")
    assert letter in server.cli("deadletter", "list").stdout
    assert "run.failed" in server.cli("deadletter", "show", letter).stdout
    assert json.loads(server.cli("deadletter", "show", letter, "--request").stdout) == rows(9)

    assert replay(server, letter, "--version", "2.0.0")["replayed"] == 1  # fails again, and is a letter again
    wait_until(lambda: show(server, letter)["replays"] == 1 and show(server, letter)["state"] == "dead")
    report = replay(server, letter, "--version", "1.0.0")
    assert (report["replayed"], report["skipped"], report["refused"]) == (1, 0, 0)
    found = settled(server, letter)
    assert found["result"]["outputs"][0]["data"] == [6, 7]
    assert found["result"]["model_version"] == "1.0.0"
    assert [one["id"] for one in letters(server) if one["id"] == letter] == []
    again = replay(server, letter, "--version", "1.0.0")
    assert (again["replayed"], again["skipped"]) == (0, 1)
    attempts = show(server, letter)["log"]
    assert [(one["version"], one["code"]) for one in attempts] == [
        ("2.0.0", "internal"),
        ("2.0.0", "internal"),
        ("1.0.0", "ok"),
    ]
    marked = [one for one in records_of(server) if one["details"].get("async") == letter]
    assert {one["request_id"] for one in marked} == {one["record"] for one in attempts}
    [replayed, *_] = [one for one in records_of(server, "decision") if one["details"].get("replay") == report["replay"]]
    assert (replayed["action"], replayed["details"]["letters"]) == ("deadletter.replay", [letter])


def test_a_replay_says_what_it_cannot_do(server):
    letter = bury(server)
    assert server.cli("deadletter", "replay", letter, check=False).returncode == 2
    assert server.cli("deadletter", "replay", "--version", "1.0.0", check=False).returncode == 2
    assert server.cli("deadletter", "replay", letter, "--all", "--version", "1.0.0", check=False).returncode == 2
    unknown = server.cli("deadletter", "replay", letter, "--version", "9.0.0", check=False)
    assert unknown.returncode == 1 and "version.not_found" in unknown.stdout
    named = server.cli("deadletter", "replay", "--model", "gather", "--version", "9.0.0", check=False)
    assert named.returncode == 1 and "version.not_found" in named.stderr
    label = server.cli("deadletter", "replay", letter, "--version", "champion", check=False)
    assert label.returncode == 1 and "semver.invalid" in label.stderr
    missing = server.cli(
        "deadletter", "replay", "01a21005-946a-71af-a72b-b5eda96f97d6", "--version", "1.0.0", check=False
    )
    assert missing.returncode == 1 and "deadletter.not_found" in missing.stdout
    assert letter in [one["id"] for one in letters(server)]


def test_a_dropped_letter_is_gone(server):
    letter, other = bury(server), bury(server)
    assert f"{letter} is dropped." in server.cli("deadletter", "drop", letter).stdout
    assert server.cli("deadletter", "drop", letter, check=False).returncode == 1
    assert call(server, f"/v2/async/{letter}").status == 404
    left = [one["id"] for one in letters(server)]
    assert letter not in left and other in left
    replay(server, other, "--version", "1.0.0")
    settled(server, other)
    refused = server.cli("deadletter", "drop", other, check=False)
    assert "deadletter.not_dead" in refused.stderr
    dropped = [one for one in records_of(server, "decision") if one["action"] == "deadletter.drop"]
    assert {"letter": letter} in [one["details"] for one in dropped]


def test_a_replay_keeps_its_rate(server):
    buried = [bury(server) for _ in range(12)]
    begin = time.monotonic()
    assert replay(server, "--model", "gather", "--version", "1.0.0", "--rate", "10")["replayed"] >= 12
    for letter in buried:
        assert settled(server, letter)["status"] == "succeeded"
    assert time.monotonic() - begin > 0.9


def test_who_may_look(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("guarded"), auth="on").start()
    try:
        admin = (server.directory / "data/bootstrap.key").read_text().strip()
        roles = {"ann": "predictor", "bob": "predictor", "olga": "operator", "sam": "data-scientist", "pia": "approver"}
        keys = {name: create_key(server, admin, name, role)["key"] for name, role in roles.items()}
        far = create_key(server, admin, "otto", "operator", "--model", "elsewhere")["key"]
        for version, file in (("1.0.0", "gather_any"), ("2.0.0", "throws")):
            server.cli(
                "model", "push", MODELS / f"{file}.onnx", "--name", "gather", "--version", version, key=keys["sam"]
            )
            server.cli("model", "approve", f"gather@{version}", key=keys["pia"])
            server.wait_until_ready("gather", version, authorization=f"Bearer {keys['ann']}")
        assert submit(server, "gather", rows(9)).status == 401
        assert submit(server, "gather", rows(9), key=keys["olga"]).status == 403
        letter = submit(server, "gather", rows(9), key=keys["ann"]).json["id"]
        wait_until(lambda: status(server, letter, keys["ann"])["status"] == "failed")
        assert status(server, letter, keys["olga"])["id"] == letter
        for key in (keys["bob"], keys["pia"], far):
            assert call(server, f"/v2/async/{letter}", key=key).status == 404
            assert call(server, f"/v2/async/{letter}/result", key=key).status == 404
        for path in ("/api/v1/dead-letters", f"/api/v1/dead-letters/{letter}"):
            assert call(server, path, key=keys["ann"]).status == 403
            assert call(server, path, key=keys["olga"]).status == 200
        assert letters(server, key=far) == []
        assert call(server, f"/api/v1/dead-letters/{letter}", key=far).status == 404
        assert call(server, f"/api/v1/dead-letters/{letter}", key=far, method="DELETE").status == 404
        assert call(server, f"/api/v1/dead-letters/{letter}/request", key=far).status == 404
        replays = "/api/v1/dead-letter-replays"
        wish = {"version": "1.0.0", "model": "gather"}
        assert call(server, replays, wish, key=keys["ann"]).status == 403
        assert call(server, replays, wish, key=far).status == 403
        assert call(server, replays, {"version": "1.0.0", "all": True}, key=far).json["replayed"] == 0
        by_id = call(server, replays, {"version": "1.0.0", "ids": [letter]}, key=far).json
        assert by_id["refusals"][0]["reason"] == "deadletter.not_found"
        assert call(server, f"/api/v1/dead-letters/{letter}/request", key=keys["olga"]).json == rows(9)
        assert call(server, replays, wish, key=keys["olga"]).json["replayed"] == 1
        wait_until(lambda: status(server, letter, keys["ann"])["status"] == "succeeded")
    finally:
        assert server.stop() == 0, server.log()


def check_exactly_once(server, asked):
    """Every letter has one success, its answer is its own, and the log has the record of that run."""
    recorded = collections.defaultdict(set)
    for record in records_of(server):
        if "async" in record["details"] and record["outcome"] == "ok":
            recorded[record["details"]["async"]].add(record["request_id"])
    for letter, index in asked.items():
        found = status(server, letter)
        assert found["status"] == "succeeded"
        assert found["result"]["id"] == f"letter {index}"
        assert found["result"]["model_version"] == "1.0.0"
        attempts = call(server, f"/api/v1/dead-letters/{letter}").json["log"]
        successes = [one for one in attempts if one["code"] == "ok"]
        assert len(successes) == 1 and successes[0]["record"] == found["record"]
        assert found["record"] in recorded[letter]
    assert set(recorded) == set(asked)
    return sum(len(records) - 1 for records in recorded.values())


def test_letters_are_replayed_exactly_once_across_kills(make_server, tmp_path):
    """Each run takes some 50 ms and several wait for theirs, so that every kill hits runs under way."""
    directory = tmp_path / "killed"
    hasty = make_server("--predict-timeout-ms", "1", "--async-attempts-max", "1", directory=directory)
    for version in ("1.0.0", "2.0.0"):
        push_approved(hasty, "total", MODELS / "slow_by_input.onnx", version=version)
    asked = {
        submit(hasty, "total", {"id": f"letter {index}", **total(2_000)}).json["id"]: index for index in range(LETTERS)
    }
    wait_until(lambda: metric(hasty, "slipway_dead_letters") == LETTERS, seconds=60)
    assert hasty.stop() == 0
    server = make_server(
        "--async-lease-ms", "500", "--async-concurrency", "16", "--async-attempts-max", "50", directory=directory
    )
    assert replay(server, "--all", "--version", "1.0.0", "--rate", "1000")["replayed"] == LETTERS

    def succeeded():
        return {letter for letter in asked if status(server, letter)["status"] == "succeeded"}

    done = set()
    for _ in range(KILLS):
        wait_until(lambda: metric(server, "slipway_async_attempts_total", outcome="succeeded") >= LETTERS / 20)
        server.kill()
        server.start()
        before, done = done, succeeded()
        assert before < done  # nothing that was answered is taken back
        assert len(done) < LETTERS
        assert replay(server, "--all", "--version", "1.0.0")["replayed"] == 0  # asking again changes nothing
    wait_until(lambda: len(succeeded()) == LETTERS, seconds=60)
    attempts = [call(server, f"/api/v1/dead-letters/{letter}").json["log"] for letter in asked]
    interrupted = sum(one["reason"] == "async.interrupted" for log in attempts for one in log)
    assert interrupted >= KILLS
    again = check_exactly_once(server, asked)
    print(f"{KILLS} kills interrupted {interrupted} runs; {again} had ended and their answer was not kept")
    assert letters(server) == []


def test_a_kill_in_the_middle_of_asking_for_a_replay(make_server):
    """What had been put back stays so; asking again puts the rest."""
    server = make_server("--async-lease-ms", "500", "--async-concurrency", "16")
    push_rows(server)
    asked = {
        submit(server, "gather", {"id": f"letter {index}", **rows(4 + index)}).json["id"]: index
        for index in range(LETTERS)
    }
    wait_until(lambda: metric(server, "slipway_dead_letters") == LETTERS, seconds=60)
    half = list(asked)[: LETTERS // 2]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        asking = [
            pool.submit(server.cli, "deadletter", "replay", *ids, "--version", "1.0.0", "--rate", "2000", check=False)
            for ids in (half, ["--all"])
        ]
        time.sleep(0.1)
        server.kill()
        [one.result() for one in asking]
    server.start()
    replay(server, "--all", "--version", "1.0.0", "--rate", "2000")
    wait_until(lambda: all(status(server, letter)["status"] == "succeeded" for letter in asked), seconds=60)
    check_exactly_once(server, asked)


def test_several_servers_share_a_queue(make_server, tmp_path):
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with postgres.running() as uri:
        common = ("--database", uri, "--objects", tmp_path / "objects", "--async-lease-ms", "500")
        (tmp_path / "objects").mkdir()
        first = make_server(*common)
        push_rows(first)
        second = make_server(*common)
        second.wait_until_ready("gather", "2.0.0")
        asked = {}
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            bodies = [{"id": f"letter {index}", **rows(4 + index)} for index in range(LETTERS)]
            servers = [first, second] * (LETTERS // 2)
            for index, accepted in enumerate(pool.map(submit, servers, ["gather"] * LETTERS, bodies)):
                assert accepted.status == 202, accepted.body
                asked[accepted.json["id"]] = index
        wait_until(lambda: metric(first, "slipway_dead_letters") == LETTERS, seconds=60)
        assert replay(first, "--all", "--version", "1.0.0", "--rate", "100")["replayed"] == LETTERS
        time.sleep(0.7)
        second.kill()
        wait_until(lambda: all(status(first, letter)["status"] == "succeeded" for letter in asked), seconds=60)
        second.start()
        for letter in asked:
            log = call(first, f"/api/v1/dead-letters/{letter}").json["log"]
            assert [one["code"] for one in log].count("ok") == 1
            assert status(second, letter)["result"]["id"] == f"letter {asked[letter]}"
        assert letters(second) == []

"""Webhooks: what is told, signed, retried, kept in order, given up, sent again, and never lost or misdirected."""

import base64
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from certificate import make_certificate
from receiver import Receiver
from server import MODELS, ROOT, push_approved
from test_operations import create_key

sys.path.insert(0, str(ROOT / "tests"))
import postgres  # noqa: E402

CLIENTS = pathlib.Path(os.environ.get("SLIPWAY_DEPS", ROOT / ".deps")) / "mlflow"
QUICK = ("--webhook-private-networks", "--webhook-backoff-ms", "20", "--webhook-timeout-ms", "1000")
DECISIONS = ["approval_requested", "approved", "rejected", "retired"]


def call(server, method, path, body=None, key=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, content, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


def refusal(server, method, path, body=None, key=None):
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(server, method, path, body, key)
    return refused.value.code, json.loads(refused.value.read())


def subscribe(server, url, events=("model_version.approval_requested",), **members):
    wanted = {"name": "test", "url": url, "events": list(events), **members}
    return call(server, "POST", "/api/v1/webhooks", wanted)


def push(server, version, name="simple"):
    server.cli("model", "push", MODELS / "simple.onnx", "--name", name, "--version", version, who="alice")


def deliveries(server, webhook, query=""):
    return call(server, "GET", f"/api/v1/webhooks/{webhook['id']}/deliveries{query}")["deliveries"]


def wait_until_settled(server, webhook, count, state=None, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while True:
        settled = [one for one in deliveries(server, webhook) if one["state"] != "waiting"]
        if len(settled) >= count:
            assert state is None or {one["state"] for one in settled} == {state}, settled
            return settled
        assert time.monotonic() < deadline, deliveries(server, webhook)
        time.sleep(0.02)


def test_each_decision_about_a_version_is_told_and_signed(make_server):
    server = make_server(*QUICK)
    with Receiver() as receiver:
        events = ["registered_model.created", "model_version.created", *(f"model_version.{d}" for d in DECISIONS)]
        webhook = subscribe(server, receiver.url, events, secret="opensesame")
        assert "secret" not in webhook and "opensesame" not in json.dumps(call(server, "GET", "/api/v1/webhooks"))
        push_approved(server, "simple", MODELS / "simple.onnx", version="1.0.0")
        server.cli("model", "retire", "simple@1.0.0", "--reason", "old", who="bob")
        push(server, "1.1.0")
        server.cli("model", "reject", "simple@1.1.0", "--reason", "wrong year", who="bob")
        told = receiver.wait_for(8)
        assert [(one.json["entity"], one.json["action"]) for one in told] == [
            ("registered_model", "created"),
            ("model_version", "created"),
            ("model_version", "approval_requested"),
            ("model_version", "approved"),
            ("model_version", "retired"),
            ("model_version", "created"),
            ("model_version", "approval_requested"),
            ("model_version", "rejected"),
        ]
        digest = json.loads(server.cli("model", "show", "simple@1.1.0", "--json").stdout)["digest"]
        assert told[7].json["data"] == {
            "name": "simple",
            "version": "2",
            "semver": "1.1.0",
            "digest": digest,
            "principal": "bob",
            "reason": "wrong year",
        }
        assert told[2].json["data"]["principal"] == "alice"
        for one in told:
            signed = f"{one.id}.{one.headers['x-mlflow-timestamp']}.".encode() + one.body
            mac = hmac.new(b"opensesame", signed, hashlib.sha256).digest()
            assert one.headers["x-mlflow-signature"] == "v1," + base64.b64encode(mac).decode()
            assert abs(int(one.headers["x-mlflow-timestamp"]) - time.time()) < 60
            assert one.headers["content-type"] == "application/json"
            datetime.datetime.fromisoformat(one.json["timestamp"])
        assert len({one.id for one in told}) == 8


def test_failures_are_retried_under_the_same_id_and_keep_the_order(make_server):
    server = make_server(*QUICK)
    answers = [500, "close", "hang", "redirect", 429, 200, 200]
    with Receiver(lambda n: answers[n] if n < len(answers) else 200) as receiver:
        webhook = subscribe(server, receiver.url)
        push(server, "1.0.0")
        push(server, "1.1.0")
        sent = receiver.wait_for(7)
        assert [one.json["data"]["semver"] for one in sent] == ["1.0.0"] * 6 + ["1.1.0"]
        assert len({one.id for one in sent[:6]}) == 1 and sent[6].id != sent[0].id
        assert all(one.path == "/hook" for one in sent), "no redirect is followed"
        wait_until_settled(server, webhook, 2, "delivered")
        shown = call(server, "GET", f"/api/v1/webhooks/{webhook['id']}/deliveries/{sent[0].id}")
        assert [one["status"] for one in shown["log"]] == [500, 0, 0, 302, 429, 200]
        assert all(bool(one["error"]) == (one["status"] != 200) for one in shown["log"])
        assert shown["log"][2]["latency_ms"] > 990, "the time limit is a second"
        assert shown["body"] == sent[0].json


@pytest.mark.parametrize("answer", ["slow", "endless"])
def test_an_answer_of_2xx_is_a_receipt_whatever_its_body_does(make_server, answer):
    server = make_server(*QUICK)
    with Receiver(lambda n: answer) as receiver:
        webhook = subscribe(server, receiver.url)
        push(server, "1.0.0")
        wait_until_settled(server, webhook, 1, "delivered")
        assert len(receiver.requests) == 1


def test_a_receiver_that_hangs_holds_up_no_other(make_server):
    server = make_server(*QUICK[:-1], "5000")
    with Receiver(lambda n: "hang") as stuck, Receiver() as well:
        for _ in range(2):
            subscribe(server, stuck.url)
        subscribe(server, well.url)
        started = time.monotonic()
        push(server, "1.0.0")
        well.wait_for(1)
        stuck.wait_for(2)
        assert time.monotonic() - started < 4.5
        stuck.released.set()


def test_what_cannot_be_delivered_is_kept_as_dead_and_can_be_sent_again(make_server):
    server = make_server(*QUICK, "--webhook-attempts-max", "3")
    with Receiver(lambda n: 500 if n < 3 else 200) as receiver:
        webhook = subscribe(server, receiver.url)
        push(server, "1.0.0")
        (dead,) = wait_until_settled(server, webhook, 1, "dead")
        assert dead["attempts"] == 3 and len(receiver.requests) == 3
        assert [one["id"] for one in deliveries(server, webhook, "?state=dead")] == [dead["id"]]
        assert deliveries(server, webhook, "?state=waiting") == []
        again = call(server, "POST", f"/api/v1/webhooks/{webhook['id']}/deliveries/{dead['id']}/send")
        assert again["state"] == "waiting"
        wait_until_settled(server, webhook, 1, "delivered")
        assert {one.id for one in receiver.requests} == {dead["id"]}
        assert b"slipway_outbox_dead_total 1" in server.get("/metrics")


def test_nothing_is_lost_when_nobody_listens(make_server):
    server = make_server(*QUICK)
    with Receiver() as gone:
        port = gone.port
    webhook = subscribe(server, f"http://127.0.0.1:{port}/hook")
    push(server, "1.0.0")
    path = f"/api/v1/webhooks/{webhook['id']}/deliveries/"
    waiting = deliveries(server, webhook)[0]
    deadline = time.monotonic() + 20
    while not call(server, "GET", path + waiting["id"])["log"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert call(server, "GET", path + waiting["id"])["log"][0]["status"] == 0
    with Receiver(port=port) as back:
        assert back.wait_for(1)[0].id == waiting["id"]


def test_kill_between_commit_and_delivery(make_server):
    """The event is written with the decision, so a server that is killed at once sends it after its next start."""
    server = make_server(*QUICK)
    with Receiver(lambda n: "hang" if n == 0 else 200) as receiver:
        webhook = subscribe(server, receiver.url)
        push(server, "1.0.0")
        first = receiver.wait_for(1)[0]
        push(server, "1.1.0")
        server.kill()
        server.start()
        sent = receiver.wait_for(3)
        assert [one.json["data"]["semver"] for one in sent] == ["1.0.0", "1.0.0", "1.1.0"]
        assert sent[1].id == first.id and sent[1].body == first.body
        wait_until_settled(server, webhook, 2, "delivered")


@pytest.mark.skipif(postgres.programs() is None and os.environ.get("CI") != "true", reason="PostgreSQL is absent")
def test_two_nodes_send_each_event_once_and_in_order(make_server, tmp_path):
    with postgres.running() as uri, Receiver() as receiver:
        shared = ("--database", uri, "--objects", tmp_path / "objects")
        (tmp_path / "objects").mkdir()
        nodes = [make_server(*QUICK, *shared) for _ in range(2)]
        webhook = subscribe(nodes[0], receiver.url, ["model_version.approval_requested"])
        wanted = [f"1.{minor}.0" for minor in range(12)]
        for minor, version in enumerate(wanted):
            push(nodes[minor % 2], version)
        receiver.wait_for(12)
        wait_until_settled(nodes[1], webhook, 12, "delivered")
        sent = receiver.requests
        assert [one.json["data"]["semver"] for one in sent] == wanted
        assert len({one.id for one in sent}) == 12
        for node in nodes:
            assert node.stop() == 0, node.log()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9/",
        "http://10.0.0.1/",
        "http://2130706433/",
        "http://169.254.169.254/latest/meta-data/",
        "ftp://example.org/",
        "https://user:password@example.org/",
        "file:///etc/passwd",
        "nonsense",
    ],
)
def test_urls_that_lead_inside_are_refused(make_server, url):
    server = make_server()
    status, said = refusal(
        server, "POST", "/api/v1/webhooks", {"name": "a", "url": url, "events": ["model_version.approved"]}
    )
    assert status == 400 and said["reason"] == "outbox.invalid_url", said


def test_a_name_that_stands_for_a_private_address_is_not_connected_to(make_server, tmp_path):
    """No check of the name can know what it stands for later, so the address is checked when it is connected to."""
    name = socket.gethostname()
    try:
        address = socket.gethostbyname(name)
    except OSError:
        pytest.skip("this machine has no name that resolves")
    server = make_server(*QUICK[1:])
    with Receiver() as receiver:
        webhook = subscribe(server, f"http://{name}:{receiver.port}/hook")
        tried = call(server, "POST", f"/api/v1/webhooks/{webhook['id']}/test", {})
        assert tried["delivered"] is False and "may send to" in tried["error"], (address, tried)
        assert receiver.requests == []


def test_metadata_services_stay_out_of_reach_also_with_private_networks(make_server):
    server = make_server(*QUICK)
    status, _ = refusal(
        server,
        "POST",
        "/api/v1/webhooks",
        {"name": "a", "url": "http://169.254.169.254/", "events": ["model_version.approved"]},
    )
    assert status == 400


def test_a_certificate_that_is_not_trusted_is_not_sent_to(make_server, tmp_path):
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Receiver(tls=context) as receiver:
        wary = make_server(*QUICK)
        webhook = subscribe(wary, receiver.url)
        tried = call(wary, "POST", f"/api/v1/webhooks/{webhook['id']}/test", {})
        assert tried["delivered"] is False and "certificate" in tried["error"].lower(), tried
        assert receiver.requests == []
        trusting = make_server(*QUICK, "--webhook-ca", certificate)
        webhook = subscribe(trusting, receiver.url)
        assert call(trusting, "POST", f"/api/v1/webhooks/{webhook['id']}/test", {})["delivered"] is True


@pytest.mark.parametrize("line", ["3.17.2", "3.6.0"])
def test_the_unmodified_mlflow_client(make_server, line):
    """Create, list, get, try, change, delete with MlflowClient, which fails on an event that it does not know."""
    server = make_server(*QUICK)
    with Receiver(lambda n: 500 if n == 1 else 200) as receiver:
        hidden = subscribe(server, receiver.url)
        mixed = subscribe(server, receiver.url, ["model_version.approved", "model_version.created"], name="mixed")
        variables = {
            "PYTHONPATH": str(CLIENTS / line),
            "MLFLOW_TRACKING_URI": server.url,
            "GIT_PYTHON_REFRESH": "quiet",
        }
        done = subprocess.run(
            [sys.executable, pathlib.Path(__file__).with_name("mlflow_webhook_session.py"), receiver.url, mixed["id"]],
            env={**os.environ, **variables, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        assert [one.json["entity"] for one in receiver.requests] == ["registered_model", "model_version_alias"]
        assert receiver.requests[1].json["data"].keys() == {"name", "alias", "version"}
        assert "x-mlflow-signature" in receiver.requests[0].headers
        left = {one["id"]: one["events"] for one in call(server, "GET", "/api/v1/webhooks")["webhooks"]}
        assert left == {
            hidden["id"]: ["model_version.approval_requested"],
            mixed["id"]: ["model_version_tag.deleted", "model_version.approved"],
        }, "what the client cannot see it does not change"


def test_hostile_requests_are_refused(make_server):
    server = make_server()
    good = {"name": "a", "url": "https://example.org", "events": ["model_version.approved"]}
    for bad in (
        {},
        {**good, "events": []},
        {**good, "events": ["model_version.unknown"]},
        {**good, "events": "model_version.approved"},
        {**good, "events": ["model_version.approved"] * 101},
        {**good, "name": "a\x00b"},
        {**good, "name": 1},
        {**good, "unknown": 1},
        {**good, "secret": "x" * 5000},
        {**good, "active": "yes"},
        {**good, "url": "https://example.org/" + "x" * 3000},
    ):
        assert refusal(server, "POST", "/api/v1/webhooks", bad)[0] == 400, bad
    assert call(server, "GET", "/api/v1/webhooks")["webhooks"] == []
    for path in ("/api/v1/webhooks/none", "/api/v1/webhooks/none/deliveries"):
        assert refusal(server, "GET", path)[0] == 404
    webhook = subscribe(server, "https://example.org")
    assert refusal(server, "GET", f"/api/v1/webhooks/{webhook['id']}/deliveries/none")[0] == 404
    for query in ("?limit=0", "?limit=x", "?state=lost", "?page_token=zz"):
        assert refusal(server, "GET", f"/api/v1/webhooks/{webhook['id']}/deliveries{query}")[0] == 400


def test_pages_and_changes(make_server):
    server = make_server()
    made = [subscribe(server, "https://example.org", name=f"hook-{n}") for n in range(3)]
    first = call(server, "GET", "/api/v1/webhooks?limit=2")
    rest = call(server, "GET", f"/api/v1/webhooks?limit=2&page_token={first['next_page_token']}")
    assert [one["id"] for one in first["webhooks"] + rest["webhooks"]] == [one["id"] for one in made]
    assert rest["next_page_token"] == ""
    path = f"/api/v1/webhooks/{made[0]['id']}"
    changed = call(server, "PATCH", path, {"active": False, "events": ["model_version.retired"]})
    assert changed["active"] is False and changed["events"] == ["model_version.retired"]
    assert changed["name"] == "hook-0" and call(server, "GET", path) == changed
    call(server, "DELETE", path)
    assert refusal(server, "GET", path)[0] == 404


def test_the_command_line_manages_webhooks(make_server, tmp_path):
    server = make_server(*QUICK, "--webhook-attempts-max", "1")

    def told(*arguments, check=True):
        done = server.cli("webhook", *arguments, "--json", check=check)
        return json.loads(done.stdout) if done.stdout else (done.returncode, json.loads(done.stderr))

    with Receiver(lambda n: 500 if n in (1, 3) else 200) as receiver:
        wanted = ("--name", "approvals", "--url", receiver.url, "--event", "model_version.approval_requested")
        made = told("create", *wanted, "--event", "model_version.approved", "--description", "who decides")
        assert len(made["secret"]) == 64 and made["events"] == [
            "model_version.approval_requested",
            "model_version.approved",
        ]
        shown = told("show", made["id"])
        assert shown == {name: value for name, value in made.items() if name != "secret"}
        assert told("list")["webhooks"] == [shown]
        text = server.cli("webhook", "list").stdout + server.cli("webhook", "show", made["id"]).stdout
        assert "approvals" in text and made["secret"] not in text

        assert told("test", made["id"], "--event", "model_version.approved")["delivered"] is True
        failed = server.cli("webhook", "test", made["id"], check=False)
        assert failed.returncode == 1 and "500" in failed.stdout, failed.stdout
        for one in receiver.requests:
            signed = f"{one.id}.{one.headers['x-mlflow-timestamp']}.".encode() + one.body
            mac = hmac.new(made["secret"].encode(), signed, hashlib.sha256).digest()
            assert one.headers["x-mlflow-signature"] == "v1," + base64.b64encode(mac).decode()

        push(server, "1.0.0")
        wait_until_settled(server, made, 1, "delivered")
        push(server, "1.1.0")
        wait_until_settled(server, made, 2)
        dead, delivered = told("deliveries", made["id"])["deliveries"]
        assert (dead["state"], delivered["state"]) == ("dead", "delivered")
        assert told("deliveries", made["id"], "--state", "dead")["deliveries"] == [dead]
        page = told("deliveries", made["id"], "--limit", "1")
        assert page["deliveries"] == [dead]
        rest = told("deliveries", made["id"], "--limit", "1", "--page", page["next_page_token"])
        assert rest["deliveries"] == [delivered]
        assert [one["status"] for one in told("deliveries", made["id"], dead["id"])["log"]] == [500]
        assert told("send", made["id"], dead["id"])["state"] == "waiting"
        wait_until_settled(server, made, 2, "delivered")

        secret = tmp_path / "secret"
        secret.write_text("opensesame\n")
        secret.chmod(0o644)
        refused = server.cli("webhook", "create", *wanted, "--secret-file", secret, check=False)
        assert refused.returncode == 2 and "chmod 600" in refused.stderr
        secret.chmod(0o600)
        assert "secret" not in told("create", *wanted, "--secret-file", secret)
        quiet = told("create", *wanted, "--unsigned", "--off")
        assert quiet["active"] is False and "secret" not in quiet
        told("test", quiet["id"])
        assert "x-mlflow-signature" not in receiver.requests[-1].headers

        told("remove", made["id"])
        assert made["id"] not in [one["id"] for one in told("list")["webhooks"]]
        code, said = told("show", made["id"], check=False)
        assert (code, said["reason"]) == (1, "webhook.not_found")
        code, said = told("create", *wanted[:-1], "model_version.unknown", check=False)
        assert (code, said["reason"]) == (1, "webhook.invalid")


def test_only_an_administrator_manages_webhooks_and_it_is_in_the_audit_log(make_server):
    server = make_server(auth="on")
    admin = (server.directory / "data/bootstrap.key").read_text().strip()
    scientist = create_key(server, admin, "ann", "data-scientist")["key"]
    auditor = create_key(server, admin, "eve", "auditor")["key"]
    wanted = {
        "name": "a",
        "url": "https://example.org/SECRET",
        "events": ["model_version.approved"],
        "secret": "s3cr3t",
    }
    assert refusal(server, "POST", "/api/v1/webhooks", wanted, scientist)[0] == 403
    made = call(server, "POST", "/api/v1/webhooks", wanted, admin)
    records = call(server, "GET", "/api/v1/audit/records?kind=decision", key=auditor)["records"]
    (record,) = [one for one in records if one["action"] == "webhook.create"]
    assert made["id"] in record["details"]
    assert "SECRET" not in json.dumps(records) and "s3cr3t" not in json.dumps(records)
    assert "s3cr3t" not in server.log()

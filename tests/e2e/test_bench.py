"""`slipway bench` against the real server."""

import json
import re
import signal
import socket
import subprocess
import time
import urllib.request

import pytest
from server import MODELS, SLIPWAY, Server, cli, push_approved

SHORT = ("--connections", "4")


def bench(server, model, *arguments, warmup="50ms", check=True):
    times = ("--duration", "300ms", "--warmup", warmup)
    done = cli("bench", server.url, model, "--json", *SHORT, *times, *arguments, check=check)
    return json.loads(done.stdout)


def requests_of(server):
    (entry,) = json.loads(server.get("/v2/models/simple/versions/1.0.0/stats"))["model_stats"]
    return entry["inference_stats"]["success"]["count"]


@pytest.mark.parametrize("binary", [(), ("--binary",)])
@pytest.mark.parametrize("model", ["simple", "identity_fp32", "identity_string", "simple@1.0.0"])
def test_closed_loop_sends_what_the_model_takes(serving, model, binary):
    report = bench(serving, model, "--rows", "2", *binary)
    (point,) = report["points"]
    assert point["failed"] == 0, point
    assert point["succeeded"] > 0
    assert point["rows_per_s"] == pytest.approx(2 * point["requests_per_s"])
    service = point["service_us"]
    assert service["p50"] <= service["p90"] <= service["p95"] <= service["p99"] <= service["p99.9"] <= service["max"]
    assert "latency_us" not in point


@pytest.fixture(scope="module")
def over_grpc(tmp_path_factory):
    """grpc://ADDRESS of a server with the sample models, and its directory."""
    server = Server(tmp_path_factory.mktemp("bench"), "--grpc", "127.0.0.1:0").start()
    for name in ("simple", "identity_fp32", "identity_string"):
        push_approved(server, name, MODELS / f"{name}.onnx")
    server.http, server.url = server.url, "grpc://" + json.loads((server.directory / "ready.json").read_text())["grpc"]
    yield server
    assert server.stop() == 0, server.log()


@pytest.mark.parametrize("model", ["simple", "identity_fp32", "identity_string", "simple@1.0.0"])
def test_grpc_sends_what_the_model_takes(over_grpc, model):
    (point,) = bench(over_grpc, model, "--rows", "2", "--threads", "2")["points"]
    assert point["failed"] == 0, point
    assert point["succeeded"] > 0
    assert point["rows_per_s"] == pytest.approx(2 * point["requests_per_s"])


def test_grpc_open_loop_is_counted_by_the_server_too(over_grpc):
    def counted():
        metrics = urllib.request.urlopen(over_grpc.http + "/metrics", timeout=30).read().decode()
        found = re.search(r'^slipway_grpc_requests_total{method="ModelInfer",code="ok"} (\d+)$', metrics, re.MULTILINE)
        return int(found[1]) if found else 0

    before = counted()
    (point,) = bench(over_grpc, "simple", "--rates", "200", "--arrivals", "constant", warmup="0s")["points"]
    assert point["succeeded"] == 60
    assert counted() - before == 60
    for name, service in point["service_us"].items():
        assert point["latency_us"][name] >= service, name


def test_grpc_errors_have_their_reason(make_server, tmp_path):
    server = make_server("--grpc", "127.0.0.1:0")
    push_approved(server, "simple", MODELS / "simple.onnx")
    url = "grpc://" + json.loads((server.directory / "ready.json").read_text())["grpc"]
    done = cli("bench", url, "absent", check=False)
    assert done.returncode == 1 and "model.not_found" in done.stderr, done.stderr
    load = subprocess.Popen(
        [SLIPWAY, "bench", url, "simple", "--json", "--warmup", "0s", "--duration", "2s", "--grace", "1s", *SHORT],
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(0.5)
    server.cli("model", "retire", "simple@1.0.0", "--reason", "test")
    time.sleep(0.5)
    server.kill()
    (point,) = json.loads(load.communicate(timeout=30)[0])["points"]
    assert point["succeeded"] > 0
    assert point["errors"].pop("connection") > 0
    assert set(point["errors"]) == {"not_found model.not_found"}


def test_the_server_saw_as_many_as_are_reported(serving):
    before = requests_of(serving)
    report = bench(serving, "simple", "--rates", "200", "--arrivals", "constant", warmup="0s")
    assert report["points"][0]["succeeded"] == 60
    assert requests_of(serving) - before == 60


def test_a_sweep_has_a_point_for_each_rate(serving):
    report = bench(serving, "simple", "--rates", "100,300", "--threads", "2")
    assert [point["rate_per_s"] for point in report["points"]] == [100, 300]
    for point in report["points"]:
        assert point["failed"] == 0
        for name, service in point["service_us"].items():
            assert point["latency_us"][name] >= service, name


def test_given_bodies_are_sent_and_errors_have_their_reason(serving, tmp_path):
    body = tmp_path / "body.json"
    inputs = [{"name": name, "shape": [1, 16], "datatype": "INT32", "data": [1] * 16} for name in ("INPUT0", "INPUT1")]
    body.write_text(json.dumps({"inputs": inputs}))
    assert bench(serving, "simple", "--input", body)["points"][0]["failed"] == 0

    body.write_text(json.dumps({"inputs": inputs[:1]}))
    (point,) = bench(serving, "simple", "--input", body, check=False)["points"]
    assert point["succeeded"] == 0
    (kind,) = point["errors"]
    assert kind.startswith("400 ") and len(kind) > len("400 "), kind


def test_the_key_is_sent(make_server):
    server = make_server(auth="on")
    admin = (server.directory / "data/bootstrap.key").read_text().strip()

    def key(name, role):
        answer = server.cli("key", "create", "--name", name, "--role", role, "--json", key=admin)
        return json.loads(answer.stdout)["key"]

    author = key("alice", "data-scientist")
    server.cli("model", "push", MODELS / "simple.onnx", "--name", "simple", "--version", "1.0.0", key=author)
    server.cli("model", "approve", "simple@1.0.0", key=key("bob", "approver"))
    server.wait_until_ready("simple", "1.0.0", authorization=f"Bearer {author}")
    load = ("bench", server.url, "simple@1.0.0", "--json", *SHORT, "--duration", "300ms", "--warmup", "0s")
    done = cli(*load, key=author)
    assert json.loads(done.stdout)["points"][0]["failed"] == 0
    assert author not in done.stdout + done.stderr
    done = cli(*load, check=False)
    assert done.returncode == 1 and "unauthenticated" in done.stderr, done.stderr


def test_interrupt_prints_what_was_measured(serving):
    before = requests_of(serving)
    command = [SLIPWAY, "bench", serving.url, "simple", "--json", "--duration", "10m", "--warmup", "0s"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while requests_of(serving) < before + 100:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    (point,) = json.loads(out)["points"]
    assert point["succeeded"] > 0
    assert point["seconds"] < 600


def test_wrong_command_lines_are_refused(serving):
    for arguments in (
        ("https://127.0.0.1:1", "simple"),
        (serving.url, "simple", "--threads", "2", "--connections", "1"),
        (serving.url, "simple", "--input", "x.json", "--binary"),
        (serving.url, "simple", "--shape", "INPUT0"),
        ("grpc://127.0.0.1", "simple"),
        ("grpc://127.0.0.1:1/path", "simple"),
        ("grpc://127.0.0.1:1", "simple", "--input", "x.json"),
    ):
        assert cli("bench", *arguments, check=False).returncode == 2, arguments
    assert cli("bench", serving.url, "absent", check=False).returncode == 1
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert cli("bench", url, "simple", check=False).returncode == 3
        assert cli("bench", url.replace("http", "grpc"), "simple", check=False).returncode == 3

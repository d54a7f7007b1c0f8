"""What was acknowledged is there after `kill -9`."""

import http.client
import json
import threading
import time

import pytest
from server import MODELS, SLIPWAY, Server, cli, push_approved

ROUNDS = 100
BODY = json.dumps(
    {"inputs": [{"name": f"INPUT{i}", "shape": [1, 16], "datatype": "INT32", "data": [i] * 16} for i in (0, 1)]}
)


def load(port, stop, acknowledged):
    """Predicts until `stop` or until the server is gone; keeps the ids of answered requests."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        while not stop.is_set():
            connection.request("POST", "/v2/models/simple/infer", BODY)
            response = connection.getresponse()
            response.read()
            if response.status == 200:
                acknowledged.append(response.headers["slipway-request-id"])
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()


@pytest.mark.skipif("asan" in str(SLIPWAY), reason="a hundred starts take too long under a sanitizer")
def test_kill_in_a_loop_loses_no_acknowledged_record(tmp_path):
    server = Server(tmp_path / "killed", "--audit", "strict").start()
    push_approved(server, "simple", MODELS / "simple.onnx")
    acknowledged = []
    slowest_start_s = 0.0
    for round_number in range(ROUNDS):
        stop = threading.Event()
        clients = [threading.Thread(target=load, args=(server.port, stop, acknowledged)) for _ in range(4)]
        before = len(acknowledged)
        for client in clients:
            client.start()
        while len(acknowledged) < before + 5 + round_number % 40:
            assert server.process.poll() is None, server.log()
            time.sleep(0.001)
        server.kill()
        stop.set()
        for client in clients:
            client.join()
        started = time.monotonic()
        server.start()
        slowest_start_s = max(slowest_start_s, time.monotonic() - started)

    assert slowest_start_s < 2.0
    assert server.stop() == 0
    report = json.loads(cli("audit", "verify", "--data", tmp_path / "killed/data", "--json").stdout)
    assert report["ok"] is True
    server.start()
    kept, cursor = set(), ""
    while cursor is not None:
        page = json.loads(server.get(f"/api/v1/audit/records?kind=prediction&limit=1000&cursor={cursor}"))
        kept.update(record["request_id"] for record in page["records"])
        cursor = page["next_cursor"]
    server.stop()
    assert len(acknowledged) >= 5 * ROUNDS
    missing = [request for request in acknowledged if request not in kept]
    assert missing == []

"""`kill -9` while runs are logged: a batch is there as a whole or not at all, and an acknowledged one is there."""

import http.client
import json
import random
import threading
import time

from server import Server

ROUNDS = 12
CLIENTS = 4
API = "/api/2.0/mlflow"


def post(connection, path, body):
    connection.request("POST", f"{API}/{path}", json.dumps(body))
    response = connection.getresponse()
    content = response.read()
    assert response.status == 200, content
    return json.loads(content)


def batch(number):
    """One param, one tag and 30 metrics that belong together."""
    return {
        "params": [{"key": f"p{number}", "value": str(number)}],
        "tags": [{"key": f"t{number}", "value": str(number)}],
        "metrics": [
            {"key": f"m{number}.{i}", "value": number + i / 100, "timestamp": number + 1, "step": i} for i in range(30)
        ],
    }


def log_batches(port, run_id, start, acknowledged):
    """Logs batch after batch until the server is gone; `acknowledged` keeps the numbers of those it answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    number = start
    try:
        while True:
            post(connection, "runs/log-batch", {"run_id": run_id, **batch(number)})
            acknowledged.append(number)
            number += 1
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()


def batches_of(run):
    """{number: how many of its 32 entries the run holds}."""
    found = {}
    for kind in ("metrics", "params", "tags"):
        for entry in run["data"].get(kind, []):
            if entry["key"][1:2].isdigit():
                number = int(entry["key"][1:].split(".")[0])
                found[number] = found.get(number, 0) + 1
    return found


def test_kill_during_batches_keeps_them_whole(tmp_path):
    server = Server(tmp_path / "killed").start()
    chance = random.Random(11)
    acknowledged = {}
    for round_number in range(ROUNDS):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        run_ids = [
            post(connection, "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"] for _ in range(CLIENTS)
        ]
        connection.close()
        acknowledged |= {run_id: [] for run_id in run_ids}
        threads = [
            threading.Thread(target=log_batches, args=(server.port, run_id, 0, acknowledged[run_id]))
            for run_id in run_ids
        ]
        for thread in threads:
            thread.start()
        wanted = 2 + round_number
        deadline = time.monotonic() + 60
        while any(len(acknowledged[run_id]) < wanted for run_id in run_ids):
            assert time.monotonic() < deadline, server.log()
            time.sleep(0.001)
        time.sleep(chance.random() * 0.02)
        server.kill()
        for thread in threads:
            thread.join()
        server.start()

    for run_id, numbers in acknowledged.items():
        run = json.loads(server.get(f"{API}/runs/get?run_id={run_id}"))["run"]
        found = batches_of(run)
        assert set(found.values()) <= {32}, found
        assert set(numbers) <= set(found), (run_id, numbers, found)
        assert len(found) <= len(numbers) + 1, "a batch that nobody sent"
    assert sum(len(numbers) for numbers in acknowledged.values()) >= ROUNDS * CLIENTS * 2
    assert server.stop() == 0, server.log()

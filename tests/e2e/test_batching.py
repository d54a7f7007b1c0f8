"""Requests that arrive together share runs of the model, and nobody can tell by the answers."""

import http.client
import json
import re
import socket

import numpy as np
import onnxruntime
import pytest
from server import MODELS, Server, push_approved

CONNECTIONS = 64


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("batching"), "--io-threads", "1").start()
    push_approved(running, "mlp", MODELS / "mlp.onnx")
    push_approved(running, "identity_matrix", MODELS / "identity_matrix.onnx")
    yield running
    running.stop()


def request(model, name, rows):
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": name,
                    "shape": list(rows.shape),
                    "datatype": "FP32",
                    "parameters": {"binary_data_size": rows.nbytes},
                }
            ],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    body = head + rows.tobytes()
    return (
        f"POST /v2/models/{model}/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
        f"Inference-Header-Content-Length: {len(head)}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def answer(connection):
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read()
    assert response.status == 200, body
    length = int(response.headers["Inference-Header-Content-Length"])
    [output] = json.loads(body[:length])["outputs"]
    return np.frombuffer(body[length:], "<f4").reshape(output["shape"])


class Clients:
    def __init__(self, server):
        host, port = server.address.split(":")
        self.connections = [socket.create_connection((host, int(port)), timeout=30) for _ in range(CONNECTIONS)]

    def ask(self, requests):
        """All at once, one on each connection; the answers in the same order."""
        for connection, data in zip(self.connections, requests, strict=False):
            connection.sendall(data)
        return [answer(connection) for connection, _ in zip(self.connections, requests, strict=False)]

    def close(self):
        for connection in self.connections:
            connection.close()


@pytest.fixture
def clients(server):
    made = Clients(server)
    yield made
    made.close()


def runs(server, model):
    """Runs of the model so far, and the rows of all of them."""
    text = server.get("/metrics").decode()
    found = dict(
        re.findall(rf'^slipway_prediction_batch_rows_(count|sum)\{{model="{model}"[^}}]*\}} (\S+)$', text, re.M)
    )
    return float(found.get("count", 0)), float(found.get("sum", 0))


def test_concurrent_requests_share_runs_and_get_their_own_answers(server, clients):
    rng = np.random.default_rng(7)
    rows = [rng.random((1 + i % 3, 784), dtype=np.float32) for i in range(CONNECTIONS)]
    requests = [request("mlp", "X", row) for row in rows]
    alone = [clients.ask([each])[0] for each in requests]
    runs_before, rows_before = runs(server, "mlp")
    rounds = 30
    for _ in range(rounds):
        together = clients.ask(requests)
        for got, wanted in zip(together, alone, strict=True):
            assert got.tobytes() == wanted.tobytes()
    runs_after, rows_after = runs(server, "mlp")
    assert rows_after - rows_before == rounds * sum(len(row) for row in rows)
    assert runs_after - runs_before < rounds * CONNECTIONS, "some requests shared a run"

    session = onnxruntime.InferenceSession(MODELS / "mlp.onnx")
    for got, row in zip(alone, rows, strict=True):
        np.testing.assert_allclose(got, session.run(None, {"X": row})[0], rtol=1e-4, atol=1e-6)


def test_requests_of_different_shapes_get_their_own_answers(server, clients):
    rng = np.random.default_rng(8)
    rows = [rng.random((1 + i % 2, 2 + i % 5), dtype=np.float32) for i in range(CONNECTIONS)]
    requests = [request("identity_matrix", "INPUT", row) for row in rows]
    for _ in range(10):
        for got, wanted in zip(clients.ask(requests), rows, strict=True):
            np.testing.assert_array_equal(got, wanted)

"""Versions come and go under load: nobody's request fails, and the memory of what went comes back."""

import http.client
import json
import statistics
import threading
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from server import MODELS, push_approved

CHANGES = 200
CALLERS = 3
PAUSE_S = 0.03  # between changes: a change takes some 5 ms, and one after the other they would be all the load there is
THINK_S = 0.002  # of a caller between an answer and the next request: else the callers take all of the machine
BODY = json.dumps(
    {
        "inputs": [
            {"name": "INPUT0", "datatype": "INT32", "shape": [1, 16], "data": list(range(16))},
            {"name": "INPUT1", "datatype": "INT32", "shape": [1, 16], "data": [1] * 16},
        ]
    }
).encode()


class Load:
    """Callers in a closed loop that think a moment: the `seconds` and `failures` they saw, the `versions` they met."""

    def __init__(self, server, path):
        self.server, self.path = server, path
        self.seconds, self.failures, self.versions = [], [], set()
        self.is_over = threading.Event()
        self.callers = [threading.Thread(target=self.call) for _ in range(CALLERS)]

    def call(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        while not self.is_over.wait(THINK_S):
            start = time.perf_counter()
            try:
                connection.request("POST", self.path, BODY)
                response = connection.getresponse()
                answer = response.read()
            except OSError as error:
                self.failures.append(repr(error))
                return
            self.seconds.append(time.perf_counter() - start)
            if response.status != 200:
                self.failures.append(answer.decode())
                continue
            answer = json.loads(answer)
            self.versions.add(answer["model_version"])
            if answer["outputs"][0]["data"] != [i + 1 for i in range(16)]:
                self.failures.append(answer)
        connection.close()

    def __enter__(self):
        for caller in self.callers:
            caller.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for caller in self.callers:
            caller.join()

    def p99_ms(self):
        return statistics.quantiles(self.seconds, n=100)[98] * 1000


def control(server, model, verb, **parameters):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", f"/v2/repository/models/{model}/{verb}", json.dumps({"parameters": parameters}).encode())
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    assert response.status == 200, answer


def test_200_changes_under_load(make_server):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx", version="1.0.0")
    push_approved(server, "simple", MODELS / "simple.onnx", version="1.1.0")
    with Load(server, "/v2/models/simple/infer") as quiet:
        time.sleep(CHANGES * PAUSE_S)
    with Load(server, "/v2/models/simple/infer") as swapping:
        start = time.perf_counter()
        for change in range(CHANGES):
            control(server, "simple", "unload" if change % 2 == 0 else "load", version="1.1.0")
            time.sleep(PAUSE_S)
        seconds = time.perf_counter() - start
    assert quiet.failures == []
    assert swapping.failures == []
    assert quiet.versions == {"1.1.0"}
    assert swapping.versions == {"1.0.0", "1.1.0"}
    print(
        f"\n{CHANGES} changes in {seconds:.1f} s, {len(swapping.seconds)} requests, none failed; "
        f"p99 {swapping.p99_ms():.2f} ms, {quiet.p99_ms():.2f} ms without changes: "
        f"{swapping.p99_ms() / quiet.p99_ms():.2f} times"
    )


def test_approve_and_retire_under_load(make_server):
    """The same by decisions: each new version takes over from the one before, which is then retired."""
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx", version="1.0.0")
    with Load(server, "/v2/models/simple/infer") as load:
        for minor in range(1, 11):
            push_approved(server, "simple", MODELS / "simple.onnx", version=f"1.{minor}.0")
            server.cli("model", "retire", f"simple@1.{minor - 1}.0", "--reason", "replaced", who="bob")
        deadline = time.monotonic() + 30
        while "1.10.0" not in load.versions and time.monotonic() < deadline:
            time.sleep(0.01)
    assert load.failures == []
    assert {"1.0.0", "1.10.0"} <= load.versions


@pytest.fixture(scope="module")
def large_model(tmp_path_factory):
    """FP32[N,4096] -> FP32[N,4096] by two matrices of 64 MiB."""
    rng = np.random.default_rng(7)
    nodes, weights = [], []
    for layer in range(2):
        matrix = rng.standard_normal((4096, 4096), dtype=np.float32)
        weights.append(numpy_helper.from_array(matrix, f"w{layer}"))
        nodes.append(helper.make_node("MatMul", [f"x{layer}", f"w{layer}"], [f"x{layer + 1}"]))
    graph = helper.make_graph(
        nodes,
        "large",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, [None, 4096])],
        [helper.make_tensor_value_info("x2", TensorProto.FLOAT, [None, 4096])],
        weights,
    )
    path = tmp_path_factory.mktemp("large") / "large.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def resident_mib(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def settled_mib(server, below):
    """Resident memory, once it is below `below` or has not moved for a while."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and resident_mib(server) > below:
        time.sleep(0.05)
    return resident_mib(server)


def test_memory_comes_back_after_unload(make_server, large_model):
    server = make_server()
    push_approved(server, "large", large_model)
    loaded = resident_mib(server)
    control(server, "large", "unload")
    first = settled_mib(server, loaded - 100)
    sizes = []
    for _ in range(4):
        control(server, "large", "load")
        loaded = resident_mib(server)
        control(server, "large", "unload")
        sizes.append(settled_mib(server, first + 20))
    print(f"\nloaded {loaded:.0f} MiB, unloaded once {first:.0f} MiB, then {[round(size) for size in sizes]} MiB")
    assert loaded - first > 100  # the model has 128 MiB
    assert max(sizes) < first + 40

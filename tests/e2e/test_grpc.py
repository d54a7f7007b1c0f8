"""The inference protocol over gRPC, with Triton's unmodified clients and gRPC's health client."""

import asyncio
import json
import queue
import re
import signal
import threading
import time

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from certificate import make_certificate
from grpc_health.v1 import health_pb2, health_pb2_grpc
from server import MODELS, Server, push_approved, wait_until
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("grpc"), "--grpc", "127.0.0.1:0").start()
    server.grpc = json.loads((server.directory / "ready.json").read_text())["grpc"]
    for name in ("simple", "identity_fp32", "identity_string"):
        push_approved(server, name, MODELS / f"{name}.onnx")
    push_approved(server, "total", MODELS / "slow_by_input.onnx")
    yield server
    assert server.stop() == 0, server.log()
    assert "Sanitizer" not in server.log(), server.log()


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(server.grpc) as opened:
        yield opened


def simple_inputs(module=triton):
    first = np.arange(16, dtype=np.int32).reshape(1, 16)
    second = np.full((1, 16), 3, dtype=np.int32)
    inputs = [module.InferInput(f"INPUT{i}", [1, 16], "INT32") for i in range(2)]
    inputs[0].set_data_from_numpy(first)
    inputs[1].set_data_from_numpy(second)
    return inputs, first + second, first - second


def check_simple(result, added, subtracted):
    np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), added)
    np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), subtracted)


def test_health_and_metadata(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("simple")
    assert client.get_server_metadata().name == "slipway"
    metadata = client.get_model_metadata("simple")
    assert [(tensor.name, tensor.datatype) for tensor in metadata.inputs] == [("INPUT0", "INT32"), ("INPUT1", "INT32")]


def test_health_service(server):
    with grpc.insecure_channel(server.grpc) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        serving = health_pb2.HealthCheckResponse.SERVING
        assert stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status == serving
        watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=10)
        assert next(watch).status == serving
        watch.cancel()
        with pytest.raises(grpc.RpcError) as refused:
            stub.Check(health_pb2.HealthCheckRequest(service="other"), timeout=10)
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND


def test_infer(client):
    inputs, added, subtracted = simple_inputs()
    result = client.infer("simple", inputs, request_id="first")
    check_simple(result, added, subtracted)
    assert result.get_response().id == "first"
    assert result.get_response().model_version == "1.0.0"


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_infer_compressed(client, algorithm):
    inputs, added, subtracted = simple_inputs()
    check_simple(client.infer("simple", inputs, compression_algorithm=algorithm), added, subtracted)


def test_async_infer(client):
    inputs, added, subtracted = simple_inputs()
    answers = queue.Queue()
    for _ in range(50):
        client.async_infer("simple", inputs, lambda result, error: answers.put((result, error)))
    for _ in range(50):
        result, error = answers.get(timeout=10)
        assert error is None
        check_simple(result, added, subtracted)


def test_stream(server):
    inputs, added, subtracted = simple_inputs()
    answers = queue.Queue()
    with triton.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        client.async_stream_infer("simple", inputs, request_id="a")
        client.async_stream_infer("absent", inputs, request_id="b")
        client.async_stream_infer("simple", inputs, request_id="c")
        check_simple(answers.get(timeout=10)[0], added, subtracted)
        assert "absent" in str(answers.get(timeout=10)[1])
        check_simple(answers.get(timeout=10)[0], added, subtracted)
        client.stop_stream()


def test_strings(client):
    texts = np.array(["naïve".encode(), b"", b"\x00\xff"], dtype=object)
    metadata = client.get_model_metadata("identity_string")
    entry = triton.InferInput(metadata.inputs[0].name, list(texts.shape), "BYTES")
    entry.set_data_from_numpy(texts)
    result = client.infer("identity_string", [entry])
    np.testing.assert_array_equal(result.as_numpy(metadata.outputs[0].name), texts)


def test_asyncio_client(server):
    async def ask():
        async with triton_aio.InferenceServerClient(server.grpc) as client:
            inputs, added, subtracted = simple_inputs(triton_aio)
            results = await asyncio.gather(*(client.infer("simple", inputs) for _ in range(20)))
            for result in results:
                check_simple(result, added, subtracted)

    asyncio.run(ask())


def test_config_statistics_and_index(client):
    inputs, _, _ = simple_inputs()
    client.infer("simple", inputs)
    assert client.get_model_config("simple").config.name == "simple"
    statistics = client.get_inference_statistics("simple").model_stats[0]
    assert statistics.name == "simple"
    assert statistics.inference_count >= 1
    states = {model.name: model.state for model in client.get_model_repository_index().models}
    assert states["simple"] == "READY"


def test_errors_have_codes_and_reasons(server, client):
    inputs, _, _ = simple_inputs()
    with pytest.raises(InferenceServerException) as missing:
        client.infer("absent", inputs)
    assert missing.value.status() == "StatusCode.NOT_FOUND"
    with pytest.raises(InferenceServerException) as wrong:
        client.infer("simple", inputs[:1])
    assert wrong.value.status() == "StatusCode.INVALID_ARGUMENT"
    with pytest.raises(InferenceServerException) as refused:
        client.register_system_shared_memory("region", "/key", 64)
    assert refused.value.status() == "StatusCode.UNIMPLEMENTED"
    assert len(client.get_system_shared_memory_status().regions) == 0


def test_keys_are_asked_for(tmp_path):
    server = Server(tmp_path / "auth", "--grpc", "127.0.0.1:0", auth="on").start()
    try:
        address = json.loads((server.directory / "ready.json").read_text())["grpc"]
        inputs, _, _ = simple_inputs()
        key = (server.directory / "data" / "bootstrap.key").read_text().strip()
        with triton.InferenceServerClient(address) as client:
            assert client.is_server_live()
            with pytest.raises(InferenceServerException) as refused:
                client.infer("simple", inputs)
            assert refused.value.status() == "StatusCode.UNAUTHENTICATED"
            with pytest.raises(InferenceServerException) as forbidden:  # known, but may not predict
                client.infer("simple", inputs, headers={"authorization": f"Bearer {key}"})
            assert forbidden.value.status() == "StatusCode.PERMISSION_DENIED"
    finally:
        assert server.stop() == 0, server.log()


def stub_of(channel):
    return service_pb2_grpc.GRPCInferenceServiceStub(channel)


def code_of(call):
    with pytest.raises(grpc.RpcError) as refused:
        call()
    return refused.value


def simple_request(**changes):
    request = service_pb2.ModelInferRequest(model_name="simple", **changes)
    for name in ("INPUT0", "INPUT1"):
        entry = request.inputs.add(name=name, datatype="INT32", shape=[1, 16])
        entry.contents.int_contents.extend(range(16))
    return request


def test_typed_contents(server):
    with grpc.insecure_channel(server.grpc) as channel:
        answer = stub_of(channel).ModelInfer(simple_request(id="typed"), timeout=10)
    assert np.frombuffer(answer.raw_output_contents[0], np.int32).tolist() == [2 * i for i in range(16)]
    assert answer.id == "typed"


def test_an_answer_says_what_the_cache_did(tmp_path):
    server = Server(tmp_path / "cache", "--grpc", "127.0.0.1:0").start()
    try:
        push_approved(server, "simple", MODELS / "simple.onnx")
        (tmp_path / "policy.yaml").write_text("cache: {ttl: 10m}")
        server.cli("policy", "set", "simple", tmp_path / "policy.yaml")
        address = json.loads((server.directory / "ready.json").read_text())["grpc"]

        def ask(id, *metadata):
            answer, call = stub.ModelInfer.with_call(simple_request(id=id), timeout=10, metadata=metadata)
            said = dict(call.trailing_metadata()).get("slipway-cache")
            assert said is None or answer.parameters["slipway_cache"].string_param == said
            assert (answer.id, answer.model_name, answer.model_version) == (id, "simple", "1.0.0")
            assert np.frombuffer(answer.raw_output_contents[0], np.int32).tolist() == [2 * i for i in range(16)]
            return said

        with grpc.insecure_channel(address) as channel:
            stub = stub_of(channel)
            deadline = time.monotonic() + 10
            while ask("waits for the policy") != "hit":
                assert time.monotonic() < deadline
            assert ask("a") == "hit"
            assert ask("b", ("slipway-cache", "no-store")) == "bypass"
            [streamed] = stub.ModelStreamInfer(iter([simple_request(id="c")]), timeout=10)
            assert streamed.infer_response.id == "c"
            assert streamed.infer_response.parameters["slipway_cache"].string_param == "hit"
    finally:
        assert server.stop() == 0, server.log()


def test_the_reason_is_in_the_trailing_metadata(server):
    with grpc.insecure_channel(server.grpc) as channel:
        request = simple_request()
        request.model_name = "absent"
        error = code_of(lambda: stub_of(channel).ModelInfer(request, timeout=10))
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert dict(error.trailing_metadata())["slipway-reason"] == "model.not_found"


def test_the_deadline_of_a_call_holds(server):
    push_approved(server, "slow", MODELS / "slow_by_input.onnx")
    request = service_pb2.ModelInferRequest(model_name="slow")
    request.inputs.add(name="iterations", datatype="INT64", shape=[1]).contents.int64_contents.append(10**6)
    with grpc.insecure_channel(server.grpc) as channel:
        stub = stub_of(channel)
        error = code_of(lambda: stub.ModelInfer(request, timeout=0.3))
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        # The run was stopped with it: the version's only runner is free again.
        del request.inputs[0].contents.int64_contents[:]
        request.inputs[0].contents.int64_contents.append(1)
        stub.ModelInfer(request, timeout=10)


def run_of(iterations):
    """A request of "total" that takes some 0.05 ms an iteration."""
    request = service_pb2.ModelInferRequest(model_name="total")
    request.inputs.add(name="iterations", datatype="INT64", shape=[1]).contents.int64_contents.append(iterations)
    return request


def ended(server, method, code):
    pattern = rf'^slipway_grpc_requests_total{{method="{method}",code="{code}"}} (\d+)$'
    found = re.search(pattern, server.get("/metrics").decode(), re.MULTILINE)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("method", ["ModelInfer", "ModelStreamInfer"])
def test_a_run_is_stopped_when_its_caller_cancels(server, method):
    long = run_of(2_000_000)
    with grpc.insecure_channel(server.grpc) as channel:
        stub = stub_of(channel)
        before = ended(server, method, "cancelled")
        if method == "ModelInfer":
            call = stub.ModelInfer.future(long, timeout=60)
        else:
            call = stub.ModelStreamInfer(iter([long]), timeout=60)
        wait_until(lambda: "in_flight 1" in server.get("/metrics").decode())
        call.cancel()
        wait_until(lambda: ended(server, method, "cancelled") == before + 1)
        # One runner serves this model: it would still be at work if it had not been stopped.
        assert len(stub.ModelInfer(run_of(10), timeout=10).raw_output_contents) == 1


def test_a_run_is_stopped_when_its_caller_goes(server):
    before = ended(server, "ModelInfer", "cancelled")
    with grpc.insecure_channel(server.grpc) as channel:
        call = stub_of(channel).ModelInfer.future(run_of(2_000_000), timeout=60)
        wait_until(lambda: "in_flight 1" in server.get("/metrics").decode())
    wait_until(lambda: ended(server, "ModelInfer", "cancelled") == before + 1)
    assert call.code() == grpc.StatusCode.CANCELLED


def test_drain_finishes_what_is_in_flight(tmp_path):
    server = Server(tmp_path / "drain", "--grpc", "127.0.0.1:0").start()
    push_approved(server, "total", MODELS / "slow_by_input.onnx")
    address = json.loads((server.directory / "ready.json").read_text())["grpc"]
    asked = threading.Event()

    def requests():
        """Then nothing more, but the stream stays open."""
        yield run_of(20_000)
        asked.wait(30)

    with grpc.insecure_channel(address) as channel:
        stub = stub_of(channel)
        unary = stub.ModelInfer.future(run_of(20_000), timeout=30)
        stream = stub.ModelStreamInfer(requests(), timeout=30)
        wait_until(lambda: "in_flight 2" in server.get("/metrics").decode())
        server.process.send_signal(signal.SIGTERM)
        assert len(unary.result().raw_output_contents) == 1
        assert len(next(stream).infer_response.raw_output_contents) == 1
        with pytest.raises(grpc.RpcError) as ended_stream:
            next(stream)
        assert ended_stream.value.code() == grpc.StatusCode.UNAVAILABLE
        asked.set()
    assert server.process.wait(timeout=20) == 0, server.log()
    assert '"clean":true' in server.log()


def test_tls(tmp_path):
    chain, key = make_certificate(tmp_path)
    server = Server(tmp_path / "tls", "--grpc", "127.0.0.1:0", "--tls-cert", chain, "--tls-key", key).start()
    try:
        address = json.loads((server.directory / "ready.json").read_text())["grpc"]
        with triton.InferenceServerClient(address, ssl=True, root_certificates=str(chain)) as client:
            assert client.is_server_live()
        with grpc.insecure_channel(address) as channel:
            error = code_of(lambda: stub_of(channel).ServerLive(service_pb2.ServerLiveRequest(), timeout=5))
        assert error.code() == grpc.StatusCode.UNAVAILABLE
    finally:
        assert server.stop() == 0, server.log()


def test_messages_that_are_none_are_refused(server):
    """Bytes that protobuf would not have written, and what contradicts itself; the server goes on."""
    whole = simple_request().SerializeToString()
    hostile = [
        b"\xff" * 40,
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",  # a length of 2^63
        b"\x0b\x0c",  # a group
        *(whole[:size] for size in range(10, len(whole) - 1, 7)),
    ]
    with grpc.insecure_channel(server.grpc) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for message in hostile:
            error = code_of(lambda message=message: call(message, timeout=10))
            assert error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND), message
            assert error.details()
        for shape in ([2**62, 4], [-1, 16], [1, 17], [16], []):
            request = simple_request()
            request.inputs[0].shape[:] = shape
            error = code_of(lambda request=request: stub_of(channel).ModelInfer(request, timeout=10))
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, shape
        unknown = channel.unary_unary("/inference.GRPCInferenceService/Absent")
        assert code_of(lambda: unknown(b"", timeout=10)).code() == grpc.StatusCode.UNIMPLEMENTED
        stub_of(channel).ModelInfer(simple_request(), timeout=10)


def test_a_message_over_the_limit_is_refused(tmp_path):
    server = Server(tmp_path / "limited", "--grpc", "127.0.0.1:0", "--predict-body-bytes-max", "1024").start()
    try:
        address = json.loads((server.directory / "ready.json").read_text())["grpc"]
        with grpc.insecure_channel(address) as channel:
            request = simple_request(id="x" * 5000)
            error = code_of(lambda: stub_of(channel).ModelInfer(request, timeout=10))
            assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert stub_of(channel).ServerLive(service_pb2.ServerLiveRequest(), timeout=10).live
    finally:
        assert server.stop() == 0, server.log()


def test_classification(client):
    inputs, added, _ = simple_inputs()
    outputs = [triton.InferRequestedOutput("OUTPUT0", class_count=2)]
    best = client.infer("simple", inputs, outputs=outputs).as_numpy("OUTPUT0")
    value, index = best.reshape(-1)[0].decode().split(":")[:2]
    assert float(value) == added.max()
    assert int(index) == int(added.argmax())


def test_models_are_unloaded_and_loaded(server, client):
    client.unload_model("identity_fp32")
    assert not client.is_model_ready("identity_fp32")
    assert not client.is_model_ready("absent")
    client.load_model("identity_fp32")
    server.wait_until_ready("identity_fp32", "1.0.0")
    assert client.is_model_ready("identity_fp32")


def test_asyncio_stream(server):
    async def ask():
        inputs, added, subtracted = simple_inputs(triton_aio)

        async def requests():
            for number in range(5):
                yield {"model_name": "simple", "inputs": inputs, "request_id": str(number)}

        async with triton_aio.InferenceServerClient(server.grpc) as client:
            count = 0
            async for result, error in client.stream_infer(requests()):
                assert error is None
                check_simple(result, added, subtracted)
                count += 1
            assert count == 5

    asyncio.run(ask())


def test_a_predictor_asks_with_its_key_and_is_recorded(tmp_path):
    server = Server(tmp_path / "keyed", "--grpc", "127.0.0.1:0", auth="on").start()
    try:
        address = json.loads((server.directory / "ready.json").read_text())["grpc"]
        admin = (server.directory / "data" / "bootstrap.key").read_text().strip()

        def key(name, role):
            return json.loads(server.cli("key", "create", "--name", name, "--role", role, "--json", key=admin).stdout)

        author = key("alice", "data-scientist")["key"]
        server.cli("model", "push", MODELS / "simple.onnx", "--name", "simple", "--version", "1.0.0", key=author)
        server.cli("model", "approve", "simple@1.0.0", key=key("bob", "approver")["key"])
        server.wait_until_ready("simple", "1.0.0", authorization=f"Bearer {author}")
        inputs, added, subtracted = simple_inputs()
        headers = {"authorization": f"Bearer {key('carol', 'predictor')['key']}"}
        with triton.InferenceServerClient(address) as client:
            check_simple(client.infer("simple", inputs, headers=headers, request_id="of-carol"), added, subtracted)
        counted = 'slipway_grpc_requests_total{method="ModelInfer",code="ok"} 1'  # after the answer has left
        wait_until(lambda: counted in server.get("/metrics", authorization=f"Bearer {admin}").decode())
    finally:
        assert server.stop() == 0, server.log()

"""The inference protocol over gRPC, with Triton's unmodified clients and gRPC's health client."""

import asyncio
import json
import queue

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from server import MODELS, Server, push_approved
from tritonclient.utils import InferenceServerException


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("grpc"), "--grpc", "127.0.0.1:0").start()
    server.grpc = json.loads((server.directory / "ready.json").read_text())["grpc"]
    for name in ("simple", "identity_fp32", "identity_string"):
        push_approved(server, name, MODELS / f"{name}.onnx")
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

"""The extensions of the Open Inference Protocol over REST, with unmodified clients."""

import asyncio
import http.client
import json
import zlib

import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from server import MODELS, Server, push_approved
from tritonclient.utils import InferenceServerException

EXTENSIONS = [
    "binary_tensor_data",
    "classification",
    "logging",
    "model_configuration",
    "model_repository",
    "parameters",
    "schedule_policy",
    "statistics",
]
IRIS = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3], [5.9, 3.0, 4.2, 1.5]], dtype=np.float32)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("extensions")).start()
    push_approved(server, "simple", MODELS / "simple.onnx")
    push_approved(server, "identity_fp32", MODELS / "identity_fp32.onnx")
    push_approved(server, "identity_string", MODELS / "identity_string.onnx")
    push_approved(server, "slow", MODELS / "slow.onnx")
    push_approved(server, "iris", MODELS / "iris.onnx", "--metadata", 'labels=["setosa", "versicolor", "virginica"]')
    yield server
    assert server.stop() == 0, server.log()
    assert "Sanitizer" not in server.log(), server.log()


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(server.address, concurrency=4) as opened:
        yield opened


def ask(server, method, path, body=b"", **headers):
    """The status, the headers and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def refusal(server, method, path, body=b"", **headers):
    status, _, text = ask(server, method, path, body, **headers)
    answer = json.loads(text)
    assert len(answer["error"]) > 20, answer
    return status, answer["reason"]


def simple_inputs(rows=1, binary=True):
    first = np.arange(rows * 16, dtype=np.int32).reshape(rows, 16)
    second = np.ones((rows, 16), dtype=np.int32)
    inputs = [triton.InferInput("INPUT0", first.shape, "INT32"), triton.InferInput("INPUT1", second.shape, "INT32")]
    inputs[0].set_data_from_numpy(first, binary_data=binary)
    inputs[1].set_data_from_numpy(second, binary_data=binary)
    return first, second, inputs


def iris_input(rows=IRIS):
    entry = triton.InferInput("X", rows.shape, "FP32")
    entry.set_data_from_numpy(rows)
    return [entry]


def test_metadata_lists_what_works(client):
    assert client.get_server_metadata()["extensions"] == EXTENSIONS


def test_lists_models(server):
    status, _, body = ask(server, "GET", "/v2/models")
    assert status == 200
    assert json.loads(body) == {"models": ["identity_fp32", "identity_string", "iris", "simple", "slow"]}


def test_async_infer(client):
    first, second, inputs = simple_inputs(rows=3)
    waiting = [client.async_infer("simple", inputs, request_id=str(i)) for i in range(16)]
    for i, request in enumerate(waiting):
        answer = request.get_result()
        assert answer.get_response()["id"] == str(i)
        np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), first + second)


def test_body_made_ahead(server):
    """generate_request_body and parse_response_body: for users with an HTTP client of their own."""
    first, second, inputs = simple_inputs()
    body, json_size = triton.InferenceServerClient.generate_request_body(inputs)
    status, headers, answered = ask(
        server, "POST", "/v2/models/simple/infer", body, Inference_Header_Content_Length=str(json_size)
    )
    assert status == 200, answered
    answer = triton.InferenceServerClient.parse_response_body(
        answered, header_length=int(headers["inference-header-content-length"])
    )
    np.testing.assert_array_equal(answer.as_numpy("OUTPUT1"), first - second)


RAW = {"Inference_Header_Content_Length": "0", "Content_Type": "application/octet-stream"}


@pytest.mark.parametrize("values", [[1.5], [1, 2, 3], []])
def test_raw_binary_request(server, values):
    values = np.array(values, dtype=np.float32)
    status, headers, body = ask(server, "POST", "/v2/models/identity_fp32/infer", values.tobytes(), **RAW)
    assert status == 200, body
    answer = triton.InferResult.from_response_body(
        body, header_length=int(headers.get("inference-header-content-length", 0)) or None
    )
    assert answer.get_response()["outputs"][0]["shape"] == [len(values)]
    np.testing.assert_array_equal(answer.as_numpy("OUTPUT"), values)


def test_raw_binary_request_of_rows(server):
    status, headers, body = ask(server, "POST", "/v2/models/iris/infer", IRIS.tobytes(), **RAW)
    assert status == 200, body
    answer = triton.InferResult.from_response_body(body, header_length=int(headers["inference-header-content-length"]))
    assert answer.as_numpy("probabilities").shape == (3, 3)


def test_raw_binary_request_of_text_is_one_element(server):
    text = "Zürich 東京".encode()
    status, headers, body = ask(server, "POST", "/v2/models/identity_string/infer", text, **RAW)
    assert status == 200, body
    answer = triton.InferResult.from_response_body(body, header_length=int(headers["inference-header-content-length"]))
    assert list(answer.as_numpy("OUTPUT")) == [text]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("simple", b"\0" * 64),  # two inputs
        ("identity_fp32", b"\0" * 7),  # no whole number of elements
        ("iris", b"\0" * 20),  # 5 values in rows of 4
    ],
)
def test_raw_binary_request_that_fills_no_shape(server, path, body):
    assert refusal(server, "POST", f"/v2/models/{path}/infer", body, **RAW) == (400, "infer.raw_binary")


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("k", [1, 2, 7])
def test_classification(client, k, binary):
    outputs = [
        triton.InferRequestedOutput("probabilities", binary_data=binary, class_count=k),
        triton.InferRequestedOutput("label", binary_data=binary),
    ]
    answer = client.infer("iris", iris_input(), outputs=outputs)
    plain = client.infer("iris", iris_input()).as_numpy("probabilities")
    classes = answer.as_numpy("probabilities")
    assert classes.shape == (3, min(k, 3))
    labels = ["setosa", "versicolor", "virginica"]
    for row, ranked in zip(plain, classes, strict=True):
        order = np.argsort(-row)
        for place, text in enumerate(ranked):
            value, index, label = (text.decode() if isinstance(text, bytes) else text).split(":")
            assert int(index) == order[place]
            assert label == labels[order[place]]
            assert float(value) == pytest.approx(row[order[place]])
    np.testing.assert_array_equal(answer.as_numpy("label"), np.argmax(plain, axis=1))


def test_classification_without_labels(client):
    first, _, inputs = simple_inputs()
    answer = client.infer("simple", inputs, outputs=[triton.InferRequestedOutput("OUTPUT0", class_count=2)])
    assert list(answer.as_numpy("OUTPUT0")[0]) == [b"16:15", b"15:14"]


def test_classification_of_text_is_refused(client):
    entry = triton.InferInput("INPUT", [1], "BYTES")
    entry.set_data_from_numpy(np.array(["a"], dtype=object))
    with pytest.raises(InferenceServerException, match="only numbers can be ranked"):
        client.infer("identity_string", [entry], outputs=[triton.InferRequestedOutput("OUTPUT", class_count=1)])


def counted(client, model, version=""):
    (stats,) = client.get_inference_statistics(model, version)["model_stats"]
    return stats


def test_statistics(client):
    _, _, inputs = simple_inputs(rows=2)
    before = counted(client, "simple")
    for _ in range(5):
        client.infer("simple", inputs)
    wrong = triton.InferInput("INPUT0", [1, 16], "FP32")
    wrong.set_data_from_numpy(np.zeros((1, 16), dtype=np.float32))
    with pytest.raises(InferenceServerException):
        client.infer("simple", [wrong])
    after = counted(client, "simple")
    assert (after["name"], after["version"]) == ("simple", "1.0.0")
    stats, earlier = after["inference_stats"], before["inference_stats"]
    assert stats["success"]["count"] - earlier["success"]["count"] == 5
    assert stats["fail"]["count"] - earlier["fail"]["count"] == 1
    assert stats["success"]["ns"] > earlier["success"]["ns"]
    assert stats["compute_infer"]["count"] == after["execution_count"]
    assert after["execution_count"] - before["execution_count"] == 5
    assert 0 < stats["compute_infer"]["ns"] < stats["success"]["ns"]
    sizes = {entry["batch_size"]: entry for entry in after["batch_stats"]}
    assert sizes[2]["compute_infer"]["count"] >= 5
    assert sum(size * entry["compute_infer"]["count"] for size, entry in sizes.items()) == after["inference_count"]
    assert after["last_inference"] > 1_700_000_000_000
    assert counted(client, "simple", "1.0.0")["version"] == "1.0.0"
    assert {entry["name"] for entry in client.get_inference_statistics()["model_stats"]} == {
        "identity_fp32",
        "identity_string",
        "iris",
        "simple",
        "slow",
    }
    with pytest.raises(InferenceServerException, match="is not served"):
        client.get_inference_statistics("absent")


def test_what_perf_analyzer_reads(client):
    """The members that it reads without looking whether they are there, with the types it takes for granted."""
    metadata, config, stats = (
        client.get_model_metadata("iris"),
        client.get_model_config("iris"),
        counted(client, "iris"),
    )
    names = {tensor["name"] for tensor in metadata["inputs"] + metadata["outputs"]}
    assert {tensor["name"] for tensor in config["input"] + config["output"]} == names
    assert config["max_batch_size"] > 0
    assert metadata["inputs"][0]["shape"] == [-1, *config["input"][0]["dims"]]
    assert config["input"][0]["data_type"] == "TYPE_FP32"
    assert config["model_transaction_policy"]["decoupled"] is False
    assert config["response_cache"]["enable"] in (True, False)
    assert config["platform"] == "onnxruntime_onnx"
    assert config["dynamic_batching"]["max_queue_delay_microseconds"] == 0
    assert isinstance(stats["version"], str)
    numbers = [stats["inference_count"], stats["execution_count"]]
    for part in ("success", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss"):
        numbers += [stats["inference_stats"][part]["count"], stats["inference_stats"][part]["ns"]]
    assert all(isinstance(number, int) and number >= 0 for number in numbers)
    client.unregister_system_shared_memory()
    client.unregister_cuda_shared_memory()


def test_config_without_a_batch_axis(server, client):
    push_approved(server, "fixed_batch", MODELS / "fixed_batch.onnx")
    config = client.get_model_config("fixed_batch")
    assert config["max_batch_size"] == 0
    assert config["input"][0]["dims"] == [1, 16]
    client.unload_model("fixed_batch")


def states(client):
    return {(entry["name"], entry["version"]): entry for entry in client.get_model_repository_index()}


def test_repository_control(server, client):
    push_approved(server, "controlled", MODELS / "simple.onnx")
    push_approved(server, "controlled", MODELS / "simple.onnx", version="1.1.0")
    assert states(client)["controlled", "1.1.0"]["state"] == "READY"
    client.unload_model("controlled")
    assert not client.is_model_ready("controlled")
    entry = states(client)["controlled", "1.0.0"]
    assert entry["state"] in ("UNAVAILABLE", "UNLOADING")
    assert entry["reason"] == "unloaded"
    _, _, inputs = simple_inputs()
    with pytest.raises(InferenceServerException, match="not served"):
        client.infer("controlled", inputs)

    client.load_model("controlled")
    assert client.is_model_ready("controlled", "1.0.0")
    assert client.infer("controlled", inputs).get_response()["model_version"] == "1.1.0"

    status, _, _ = ask(server, "POST", "/v2/repository/models/controlled/unload", {"parameters": {"version": "1.1.0"}})
    assert status == 200
    assert client.infer("controlled", inputs).get_response()["model_version"] == "1.0.0"
    ready = json.loads(ask(server, "POST", "/v2/repository/index", {"ready": True})[2])
    assert [e["version"] for e in ready if e["name"] == "controlled"] == ["1.0.0"]


def test_repository_refusals(server, client):
    assert refusal(server, "POST", "/v2/repository/models/absent/load") == (404, "model.not_found")
    assert refusal(server, "POST", "/v2/repository/other/index") == (404, "repository.not_found")
    assert ask(server, "POST", "/v2/repository/models/index")[0] == 200
    with pytest.raises(InferenceServerException, match="as it was approved"):
        client.load_model("simple", config='{"backend": "python"}')
    server.cli("model", "push", MODELS / "simple.onnx", "--name", "pushed", "--version", "1.0.0", who="alice")
    assert refusal(server, "POST", "/v2/repository/models/pushed/load") == (409, "version.not_approved")


def test_load_and_unload_are_recorded(server, client):
    client.unload_model("identity_fp32")
    client.load_model("identity_fp32")
    records = json.loads(server.cli("audit", "query", "--kind", "decision", "--json").stdout)["records"]
    actions = [record["action"] for record in records if record["model"] == "identity_fp32"]
    assert {"version.load", "version.unload"} <= set(actions)


def test_log_settings(server, client):
    settings = client.get_log_settings()
    assert settings["log_info"] is True
    assert settings["log_verbose_level"] == 0
    try:
        changed = client.update_log_settings({"log_verbose_level": 1})
        assert changed["log_verbose_level"] == 1
        assert client.update_log_settings({"log_info": False, "log_verbose_level": 0})["log_info"] is False
    finally:
        client.update_log_settings({"log_info": True, "log_verbose_level": 0})
    for settings in ({"log_file": "x.log"}, {"log_format": "ISO8601"}, {"log_error": False}):
        with pytest.raises(InferenceServerException):
            client.update_log_settings(settings)
    assert refusal(server, "POST", "/v2/logging", {"log_level": 3}) == (400, "logging.request")


def test_traces_are_off_and_stay_off(server, client):
    assert client.get_trace_settings()["trace_level"] == ["OFF"]
    assert client.get_trace_settings("simple")["trace_level"] == ["OFF"]
    assert client.update_trace_settings(settings={"trace_level": ["OFF"]})["trace_level"] == ["OFF"]
    with pytest.raises(InferenceServerException, match="not traced"):
        client.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"]})


def test_shared_memory_is_refused(client):
    assert client.get_system_shared_memory_status() == []
    assert client.get_cuda_shared_memory_status() == []
    with pytest.raises(InferenceServerException, match="not shared"):
        client.register_system_shared_memory("region", "/key", 64)
    with pytest.raises(InferenceServerException, match="not shared"):
        client.register_cuda_shared_memory("region", b"handle", 0, 64)
    entry = triton.InferInput("INPUT0", [1, 16], "INT32")
    entry.set_shared_memory("region", 64)
    with pytest.raises(InferenceServerException, match="shared memory"):
        client.infer("simple", [entry])


def test_sequences_are_refused(client):
    _, _, inputs = simple_inputs()
    with pytest.raises(InferenceServerException, match="stateless"):
        client.infer("simple", inputs, sequence_id=7, sequence_start=True)


def test_generate_is_refused(server):
    for verb in ("generate", "generate_stream"):
        path = f"/v2/models/simple/{verb}"
        assert refusal(server, "POST", path, {"text_input": "hello"}) == (501, "infer.generate")


def test_timeout_and_priority(client):
    _, _, inputs = simple_inputs()
    client.infer("simple", inputs, priority=1, timeout=5_000_000)
    name = client.get_model_metadata("slow")["inputs"][0]["name"]
    slow = triton.InferInput(name, [1, 4], "FP32")
    slow.set_data_from_numpy(np.zeros((1, 4), dtype=np.float32))
    with pytest.raises(InferenceServerException, match="time limit"):
        client.infer("slow", [slow], timeout=20_000)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compression_both_ways(server, client, algorithm):
    first, second, inputs = simple_inputs(rows=400)
    answer = client.infer(
        "simple", inputs, request_compression_algorithm=algorithm, response_compression_algorithm=algorithm
    )
    np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), first + second)
    _, headers, body = ask(server, "GET", "/v2/models/iris", Accept_Encoding=algorithm)
    if headers.get("content-encoding") == algorithm:
        assert json.loads(zlib.decompress(body, wbits=47))["name"] == "iris"


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, deflate"])
def test_unknown_compression_says_what_is_known(server, coding):
    status, headers, body = ask(server, "POST", "/v2/models/simple/infer", b"{}", Content_Encoding=coding)
    assert status == 415, body
    assert headers["accept-encoding"] == "gzip, deflate"


def test_asyncio_client(server):
    async def session():
        async with triton_aio.InferenceServerClient(server.address) as client:
            first, second, inputs = simple_inputs(rows=2)
            answers = await asyncio.gather(*(client.infer("simple", inputs) for _ in range(8)))
            for answer in answers:
                np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), first + second)
            assert (await client.get_model_config("simple"))["max_batch_size"] > 0
            stats = await client.get_inference_statistics("simple")
            assert stats["model_stats"][0]["inference_stats"]["success"]["count"] >= 8
            await client.unload_model("identity_string")
            assert not await client.is_model_ready("identity_string")
            await client.load_model("identity_string")
            assert await client.is_model_ready("identity_string")
            index = await client.get_model_repository_index()
            assert {"simple", "identity_string"} <= {entry["name"] for entry in index}
            assert (await client.get_log_settings())["log_error"] is True
            assert (await client.get_trace_settings())["trace_level"] == ["OFF"]

    asyncio.run(session())

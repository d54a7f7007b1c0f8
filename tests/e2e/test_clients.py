"""Unmodified clients of the Open Inference Protocol."""

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException


@pytest.fixture(scope="module")
def client(serving):
    with triton.InferenceServerClient(serving.address) as opened:
        yield opened


def simple_inputs(rows, binary):
    first = np.arange(rows * 16, dtype=np.int32).reshape(rows, 16)
    second = np.ones((rows, 16), dtype=np.int32)
    inputs = [triton.InferInput("INPUT0", first.shape, "INT32"), triton.InferInput("INPUT1", second.shape, "INT32")]
    inputs[0].set_data_from_numpy(first, binary_data=binary)
    inputs[1].set_data_from_numpy(second, binary_data=binary)
    return first, second, inputs


def test_triton_health_and_metadata(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("simple")
    assert client.is_model_ready("simple", "1.0.0")
    assert not client.is_model_ready("absent")
    assert client.get_server_metadata()["name"] == "slipway"
    metadata = client.get_model_metadata("simple")
    assert metadata["name"] == "simple"
    assert metadata["versions"] == ["1.0.0"]
    assert metadata["inputs"] == [
        {"name": "INPUT0", "datatype": "INT32", "shape": [-1, 16]},
        {"name": "INPUT1", "datatype": "INT32", "shape": [-1, 16]},
    ]
    assert [o["name"] for o in metadata["outputs"]] == ["OUTPUT0", "OUTPUT1"]


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("version", ["", "1.0.0", "1"])
def test_triton_infer(client, binary_in, binary_out, rows, version):
    first, second, inputs = simple_inputs(rows, binary_in)
    outputs = [
        triton.InferRequestedOutput("OUTPUT1", binary_data=binary_out),
        triton.InferRequestedOutput("OUTPUT0", binary_data=binary_out),
    ]
    answer = client.infer("simple", inputs, model_version=version, outputs=outputs, request_id="abc-é")
    np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), first + second)
    np.testing.assert_array_equal(answer.as_numpy("OUTPUT1"), first - second)
    response = answer.get_response()
    assert response["id"] == "abc-é"
    assert response["model_name"] == "simple"
    assert response["model_version"] == "1.0.0"
    assert [o["name"] for o in response["outputs"]] == ["OUTPUT1", "OUTPUT0"]


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_triton_compression(client, algorithm):
    first, second, inputs = simple_inputs(400, True)
    answer = client.infer(
        "simple", inputs, request_compression_algorithm=algorithm, response_compression_algorithm=algorithm
    )
    np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), first + second)


@pytest.mark.parametrize("binary", [True, False])
def test_triton_strings(client, binary):
    values = np.array(["", "plain", "Zürich 東京 🚢", 'with "quotes" and \\', "line\nbreak"], dtype=object)
    entry = triton.InferInput("INPUT", values.shape, "BYTES")
    entry.set_data_from_numpy(values, binary_data=binary)
    answer = client.infer(
        "identity_string", [entry], outputs=[triton.InferRequestedOutput("OUTPUT", binary_data=binary)]
    )
    got = [v.decode() if isinstance(v, bytes) else v for v in answer.as_numpy("OUTPUT")]
    assert got == list(values)


def test_triton_sees_the_reason_of_a_refusal(client):
    entry = triton.InferInput("INPUT0", [1, 16], "FP32")
    entry.set_data_from_numpy(np.zeros((1, 16), dtype=np.float32))
    with pytest.raises(InferenceServerException) as refused:
        client.infer("simple", [entry])
    assert "INPUT0" in refused.value.message() and "INT32" in refused.value.message()
    assert refused.value.status() == "400"
    with pytest.raises(InferenceServerException) as missing:
        client.infer("absent", [entry])
    assert missing.value.status() == "404"

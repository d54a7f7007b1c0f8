"""KServe's unmodified clients: `kserve_session.py URL GRPC_ADDRESS` asks over REST and gRPC; 0 if all holds.

Run by test_kserve.py in a process of its own: the messages of this client have the names of Triton's, and one process
holds only one of them.
"""

import asyncio
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

VALUES = np.arange(16, dtype=np.int32).reshape(1, 16)
IRIS = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3], [5.9, 3.0, 4.2, 1.5]], dtype=np.float32)


def tensor(name, datatype, values, binary):
    entry = InferInput(name, list(values.shape), datatype)
    entry.set_data_from_numpy(values, binary_data=binary)
    return entry


def simple(binary):
    return InferRequest("simple", [tensor(name, "INT32", VALUES, binary) for name in ("INPUT0", "INPUT1")])


def iris(binary):
    return InferRequest("iris", [tensor("X", "FP32", IRIS, binary)])


def check_simple(answer):
    by_name = {output.name: output for output in answer.outputs}
    np.testing.assert_array_equal(by_name["OUTPUT0"].as_numpy().reshape(1, 16), 2 * VALUES)
    np.testing.assert_array_equal(by_name["OUTPUT1"].as_numpy().reshape(1, 16), 0 * VALUES)


def check_iris(answer):
    by_name = {output.name: output for output in answer.outputs}
    probabilities = by_name["probabilities"].as_numpy()
    assert probabilities.shape == (3, 3), probabilities.shape
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


async def ask_rest(url):
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=30))
    assert await client.is_server_live(url)
    assert await client.is_server_ready(url)
    assert await client.is_model_ready(url, "simple")
    for binary in (False, True):
        check_simple(await client.infer(url, simple(binary), model_name="simple"))
        check_iris(await client.infer(url, iris(binary), model_name="iris"))
    await client.close()


async def ask_grpc(address):
    client = InferenceGRPCClient(url=address, verbose=False)
    assert await client.is_server_live()
    assert await client.is_server_ready()
    assert await client.is_model_ready("simple")
    for binary in (False, True):
        check_simple(await client.infer(simple(binary)))
        check_iris(await client.infer(iris(binary)))
    await client.close()


async def ask_all(url, address):
    await ask_rest(url)
    await ask_grpc(address)


asyncio.run(ask_all(*sys.argv[1:]))

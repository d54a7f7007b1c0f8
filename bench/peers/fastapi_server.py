"""What a team writes itself: FastAPI, orjson and ONNX Runtime, one process. Arguments: port, folder of models."""

import pathlib
import sys

import numpy
import onnxruntime
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

TYPES = {"INT32": numpy.int32, "INT64": numpy.int64, "FP32": numpy.float32}
NAMES = {numpy.dtype(kind): name for name, kind in TYPES.items()}

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
sessions = {path.stem: onnxruntime.InferenceSession(path, options) for path in pathlib.Path(sys.argv[2]).glob("*.onnx")}
app = FastAPI()


@app.get("/v2/health/ready")
def ready():
    return {"ready": True}


@app.post("/v2/models/{model}/infer")
async def infer(model: str, request: Request):
    session = sessions[model]
    body = orjson.loads(await request.body())
    inputs = {
        tensor["name"]: numpy.array(tensor["data"], TYPES[tensor["datatype"]]).reshape(tensor["shape"])
        for tensor in body["inputs"]
    }
    values = session.run(None, inputs)
    outputs = [
        {"name": output.name, "datatype": NAMES[value.dtype], "shape": list(value.shape), "data": value.ravel()}
        for output, value in zip(session.get_outputs(), values, strict=True)
    ]
    content = orjson.dumps({"model_name": model, "outputs": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(content, media_type="application/json")


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)

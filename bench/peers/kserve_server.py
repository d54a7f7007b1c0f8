"""KServe's own server around ONNX Runtime, one process. Arguments: port, folder of models, port of gRPC."""

import logging
import pathlib
import sys

import kserve
import onnxruntime
from kserve import InferOutput, InferResponse

TYPES = {"int32": "INT32", "int64": "INT64", "float32": "FP32"}
DECLARED = {"tensor(int32)": "INT32", "tensor(int64)": "INT64", "tensor(float)": "FP32"}


class Onnx(kserve.Model):
    def __init__(self, name, path):
        super().__init__(name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options)
        self.ready = True

    def get_input_types(self):
        return [
            {
                "name": entry.name,
                "datatype": DECLARED[entry.type],
                "shape": [size if isinstance(size, int) else -1 for size in entry.shape],
            }
            for entry in self.session.get_inputs()
        ]

    def predict(self, payload, headers=None, response_headers=None):
        values = self.session.run(None, {tensor.name: tensor.as_numpy() for tensor in payload.inputs})
        outputs = []
        for output, value in zip(self.session.get_outputs(), values, strict=True):
            tensor = InferOutput(output.name, list(value.shape), TYPES[str(value.dtype)])
            tensor.set_data_from_numpy(value, binary_data=False)
            outputs.append(tensor)
        return InferResponse(response_id=payload.id or "none", model_name=self.name, infer_outputs=outputs)


logging.disable(logging.INFO)
models = [Onnx(path.stem, path) for path in pathlib.Path(sys.argv[2]).glob("*.onnx")]
kserve.ModelServer(
    http_port=int(sys.argv[1]), grpc_port=int(sys.argv[3]), enable_grpc=True, workers=1, access_log_format=None
).start(models)

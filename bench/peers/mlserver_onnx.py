"""MLServer's runtime around ONNX Runtime; the folder of each model has its settings (bench/peers.py writes them)."""

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Onnx(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.settings.parameters.uri, options)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        values = self.session.run(None, {tensor.name: NumpyCodec.decode_input(tensor) for tensor in payload.inputs})
        outputs = [
            NumpyCodec.encode_output(output.name, value)
            for output, value in zip(self.session.get_outputs(), values, strict=True)
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)

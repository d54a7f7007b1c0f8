"""KServe's unmodified REST and gRPC clients."""

import json
import pathlib
import subprocess
import sys

from server import MODELS, push_approved

SESSION = pathlib.Path(__file__).parent / "kserve_session.py"


def test_kserve_clients(make_server):
    server = make_server("--grpc", "127.0.0.1:0")
    address = json.loads((server.directory / "ready.json").read_text())["grpc"]
    for name in ("simple", "iris"):
        push_approved(server, name, MODELS / f"{name}.onnx")
    done = subprocess.run([sys.executable, SESSION, server.url, address], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr

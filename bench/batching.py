"""How much of what the bare runtime does with batches reaches clients that send one row a request.

Server and runtime on core 0, load on core 1, in one run. Prints a table and, with --json FILE, keeps the numbers.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

from serving import MODELS, Pinned, closed_loop, push_approved, write_wrk_script

RAW = """
import sys, time
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)
rows = int(sys.argv[2])
inputs = {"X": numpy.random.default_rng(0).random((rows, 784), dtype="f4")}
runs, end = 0, time.perf_counter() + float(sys.argv[3])
start = time.perf_counter()
while time.perf_counter() < end:
    session.run(None, inputs)
    runs += 1
print(rows * runs / (time.perf_counter() - start))
"""


def raw_rows_per_s(rows, seconds):
    command = ["taskset", "-c", "0", sys.executable, "-c", RAW, MODELS / "mlp.onnx", str(rows), str(seconds)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def make_body(directory):
    row = np.random.default_rng(1).random((1, 784), dtype="<f4")
    tensor = {"name": "X", "shape": [1, 784], "datatype": "FP32", "parameters": {"binary_data_size": row.nbytes}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}, separators=(",", ":")).encode()
    file = directory / "body.bin"
    file.write_bytes(head + row.tobytes())
    return file, len(head)


def runs_and_rows(server):
    text = server.get("/metrics").decode()
    found = dict(re.findall(r"^slipway_prediction_batch_rows_(count|sum)\{[^}]*\} (\S+)$", text, re.MULTILINE))
    return float(found.get("count", 0)), float(found.get("sum", 0))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--json")
    options = parser.parse_args()
    result = {f"raw_{rows}_rows_per_s": raw_rows_per_s(rows, options.seconds) for rows in (1, 8, 32)}
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        body_file, header_length = make_body(directory)
        server = Pinned(directory / "server", "--io-threads", "1").start()
        push_approved(server, "mlp", MODELS / "mlp.onnx")
        script = write_wrk_script(directory, body_file, header_length, "")
        for connections in (1, 16, 64):
            runs, rows = runs_and_rows(server)
            load = closed_loop(f"{server.url}/v2/models/mlp/infer", script, options.seconds, connections)
            more_runs, more_rows = runs_and_rows(server)
            result[f"served_{connections}"] = load | {"rows_per_run": (more_rows - rows) / (more_runs - runs)}
        server.stop()
    for rows in (1, 8, 32):
        print(f"{f'bare runtime, {rows} rows a run':<40}{result[f'raw_{rows}_rows_per_s']:>10,.0f} rows/s")
    for connections in (1, 16, 64):
        load = result[f"served_{connections}"]
        share = load["per_s"] / result["raw_32_rows_per_s"]
        print(
            f"{f'served, {connections} connections':<40}{load['per_s']:>10,.0f} rows/s"
            f"  {load['rows_per_run']:5.1f} rows a run  p99 {load['p99_us']:,.0f} µs  {share:.2f} of the runtime at 32"
        )
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()

"""Measures the request path beside a fixed-reply Boost.Beast server with the same body sizes, in one run.

Servers run pinned to core 0, load to core 1. Prints a table and, with --json FILE, keeps the numbers.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from server import MODELS, Server, push_approved  # noqa: E402

BUILD = ROOT / "build/release"


def make_body(directory):
    tensors = [
        {"name": f"INPUT{i}", "shape": [1, 16], "datatype": "INT32", "parameters": {"binary_data_size": 64}}
        for i in (0, 1)
    ]
    head = json.dumps({"inputs": tensors, "parameters": {"binary_data_output": True}}, separators=(",", ":")).encode()
    body = head + np.arange(32, dtype="<i4").tobytes()
    file = directory / "body.bin"
    file.write_bytes(body)
    return file, len(head)


def write_wrk_script(directory, body_file, header_length, key):
    script = directory / "post.lua"
    script.write_text(f"""
wrk.method = "POST"
wrk.body = io.open("{body_file}", "rb"):read("*a")
wrk.headers["Content-Type"] = "application/octet-stream"
wrk.headers["Inference-Header-Content-Length"] = "{header_length}"
wrk.headers["Authorization"] = "Bearer {key}"
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %f %f\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
""")
    return script


def closed_loop(url, script, seconds, connections=16):
    done = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, url],
        capture_output=True,
        text=True,
        check=True,
    )
    requests, duration_us, errors, p50, p99 = re.search(
        r"RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", done.stdout
    ).groups()
    if int(errors):
        raise SystemExit(f"{errors} requests failed against {url}")
    return {"per_s": int(requests) / (int(duration_us) / 1e6), "p50_us": float(p50), "p99_us": float(p99)}


def open_loop(port, body_file, header_length, key, rate, seconds):
    headers = (
        f"Content-Type: application/octet-stream\r\nInference-Header-Content-Length: {header_length}\r\n"
        f"Authorization: Bearer {key}"
    )
    done = subprocess.run(
        [
            "taskset",
            "-c",
            "1",
            BUILD / "bench/open_loop",
            str(port),
            "/v2/models/simple/infer",
            body_file,
            headers,
            str(rate),
            str(seconds),
            "16",
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return json.loads(done.stdout)


def run_seconds(server, key):
    """Mean of the model's own run, from the server's histogram."""
    text = server.get("/metrics", Authorization=f"Bearer {key}").decode()
    values = dict(
        re.findall(r'slipway_prediction_run_duration_seconds_(sum|count)\{model="simple"[^}]*\} ([\d.e+-]+)', text)
    )
    return float(values["sum"]) / float(values["count"])


def resident_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


class Pinned(Server):
    def start(self, timeout_s=60):
        super().start(timeout_s)
        subprocess.run(["taskset", "-acp", "0", str(self.process.pid)], check=True, capture_output=True)
        return self


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        body_file, header_length = make_body(directory)
        server = Pinned(directory / "server").start()
        for name in ("simple", "identity_fp32", "iris"):
            push_approved(server, name, MODELS / f"{name}.onnx")
        server.stop()
        setup = Pinned(directory / "server", auth="on").start()
        admin = (directory / "server/data/bootstrap.key").read_text().strip()
        key = json.loads(
            setup.cli("key", "create", "--name", "load", "--role", "predictor", "--json", key=admin).stdout
        )["key"]
        setup.stop()

        starts = []
        for _ in range(3):
            began = time.monotonic()
            server = Pinned(directory / "server", auth="on").start()
            starts.append(time.monotonic() - began)
            if len(starts) < 3:
                server.stop()
        script = write_wrk_script(directory, body_file, header_length, key)
        baseline = subprocess.Popen(
            ["taskset", "-c", "0", BUILD / "bench/beast_fixed", "0"], stdout=subprocess.PIPE, text=True
        )
        try:
            baseline_port = int(re.search(r"(\d+)\s*$", baseline.stdout.readline()).group(1))
            ours, fixed = [], []
            for _ in range(options.rounds):  # alternating, so that drift of the machine meets both
                fixed.append(
                    closed_loop(f"http://127.0.0.1:{baseline_port}/v2/models/simple/infer", script, options.seconds)
                )
                ours.append(closed_loop(f"{server.url}/v2/models/simple/infer", script, options.seconds))
            per_s = statistics.median(r["per_s"] for r in ours)
            half = open_loop(server.port, body_file, header_length, key, per_s / 2, options.seconds)
            run_us = run_seconds(server, admin) * 1e6
            result = {
                "slipway_per_s": per_s,
                "fixed_reply_per_s": statistics.median(r["per_s"] for r in fixed),
                "ratio": statistics.median(o["per_s"] / f["per_s"] for o, f in zip(ours, fixed, strict=True)),
                "half_load_p50_us": half["p50_us"],
                "half_load_p99_us": half["p99_us"],
                "model_run_us": run_us,
                "half_load_p99_overhead_us": half["p99_us"] - run_us,
                "start_to_ready_s": statistics.median(starts),
                "resident_mb": resident_mb(server.process.pid),
            }
        finally:
            baseline.terminate()
            baseline.wait()
        server.stop()
    rows = [
        ("predictions/s, one core, all checks on", f"{result['slipway_per_s']:,.0f}"),
        ("fixed-reply Beast, same sizes", f"{result['fixed_reply_per_s']:,.0f}"),
        ("ratio (wanted: 0.50 or more)", f"{result['ratio']:.2f}"),
        ("p99 at half load, open loop", f"{result['half_load_p99_us']:.0f} µs"),
        ("of which the model's run (mean)", f"{result['model_run_us']:.1f} µs"),
        ("p99 overhead (wanted: under 300 µs)", f"{result['half_load_p99_overhead_us']:.0f} µs"),
        ("start to ready, 3 models (wanted: under 1 s)", f"{result['start_to_ready_s']:.2f} s"),
        ("resident memory (wanted: under 150 MB)", f"{result['resident_mb']:.0f} MB"),
    ]
    for name, value in rows:
        print(f"{name:<48}{value:>12}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()

"""Requests a second of one core beside other model servers, in one run: script/bench serving.

Three models (simple: two INT32[16]; tabular: gradient boosting over 30 floats; mlp: 784-512-512-10), one row a request,
16 connections. Each server is one process on core 0, the load is on core 1: wrk over HTTP, `slipway bench` over gRPC.
The rows "cache" are hits. The peers are installed from PyPI into .deps/peers; a peer that cannot be installed is named
and left out. Prints a table and, with --json FILE, keeps the numbers.
"""

import argparse
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import numpy as np
import onnx

from serving import BUILD, MODELS, ROOT, Pinned, closed_loop, push_approved

from redis_server import Redis  # isort: skip  # behind serving, which says where it is

PEERS = ROOT / "bench/peers"
INSTALLED = ROOT / ".deps/peers"
CORE = ["taskset", "-c", "0"]


def model_inputs():
    random = np.random.default_rng(0)
    return {
        "simple": {"INPUT0": np.arange(16, dtype="<i4")[None], "INPUT1": np.ones((1, 16), "<i4")},
        "tabular": {"X": random.random((1, 30), "<f4").astype("<f4")},
        "mlp": {"X": random.random((1, 784), "<f4").astype("<f4")},
    }


def json_body(inputs):
    names = {"<i4": "INT32", "<f4": "FP32"}
    tensors = [
        {"name": name, "shape": list(value.shape), "datatype": names[value.dtype.str], "data": value.ravel().tolist()}
        for name, value in inputs.items()
    ]
    return json.dumps({"inputs": tensors}, separators=(",", ":")).encode(), None


def binary_body(inputs):
    names = {"<i4": "INT32", "<f4": "FP32"}
    tensors = [
        {
            "name": name,
            "shape": list(value.shape),
            "datatype": names[value.dtype.str],
            "parameters": {"binary_data_size": value.nbytes},
        }
        for name, value in inputs.items()
    ]
    head = json.dumps({"inputs": tensors, "parameters": {"binary_data_output": True}}, separators=(",", ":")).encode()
    return head + b"".join(value.tobytes() for value in inputs.values()), len(head)


def write_script(directory, name, body, header_length, key):
    (directory / f"{name}.bin").write_bytes(body)
    headers = {"Content-Type": "application/json" if header_length is None else "application/octet-stream"}
    if header_length is not None:
        headers["Inference-Header-Content-Length"] = str(header_length)
    if key:
        headers["Authorization"] = f"Bearer {key}"
    lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    script = directory / f"{name}.lua"
    script.write_text(
        f"""wrk.method = "POST"
wrk.body = io.open("{directory / f"{name}.bin"}", "rb"):read("*a")
{chr(10).join(lines)}
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %f %f\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""
    )
    return script


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    """Of a process and its children."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return own + sum(cpu_seconds(int(child)) for child in children)


def install(peer):
    """The Python of the peer's own environment, None where it cannot be made."""
    home = INSTALLED / peer
    wanted = (PEERS / f"{peer}.txt").read_text()
    mark = home / "installed.txt"
    if not mark.exists() or mark.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        pip = [home / "bin/pip", "install", "--quiet", "-r", PEERS / f"{peer}.txt"]
        done = subprocess.run(pip, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"{peer} is left out, it cannot be installed: {done.stderr.strip().splitlines()[-1]}")
            return None
        mark.write_text(wanted)
    return home / "bin/python"


def tensor_settings(path):
    """What MLServer is to say of the model's inputs."""
    types = {onnx.TensorProto.INT32: "INT32", onnx.TensorProto.FLOAT: "FP32"}
    tensors = []
    for value in onnx.load(path).graph.input:
        dimensions = value.type.tensor_type.shape.dim
        shape = [entry.dim_value if entry.HasField("dim_value") else -1 for entry in dimensions]
        tensors.append({"name": value.name, "datatype": types[value.type.tensor_type.elem_type], "shape": shape})
    return tensors


def mlserver_folder(directory, models, port, grpc_port):
    folder = directory / "mlserver"
    folder.mkdir()
    (folder / "settings.json").write_text(
        json.dumps(
            {
                "host": "127.0.0.1",
                "http_port": port,
                "grpc_port": grpc_port,
                "metrics_port": free_port(),
                "parallel_workers": 0,
                "debug": False,
                "gzip_enabled": False,
            }
        )
    )
    for path in models.glob("*.onnx"):
        (folder / path.stem).mkdir()
        settings = {
            "name": path.stem,
            "implementation": "mlserver_onnx.Onnx",
            "parameters": {"uri": str(path)},
            "inputs": tensor_settings(path),
        }
        (folder / path.stem / "model-settings.json").write_text(json.dumps(settings))
    return folder


class Peer:
    def __init__(self, name, python, directory, models):
        self.name, self.port = name, free_port()
        self.grpc = None if name == "fastapi" else f"127.0.0.1:{free_port()}"
        if name == "mlserver":
            folder = mlserver_folder(directory, models, self.port, int(self.grpc.split(":")[1]))
            command = [python.parent / "mlserver", "start", folder]
        else:
            command = [python, PEERS / f"{name}_server.py", str(self.port), str(models)]
            command += [self.grpc.split(":")[1]] if self.grpc else []
        self.log = open(directory / f"{name}.log", "wb")  # noqa: SIM115
        environment = {**os.environ, "PYTHONPATH": str(PEERS), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [*CORE, *command], stdout=self.log, stderr=self.log, env=environment, cwd=directory
        )
        self.url = f"http://127.0.0.1:{self.port}"
        deadline = time.monotonic() + 90
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/v2/health/ready", timeout=1) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} does not start:\n" + (directory / f"{name}.log").read_text()[-2000:])
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def over_http(url, model, script):
    return lambda seconds: closed_loop(f"{url}/v2/models/{model}/infer", script, seconds)


def over_grpc(address, model, key=None):
    command = ["taskset", "-c", "1", BUILD / "slipway", "bench", f"grpc://{address}", model, "--json"]
    environment = {**os.environ, "SLIPWAY_KEY": key} if key else None

    def load(seconds):
        done = subprocess.run(
            [*command, "--warmup", "0s", "--duration", f"{seconds}s"], capture_output=True, text=True, env=environment
        )
        if done.returncode != 0:
            raise SystemExit(f"{address}: {done.stderr}")
        (point,) = json.loads(done.stdout)["points"]
        if point["failed"]:
            raise SystemExit(f"{address}: {point['errors']}")
        service = point["service_us"]
        return {"per_s": point["requests_per_s"], "p50_us": service["p50"], "p99_us": service["p99"]}

    return load


def measure(load, pid, seconds):
    load(1)  # warm
    before = cpu_seconds(pid)
    result = load(seconds)
    result["cpu_us"] = (cpu_seconds(pid) - before) * 1e6 / (result["per_s"] * seconds)
    return result


def set_up(directory, names):
    """A server with the models, each also behind a cache in memory and one in Redis; then keys are asked for."""
    redis = Redis(directory).start()
    arguments = ("--grpc", "127.0.0.1:0", *redis.arguments)
    server = Pinned(directory / "server", *arguments).start()
    for name in names:
        push_approved(server, name, MODELS / f"{name}.onnx")
        for backend in ("memory", "redis"):
            push_approved(server, f"{name}-{backend}", MODELS / f"{name}.onnx")
            policy = directory / "policy.yaml"
            policy.write_text(f"cache: {{backend: {backend}, ttl: 1h}}")
            server.cli("policy", "set", f"{name}-{backend}", policy)
    server.stop()
    server = Pinned(directory / "server", *arguments, auth="on").start()
    admin = (directory / "server/data/bootstrap.key").read_text().strip()
    made = server.cli("key", "create", "--name", "load", "--role", "predictor", "--json", key=admin)
    return redis, server, json.loads(made.stdout)["key"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=["fastapi", "kserve", "mlserver"], help="peers")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    inputs = model_inputs()
    rows = {}
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        models = directory / "models"
        models.mkdir()
        for name in inputs:
            (models / f"{name}.onnx").symlink_to(MODELS / f"{name}.onnx")
        redis, server, key = set_up(directory, inputs)
        grpc = json.loads((server.directory / "ready.json").read_text())["grpc"]
        scripts = {
            (name, kind): write_script(directory, f"{name}_{kind}", *make(values), key if kind != "peer" else None)
            for name, values in inputs.items()
            for kind, make in (("binary", binary_body), ("json", json_body), ("peer", json_body))
        }
        fixed = subprocess.Popen([*CORE, BUILD / "bench/beast_fixed", "0"], stdout=subprocess.PIPE, text=True)
        fixed_url = "http://127.0.0.1:" + re.search(r"(\d+)\s*$", fixed.stdout.readline()).group(1)
        peers = []
        try:
            for name in options.only:
                if python := install(name):
                    peers.append(Peer(name, python, directory, models))
            for _ in range(options.rounds):  # in turns, so that drift of the machine meets all
                for model in inputs:
                    ours, binary = server.process.pid, scripts[model, "binary"]
                    turns = [
                        ("fixed reply (Beast)", fixed.pid, over_http(fixed_url, model, binary)),
                        ("slipway, binary", ours, over_http(server.url, model, binary)),
                        ("slipway, json", ours, over_http(server.url, model, scripts[model, "json"])),
                        ("slipway, gRPC", ours, over_grpc(grpc, model, key)),
                        ("slipway, cache in memory", ours, over_http(server.url, f"{model}-memory", binary)),
                        ("slipway, cache in Redis", ours, over_http(server.url, f"{model}-redis", binary)),
                    ]
                    for peer in peers:
                        load = over_http(peer.url, model, scripts[model, "peer"])
                        turns.append((f"{peer.name}, json", peer.process.pid, load))
                        if peer.grpc:
                            turns.append((f"{peer.name}, gRPC", peer.process.pid, over_grpc(peer.grpc, model)))
                    for label, pid, load in turns:
                        rows.setdefault(label, {}).setdefault(model, []).append(measure(load, pid, options.seconds))
        finally:
            for peer in peers:
                peer.stop()
            fixed.terminate()
            fixed.wait()
            server.stop()
            redis.kill()
    print_table(rows, list(inputs))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1))


def print_table(rows, models):
    def median(label, model, field):
        return statistics.median(found[field] for found in rows[label][model])

    heading = "".join(f"{model:>30}" for model in models)
    print(f"{'16 connections, one row, one core':<24}{heading}")
    print(f"{'':<24}" + f"{'req/s':>10}{'µs CPU':>8}{'p99 ms':>12}" * len(models))
    for label in rows:
        cells = "".join(
            f"{median(label, model, 'per_s'):>10,.0f}{median(label, model, 'cpu_us'):>8.1f}"
            f"{median(label, model, 'p99_us') / 1000:>12.2f}"
            for model in models
        )
        print(f"{label:<24}{cells}")
    for label in (name for name in rows if name.startswith("slipway")):
        kind = label.split(", ")[1]
        for other in (name for name in rows if name.startswith("fixed") or name.endswith(f", {kind}")):
            if other == label:
                continue
            ratios = [
                statistics.median(
                    ours["per_s"] / theirs["per_s"]
                    for ours, theirs in zip(rows[label][model], rows[other][model], strict=True)
                )
                for model in models
            ]
            print(f"{f'{label} to {other}':<48}" + "".join(f"{ratio:>10.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()

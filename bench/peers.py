"""Requests a second of one core beside other model servers, in one run: script/bench serving.

Three models (simple: two INT32[16]; tabular: gradient boosting over 30 floats; mlp: 784-512-512-10), one row a request,
16 connections. Each server is one process on core 0, the load is on core 1. The peers are installed from PyPI into
.deps/peers; a peer that cannot be installed is named and left out. Prints a table and, with --json FILE, keeps the
numbers.
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

from serving import BUILD, MODELS, ROOT, Pinned, closed_loop, push_approved

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


def mlserver_folder(directory, models, port):
    folder = directory / "mlserver"
    folder.mkdir()
    (folder / "settings.json").write_text(
        json.dumps(
            {
                "host": "127.0.0.1",
                "http_port": port,
                "grpc_port": free_port(),
                "metrics_port": free_port(),
                "parallel_workers": 0,
                "debug": False,
                "gzip_enabled": False,
            }
        )
    )
    for path in models.glob("*.onnx"):
        (folder / path.stem).mkdir()
        settings = {"name": path.stem, "implementation": "mlserver_onnx.Onnx", "parameters": {"uri": str(path)}}
        (folder / path.stem / "model-settings.json").write_text(json.dumps(settings))
    return folder


class Peer:
    def __init__(self, name, python, directory, models):
        self.name, self.port = name, free_port()
        if name == "mlserver":
            folder = mlserver_folder(directory, models, self.port)
            command = [python.parent / "mlserver", "start", folder]
        else:
            command = [python, PEERS / f"{name}_server.py", str(self.port), str(models)]
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


def measure(url, pid, model, script, seconds):
    target = f"{url}/v2/models/{model}/infer"
    closed_loop(target, script, 1)  # warm
    before = cpu_seconds(pid)
    result = closed_loop(target, script, seconds)
    result["cpu_us"] = (cpu_seconds(pid) - before) * 1e6 / (result["per_s"] * seconds)
    return result


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
        server = Pinned(directory / "server").start()
        for name in inputs:
            push_approved(server, name, MODELS / f"{name}.onnx")
        server.stop()
        server = Pinned(directory / "server", auth="on").start()
        admin = (directory / "server/data/bootstrap.key").read_text().strip()
        made = server.cli("key", "create", "--name", "load", "--role", "predictor", "--json", key=admin)
        key = json.loads(made.stdout)["key"]
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
                    turns = [("fixed reply (Beast)", fixed_url, fixed.pid, "binary")]
                    turns += [(f"slipway, {kind}", server.url, server.process.pid, kind) for kind in ("binary", "json")]
                    turns += [(peer.name, peer.url, peer.process.pid, "peer") for peer in peers]
                    for label, url, pid, kind in turns:
                        found = measure(url, pid, model, scripts[model, kind], options.seconds)
                        rows.setdefault(label, {}).setdefault(model, []).append(found)
        finally:
            for peer in peers:
                peer.stop()
            fixed.terminate()
            fixed.wait()
        server.stop()
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
    for label in rows:
        if label.startswith("slipway"):
            for other in (name for name in rows if not name.startswith("slipway")):
                ratios = [
                    statistics.median(
                        ours["per_s"] / theirs["per_s"]
                        for ours, theirs in zip(rows[label][model], rows[other][model], strict=True)
                    )
                    for model in models
                ]
                print(f"{label} to {other:<24}" + "".join(f"{ratio:>10.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()

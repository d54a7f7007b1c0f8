"""Measures experiment tracking beside MLflow's own newest server, in one run, on SQLite and then on PostgreSQL.

Each server, and PostgreSQL, run pinned to core 0, the load to core 1: 8 keep-alive connections in a closed loop. Every
answer of Slipway is durable (`kill -9` loses none); MLflow is as it comes. MLflow's server is installed into
.deps/mlflow-server at the first run. Prints a table and, with --json FILE, keeps the numbers.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests/e2e"))
import postgres  # noqa: E402
from closed_loop import closed_loop, percentile, upload_and_download  # noqa: E402
from server import Server  # noqa: E402

MLFLOW = "mlflow==3.17.2"
DEPS = pathlib.Path(os.environ.get("SLIPWAY_DEPS", ROOT / ".deps"))
MLFLOW_VENV = DEPS / "mlflow-server"
CONNECTIONS = 8
API = "/api/2.0/mlflow/"


def install_mlflow_server():
    stamp = MLFLOW_VENV / "installed"
    if stamp.exists() and stamp.read_text() == MLFLOW:
        return
    shutil.rmtree(MLFLOW_VENV, ignore_errors=True)
    print(f"installing {MLFLOW}", file=sys.stderr)
    subprocess.run(["/usr/bin/python3", "-m", "venv", MLFLOW_VENV], check=True)
    subprocess.run([MLFLOW_VENV / "bin/pip", "install", "--quiet", MLFLOW, "psycopg2-binary"], check=True)
    stamp.write_text(MLFLOW)


def pin(pid, core=0):
    subprocess.run(["taskset", "-acp", str(core), str(pid)], check=True, capture_output=True)


def family(pid):
    """The process and all that it has started."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [pid, *(grandchild for child in children for grandchild in family(int(child)))]


def resident_mb(pid):
    total_kb = 0
    for member in family(pid):
        with contextlib.suppress(FileNotFoundError):
            status = pathlib.Path(f"/proc/{member}/status").read_text()
            total_kb += int(re.search(r"VmRSS:\s+(\d+)", status + "VmRSS: 0").group(1))
    return total_kb / 1024


class Slipway:
    name = "slipway"

    def __init__(self, folder, database):
        arguments = ["--database", database] if database else []
        self.server = Server(folder / "slipway", *arguments)

    def start(self):
        started = time.monotonic()
        self.server.start()
        self.cold_start_s = time.monotonic() - started
        self.pid, self.port, self.url = self.server.process.pid, self.server.port, self.server.url
        pin(self.pid)
        return self

    def stop(self):
        self.server.stop()

    def fill(self, experiment, runs):
        """Runs of 10 params and 20 metrics each, over the API."""
        self.filled = []
        per_connection = [
            [run_bodies(experiment, number) for number in range(first, runs, CONNECTIONS)]
            for first in range(CONNECTIONS)
        ]
        for bodies in per_connection:
            created = closed_loop(
                self.port, [[("POST", API + "runs/create", body) for body, _ in bodies]], keep_answers=True
            )
            ids = [json.loads(answer)["run"]["info"]["run_id"] for answer in created.answers]
            batches = [
                ("POST", API + "runs/log-batch", json.dumps({"run_id": run_id, **batch}).encode())
                for run_id, (_, batch) in zip(ids, bodies, strict=True)
            ]
            closed_loop(self.port, [batches[i::CONNECTIONS] for i in range(CONNECTIONS)])
            self.filled += ids

    def end_runs(self):
        """Searches find the metrics of ended runs by value, and look into those that still log one by one."""
        updates = [
            ("POST", API + "runs/update", json.dumps({"run_id": run_id, "status": "FINISHED", "end_time": 1}).encode())
            for run_id in self.filled
        ]
        closed_loop(self.port, [updates[i::CONNECTIONS] for i in range(CONNECTIONS)])


class Mlflow:
    name = "mlflow"

    def __init__(self, folder, database):
        self.folder = folder / "mlflow"
        self.folder.mkdir()
        sqlite = f"sqlite:///{self.folder}/mlflow.db"
        self.database = database.replace("postgresql:", "postgresql+psycopg2:") if database else sqlite

    def start(self):
        self.port = postgres.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [MLFLOW_VENV / "bin/mlflow", "server", "--backend-store-uri", self.database, "--serve-artifacts"]
        command += ["--artifacts-destination", self.folder / "artifacts", "--host", "127.0.0.1"]
        command += ["--port", str(self.port)]
        # On a busy machine its workers would be taken for dead, and killed in the middle of answers.
        command += ["--uvicorn-opts", "--timeout-worker-healthcheck 600"]
        started = time.monotonic()
        with open(self.folder / "log", "wb") as log:
            process = subprocess.Popen(
                ["taskset", "-c", "0", *command], stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        self.pid = process.pid
        self.process = process
        while True:
            # Its workers answer /health before the database is ready for them.
            with contextlib.suppress(OSError, http.client.HTTPException):
                urllib.request.urlopen(self.url + "/health", timeout=1).close()
                post(self, "experiments/search", {"max_results": 1})
                break
            if process.poll() is not None or time.monotonic() > started + 180:
                raise SystemExit(f"MLflow's server does not start:\n{(self.folder / 'log').read_text()[-3000:]}")
            time.sleep(0.05)
        self.cold_start_s = time.monotonic() - started
        return self

    def stop(self):
        os.killpg(self.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()

    def fill(self, experiment, runs):
        """The same runs, written to its tables: over its API they would take half an hour."""
        subprocess.run(
            [MLFLOW_VENV / "bin/python", ROOT / "bench/fill_mlflow.py", self.database, experiment, str(runs)],
            check=True,
        )


def run_bodies(experiment, number):
    """(body of runs/create, lists of log-batch) of one of the searched runs."""
    create = {"experiment_id": experiment, "run_name": f"run-{number}", "start_time": 1_700_000_000_000 + number}
    batch = {
        "params": [{"key": f"p{i}", "value": str((number * 7 + i) % 100)} for i in range(10)],
        "metrics": [
            {"key": f"m{i}", "value": ((number * 31 + i * 17) % 1000) / 1000, "timestamp": 1, "step": 0}
            for i in range(20)
        ],
    }
    return json.dumps(create).encode(), batch


def post(server, path, body):
    request = urllib.request.Request(server.url + API + path, json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def new_run(server, experiment="0"):
    return post(server, "runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]


def endless_metrics(run_id, connection):
    step = 0
    while True:
        step += 1
        body = b'{"run_id":"%b","key":"m%d","value":%d.5,"timestamp":%d,"step":%d}'
        yield "POST", API + "runs/log-metric", body % (run_id.encode(), connection, step, step, step)


def endless_batches(run_id, connection, size):
    step = 0
    while True:
        step += 1
        metric = b'{"key":"b%d.%d","value":%d.25,"timestamp":%d,"step":%d}'
        metrics = b",".join(metric % (connection, i, step, step, step) for i in range(size))
        yield "POST", API + "runs/log-batch", b'{"run_id":"%b","metrics":[%b]}' % (run_id.encode(), metrics)


def endless_creates(connection):
    number = 0
    while True:
        number += 1
        body = {"experiment_id": "0", "run_name": f"r{connection}-{number}", "start_time": number}
        body["tags"] = [{"key": "mlflow.user", "value": "ann"}, {"key": "mlflow.source.name", "value": "train.py"}]
        yield "POST", API + "runs/create", json.dumps(body).encode()


def endless_registrations(server, connection):
    """Pairs of a new model and its first version, whose files are those of one small run."""
    number = 0
    while True:
        number += 1
        name = f"model-{connection}-{number}"
        yield "POST", API + "registered-models/create", json.dumps({"name": name}).encode()
        version = {"name": name, "source": server.model_source, "run_id": server.model_run}
        yield "POST", API + "model-versions/create", json.dumps(version).encode()


def prepare_model(server):
    server.model_run = new_run(server)
    server.model_source = f"mlflow-artifacts:/0/{server.model_run}/artifacts/model"
    path = f"/api/2.0/mlflow-artifacts/artifacts/0/{server.model_run}/artifacts/model/MLmodel"
    content = b"artifact_path: model\nflavors:\n  python_function:\n    loader_module: none\n"
    request = urllib.request.Request(server.url + path, content, method="PUT")
    urllib.request.urlopen(request, timeout=60).read()


SEARCHES = [
    {"filter": "metrics.m3 > 0.5 AND params.p2 = '42'", "max_results": 100},
    {"filter": "metrics.m3 > 0.9", "order_by": ["metrics.m7 DESC"], "max_results": 50},
    {"filter": "params.p1 LIKE '4%'", "order_by": ["metrics.m1 ASC"], "max_results": 50},
    {"filter": "attributes.start_time > 1700000010000", "max_results": 100},
    {"max_results": 100},
]


def measure_searches(server, experiment, seconds):
    """p95 over the mix above, one at a time."""
    bodies = [json.dumps({"experiment_ids": [experiment], **search}).encode() for search in SEARCHES]

    def endless():
        while True:
            for body in bodies:
                yield "POST", API + "runs/search", body

    return percentile(closed_loop(server.port, [endless()], seconds=seconds).latencies_s, 95) * 1000


CLIENT = """
import time, mlflow
client = mlflow.MlflowClient()
run = client.create_run("0").info.run_id
client.log_metric(run, "warm", 1)
start = time.monotonic()
for i in range({count}):
    client.log_metric(run, "m", i, step=i)
print(time.monotonic() - start)
"""


def measure_client(server, count):
    """Seconds for `count` log_metric() calls of the real client."""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": server.url, "GIT_PYTHON_REFRESH": "quiet"}
    done = subprocess.run(
        ["taskset", "-c", "1", MLFLOW_VENV / "bin/python", "-c", CLIENT.format(count=count)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return float(done.stdout)


def attempt(rows, name, measure):
    """A row that a server cannot give is missing, and said why; it ends nothing."""
    try:
        rows[name] = measure()
    except Exception as error:
        print(f"  {name}: {error}", file=sys.stderr)


def measure(server, options):
    seconds, rows = options.seconds, {}

    def rate(streams):
        return closed_loop(server.port, streams, seconds=seconds).per_second

    run_ids = [new_run(server) for _ in range(CONNECTIONS)]
    lanes = range(CONNECTIONS)
    attempt(rows, "runs/create, /s", lambda: rate([endless_creates(i) for i in lanes]))
    attempt(rows, "log-metric, /s", lambda: rate([endless_metrics(run_ids[i], i) for i in lanes]))
    attempt(rows, "log-batch of 10, /s", lambda: rate([endless_batches(run_ids[i], i, 10) for i in lanes]))
    attempt(rows, "log-batch of 100, /s", lambda: rate([endless_batches(run_ids[i], i, 100) for i in lanes]))

    def pairs():
        prepare_model(server)
        return rate([endless_registrations(server, i) for i in lanes]) / 2

    attempt(rows, "model + version, pairs/s", pairs)
    experiment = post(server, "experiments/create", {"name": "searched"})["experiment_id"]
    server.fill(experiment, options.runs)
    attempt(rows, f"search of {options.runs} runs, p95 ms", lambda: measure_searches(server, experiment, seconds))
    if isinstance(server, Slipway):

        def ended():
            server.end_runs()
            return measure_searches(server, experiment, seconds)

        attempt(rows, f"search of {options.runs} ended runs, p95 ms", ended)
    for size_mib in (1, 100):
        speeds = {}

        def transfer(size_mib=size_mib, speeds=speeds):
            speeds.update(upload_and_download(server.port, new_run(server), size_mib << 20, options.seconds))
            return speeds["put"]

        attempt(rows, f"artifact of {size_mib} MiB, PUT MB/s", transfer)
        if "get" in speeds:
            rows[f"artifact of {size_mib} MiB, GET MB/s"] = speeds["get"]
    attempt(
        rows,
        "1000 log_metric() of the client, s",
        lambda: measure_client(server, options.calls) * 1000 / options.calls,
    )
    rows["resident, MB"] = resident_mb(server.pid)
    rows["cold start, s"] = server.cold_start_s
    return rows


LESS_IS_BETTER = (" ms", " s", "MB")


def print_table(database, results):
    print(f"\n{database:<40} {'mlflow':>12} {'slipway':>12} {'ratio':>8}")
    for name in results["slipway"] | results["mlflow"]:
        theirs, ours = results["mlflow"].get(name), results["slipway"].get(name)
        ratio = ""
        if theirs and ours:
            is_less_better = name.endswith(LESS_IS_BETTER) and not name.endswith("MB/s")
            ratio = f"{theirs / ours if is_less_better else ours / theirs:.1f}x"
        cells = [f"{value:,.2f}" if value is not None else "-" for value in (theirs, ours)]
        print(f"{name:<40} {cells[0]:>12} {cells[1]:>12} {ratio:>8}", flush=True)


def measure_all(database, options):
    results = {}
    for kind in (Mlflow, Slipway):
        if options.only and kind.name != options.only:
            results[kind.name] = {}
            continue
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-bench-")))
            uri = None
            if database == "postgresql":
                # Settings of the tests but for durability.
                postgres.OPTIONS |= {"fsync": "on", "full_page_writes": "on"}
                uri = stack.enter_context(postgres.running())
                for pid in subprocess.run(["pgrep", "-x", "postgres"], capture_output=True, text=True).stdout.split():
                    with contextlib.suppress(subprocess.CalledProcessError):
                        pin(pid)
            server = kind(folder, uri).start()
            stack.callback(server.stop)
            print(f"{database}: {kind.name}", file=sys.stderr)
            results[kind.name] = measure(server, options)
    print_table(database, results)
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs, short loads")
    parser.add_argument("--seconds", type=float, default=5, help="length of each load")
    parser.add_argument("--runs", type=int, default=20_000, help="runs that are searched")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="only this one")
    parser.add_argument("--only", choices=["mlflow", "slipway"], help="only this server")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    options.calls = 1000
    if options.quick:
        options.seconds, options.runs, options.calls = 2, options.runs // 10, 100
    install_mlflow_server()
    subprocess.run(["taskset", "-acp", "1", str(os.getpid())], check=True, capture_output=True)
    databases = [options.database] if options.database else ["sqlite", "postgresql"]
    results = {database: measure_all(database, options) for database in databases}
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

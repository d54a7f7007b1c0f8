"""Asks a real MLflow server what it answers to searches, and writes search.json: src/tracking/search_golden_test.cc
holds it against ours. Run once, by hand, when a case is added:

    python3 -m venv /tmp/mlflow && /tmp/mlflow/bin/pip install mlflow==3.17.2
    /tmp/mlflow/bin/python tests/golden/search.py

A case that we answer otherwise on purpose has "here": what we answer, and why.
"""

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import mlflow
import requests
import search_cases as cases

OUT = pathlib.Path(__file__).with_name("search.json")


@contextlib.contextmanager
def server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = open(f"{folder}/log", "w")
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
            + ["--backend-store-uri", f"sqlite:///{folder}/db", "--artifacts-destination", folder],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(600):
                with contextlib.suppress(requests.RequestException):
                    if requests.get(f"{url}/health", timeout=20).ok:
                        break
                time.sleep(0.2)
            else:
                raise RuntimeError(pathlib.Path(f"{folder}/log").read_text())
            yield url
        finally:
            process.terminate()
            process.wait()


class Client:
    def __init__(self, url):
        self.url = url
        self.session = requests.Session()

    def call(self, method, path, body):
        answer = self.session.request(method, f"{self.url}/api/2.0/mlflow/{path}", json=body, timeout=60)
        if answer.ok:
            return answer.json()
        try:
            return {"error": answer.json()}
        except requests.exceptions.JSONDecodeError:
            return {"error": {"message": f"HTTP {answer.status_code}"}}

    def must(self, method, path, body):
        answer = self.call(method, path, body)
        if "error" in answer:
            raise RuntimeError(f"{path} {body}: {answer}")
        return answer


def make_runs(client):
    """Creates the experiments and runs; returns them with the ids that the server gave."""
    experiments = [client.must("POST", "experiments/create", {"name": f"runs {i}"})["experiment_id"] for i in range(2)]
    made = []
    for run in cases.RUNS:
        created = client.must(
            "POST",
            "runs/create",
            {
                "experiment_id": experiments[run.get("experiment", 0)],
                "run_name": run["name"],
                "user_id": run.get("user", "ana"),
                "start_time": run["start"],
            },
        )["run"]["info"]
        run_id = created["run_id"]
        client.must(
            "POST",
            "runs/log-batch",
            {
                "run_id": run_id,
                "metrics": [
                    {"key": k, "value": v, "timestamp": 1, "step": 0} for k, v in run.get("metrics", {}).items()
                ],
                "params": [{"key": k, "value": v} for k, v in run.get("params", {}).items()],
                "tags": [{"key": k, "value": v} for k, v in run.get("tags", {}).items()],
            },
        )
        datasets = [
            {
                "tags": [{"key": "mlflow.data.context", "value": d[2]}] if d[2] else [],
                "dataset": {"name": d[0], "digest": d[1], "source_type": "local", "source": "x"},
            }
            for d in run.get("datasets", [])
        ]
        if datasets:
            client.must("POST", "runs/log-inputs", {"run_id": run_id, "datasets": datasets})
        if "status" in run:
            body = {"run_id": run_id, "status": run["status"]}
            if "end" in run:
                body["end_time"] = run["end"]
            client.must("POST", "runs/update", body)
        if run.get("deleted"):
            client.must("POST", "runs/delete", {"run_id": run_id})
        info = client.must("GET", f"runs/get?run_id={run_id}", None)["run"]["info"]
        made.append(
            {
                "id": run_id,
                "name": run["name"],
                "experiment": run.get("experiment", 0),
                "user": run.get("user", "ana"),
                "start": run["start"],
                "status": info["status"],
                "end": info.get("end_time"),
                "deleted": run.get("deleted", False),
                "params": run.get("params", {}),
                "metrics": run.get("metrics", {}),
                "tags": {"mlflow.runName": run["name"]} | run.get("tags", {}),
                "datasets": run.get("datasets", []),
            }
        )
    return experiments, made


def ask(client, path, body, read, limit):
    """What the server answers, all pages: names in order, or the error's text."""
    found = []
    token = None
    while True:
        answer = client.call("POST", path, body | {"max_results": limit} | ({"page_token": token} if token else {}))
        if "error" in answer:
            return {"error": answer["error"].get("message", "")[:200]}
        found += read(answer)
        token = answer.get("next_page_token")
        if not token:
            return {"found": found}


def with_here(case, answer):
    if "here" in case and case["here"] != answer.get("found", "error"):
        answer |= {"here": case["here"], "why": case["why"]}
    elif "here" in case:
        raise RuntimeError(f"no difference left: {case}")
    return answer


def run_cases(client):
    experiments, runs = make_runs(client)
    names = {run["id"]: run["name"] for run in runs}
    ids = {run["name"]: run["id"] for run in runs}
    # Runs that started together go by their ids, which the server makes up.
    place = {run["name"]: (-run["start"], run["id"]) for run in runs}
    out = []
    for case in cases.run_cases():
        is_newest_first = all("start_time" in order for order in case.get("order_by", []))
        if "here" in case and case["here"] != "error" and is_newest_first:
            case["here"] = sorted(case["here"], key=place.get)
        wanted = case.get("experiments", [0])
        filter_text = case.get("filter", "")
        for name, run_id in ids.items():
            filter_text = filter_text.replace(f"<{name}>", run_id)
        body = {
            "experiment_ids": [experiments[i] for i in wanted],
            "filter": filter_text,
            "order_by": case.get("order_by", []),
            "run_view_type": case.get("view", "ACTIVE_ONLY"),
        }
        answer = ask(
            client, "runs/search", body, lambda a: [names[r["info"]["run_id"]] for r in a.get("runs", [])], 100
        )
        out.append(
            {"filter": filter_text, "order_by": body["order_by"], "view": body["run_view_type"], "experiments": wanted}
            | with_here(case, answer)
        )
    return {"rows": runs, "cases": out}


def experiment_cases(client):
    for each in cases.EXPERIMENTS:
        time.sleep(0.003)
        tags = [{"key": k, "value": v} for k, v in each.get("tags", {}).items()]
        created = client.must("POST", "experiments/create", {"name": each["name"], "tags": tags})
        if each.get("deleted"):
            client.must("POST", "experiments/delete", {"experiment_id": created["experiment_id"]})
    rows = client.must("POST", "experiments/search", {"max_results": 1000, "view_type": "ALL"})["experiments"]
    out = []
    for case in cases.experiment_cases():
        body = {
            "filter": case.get("filter", ""),
            "order_by": case.get("order_by", []),
            "view_type": case.get("view", "ACTIVE_ONLY"),
        }
        body["filter"] = body["filter"].replace("<created>", str(rows[-3]["creation_time"]))
        answer = ask(client, "experiments/search", body, lambda a: [e["name"] for e in a.get("experiments", [])], 100)
        out.append(
            {"filter": body["filter"], "order_by": body["order_by"], "view": body["view_type"]}
            | with_here(case, answer)
        )
    return {"rows": rows, "cases": out}


def logged_model_cases(client):
    experiment = client.must("POST", "experiments/create", {"name": "models"})["experiment_id"]
    run = client.must("POST", "runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    rows = []
    for each in cases.LOGGED_MODELS:
        time.sleep(0.003)
        pairs = {kind: [{"key": k, "value": v} for k, v in each.get(kind, {}).items()] for kind in ("params", "tags")}
        body = {"experiment_id": experiment, "name": each["name"], "model_type": each["type"], "source_run_id": run}
        model = client.must("POST", "logged-models", body | pairs)["model"]["info"]
        for key, dataset, digest, step, value in each.get("metrics", []):
            metric = {"key": key, "value": value, "timestamp": 1, "step": step, "model_id": model["model_id"]}
            if dataset:
                metric |= {"dataset_name": dataset, "dataset_digest": digest}
            client.must("POST", "runs/log-metric", {"run_id": run} | metric)
        if "status" in each:
            body = {"model_id": model["model_id"], "status": each["status"]}
            model = client.must("PATCH", f"logged-models/{model['model_id']}", body)["model"]["info"]
        rows.append(
            {k: each.get(k, {}) for k in ("params", "tags")} | {"metrics": each.get("metrics", []), "info": model}
        )
    names = {row["info"]["model_id"]: row["info"]["name"] for row in rows}
    out = []
    for case in cases.logged_model_cases():
        body = {
            "experiment_ids": [experiment],
            "filter": case.get("filter", ""),
            "order_by": case.get("order_by", []),
            "datasets": case.get("datasets", []),
        }
        answer = ask(
            client,
            "logged-models/search",
            body,
            lambda a: [names[m["info"]["model_id"]] for m in a.get("models", [])],
            50,
        )
        out.append({k: body[k] for k in ("filter", "order_by", "datasets")} | with_here(case, answer))
    return {"rows": rows, "run": run, "cases": out}


def registry_cases(client):
    for model in cases.REGISTERED_MODELS:
        tags = [{"key": k, "value": v} for k, v in model.get("tags", {}).items()]
        client.must("POST", "registered-models/create", {"name": model["name"], "tags": tags})
        for version in model.get("versions", []):
            time.sleep(0.003)
            tags = [{"key": k, "value": v} for k, v in version.get("tags", {}).items()]
            body = {"name": model["name"], "source": version["source"], "run_id": version["run_id"], "tags": tags}
            client.must("POST", "model-versions/create", body)
    out = {}
    for path, key, name, table in (
        ("registered-models", "registered_models", lambda m: m["name"], cases.registered_model_cases()),
        ("model-versions", "model_versions", lambda v: f"{v['name']}/{v['version']}", cases.model_version_cases()),
    ):
        rows = client.must("GET", f"{path}/search?max_results=100", None)[key]
        answers = []
        for case in table:
            query = requests.compat.urlencode(
                [("max_results", 100), ("filter", case.get("filter", ""))]
                + [("order_by", order) for order in case.get("order_by", [])]
            )
            answer = client.call("GET", f"{path}/search?{query}", None)
            if "error" in answer:
                answer = {"error": answer["error"].get("message", "")[:200]}
            else:
                answer = {"found": [name(row) for row in answer.get(key, [])]}
            answers.append(
                {"filter": case.get("filter", ""), "order_by": case.get("order_by", [])} | with_here(case, answer)
            )
        out[key] = {"rows": rows, "cases": answers}
    return out


def main():
    with server() as url:
        client = Client(url)
        answers = {
            "mlflow": mlflow.__version__,
            "runs": run_cases(client),
            "experiments": experiment_cases(client),
            "logged_models": logged_model_cases(client),
        } | registry_cases(client)
    lines = json.dumps(answers, ensure_ascii=True, indent=1)
    OUT.write_text(lines + "\n")


if __name__ == "__main__":
    main()

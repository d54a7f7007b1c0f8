"""Sessions of the unmodified MLflow client: `mlflow_session.py OUT SESSION...` runs them and writes what failed.

Run by test_mlflow_client.py with the client of one release line on PYTHONPATH and MLFLOW_TRACKING_URI set. OUT becomes
a JSON object {session: null or traceback}. Everything has a name of its own, so that sessions share a server.
"""

import json
import math
import os
import sys
import tempfile
import traceback
import uuid
import warnings

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

MAJOR = int(mlflow.__version__.split(".")[0])
SESSIONS = {}  # name -> (function, features it needs of the server)
ON_DEMAND = set()  # names of those that run only where they are named


def session(*needs, major=2, on_demand=False):
    """Registers a session; `needs` of artifacts, registry; `major`: the oldest client that has it."""

    def register(function):
        if major <= MAJOR:
            SESSIONS[function.__name__] = (function, needs)
        if on_demand:
            ON_DEMAND.add(function.__name__)
        return function

    return register


def fresh(name="experiment"):
    return f"{name}-{uuid.uuid4().hex[:12]}"


def refuses(code, function, *arguments, **options):
    """The call fails with this error code; returns the message."""
    try:
        function(*arguments, **options)
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return str(error)
    raise AssertionError(f"{function} should have failed with {code}")


@session()
def experiments():
    client = MlflowClient()
    default = client.get_experiment("0")
    assert default.name == "Default" and default.lifecycle_stage == "active"
    name = fresh("Versuch Ü 日本 ")
    made = mlflow.set_experiment(name)
    assert mlflow.set_experiment(name).experiment_id == made.experiment_id
    found = client.get_experiment_by_name(name)
    assert (found.name, found.experiment_id, found.lifecycle_stage) == (name, made.experiment_id, "active")
    assert found.artifact_location.startswith("mlflow-artifacts:/")
    assert client.get_experiment_by_name(fresh("nobody")) is None
    assert found.creation_time <= found.last_update_time
    refuses("RESOURCE_ALREADY_EXISTS", client.create_experiment, name)
    refuses("RESOURCE_DOES_NOT_EXIST", client.get_experiment, "999999999999")
    refuses("INVALID_PARAMETER_VALUE", client.create_experiment, "")
    located = client.create_experiment(fresh(), artifact_location="s3://bucket/here", tags={"team": "blue"})
    assert client.get_experiment(located).artifact_location == "s3://bucket/here"
    assert client.get_experiment(located).tags["team"] == "blue"
    client.set_experiment_tag(located, "team", "rød")
    client.set_experiment_tag(located, "empty", "")
    tags = client.get_experiment(located).tags
    assert tags["team"] == "rød" and tags["empty"] == ""
    renamed = fresh("renamed")
    client.rename_experiment(located, renamed)
    assert client.get_experiment_by_name(renamed).experiment_id == located
    client.delete_experiment(located)
    assert client.get_experiment(located).lifecycle_stage == "deleted"
    refuses("RESOURCE_ALREADY_EXISTS", client.create_experiment, renamed)
    client.restore_experiment(located)
    assert client.get_experiment(located).lifecycle_stage == "active"


@session()
def experiment_search():
    client = MlflowClient()
    mark = uuid.uuid4().hex[:8]
    ids = {
        letter: client.create_experiment(f"{mark}/{letter}", tags={"mark": mark, "letter": letter})
        for letter in "abcde"
    }
    client.delete_experiment(ids["e"])

    def names(filter_string, **options):
        return [e.name.split("/")[1] for e in client.search_experiments(filter_string=filter_string, **options)]

    marked = f"tags.mark = '{mark}'"
    assert names(marked) == ["d", "c", "b", "a"]
    assert names(marked, order_by=["name ASC"]) == ["a", "b", "c", "d"]
    assert names(marked, order_by=["name DESC"], view_type=ViewType.ALL) == ["e", "d", "c", "b", "a"]
    assert names(marked, view_type=ViewType.DELETED_ONLY) == ["e"]
    assert names(f"name = '{mark}/b'") == ["b"]
    assert names(f"name LIKE '{mark}/%' AND name != '{mark}/a'", order_by=["name"]) == ["b", "c", "d"]
    assert names(f"attribute.name ILIKE '{mark.upper()}/%'", order_by=["creation_time ASC"]) == ["a", "b", "c", "d"]
    assert names(f"{marked} AND tags.letter = 'c'") == ["c"]
    assert names(f"{marked} AND tags.letter != 'c'", order_by=["name"]) == ["a", "b", "d"]
    assert names(f"{marked} AND tags.`letter` LIKE '%d'") == ["d"]
    created = client.get_experiment(ids["a"]).creation_time
    assert "a" in names(f"{marked} AND creation_time >= {created}")
    assert names(f"{marked} AND creation_time < {created}") == []
    assert "a" not in names(f"{marked} AND creation_time > {created}")
    assert "a" in names(f"{marked} AND creation_time <= {created}")
    assert "a" in names(f"{marked} AND creation_time = {created}")
    assert "a" not in names(f"{marked} AND creation_time != {created}")
    assert "a" in names(f"{marked} AND last_update_time >= {created}")
    assert names(f"{marked} AND tags.letter ILIKE 'C'") == ["c"]
    first = client.search_experiments(filter_string=marked, order_by=["name"], max_results=3)
    assert [e.name[-1] for e in first] == ["a", "b", "c"] and first.token
    second = client.search_experiments(filter_string=marked, order_by=["name"], max_results=3, page_token=first.token)
    assert [e.name[-1] for e in second] == ["d"] and not second.token
    refuses("INVALID_PARAMETER_VALUE", client.search_experiments, filter_string="name > 'a'")
    refuses("INVALID_PARAMETER_VALUE", client.search_experiments, filter_string="bad.key = 'a'")


@session()
def runs():
    client = MlflowClient()
    experiment = mlflow.set_experiment(fresh())
    with mlflow.start_run(run_name="outer", tags={"t": "1"}, description="what it is") as outer:
        mlflow.log_param("rate", 0.1)
        mlflow.log_params({"layers": 3, "optimiser": "adam", "empty": ""})
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_metrics({"loss": 0.25, "accuracy": 1}, step=2)
        mlflow.set_tag("colour", "grün")
        mlflow.set_tags({"a": 1, "b": True})
        with mlflow.start_run(run_name="inner", nested=True) as inner:
            mlflow.log_metric("depth", 2)
    run = client.get_run(outer.info.run_id)
    assert run.info.status == "FINISHED" and run.info.end_time >= run.info.start_time > 1_600_000_000_000
    assert run.info.run_name == "outer" and run.info.experiment_id == experiment.experiment_id
    assert run.info.lifecycle_stage == "active" and len(run.info.run_id) == 32
    assert run.info.artifact_uri == f"{experiment.artifact_location}/{run.info.run_id}/artifacts"
    assert run.data.params == {"rate": "0.1", "layers": "3", "optimiser": "adam", "empty": ""}
    assert run.data.metrics == {"loss": 0.25, "accuracy": 1.0}
    assert run.data.tags["colour"] == "grün" and run.data.tags["b"] == "True" and run.data.tags["t"] == "1"
    assert run.data.tags["mlflow.note.content"] == "what it is" and run.data.tags["mlflow.user"]
    assert client.get_run(inner.info.run_id).data.tags["mlflow.parentRunId"] == outer.info.run_id
    assert client.get_parent_run(inner.info.run_id).info.run_id == outer.info.run_id
    children = client.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{outer.info.run_id}'")
    assert [child.info.run_id for child in children] == [inner.info.run_id]
    try:
        with mlflow.start_run() as failed:
            raise KeyError("x")
    except KeyError:
        pass
    failed = client.get_run(failed.info.run_id)
    assert failed.info.status == "FAILED" and failed.info.run_name
    client.update_run(outer.info.run_id, status="KILLED", name="renamed")
    assert client.get_run(outer.info.run_id).info.status == "KILLED"
    assert client.get_run(outer.info.run_id).info.run_name == "renamed"
    client.set_terminated(outer.info.run_id, "FINISHED", end_time=1_700_000_000_000)
    assert client.get_run(outer.info.run_id).info.end_time == 1_700_000_000_000
    with mlflow.start_run(run_id=outer.info.run_id):
        mlflow.log_metric("loss", 0.1, step=3)
    assert client.get_run(outer.info.run_id).data.metrics["loss"] == 0.1
    client.delete_tag(outer.info.run_id, "colour")
    assert "colour" not in client.get_run(outer.info.run_id).data.tags
    refuses("RESOURCE_DOES_NOT_EXIST", client.delete_tag, outer.info.run_id, "colour")
    refuses("RESOURCE_DOES_NOT_EXIST", client.get_run, "0" * 32)
    refuses("RESOURCE_DOES_NOT_EXIST", client.create_run, "999999999999")


@session()
def metrics():
    client = MlflowClient()
    run_id = client.create_run(client.create_experiment(fresh())).info.run_id
    for step, value in enumerate([1.5, float("nan"), float("inf"), float("-inf"), -0.0, 1e-308]):
        client.log_metric(run_id, "odd", value, timestamp=1000 + step, step=step)
    history = client.get_metric_history(run_id, "odd")
    assert [metric.step for metric in history] == list(range(6))
    values = [metric.value for metric in history]
    assert values[0] == 1.5 and math.isnan(values[1]) and values[4] == 0 and values[5] == 1e-308
    assert values[2] >= 1.79e308 and values[3] <= -1.79e308  # some servers keep the largest finite number
    for name, value in {"nan": float("nan"), "inf": float("inf")}.items():
        client.log_metric(run_id, name, value)
    latest = client.get_run(run_id).data.metrics
    assert math.isnan(latest["nan"]) and latest["inf"] >= 1.79e308 and latest["odd"] == 1e-308

    # The greatest by (step, time, value), however they came.
    for value, timestamp, step in [(1, 100, 5), (9, 900, 4), (2, 100, 5), (0, 100, 5), (3, 50, 5)]:
        client.log_metric(run_id, "latest", value, timestamp=timestamp, step=step)
    assert client.get_run(run_id).data.metrics["latest"] == 2
    assert len(client.get_metric_history(run_id, "latest")) == 5
    client.log_metric(run_id, "latest", 2, timestamp=100, step=5)  # again, as after a lost answer
    assert len(client.get_metric_history(run_id, "latest")) == 5
    client.log_metric(run_id, "negative", 1, step=-3)
    assert client.get_metric_history(run_id, "negative")[0].step == -3
    client.log_metric(run_id, "default", 4.5)
    only = client.get_metric_history(run_id, "default")[0]
    assert only.step == 0 and abs(only.timestamp - client.get_run(run_id).info.start_time) < 600_000
    assert client.get_metric_history(run_id, "never logged") == []


@session()
def metric_history_pages():
    client = MlflowClient()
    run_id = client.create_run(client.create_experiment(fresh())).info.run_id
    for start in range(0, 2500, 1000):
        points = [Metric("m", i * 0.5, 1000 + i, i) for i in range(start, min(start + 1000, 2500))]
        client.log_batch(run_id, metrics=points)
    assert [m.step for m in client.get_metric_history(run_id, "m")] == list(range(2500))
    store = client._tracking_client.store
    steps, token = [], None
    for _ in range(10):
        page = store.get_metric_history(run_id, "m", max_results=1000, page_token=token)
        steps += [metric.step for metric in page]
        token = page.token
        if not token:
            break
    assert steps == list(range(2500)) and not token


@session()
def batches():
    client = MlflowClient()
    run_id = client.create_run(mlflow.set_experiment(fresh()).experiment_id).info.run_id
    client.log_batch(
        run_id,
        metrics=[Metric(f"m{i}", i, 1, i) for i in range(800)],
        params=[Param(f"p{i}", "v" * 6000 if i == 0 else str(i)) for i in range(100)],
        tags=[RunTag(f"t{i}", "w" * 5000 if i == 0 else str(i)) for i in range(100)],
    )
    data = client.get_run(run_id).data
    assert len(data.metrics) == 800 and len(data.params) == 100 and data.params["p0"] == "v" * 6000
    assert data.tags["t0"] == "w" * 5000 and data.tags["t99"] == "99" and data.metrics["m799"] == 799
    client.log_batch(run_id)
    client.log_batch(run_id, params=[Param("p1", "1")])  # the same again
    message = refuses("INVALID_PARAMETER_VALUE", client.log_batch, run_id, params=[Param("p1", "2")])
    assert "p1" in message
    refuses("INVALID_PARAMETER_VALUE", client.log_param, run_id, "p1", "3")
    assert client.get_run(run_id).data.params["p1"] == "1"
    refuses("INVALID_PARAMETER_VALUE", client.log_batch, run_id, params=[Param("new", "1"), Param("p1", "2")])
    with mlflow.start_run(run_id=run_id):
        operations = [mlflow.log_metrics({"later": i}, step=i, synchronous=False) for i in range(30)]
        for operation in operations:
            operation.wait()
    assert len(client.get_metric_history(run_id, "later")) == 30
    with mlflow.start_run(run_id=run_id):  # the client splits what one batch may not hold
        mlflow.log_params({f"many{i}": i for i in range(250)})
        mlflow.log_metrics({f"many{i}": i for i in range(1500)})
    data = client.get_run(run_id).data
    assert data.params["many249"] == "249" and data.metrics["many1499"] == 1499


@session()
def names():
    client = MlflowClient()
    run_id = client.create_run(client.create_experiment(fresh()), run_name="Lauf ✓ 日本語 🚀").info.run_id
    keys = ["größe", "学習率", "a/b/c", "with space", "dots.and-dashes_", "p:q", "x" * 250]
    for i, key in enumerate(keys):
        client.log_param(run_id, key, f"Wert ✓ {i} 🚀\n\t\"'\\")
        client.log_metric(run_id, key, i)
        client.set_tag(run_id, key, "日本語 ✓")
    run = client.get_run(run_id)
    assert run.info.run_name == "Lauf ✓ 日本語 🚀"
    assert [run.data.params[key] for key in keys] == [f"Wert ✓ {i} 🚀\n\t\"'\\" for i in range(len(keys))]
    assert [run.data.metrics[key] for key in keys] == list(range(len(keys)))
    assert {run.data.tags[key] for key in keys} == {"日本語 ✓"}
    assert client.get_metric_history(run_id, "学習率")[0].value == 1
    for wrong in ["../up", "/root", "a//b", "a/./b", "", ".", "a/../b", "new\nline", "a?b", "x" * 251]:
        refuses("INVALID_PARAMETER_VALUE", client.log_metric, run_id, wrong, 1)
        refuses("INVALID_PARAMETER_VALUE", client.log_param, run_id, wrong, 1)
    client.log_param(run_id, "long", "ü" * 6001)  # cut, by the client or the server
    client.set_tag(run_id, "long", "ü" * 8001)
    data = client.get_run(run_id).data
    assert data.params["long"] == "ü" * 6000 and data.tags["long"] == "ü" * 8000


# Runs for the searches: name -> (metrics, params, tags, start_time).
SEARCHED = {
    "a": ({"loss": 0.1, "acc": 0.9, "odd name/x": 1}, {"lr": "0.01", "kind": "Forest"}, {"team": "blue"}, 1000),
    "b": ({"loss": 0.5, "acc": 0.5}, {"lr": "0.1", "kind": "forest fire"}, {"team": "red", "odd.tag": "x"}, 2000),
    "c": ({"loss": 2.5}, {"lr": "1", "my param": "it's"}, {"team": "Blue"}, 3000),
    "d": ({"loss": float("nan"), "acc": 0.7}, {"kind": "tree"}, {}, 4000),
    "e": ({}, {}, {"team": "blue"}, 5000),
}


@session()
def search():
    client = MlflowClient()
    experiment = client.create_experiment(fresh())
    ids = {}
    for name, (metrics, params, tags, start) in SEARCHED.items():
        run = client.create_run(experiment, start_time=start, run_name=name, tags=tags)
        ids[name] = run.info.run_id
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(k, v, start, 0) for k, v in metrics.items()],
            params=[Param(k, v) for k, v in params.items()],
        )
    client.set_terminated(ids["a"], "FINISHED", end_time=9000)
    client.set_terminated(ids["b"], "FAILED", end_time=9500)
    artifact_uri = client.get_run(ids["a"]).info.artifact_uri

    def found(filter_string, **options):
        return "".join(sorted(run.info.run_name for run in client.search_runs([experiment], filter_string, **options)))

    expected = {
        "": "abcde",
        "metrics.loss < 0.5": "a",
        "metrics.loss <= 0.5": "ab",
        "metrics.loss > 0.5": "c",
        "metrics.loss >= 0.5": "bc",
        "metrics.loss = 0.5": "b",
        "metrics.loss != 0.5": "acd",
        "metric.loss < 1e0 and metrics.acc > .6": "a",
        "metrics.`odd name/x` = 1": "a",
        'metrics."odd name/x" = 1': "a",
        "metrics.loss > -1": "abc",
        "params.lr = '0.1'": "b",
        "params.lr != '0.1'": "ac",
        "parameters.kind LIKE 'forest%'": "b",
        "params.kind ILIKE 'forest%'": "ab",
        "param.kind LIKE '%e%'": "abd",
        'params."my param" = "it\'s"': "c",
        "tags.team = 'blue'": "ae",
        "tags.team != 'blue'": "bc",
        "tags.team LIKE 'b%'": "ae",
        "tags.team IS NULL": "d",
        "tags.team IS NOT NULL": "abce",
        "params.lr IS NULL": "de",
        "params.lr IS NOT NULL": "abc",
        "tag.team ILIKE 'BLUE'": "ace",
        "tags.`odd.tag` = 'x'": "b",
        "tags.odd.tag = 'x'": "b",
        "attributes.status = 'FINISHED'": "a",
        "attribute.status != 'RUNNING'": "ab",
        "status = 'FAILED'": "b",
        "run_name = 'c'": "c",
        "attributes.run_name LIKE '_'": "abcde",
        "attributes.run_name ILIKE 'C'": "c",
        "run_name != 'c'": "abde",
        "status LIKE 'F%'": "ab",
        "status ILIKE 'finish%'": "a",
        f"artifact_uri LIKE '%/{ids['b']}/%'": "b",
        f"artifact_uri != '{artifact_uri}'": "bcde",
        f"artifact_uri = '{artifact_uri}'": "a",
        f"artifact_uri ILIKE '{artifact_uri.upper()}'": "a",
        "attr.`Run name` = 'd'": "d",
        "attributes.start_time > 3000": "de",
        "start_time <= 2000": "ab",
        "start_time < 2000": "a",
        "start_time >= 4000": "de",
        "start_time = 3000": "c",
        "created != 3000": "abde",
        "end_time = 9000": "a",
        "end_time != 9000": "b",
        "end_time > 9000 AND end_time <= 9500": "b",
        "attributes.end_time >= 9000": "ab",
        "end_time < 9500": "a",
        f"run_id = '{ids['e']}'": "e",
        f"attributes.run_id IN ('{ids['a']}', '{ids['c']}')": "ac",
        f"attributes.run_id NOT IN ('{ids['a']}', '{ids['c']}')": "bde",
        f"run_id != '{ids['a']}' AND tags.team = 'blue'": "e",
        "metrics.loss < 1 AND params.lr LIKE '0.%' AND tags.team = 'red' AND status = 'FAILED'": "b",
        "metrics.nothing = 1": "",
        "params.nothing != 'x'": "",
    }
    wrong = {filter_string: got for filter_string, names in expected.items() if (got := found(filter_string)) != names}
    assert wrong == {}, wrong
    refused = [
        "metrics.loss",
        "metrics.loss <",
        "metrics.loss < 'x'",
        "metrics.loss LIKE '1'",
        "metrics.loss < 1 OR metrics.acc > 0",
        "params.lr = 1",
        "params.lr > '1'",
        "params.lr = 'unbalanced",
        "tags.team = blue",
        "nonsense.key = 'x'",
        "attributes.nonsense = 'x'",
        "(metrics.loss < 1)",
        "= 'x'",
    ]
    accepted = []
    for filter_string in refused:
        try:
            refuses("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], filter_string)
        except AssertionError:
            accepted.append(filter_string)
    assert accepted == [], accepted
    refuses("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], max_results=50_001)
    assert list(client.search_runs(["999999999999"])) == []


@session()
def search_order():
    client = MlflowClient()
    experiment = client.create_experiment(fresh())
    for name, (metrics, params, tags, start) in SEARCHED.items():
        run = client.create_run(experiment, start_time=start, run_name=name, tags=tags)
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(k, v, start, 0) for k, v in metrics.items()],
            params=[Param(k, v) for k, v in params.items()],
        )

    def order(*order_by, **options):
        return "".join(run.info.run_name for run in client.search_runs([experiment], order_by=order_by, **options))

    assert order() == "edcba"
    assert order("attributes.start_time ASC") == "abcde"
    assert order("start_time DESC") == "edcba"
    assert order("metrics.loss ASC") == "abcde"  # numbers, then NaN, then what has none
    assert order("metrics.loss DESC") == "cbade"
    assert order("metrics.`loss`") == "abcde"
    assert order("params.lr", "start_time ASC") == "abcde"
    assert order("params.lr DESC", "start_time ASC") == "cbade"
    assert order("tags.team ASC", "metrics.loss DESC") in ("caebd", "aecbd")  # "B" before "b", or letters alike
    assert order("attributes.run_name DESC") == "edcba"
    pages, token = [], None
    for _ in range(5):
        page = client.search_runs([experiment], order_by=["metrics.loss"], max_results=2, page_token=token)
        pages.append("".join(run.info.run_name for run in page))
        token = page.token
        if not token:
            break
    assert pages == ["ab", "cd", "e"], pages
    frame = mlflow.search_runs([experiment], order_by=["start_time ASC"])
    assert list(frame["metrics.loss"][:3]) == [0.1, 0.5, 2.5] and list(frame["params.lr"][:3]) == ["0.01", "0.1", "1"]
    refuses("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], order_by=["nonsense.x"])
    refuses("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], page_token="made up")


@session()
def deletion():
    client = MlflowClient()
    experiment = client.create_experiment(fresh())
    kept, gone = (client.create_run(experiment).info.run_id for _ in range(2))
    client.log_metric(gone, "m", 1)
    client.delete_run(gone)
    assert client.get_run(gone).info.lifecycle_stage == "deleted"

    def seen(view):
        return {run.info.run_id for run in client.search_runs([experiment], run_view_type=view)}

    assert seen(ViewType.ACTIVE_ONLY) == {kept}
    assert seen(ViewType.DELETED_ONLY) == {gone}
    assert seen(ViewType.ALL) == {kept, gone}
    for change in (
        lambda: client.log_metric(gone, "m", 2),
        lambda: client.log_param(gone, "p", 2),
        lambda: client.set_tag(gone, "t", 2),
        lambda: client.log_batch(gone, metrics=[Metric("m", 1, 1, 1)]),
    ):
        refuses("INVALID_PARAMETER_VALUE", change)
    client.restore_run(gone)
    assert seen(ViewType.ACTIVE_ONLY) == {kept, gone}
    assert client.get_run(gone).data.metrics == {"m": 1}
    client.delete_run(gone)
    client.delete_experiment(experiment)
    assert client.get_run(kept).info.lifecycle_stage == "deleted"
    client.restore_experiment(experiment)
    assert client.get_run(kept).info.lifecycle_stage == "active"


@session()
def datasets():
    import numpy
    import pandas

    client = MlflowClient()
    experiment = mlflow.set_experiment(fresh()).experiment_id
    frame = pandas.DataFrame({"x": range(20), "y": [0.5] * 20, "größe": ["a"] * 20})
    table = mlflow.data.from_pandas(frame, source="https://example.com/data.csv", name="iris ü", targets="y")
    array = mlflow.data.from_numpy(numpy.ones((4, 2)), source="https://example.com/x.npy", name="array")
    with mlflow.start_run(run_name="first") as first:
        mlflow.log_input(table, context="training")
        mlflow.log_input(array, context="validation", tags={"split": "10%"})
        mlflow.log_input(table, context="training")  # again
    with mlflow.start_run(run_name="second"):
        mlflow.log_input(array)
    inputs = {i.dataset.name: i for i in client.get_run(first.info.run_id).inputs.dataset_inputs}
    assert set(inputs) == {"iris ü", "array"}
    kept = inputs["iris ü"].dataset
    assert kept.digest == table.digest and kept.source_type == "http"
    assert "example.com/data.csv" in kept.source and json.loads(kept.profile)["num_rows"] == 20
    assert "größe" in [column["name"] for column in json.loads(kept.schema)["mlflow_colspec"]]
    assert {t.key: t.value for t in inputs["iris ü"].tags}["mlflow.data.context"] == "training"
    assert {t.key: t.value for t in inputs["array"].tags}["split"] == "10%"

    def found(filter_string):
        return sorted(run.info.run_name for run in client.search_runs([experiment], filter_string))

    assert found("dataset.name = 'array'") == ["first", "second"]
    assert found("datasets.name LIKE 'iris%'") == ["first"]
    assert found("dataset.name IN ('iris ü', 'other')") == ["first"]
    assert found(f"dataset.digest = '{array.digest}'") == ["first", "second"]
    assert found("dataset.context = 'validation'") == ["first"]
    assert found("dataset.context = 'test'") == []
    assert found("dataset.name ILIKE 'ARR%'") == ["first", "second"]
    assert found("dataset.name != 'array'") == ["first"]
    assert found(f"dataset.digest IN ('{table.digest}')") == ["first"]
    assert found(f"dataset.digest LIKE '{table.digest[:4]}%'") == ["first"]
    assert found(f"dataset.digest != '{array.digest}'") == ["first"]
    assert found("dataset.context ILIKE 'TRAIN%'") == ["first"]
    assert found("dataset.context IN ('validation', 'training')") == ["first"]
    assert mlflow.data.get_source(client.get_run(first.info.run_id).inputs.dataset_inputs[0].dataset)


@session()
def errors():
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    refuses("RESOURCE_DOES_NOT_EXIST", client.log_metric, "f" * 32, "m", 1)
    refuses("RESOURCE_DOES_NOT_EXIST", client.log_batch, "f" * 32, metrics=[Metric("m", 1, 1, 1)])
    refuses("RESOURCE_DOES_NOT_EXIST", client.set_terminated, "f" * 32)
    refuses("RESOURCE_DOES_NOT_EXIST", client.delete_run, "f" * 32)
    refuses("RESOURCE_DOES_NOT_EXIST", client.set_experiment_tag, "999999999999", "a", "b")
    client.delete_run(run_id)


@session(major=3)
def logged_models():
    client = MlflowClient()
    experiment = client.create_experiment(fresh())
    run_id = client.create_run(experiment).info.run_id
    many = {f"p{i}": str(i) for i in range(250)}  # sent in several requests
    made = client.create_logged_model(
        experiment, name="forest", source_run_id=run_id, tags={"stage": "dev"}, params=many, model_type="classifier"
    )
    assert made.model_id.startswith("m-") and made.status == "PENDING" and made.name == "forest"
    assert made.artifact_location.endswith(f"/models/{made.model_id}/artifacts")
    client.finalize_logged_model(made.model_id, "READY")
    model = client.get_logged_model(made.model_id)
    assert model.status == "READY" and model.params == many and model.tags == {"stage": "dev"}
    assert model.source_run_id == run_id and model.model_type == "classifier" and model.experiment_id == experiment
    assert model.creation_timestamp <= model.last_updated_timestamp
    client.set_logged_model_tags(made.model_id, {"stage": "prod", "ü b": "ü"})
    client.delete_logged_model_tag(made.model_id, "ü b")
    assert client.get_logged_model(made.model_id).tags == {"stage": "prod"}
    client.log_metric(run_id, "acc", 0.5, step=1, model_id=made.model_id)
    client.log_metric(run_id, "acc", 0.75, step=2, model_id=made.model_id, dataset_name="iris", dataset_digest="abc")
    seen = {(m.key, m.value, m.dataset_name) for m in client.get_logged_model(made.model_id).metrics}
    assert ("acc", 0.75, "iris") in seen, seen
    other = client.create_logged_model(experiment, name="tree", source_run_id=run_id)
    client.log_metric(run_id, "acc", 0.25, step=3, model_id=other.model_id)
    client.finalize_logged_model(other.model_id, "FAILED")
    assert client.get_logged_model(other.model_id).status == "FAILED"
    unnamed = client.create_logged_model(experiment)
    assert unnamed.name

    def found(filter_string=None, **options):
        return [m.name for m in client.search_logged_models([experiment], filter_string, **options)]

    assert sorted(found()) == sorted(["forest", "tree", unnamed.name])
    assert found("name = 'forest'") == ["forest"]
    assert found("name LIKE 'f%' AND tags.stage = 'prod'") == ["forest"]
    assert found("params.p7 = '7'") == ["forest"]
    assert found("metrics.acc > 0.6") == ["forest"]
    assert found("metrics.acc < 0.3") == ["tree"]
    assert found("metrics.acc <= 0.25") == found("metrics.acc = 0.25") == found("metrics.acc != 0.75") == ["tree"]
    assert found("metrics.acc >= 0.75") == ["forest"]
    assert found("name != 'forest' AND name ILIKE 'TR%'") == ["tree"]
    assert found("tags.stage ILIKE 'PR_D'") == found("tags.stage LIKE 'p%'") == ["forest"]
    assert found("tags.stage != 'prod'") == [] == found("params.p7 != '7'")
    assert found("params.p7 LIKE '_'") == found("params.p7 ILIKE '7%'") == ["forest"]
    assert found("status = 'FAILED'") == ["tree"] and "tree" not in found("status != 'FAILED'")
    created = made.creation_timestamp
    assert "forest" in found(f"creation_timestamp >= {created} AND creation_timestamp <= {created}")
    assert "forest" not in found(f"creation_timestamp > {created}") + found(f"creation_timestamp < {created}")
    assert found("model_type = 'classifier'") == ["forest"]
    assert found(f"source_run_id = '{run_id}'", order_by=[{"field_name": "name", "ascending": True}]) == [
        "forest",
        "tree",
    ]
    assert found(f"model_id = '{other.model_id}'") == ["tree"]
    by_accuracy = found(f"source_run_id = '{run_id}'", order_by=[{"field_name": "metrics.acc", "ascending": False}])
    assert by_accuracy == ["forest", "tree"], by_accuracy
    assert found("metrics.acc > 0.6", datasets=[{"dataset_name": "iris", "dataset_digest": "abc"}]) == ["forest"]
    page = client.search_logged_models([experiment], max_results=2)
    rest = client.search_logged_models([experiment], max_results=2, page_token=page.token)
    assert len(page) == 2 and len(rest) == 1 and not rest.token
    client.delete_logged_model(unnamed.model_id)
    refuses("RESOURCE_DOES_NOT_EXIST", client.get_logged_model, unnamed.model_id)
    refuses("RESOURCE_DOES_NOT_EXIST", client.get_logged_model, "m-" + "0" * 32)
    assert sorted(found()) == ["forest", "tree"]
    refuses("INVALID_PARAMETER_VALUE", client.search_logged_models, [experiment], "name = 'x' OR name = 'y'")


@session("artifacts")
def artifacts():
    client = MlflowClient()
    run_id = client.create_run(client.create_experiment(fresh())).info.run_id
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "deep", "er"))
        sizes = {"empty.bin": 0, "small.txt": 5, "deep/Größe ü.bin": 70_000, "deep/er/mega.bin": 3 << 20}
        for name, size in sizes.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(os.urandom(size))
        client.log_artifacts(run_id, folder, "files")
        client.log_artifact(run_id, os.path.join(folder, "small.txt"))
        client.log_text(run_id, "Grüße 🚀", "notes/a.txt")
        client.log_dict(run_id, {"a": [1, 2]}, "config.json")
        assert {f.path for f in client.list_artifacts(run_id)} == {"files", "small.txt", "notes", "config.json"}
        listed = {f.path: (f.is_dir, f.file_size) for f in client.list_artifacts(run_id, "files/deep")}
        assert listed["files/deep/Größe ü.bin"] == (False, 70_000) and listed["files/deep/er"][0]
        assert client.list_artifacts(run_id, "small.txt") == [] and client.list_artifacts(run_id, "nothing") == []
        back = client.download_artifacts(run_id, "files")
        for name in sizes:
            with open(os.path.join(folder, name), "rb") as sent, open(os.path.join(back, name), "rb") as got:
                assert sent.read() == got.read(), name
        client.log_text(run_id, "changed", "notes/a.txt")
        uri = f"runs:/{run_id}/notes/a.txt"
        assert mlflow.artifacts.load_text(uri) == "changed"
        assert mlflow.artifacts.load_dict(client.get_run(run_id).info.artifact_uri + "/config.json") == {"a": [1, 2]}
    try:
        client.download_artifacts(run_id, "nothing")
    except Exception:
        pass
    else:
        raise AssertionError("a file that is not there was downloaded")
    for path in ["../up", "/etc/passwd", "a/../../up", "%2e%2e/up"]:
        try:
            client.list_artifacts(run_id, path)
        except Exception as error:
            assert "400" in str(error) or "INVALID_PARAMETER_VALUE" in str(error), error
        else:
            raise AssertionError(path)


@session("artifacts", on_demand=True)
def large_artifact():
    import hashlib

    client = MlflowClient()
    run_id = client.create_run(client.create_experiment(fresh())).info.run_id
    block = os.urandom(1 << 20)
    with tempfile.TemporaryDirectory() as folder:
        sent = os.path.join(folder, "600 MB.bin")
        digest = hashlib.sha256()
        with open(sent, "wb") as file:
            for i in range(600):
                chunk = i.to_bytes(8, "little") + block[8:]
                digest.update(chunk)
                file.write(chunk)
        client.log_artifact(run_id, sent, "large")
        os.remove(sent)
        (listed,) = client.list_artifacts(run_id, "large")
        assert (listed.path, listed.file_size) == ("large/600 MB.bin", 600 << 20)
        with open(client.download_artifacts(run_id, "large/600 MB.bin", folder), "rb") as file:
            assert hashlib.file_digest(file, "sha256").digest() == digest.digest()


def iris():
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    features, labels = load_iris(return_X_y=True)
    return LogisticRegression(max_iter=300).fit(features, labels), features


def model_name(name):
    return {"name": name} if MAJOR >= 3 else {"artifact_path": name}


@session("artifacts")
def autolog():
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    experiment = mlflow.set_experiment(fresh()).experiment_id
    mlflow.sklearn.autolog(log_models=True, silent=True)
    try:
        features, labels = load_iris(return_X_y=True, as_frame=True)
        with mlflow.start_run() as run:
            LogisticRegression(max_iter=300).fit(features, labels)
    finally:
        mlflow.sklearn.autolog(disable=True)
    client = MlflowClient()
    run = client.get_run(run.info.run_id)
    assert run.data.params["max_iter"] == "300" and run.data.metrics["training_accuracy_score"] > 0.9
    assert run.data.tags["estimator_name"] == "LogisticRegression"
    assert run.inputs.dataset_inputs and "estimator.html" in {f.path for f in client.list_artifacts(run.info.run_id)}
    if MAJOR >= 3:
        (model,) = client.search_logged_models([experiment])
        assert model.status == "READY" and model.source_run_id == run.info.run_id
        assert run.outputs.model_outputs[0].model_id == model.model_id
        uri = model.model_uri
    else:
        uri = f"runs:/{run.info.run_id}/model"
        assert json.loads(run.data.tags["mlflow.log-model.history"])[0]["artifact_path"] == "model"
    assert len(mlflow.pyfunc.load_model(uri).predict(features)) == len(labels)


@session("artifacts")
def sklearn_model():
    mlflow.set_experiment(fresh())
    model, features = iris()
    with mlflow.start_run() as run:
        mlflow.log_metric("acc", 0.9, step=3)
        info = mlflow.sklearn.log_model(
            model,
            **model_name("forest"),
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
            signature=mlflow.models.infer_signature(features, model.predict(features)),
            input_example=features[:2],
        )
    loaded = mlflow.sklearn.load_model(info.model_uri)
    assert (loaded.predict(features) == model.predict(features)).all()
    assert (
        mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/forest").predict(features) == model.predict(features)
    ).all()
    assert mlflow.models.get_model_info(info.model_uri).signature.inputs is not None


def onnx_of(model, features):
    from skl2onnx import to_onnx

    return to_onnx(model, features[:1].astype("float32"), options={"zipmap": False})


@session("artifacts")
def onnx_model():
    import numpy

    mlflow.set_experiment(fresh())
    model, features = iris()
    graph = onnx_of(model, features)
    with mlflow.start_run():
        info = mlflow.onnx.log_model(graph, **model_name("graph"), pip_requirements=["onnxruntime"])
    assert mlflow.onnx.load_model(info.model_uri).graph.input[0].name == graph.graph.input[0].name
    predicted = mlflow.pyfunc.load_model(info.model_uri).predict(features.astype("float32"))
    labels = next(values for name, values in predicted.items() if "label" in name)
    assert (numpy.asarray(labels).ravel() == model.predict(features)).all()


@session("artifacts", "registry")
def registry():
    import numpy

    client = MlflowClient()
    name = fresh("iris")
    mlflow.set_experiment(fresh())
    model, features = iris()
    graph = onnx_of(model, features)
    for _ in range(2):
        with mlflow.start_run() as run:
            mlflow.onnx.log_model(
                graph, **model_name("graph"), pip_requirements=["onnxruntime"], registered_model_name=name
            )
    versions = sorted(client.search_model_versions(f"name = '{name}'"), key=lambda v: int(v.version))
    assert [str(v.version) for v in versions] == ["1", "2"] and versions[1].run_id == run.info.run_id
    assert client.get_model_version(name, "2").status == "READY"
    client.set_registered_model_alias(name, "candidate", "2")
    assert str(client.get_model_version_by_alias(name, "candidate").version) == "2"
    assert client.get_registered_model(name).aliases["candidate"] in ("2", 2)
    client.set_model_version_tag(name, "2", "checked", "yes")
    assert client.get_model_version(name, "2").tags["checked"] == "yes"
    client.update_registered_model(name, "Blumen ü")
    assert client.get_registered_model(name).description == "Blumen ü"
    for uri in (f"models:/{name}/2", f"models:/{name}@candidate", f"models:/{name}/latest"):
        predicted = mlflow.pyfunc.load_model(uri).predict(features[:3].astype("float32"))
        labels = next(values for key, values in predicted.items() if "label" in key)
        assert (numpy.asarray(labels).ravel() == model.predict(features[:3])).all()
    assert name in [m.name for m in client.search_registered_models(f"name LIKE '{name[:8]}%'")]
    client.delete_registered_model_alias(name, "candidate")
    refuses("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, name, "candidate")
    assert client.create_registered_model(fresh("other"), tags={"a": "b"}).tags == {"a": "b"}
    refuses("RESOURCE_ALREADY_EXISTS", client.create_registered_model, name)
    refuses("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, fresh("nobody"))


@session("registry")
def registry_search():
    client = MlflowClient()
    mark = uuid.uuid4().hex[:8]
    runs = {}
    for letter, team in zip("abc", ("blue", "red", None), strict=True):
        client.create_registered_model(f"{mark} {letter}", tags={"team": team} if team else None)
        runs[letter] = client.create_run("0").info.run_id
        for number in range(1, 3):
            source = f"s3://bucket/{mark}/{letter}/{number}"
            tags = {"stage": f"{letter}{number}"} if letter != "c" else None
            client.create_model_version(f"{mark} {letter}", source, runs[letter], tags=tags)

    def models(filter_string, **options):
        page = client.search_registered_models(filter_string, **options)
        return "".join(m.name[-1] for m in page if m.name.startswith(mark))

    assert models(f"name LIKE '{mark}%'") == "abc"
    assert models(f"name ILIKE '{mark.upper()}%'", order_by=["name DESC"]) == "cba"
    assert models(f"name = '{mark} b'") == "b"
    assert models(f"name LIKE '{mark}%' AND name != '{mark} b'") == "ac"
    assert models(f"name LIKE '{mark}%' AND tags.team = 'blue'") == "a"
    assert models(f"name LIKE '{mark}%' AND tags.team != 'blue'") == "b"
    assert models(f"name LIKE '{mark}%' AND tags.team LIKE 'r%'") == "b"
    assert models(f"name LIKE '{mark}%' AND tags.`team` ILIKE '%E%'") == "ab"
    page = client.search_registered_models(f"name LIKE '{mark}%'", max_results=2)
    rest = client.search_registered_models(f"name LIKE '{mark}%'", max_results=2, page_token=page.token)
    assert [m.name[-1] for m in [*page, *rest]] == ["a", "b", "c"] and not rest.token

    def versions(filter_string, order_by=("name ASC", "version_number ASC")):
        found = client.search_model_versions(filter_string, order_by=list(order_by))
        return " ".join(f"{v.name[-1]}{v.version}" for v in found if v.name.startswith(mark))

    assert versions(f"name LIKE '{mark}%'") == "a1 a2 b1 b2 c1 c2"
    assert versions(f"name ILIKE '{mark.upper()} A'") == "a1 a2"
    assert versions(f"name = '{mark} a'", ["version_number DESC"]) == "a2 a1"
    assert versions(f"name != '{mark} a' AND name LIKE '{mark}%'") == "b1 b2 c1 c2"
    assert versions(f"run_id = '{runs['b']}'") == "b1 b2"
    assert versions(f"run_id IN ('{runs['a']}', '{runs['c']}')") == "a1 a2 c1 c2"
    assert versions(f"source_path = 's3://bucket/{mark}/c/1'") == "c1"
    assert versions(f"source_path LIKE 's3://bucket/{mark}/%/2'") == "a2 b2 c2"
    for operator, expected in {
        "=": "a1",
        "!=": "a2",
        "<": "",
        "<=": "a1",
        ">": "a2",
        ">=": "a1 a2",
    }.items():
        assert versions(f"name = '{mark} a' AND version_number {operator} 1") == expected, operator
    assert versions(f"name LIKE '{mark}%' AND tags.stage = 'a1'") == "a1"
    assert versions(f"name LIKE '{mark}%' AND tags.stage != 'a1'") == "a2 b1 b2"
    assert versions(f"name LIKE '{mark}%' AND tags.stage LIKE '_2'") == "a2 b2"
    assert versions(f"name LIKE '{mark}%' AND tags.stage ILIKE 'B%'") == "b1 b2"
    for refused in ("name > 'a'", "nonsense = 'x'", "tags.team = blue", "name = 'unbalanced"):
        refuses("INVALID_PARAMETER_VALUE", client.search_registered_models, refused)
        refuses("INVALID_PARAMETER_VALUE", client.search_model_versions, refused)


def main(out, *wanted):
    warnings.simplefilter("ignore")
    results = {}
    for name in wanted or [n for n in SESSIONS if n not in ON_DEMAND]:
        if name not in SESSIONS:
            continue
        try:
            SESSIONS[name][0]()
            results[name] = None
        except BaseException:
            results[name] = traceback.format_exc()
        while mlflow.active_run():
            mlflow.end_run()
    with open(out, "w") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main(*sys.argv[1:])

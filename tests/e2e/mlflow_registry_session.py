"""Steps of the unmodified MLflow client in the registry, for test_mlflow_registry.py, which decides in between as other
people would.

Reads a step a line from its input, [NAME, {ARGUMENTS}], and writes a line for each: {"result": …} or {"error": …}.
"""

import json
import os
import sys
import traceback
import warnings

import mlflow
import numpy
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature


def iris():
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    features, labels = load_iris(return_X_y=True)
    return LogisticRegression(max_iter=500).fit(features, labels), features.astype("float32")


def named(features):
    import pandas

    return pandas.DataFrame(features.astype("float64"), columns=["sepal l", "sepal w", "petal l", "petal w"])


def graph_of(model, features):
    from skl2onnx import to_onnx

    return to_onnx(model, features[:1], options={"zipmap": False})


def code_of(function, *arguments, **options):
    """The error code and message that a call is refused with."""
    try:
        function(*arguments, **options)
    except MlflowException as error:
        return [error.error_code, str(error)]
    return [None, ""]


def facts(version):
    return {
        "version": str(version.version),
        "status": version.status,
        "message": version.status_message,
        "run_id": version.run_id,
        "stage": version.current_stage,
        "tags": dict(version.tags),
        "aliases": list(version.aliases),
        "source": version.source,
    }


def log_onnx(name, semver=None, signature="columns"):
    """Logs and registers; `signature`: columns, tensor, double (which the graph does not take), none."""
    model, features = iris()
    signatures = {
        "columns": lambda: infer_signature(named(features)),
        "tensor": lambda: infer_signature(features),
        "double": lambda: infer_signature(features.astype("float64")),
        "none": lambda: None,
    }
    mlflow.set_experiment("registry")
    with mlflow.start_run() as run:
        info = mlflow.onnx.log_model(
            graph_of(model, features), name="graph", pip_requirements=["onnxruntime"], signature=signatures[signature]()
        )
    tags = {"semver": semver} if semver else None
    try:
        version = mlflow.register_model(info.model_uri, name, tags=tags)
    except MlflowException as error:
        return {"error": str(error), "run_id": run.info.run_id}
    return {**facts(MlflowClient().get_model_version(name, version.version)), "run": run.info.run_id}


def log_sklearn(name):
    model, features = iris()
    mlflow.set_experiment("registry")
    with mlflow.start_run():
        mlflow.sklearn.log_model(
            model,
            name="forest",
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
            registered_model_name=name,
        )
    loaded = mlflow.sklearn.load_model(f"models:/{name}/1")
    assert (loaded.predict(features) == model.predict(features)).all()
    return facts(MlflowClient().get_model_version(name, 1))


def predict(uri):
    """Labels of every tenth row, by the graph that the client loads."""
    import onnxruntime

    _, features = iris()
    assert mlflow.pyfunc.load_model(uri).metadata.flavors["onnx"]
    session = onnxruntime.InferenceSession(mlflow.onnx.load_model(uri).SerializeToString())
    return session.run(["label"], {"X": features[::10]})[0].tolist()


def load_any(uri):
    """Output names and shapes of a model pushed by the command line, for its two INT32 inputs of 16."""
    ones = numpy.ones((1, 16), dtype="int32")
    answer = mlflow.pyfunc.load_model(uri).predict({"INPUT0": ones, "INPUT1": ones})
    return {name: numpy.asarray(value).tolist() for name, value in answer.items()}


def refused(uri):
    return code_of(mlflow.pyfunc.load_model, uri)


def expected():
    model, features = iris()
    return model.predict(features[::10]).tolist()


def get(name, version):
    return facts(MlflowClient().get_model_version(name, str(version)))


def call(method, arguments):
    """Any method of the client: [error code, message]."""
    return code_of(getattr(MlflowClient(), method), *arguments)


def search(filter_string, order_by=None, max_results=1000):
    found = MlflowClient().search_model_versions(filter_string, order_by=order_by, max_results=max_results)
    return [[v.name, str(v.version)] for v in found]


def search_models(filter_string=None, max_results=100, order_by=None):
    """All pages."""
    client, names, token = MlflowClient(), [], None
    while True:
        page = client.search_registered_models(filter_string, max_results, order_by, token)
        names += [m.name for m in page]
        token = page.token
        if not token:
            return names


def references(name):
    """A model whose versions are kept elsewhere, through everything that MLflow's own registry tests do with one."""
    client = MlflowClient()
    tags = {"key": "value", "numeric value": 12345}
    made = client.create_registered_model(name, tags)
    assert made.tags == {"key": "value", "numeric value": "12345"}
    assert client.get_registered_model(name).latest_versions == []
    one = client.create_model_version(name, "path/to/model", "run_id_1", tags=tags)
    assert one.version in (1, "1") and one.tags == {"key": "value", "numeric value": "12345"}
    two = client.create_model_version(name, "s3://bucket/model", "run_id_1")
    assert [str(v.version) for v in client.get_registered_model(name).latest_versions] == ["2"]
    assert client.get_model_version_download_uri(name, "1") == "path/to/model"
    assert [
        str(v.version) for v in client.search_model_versions("source_path = 'path/to/model'") if v.name == name
    ] == ["1"]
    client.transition_model_version_stage(name, "1", "Staging")
    latest = {v.current_stage: str(v.version) for v in client.get_latest_versions(name)}
    assert latest == {"Staging": "1", "None": "2"}
    client.update_model_version(name, "1", "Beschreibung ü")
    assert client.get_model_version(name, "1").description == "Beschreibung ü"
    client.set_model_version_tag(name, "1", "empty", "")
    assert client.get_model_version(name, "1").tags["empty"] == ""
    client.delete_model_version_tag(name, "1", "empty")
    assert "empty" not in client.get_model_version(name, "1").tags
    client.rename_registered_model(name, name + " renamed")
    assert client.get_model_version(name + " renamed", "1").source == "path/to/model"
    assert code_of(client.get_registered_model, name)[0] == "RESOURCE_DOES_NOT_EXIST"
    assert code_of(client.get_model_version, name + " renamed", "one")[0] == "INVALID_PARAMETER_VALUE"
    client.delete_model_version(name + " renamed", "1")
    assert code_of(client.get_model_version, name + " renamed", "1")[0] == "RESOURCE_DOES_NOT_EXIST"
    assert str(client.create_model_version(name + " renamed", "a/b/c").version) == "3"
    client.delete_registered_model(name + " renamed")
    assert name + " renamed" not in [m.name for m in client.search_registered_models()]
    client.create_registered_model(name + " renamed")
    assert client.get_registered_model(name + " renamed").latest_versions == []
    return [str(two.version)]


def copy(source, destination):
    return facts(MlflowClient().copy_model_version(source, destination))


def main():
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the client prints is no answer
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = {"result": globals()[name](**arguments)}
        except Exception:  # whatever a step fails with is its answer
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

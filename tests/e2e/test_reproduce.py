"""`slipway run record`, then `slipway reproduce`: real git and virtual environments, a wheel made here, no network."""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
import zipfile

import pytest
from server import MODELS, SLIPWAY

PUSH = ("model", "push", MODELS / "simple.onnx", "--name")
TRAIN = """
import json, os, random, sys
import scaling

random.seed(int(os.environ["SLIPWAY_SEED"]))
rows = [float(line.split(",")[1]) for line in open("data.csv").read().splitlines()[1:]]
weights = [random.random() * row * scaling.FACTOR for row in rows]
os.makedirs("out", exist_ok=True)
json.dump({"loss": sum(weights), "set": sorted({"b", "a"})}, open("out/metrics.json", "w"))
open("out/model.bin", "wb").write(repr(weights).encode())
print("trained on", len(rows), "rows")
"""


def make_wheel(folder, name="scaling", version="1.0", factor=2):
    """A wheel (PEP 427) of one module; every entry of RECORD has its digest."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"FACTOR = {factor}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def run(*arguments, cwd, check=True, environment=None):
    done = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **(environment or {})},
    )
    assert not check or done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done


def git(repository, *arguments):
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    return run("git", *who, *arguments, cwd=repository).stdout.strip()


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of a virtual environment with one package, from a wheel."""
    folder = tmp_path_factory.mktemp("python")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    executable = folder / "venv/bin/python"
    pip = [sys.executable, "-m", "pip", "--python", executable, "install", "--no-index", "--no-deps", "--quiet"]
    run(*pip, make_wheel(folder), cwd=folder)
    return executable


class Project:
    def __init__(self, folder, python):
        self.folder = folder
        self.python = python
        folder.mkdir()
        git(folder, "init", "--quiet")
        self.write("train.py", TRAIN)
        self.write(".gitignore", "data.csv\n")
        self.write("data.csv", "id,value\n1,0.5\n2,0.25\n3,4\n")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", "first")

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def record(self, *options, command=None, check=True, environment=None):
        """The bundle's directory and the run.json in it."""
        bundle = self.folder.parent / f"bundle{len(list(self.folder.parent.iterdir()))}"
        command = command or [self.python, "train.py"]
        inputs = ["--input", "data.csv", "--output", "out", "--seed", "7"]
        line = [SLIPWAY, "run", "record", "--local", "--no-network", "--out", bundle, *inputs, *options, "--", *command]
        done = run(*line, cwd=self.folder, check=check, environment=environment)
        return bundle, json.loads((bundle / "run.json").read_text()) if (bundle / "run.json").exists() else None, done

    def reproduce(self, bundle, *options):
        """The exit code and the report."""
        done = run(
            SLIPWAY, "reproduce", bundle, "--no-network", "--json", *options, cwd=self.folder.parent, check=False
        )
        assert done.stdout.startswith("{"), done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def project(tmp_path, python):
    return Project(tmp_path / "project", python)


def test_bit_identical(project):
    project.write("train.py", TRAIN.replace("sum(weights)", "2 * sum(weights)"))  # not committed
    project.write("notes.txt", "git does not know this\n")
    project.write(".env", "TOKEN=hunter2-hunter2\n")
    bundle, record, done = project.record(
        "--metric-file", "out/metrics.json", "--env", "MODE", environment={"MODE": "fast", "OMP_NUM_THREADS": "1"}
    )
    assert done.stdout == "trained on 3 rows\n"
    assert record["inputs"][0]["rows"] == 3
    assert [file["path"] for file in record["outputs"]] == ["out/metrics.json", "out/model.bin"]
    assert list(record["metrics"]) == ["loss"]
    assert record["seeds"] == {"PYTHONHASHSEED": "7", "SLIPWAY_SEED": "7"}
    assert record["variables"]["MODE"] == "fast"
    assert record["variables"]["OMP_NUM_THREADS"] == "1"
    (package,) = record["python"]["packages"]
    assert package["name"] == "scaling"
    assert package["sha256"] == hashlib.sha256((bundle / package["file"]).read_bytes()).hexdigest()
    changes = (bundle / "changes.diff").read_text()
    assert "2 * sum(weights)" in changes
    assert "notes.txt" in changes
    assert "hunter2" not in changes
    assert any(".env" in gap for gap in record["gaps"])

    shutil.rmtree(project.folder / "out")
    code, report = project.reproduce(bundle, "--keep", project.folder.parent / "again")
    assert (code, report["verdict"]) == (0, "bit-identical"), report
    assert [output["match"] for output in report["outputs"]] == ["identical", "identical"]
    assert report["same_standard_output"] is True
    again = project.folder.parent / "again"
    assert (again / "source/out/model.bin").exists()
    assert (again / "source/notes.txt").exists()
    assert not (project.folder / "out").exists()  # nothing was written where it was recorded
    where = run(again / "environment/bin/python", "-c", "import scaling; print(scaling.__file__)", cwd="/").stdout
    assert where.startswith(str(again / "environment"))


def test_within_tolerance(project, tmp_path):
    # The command gives other digits each time, far behind the decimal point; the tolerances say what is accepted.
    project.write(
        "train.py", TRAIN.replace("sum(weights)", "sum(weights) * (1 + 1e-9 * random.SystemRandom().uniform(1, 2))")
    )
    tolerances = tmp_path / "tolerances.json"
    tolerances.write_text(json.dumps({"relative": 1e-12, "places": {"out/metrics.json#/loss": {"relative": 1e-6}}}))
    bundle, _, _ = project.record("--tolerance-file", tolerances)
    code, report = project.reproduce(bundle)
    assert (code, report["verdict"]) == (0, "within-tolerance"), report
    metrics, model = report["outputs"]
    assert (metrics["match"], model["match"]) == ("within", "identical")
    assert metrics["largest_deviation"]["where"] == "/loss"
    assert 0 < metrics["largest_deviation"]["relative"] < 1e-6


def test_differs(project, tmp_path):
    counter = tmp_path / "counter"  # state that nobody declared
    project.write("train.py", TRAIN + f"\nopen({str(counter)!r}, 'a').write('x')\n")
    project.write("train.py", TRAIN.replace("sum(weights)", f"sum(weights) + len(open({str(counter)!r}).read())"))
    counter.write_text("x")
    bundle, record, _ = project.record("--tolerance", "1e-6")
    counter.write_text("xxx")
    code, report = project.reproduce(bundle)
    assert (code, report["verdict"]) == (1, "differs"), report
    largest = report["outputs"][0]["largest_deviation"]
    assert largest["where"] == "/loss"
    assert largest["absolute"] == pytest.approx(2)
    assert largest["recorded"] == pytest.approx(
        float(record["metrics"]["loss"]) if "metrics" in record else largest["recorded"]
    )
    assert "/loss" in report["why"]
    text = run(SLIPWAY, "reproduce", bundle, "--no-network", cwd=tmp_path, check=False)
    assert text.returncode == 1
    assert "out/metrics.json" in text.stdout
    assert "differs" in text.stdout


def test_cannot_run(project, tmp_path):
    bundle, _, _ = project.record()

    def reason(*options, of=bundle):
        code, report = project.reproduce(of, *options)
        assert (code, report["verdict"]) == (4, "cannot-run"), report
        return report["reason"], report["why"]

    # The input has changed; a folder with the right one helps.
    data = (project.folder / "data.csv").read_text()
    project.write("data.csv", data + "4,1\n")
    assert reason()[0] == "reproduce.input_changed"
    (project.folder / "data.csv").unlink()
    assert reason()[0] == "reproduce.input_missing"
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/data.csv").write_text(data)
    code, report = project.reproduce(bundle, "--input-dir", tmp_path / "kept")
    assert (code, report["verdict"]) == (0, "bit-identical"), report
    project.write("data.csv", data)

    # The commit is gone: neither the repository nor its remote has it.
    assert reason("--repository", tmp_path / "kept")[0] == "reproduce.commit_gone"
    # The interpreter is missing.
    assert reason("--python", "/usr/bin/env")[0] == "reproduce.no_interpreter"

    # The command fails where it did not before.
    project.write(
        "train.py", "import os, sys\nsys.exit(os.path.exists('/proc/self') and not os.path.exists('data.csv.note'))\n"
    )
    project.write("data.csv.note", "")
    project.write(".gitignore", "data.csv*\n")
    failing, _, _ = project.record()
    kind, why = reason(of=failing)
    assert kind == "reproduce.command_failed"
    assert "ended with 1" in why


def test_packages_that_cannot_be_had(project, tmp_path):
    bundle, record, _ = project.record()
    record["python"]["packages"][0]["sha256"] = "0" * 64
    (bundle / "run.json").write_text(json.dumps(record, separators=(",", ":"), ensure_ascii=False))
    code, report = project.reproduce(bundle)
    assert (code, report["reason"]) == (4, "reproduce.not_installable"), report
    assert "scaling" in report["why"]


def test_failure_is_recorded_and_reproduced(project):
    project.write("train.py", "import sys\nprint('no')\nsys.exit(3)\n")
    bundle, record, done = project.record(check=False)
    assert done.returncode == 3
    assert record["command"]["exit_code"] == 3
    assert "the command made no out" in record["gaps"]
    code, report = project.reproduce(bundle)
    assert (code, report["verdict"], report["exit_code"]) == (0, "bit-identical", 3), report


def test_secrets_are_not_kept(project):
    project.write("train.py", "import os\nprint('key is', os.environ['API_KEY'])\n")
    secret = {"API_KEY": "correct-horse-battery"}
    refused = project.record("--env", "API_KEY", environment=secret, check=False)
    assert refused[2].returncode == 1
    assert refused[1] is None
    assert project.record(command=[project.python, "train.py", "--token=abc"], check=False)[2].returncode == 1
    bundle, record, _ = project.record("--secret", "API_KEY", environment=secret)
    assert record["secrets"] == ["API_KEY"]
    assert record["out"]["tail"] == "key is ***\n"
    for path in bundle.rglob("*"):
        assert path.is_dir() or b"correct-horse" not in path.read_bytes(), path
    code, report = project.reproduce(bundle)
    assert (code, report["reason"]) == (4, "reproduce.secret_missing")


def test_inputs_outside_of_the_repository(project, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text("id,value\n1,2\n")
    project.write(
        "train.py", "import os, sys\nos.makedirs('out')\nopen('out/x.csv', 'w').write(open(sys.argv[1]).read())\n"
    )
    bundle, record, _ = project.record(
        "--input", outside, "--include-inputs", command=[project.python, "train.py", outside]
    )
    assert any(file["path"] == str(outside) and file["stored"] for file in record["inputs"])
    outside.unlink()
    code, report = project.reproduce(bundle)
    assert (code, report["verdict"]) == (0, "bit-identical"), report


def stored(bundle, output):
    """Where the bytes of an output stand in the bundle."""
    outputs = json.loads((pathlib.Path(bundle) / "run.json").read_text())["outputs"]
    return "data/" + next(file["sha256"] for file in outputs if file["path"] == output)


def rewrite(bundle, change):
    """Edits run.json in its canonical form; what `change` returns takes its place."""
    record = json.loads((bundle / "run.json").read_text())
    change(record)
    (bundle / "run.json").write_text(json.dumps(record, separators=(",", ":"), sort_keys=True, ensure_ascii=False))


def add_file(record, bundle, path, content):
    (bundle / path).parent.mkdir(parents=True, exist_ok=True)
    (bundle / path).write_bytes(content)
    record["files"].append({"path": path, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)})
    record["files"].sort(key=lambda file: file["path"])


LINK = b"""diff --git a/out b/out
new file mode 120000
index 0000000..dea2b5b
--- /dev/null
+++ b/out
@@ -0,0 +1 @@
+%s
\\ No newline at end of file
"""
CLIMB = b"""diff --git a/../../escaped b/../../escaped
new file mode 100644
--- /dev/null
+++ b/../../escaped
@@ -0,0 +1 @@
+x
"""


def test_hostile_bundles(project, tmp_path):
    bundle, _, _ = project.record()

    def copy(name):
        shutil.copytree(bundle, tmp_path / name)
        return tmp_path / name

    def refused(bundle):
        done = run(SLIPWAY, "reproduce", bundle, "--no-network", "--json", cwd=tmp_path, check=False)
        assert done.returncode == 1, done.stdout
        assert done.stdout == ""
        return json.loads(done.stderr)["reason"]

    # A file that is not the recorded one.
    changed = copy("changed")
    output = changed / stored(bundle, "out/model.bin")
    output.chmod(0o600)
    output.write_bytes(output.read_bytes() + b" ")
    assert refused(changed) == "reproduce.changed"

    # run.json in another form, and paths that lead out.
    pretty = copy("pretty")
    (pretty / "run.json").chmod(0o600)
    (pretty / "run.json").write_text(json.dumps(json.loads((bundle / "run.json").read_text()), indent=1))
    assert refused(pretty) == "reproduce.not_canonical"
    for number, path in enumerate(["../escaped", "/etc/passwd", "a/../../b", "a\\b"]):
        for member in ("outputs", "declared_outputs", "files", "inputs"):
            if member == "inputs" and path.startswith("/"):
                continue
            climbing = copy(f"climbing{number}{member}")
            (climbing / "run.json").chmod(0o600)

            def change(record, member=member, path=path):
                entries = record[member]
                entries[0] = path if member == "declared_outputs" else {**entries[0], "path": path}
                entries[0].pop("stored", None) if member == "outputs" else None

            rewrite(climbing, change)
            assert refused(climbing) == "manifest.invalid_path", (member, path)

    # A package name that pip would read as an option.
    option = copy("option")
    (option / "run.json").chmod(0o600)
    rewrite(option, lambda record: record["python"]["packages"][0].update(name="--index-url=http://127.0.0.1/"))
    assert refused(option) == "reproduce.invalid"

    # Changes that make a link, or climb.
    for name, patch in (("link", LINK % str(tmp_path).encode()), ("climb", CLIMB)):
        hostile = copy(name)
        (hostile / "run.json").chmod(0o600)
        (hostile / "changes.diff").unlink(missing_ok=True)

        def replace(record, hostile=hostile, patch=patch):
            record["files"] = [file for file in record["files"] if file["path"] != "changes.diff"]
            add_file(record, hostile, "changes.diff", patch)

        rewrite(hostile, replace)
        code, report = project.reproduce(hostile)
        assert (code, report["reason"]) == (4, "reproduce.changes_refused"), report
    assert not (tmp_path / "escaped").exists()
    assert not (tmp_path / "metrics.json").exists()


def test_a_repository_is_needed(tmp_path):
    done = run(SLIPWAY, "run", "record", "--local", "--", "true", cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "git init" in done.stderr


def test_what_is_not_python(project):
    project.write("count.sh", "#!/bin/sh\nmkdir -p out\nwc -l < data.csv > out/lines.txt\n")
    (project.folder / "count.sh").chmod(0o755)
    bundle, record, _ = project.record(command=["./count.sh"])
    assert "python" not in record
    assert record["command"]["program"] == "repository"
    code, report = project.reproduce(bundle)
    assert (code, report["verdict"]) == (0, "bit-identical"), report


def test_default_place_is_unknown_to_git(project):
    line = [SLIPWAY, "run", "record", "--local", "--no-network", "--", project.python, "-c", "print(1)"]
    done = run(*line, cwd=project.folder)
    (bundle,) = pathlib.Path(project.folder / ".slipway/runs").iterdir()
    assert str(bundle) in done.stderr
    assert git(project.folder, "status", "--porcelain") == ""
    assert project.reproduce(bundle)[1]["verdict"] == "bit-identical"


def has_tracking(server):
    try:
        server.get("/api/2.0/mlflow/experiments/get?experiment_id=0")
    except urllib.error.HTTPError:
        return False
    return True


def test_on_a_server(project, make_server):
    server = make_server()
    if not has_tracking(server):
        pytest.skip("the server has no tracking API")
    project.write("train.py", TRAIN + "\nprint(os.environ.get('MLFLOW_RUN_ID'), file=sys.stderr)\n")
    line = [SLIPWAY, "run", "record", "--server", server.url, "--experiment", "iris / 1", "--name", "baseline"]
    line += [
        "--no-network",
        "--seed",
        "7",
        "--input",
        "data.csv",
        "--output",
        "out",
        "--metric-file",
        "out/metrics.json",
    ]
    done = run(*line, "--json", "--", project.python, "train.py", cwd=project.folder)
    recorded = json.loads(done.stderr.splitlines()[-1])
    assert recorded["id"] in done.stderr.splitlines()[:-1]  # the command knew its run

    got = json.loads(server.get(f"/api/2.0/mlflow/runs/get?run_id={recorded['id']}"))["run"]
    assert (got["info"]["status"], got["info"]["run_name"]) == ("FINISHED", "baseline")
    tags = {tag["key"]: tag["value"] for tag in got["data"]["tags"]}
    assert tags["slipway.reproduction.digest"] == recorded["digest"]
    assert tags["mlflow.source.git.dirty"] == "true"
    assert [metric["key"] for metric in got["data"]["metrics"]] == ["loss"]
    (dataset,) = got["inputs"]["dataset_inputs"]
    assert dataset["dataset"]["name"] == "data.csv"

    stored_path = stored(recorded["bundle"], "out/model.bin")
    shutil.rmtree(project.folder / ".slipway")
    reproduced = run(
        SLIPWAY, "reproduce", recorded["id"], "--server", server.url, "--no-network", "--json", cwd="/", check=False
    )
    report = json.loads(reproduced.stdout)
    assert (reproduced.returncode, report["verdict"], report["bundle"]) == (0, "bit-identical", recorded["digest"])

    # The version that was pushed from it stands for the run.
    server.cli(*PUSH, "simple", "--version", "1.0.0", "--run", recorded["id"], who="ann")
    for name in ("simple@1.0.0", "simple@1"):
        line = [SLIPWAY, "reproduce", name, "--server", server.url, "--no-network", "--json"]
        reproduced = run(*line, cwd="/", check=False)
        report = json.loads(reproduced.stdout)
        assert (reproduced.returncode, report["verdict"], report["run_id"]) == (0, "bit-identical", recorded["id"])

    # A bundle that somebody has changed on the server is refused.
    artifacts = got["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
    url = f"{server.url}/api/2.0/mlflow-artifacts/artifacts/{artifacts}/slipway/{stored_path}"
    urllib.request.urlopen(urllib.request.Request(url, b"x", method="PUT")).close()
    refused = run(SLIPWAY, "reproduce", recorded["id"], "--server", server.url, "--json", cwd="/", check=False)
    assert refused.returncode == 1
    assert json.loads(refused.stderr.splitlines()[-1])["reason"] == "reproduce.changed"


def test_versions_without_one_recorded_run(make_server):
    server = make_server()

    def refused(version, *words):
        done = run(SLIPWAY, "reproduce", version, "--server", server.url, "--json", cwd="/", check=False)
        assert done.returncode == 1 and done.stdout == "", done.stdout
        said = json.loads(done.stderr.splitlines()[-1])
        assert all(word in said["error"] for word in words), said
        return said["reason"]

    def create_run(*tags):
        body = {"experiment_id": "0", "tags": [{"key": key, "value": value} for key, value in tags]}
        request = urllib.request.Request(server.url + "/api/2.0/mlflow/runs/create", json.dumps(body).encode())
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read())["run"]["info"]["run_id"]

    server.cli(*PUSH, "bare", "--version", "1.0.0", who="ann")
    assert refused("bare@1.0.0", "no run is known") == "version.no_recorded_run"
    plain = create_run()
    server.cli(*PUSH, "plain", "--version", "1.0.0", "--run", plain, who="ann")
    assert refused("plain@1.0.0", plain, "not recorded") == "version.no_recorded_run"
    server.cli(*PUSH, "elsewhere", "--version", "1.0.0", "--run", "a-run-of-another-server", who="ann")
    assert refused("elsewhere@1.0.0", "a-run-of-another-server") == "version.no_recorded_run"
    assert refused("nothing@1.0.0") == "version.not_found"
    assert refused("bare@2.0.0") == "version.not_found"
    assert run(SLIPWAY, "reproduce", "bare@", "--server", server.url, cwd="/", check=False).returncode == 2

    # An OpenLineage event names a second run that was recorded: which one is meant, nobody can say.
    recorded = [create_run(("slipway.reproduction.digest", "0" * 64)) for _ in range(2)]
    server.cli(*PUSH, "both", "--version", "1.0.0", "--run", recorded[0], who="ann")
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-25T10:00:00Z",
        "producer": "https://example.org",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.UUID(recorded[1]))},
        "job": {"namespace": "tests", "name": "train"},
        "outputs": [
            {
                "namespace": "slipway",
                "name": "models/both",
                "facets": {"version": {"_producer": "a:b", "_schemaURL": "a:b", "datasetVersion": "1.0.0"}},
            }
        ],
    }
    urllib.request.urlopen(urllib.request.Request(server.url + "/api/v1/lineage", json.dumps(event).encode())).close()
    assert refused("both@1.0.0", *recorded) == "version.recorded_runs"

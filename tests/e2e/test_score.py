"""`slipway score` on files of each format, against the real server; killed and gone on with; with rows that are bad."""

import csv
import gzip
import json
import os
import random
import subprocess
import time

import numpy
import onnxruntime
import pyarrow
import pyarrow.parquet
import pytest
from server import MODELS, SLIPWAY, Server, push_approved

CONTRACT = __file__.replace("test_score.py", "iris_contract.yaml")
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
DONE, REFUSED, UNREACHABLE, REJECTED = 0, 1, 3, 5


@pytest.fixture(scope="module")
def scoring(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("scoring")).start()
    push_approved(server, "iris", MODELS / "iris.onnx", "--contract", CONTRACT)
    for name in ("simple", "fixed_batch", "identity_string", "identity_matrix", "throws", "logarithm"):
        push_approved(server, name, MODELS / f"{name}.onnx")
    yield server
    assert server.stop() == 0, server.log()
    assert "Sanitizer" not in server.log(), server.log()


@pytest.fixture
def iris(tmp_path):
    """A CSV file of 3,000 flowers with their names, and its values."""
    values = numpy.random.default_rng(3).uniform(0.1, 7.9, (3000, 4)).round(2).astype(numpy.float32)
    path = tmp_path / "flowers.csv"
    write_csv(path, ["id", *COLUMNS], [[f"flower {i}", *row] for i, row in enumerate(values.tolist())])
    return path, values


def write_csv(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def answers_of(values):
    session = onnxruntime.InferenceSession(MODELS / "iris.onnx")
    return session.run(["label", "probabilities"], {"X": values})


def read_rows(path):
    if path.suffix == ".csv":
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return pyarrow.parquet.read_table(path).to_pylist()


def rejects_of(out):
    path = out.with_name(out.name + ".rejects.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def leftovers(out):
    return sorted(path.name.removeprefix(out.name) for path in out.parent.glob(out.name + "?*"))


def score(server, *arguments, check=True, **options):
    done = server.cli("score", *arguments, check=False, **options)
    if check:
        assert done.returncode == DONE, done.stderr
    return done


@pytest.mark.parametrize("to", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("source", ["csv", "jsonl", "parquet"])
def test_each_format_to_each_format(scoring, iris, tmp_path, source, to):
    path, values = iris
    table = {"id": [f"flower {i}" for i in range(len(values))]}
    table |= {name: values[:, i] for i, name in enumerate(COLUMNS)}
    if source == "jsonl":
        path = tmp_path / "flowers.jsonl"
        rows = [
            dict(zip(["id", *COLUMNS], [f"flower {i}", *row], strict=True)) for i, row in enumerate(values.tolist())
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif source == "parquet":
        path = tmp_path / "flowers.parquet"
        pyarrow.parquet.write_table(pyarrow.table(table), path, row_group_size=700)
    out = tmp_path / f"answers.{to}"
    done = score(scoring, "iris", path, "-o", out, "--keep", "id", "--rows", "128", "--json")
    label, probabilities = answers_of(values)
    rows = read_rows(out)
    assert [row["id"] for row in rows] == table["id"]
    assert [int(row["label"]) for row in rows] == label.tolist()
    found = [
        [float(row[f"probabilities_{k}"]) for k in range(3)] if to == "csv" else row["probabilities"] for row in rows
    ]
    numpy.testing.assert_allclose(numpy.array(found, dtype=numpy.float32), probabilities, rtol=1e-5)
    assert leftovers(out) == []
    summary = json.loads(done.stdout)
    assert summary["rows_per_s"] > 0 and summary["seconds"] > 0
    del summary["rows_per_s"], summary["seconds"]
    assert summary == {
        "model": "iris",
        "version": "1.0.0",
        "output": str(out),
        "rejects": None,
        "rows": 3000,
        "scored": 3000,
        "rejected": 0,
        "resumed_at": 0,
        "rows_a_request": 128,
    }


def start_and_kill(server, *arguments, out, at_rows=1):
    """Starts a job and kills it (SIGKILL) behind a checkpoint; False when it was done before."""
    environment = {**os.environ, "SLIPWAY_SERVER": server.url}
    command = [SLIPWAY, "score", *map(str, arguments), "-o", str(out), "--quiet"]
    job = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = out.with_name(out.name + ".checkpoint")
    while job.poll() is None:
        try:
            if json.loads(checkpoint.read_text())["rows"] >= at_rows:
                break
        except (FileNotFoundError, ValueError):
            pass
        time.sleep(0.005)
    job.kill()
    job.wait()
    return checkpoint.exists()


@pytest.fixture(scope="module")
def many_rows(tmp_path_factory):
    """So many that a job of small requests takes some seconds; each 1000th is bad."""
    path = tmp_path_factory.mktemp("many") / "many.csv"
    numbers = random.Random(5)
    rows = [[i, *(f"{numbers.uniform(0.1, 7.9):.2f}" for _ in range(4))] for i in range(60_000)]
    for row in rows[::1000]:
        row[2] = numbers.choice(["-1", "many", ""])
    write_csv(path, ["id", *COLUMNS], rows)
    return path


@pytest.mark.parametrize("to", ["csv", "jsonl", "parquet"])
def test_a_killed_job_is_gone_on_with(scoring, many_rows, tmp_path, to):
    arguments = ("iris", many_rows, "--keep", "id", "--rows", "5", "--concurrency", "1")
    out = tmp_path / f"answers.{to}"
    kills = 0
    for at_rows in (1, 15_000):
        kills += start_and_kill(scoring, *arguments, out=out, at_rows=at_rows)
        assert not out.exists()
    assert kills == 2
    done = score(scoring, *arguments, "-o", out, "--json", check=False)
    assert done.returncode == REJECTED, done.stderr
    summary = json.loads(done.stdout)
    assert summary["resumed_at"] >= 15_000 and (summary["rows"], summary["rejected"]) == (60_000, 60)
    whole = tmp_path / f"whole.{to}"
    assert score(scoring, *arguments, "-o", whole, check=False).returncode == REJECTED
    if to == "parquet":
        assert pyarrow.parquet.read_table(out).equals(pyarrow.parquet.read_table(whole))
    else:
        assert out.read_bytes() == whole.read_bytes()
    assert rejects_of(out) == rejects_of(whole)
    assert [reject["line"] for reject in rejects_of(out)] == list(range(2, 60_002, 1000))
    assert leftovers(out) == [".rejects.jsonl"]


def test_what_changed_since_is_named(scoring, many_rows, tmp_path):
    path = tmp_path / "many.csv"
    path.write_bytes(many_rows.read_bytes())
    small = ("--rows", "5", "--concurrency", "1")
    out = tmp_path / "answers.csv"
    assert start_and_kill(scoring, "iris", path, *small, out=out)
    for others, named in (
        ((*small, "--keep", "id"), '--keep was "" and is "id"'),
        (("--rows", "6"), 'the rows of a request was "5" and is "6"'),
        ((*small, "--rejects", tmp_path / "elsewhere"), "the reject file was"),
    ):
        done = score(scoring, "iris", path, *others, "-o", out, check=False)
        assert done.returncode == REFUSED and named in done.stderr and "(score.changed)" in done.stderr
    with open(path, "a") as file:
        file.write("one,1,1,1,1\n")
    done = score(scoring, "iris", path, *small, "-o", out, check=False)
    assert "the size of the input file was" in done.stderr and "(score.changed)" in done.stderr


def test_a_job_keeps_its_version(make_server, many_rows, tmp_path):
    server = make_server()
    push_approved(server, "iris", MODELS / "iris.onnx", "--contract", CONTRACT)
    arguments = ("iris", many_rows, "--rows", "5", "--concurrency", "1")
    out = tmp_path / "answers.csv"
    assert start_and_kill(server, *arguments, out=out)
    push_approved(server, "iris", MODELS / "iris.onnx", "--contract", CONTRACT, version="1.1.0")
    done = score(server, "iris@1.1.0", *arguments[1:], "-o", out, check=False)
    assert done.returncode == REFUSED and 'the version was "1.0.0" and is "1.1.0"' in done.stderr
    job = subprocess.Popen(
        [SLIPWAY, "score", *map(str, arguments), "-o", out, "--json"],
        env={**os.environ, "SLIPWAY_SERVER": server.url},
        stderr=subprocess.PIPE,
    )
    server.cli("model", "retire", "iris@1.0.0", "--reason", "replaced", who="bob")
    error = json.loads(job.communicate(timeout=120)[1])
    assert job.returncode == REFUSED and error["reason"] == "model.version_not_served"
    assert "1.0.0" in error["error"] and not out.exists()
    error = json.loads(score(server, *arguments, "-o", out, "--json", check=False).stderr)
    assert error["reason"] == "model.version_not_served" and "begun with iris@1.0.0" in error["error"]


def test_bad_rows_are_rejected_and_the_rest_goes_on(scoring, tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text(
        "sepal_length,sepal_width,petal_length,petal_width,note\n"
        "5.1,3.5,1.4,0.2,fine\n"
        "5.1,three,1.4,0.2,\n"
        "5.1,3.5,1.4\n"
        '4.9,3.0,1.4,0.2,"a note of\ntwo lines"\n'
        "-1,3.0,1.4,11,against the contract\n"
        "5.1,,1.4,0.2,a gap\n"
        "5.1,3.5,1.4,0.2,fine\n"
    )
    out = tmp_path / "labels.csv"
    done = score(scoring, "iris", path, "-o", out, "--keep", "note", check=False)
    assert done.returncode == REJECTED and "4 rows were rejected" in done.stdout
    assert [row["note"] for row in read_rows(out)] == ["fine", "a note of\ntwo lines", "fine"]
    wrong, short, violating, gap = rejects_of(out)
    assert wrong == {
        "line": 3,
        "reason": "score.bad_value",
        "message": 'sepal_width is "three", accepted: a number within 3.4e38',
        "values": [{"field": "sepal_width", "found": '"three"', "rule": "a number within 3.4e38"}],
        "row": "5.1,three,1.4,0.2,",
    }
    assert (short["line"], short["message"]) == (4, "the row has 3 fields; the header has 5")
    assert (violating["line"], violating["reason"]) == (7, "contract.violation")
    assert violating["values"] == [
        {"field": "sepal_length", "found": "-1", "rule": "minimum 0"},
        {"field": "petal_width", "found": "11", "rule": "maximum 10"},
    ]
    assert gap["line"] == 8 and gap["values"][0]["found"] == "nothing"

    again = tmp_path / "again.csv"
    done = score(scoring, "iris", path, "-o", again, "--max-rejects", "3", check=False)
    assert done.returncode == REFUSED and "(score.too_many_rejects)" in done.stderr and not again.exists()
    done = score(scoring, "iris", path, "-o", again, "--max-rejects", "4", check=False)
    assert done.returncode == REJECTED and len(read_rows(again)) == 3


def test_more_violations_than_an_error_shows(scoring, tmp_path):
    """The server names at most 100 violations of a request."""
    path = tmp_path / "flowers.csv"
    write_csv(path, COLUMNS, [[-1 if i % 3 else 1, 1, 1, 1] for i in range(900)])
    out = tmp_path / "labels.csv"
    done = score(scoring, "iris", path, "-o", out, check=False)
    assert done.returncode == REJECTED
    assert len(read_rows(out)) == 300 and len(rejects_of(out)) == 600
    assert [reject["line"] for reject in rejects_of(out)] == [i + 2 for i in range(900) if i % 3]


def test_the_row_that_makes_a_model_fail_is_found(scoring, tmp_path):
    path = tmp_path / "indices.csv"
    indices = [i % 4 for i in range(400)]
    indices[123], indices[399] = 7, 9
    write_csv(path, ["indices"], [[i] for i in indices])
    out = tmp_path / "rows.jsonl"
    done = score(scoring, "throws", path, "-o", out, "--keep", "indices", check=False)
    assert done.returncode == REJECTED, done.stderr
    assert [(reject["line"], reject["row"]) for reject in rejects_of(out)] == [(125, "7"), (401, "9")]
    assert [row["rows"] for row in read_rows(out)] == [[2.0 * i, 2.0 * i + 1] for i in indices if i < 4]


def test_an_answer_in_the_versions_place_is_none(scoring, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text("notFinite: reject\ndefault: {OUTPUT0: 7}\n")
    scoring.cli("policy", "set", "logarithm", policy, who="bob")
    body = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, 1], "data": [-1]}]}
    deadline = time.monotonic() + 30
    while b"slipway_degraded" not in post(scoring, "/v2/models/logarithm/infer", body):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    path = tmp_path / "numbers.csv"
    write_csv(path, ["INPUT0"], [[1], [-1], [1]])
    out = tmp_path / "logarithms.csv"
    done = score(scoring, "logarithm", path, "-o", out, check=False)
    assert done.returncode == REJECTED, done.stderr
    assert out.read_text() == "OUTPUT0\n0\n0\n"
    assert [(reject["line"], reject["reason"]) for reject in rejects_of(out)] == [(3, "score.degraded")]


def post(server, path, body):
    import urllib.request

    request = urllib.request.Request(server.url + path, data=json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.read()


def test_a_restart_of_the_server_is_ridden_out(tmp_path, make_server, many_rows):
    server = make_server(directory=tmp_path / "server")
    push_approved(server, "iris", MODELS / "iris.onnx", "--contract", CONTRACT)
    out = tmp_path / "answers.csv"
    arguments = ["score", "iris", str(many_rows), "-o", str(out), "--rows", "5", "--json"]
    environment = {**os.environ, "SLIPWAY_SERVER": server.url}
    job = subprocess.Popen([SLIPWAY, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not out.with_name(out.name + ".partial").exists():
        time.sleep(0.005)
    time.sleep(0.3)
    assert job.poll() is None
    server.kill()
    restarted = make_server(directory=tmp_path / "server", port=server.port)
    printed, errors = job.communicate(timeout=120)
    assert job.returncode == REJECTED, errors.decode()
    assert json.loads(printed)["rows"] == 60_000

    # Too long away: the job stops, and the same command goes on.
    again = tmp_path / "again.csv"
    arguments[4] = str(again)
    job = subprocess.Popen([SLIPWAY, *arguments, "--retry-timeout", "200ms"], env=environment, stderr=subprocess.PIPE)
    while not again.with_name(again.name + ".partial").exists():
        time.sleep(0.005)
    restarted.kill()
    _, errors = job.communicate(timeout=120)
    assert job.returncode == UNREACHABLE, errors.decode()
    assert (
        json.loads(errors)["reason"] == "cli.unreachable" and "the same command goes on" in json.loads(errors)["error"]
    )
    server = make_server(directory=tmp_path / "server", port=server.port)
    assert server.cli(*arguments, check=False).returncode == REJECTED
    assert again.read_bytes() == out.read_bytes()


def test_texts_are_unicode(scoring, tmp_path):
    texts = ["", "Grüße", "日本語, with a comma", 'a "quote"', "two\nlines", "🦀", "NaN", " blank "]
    path = tmp_path / "texts.csv"
    write_csv(path, ["INPUT"], [[text] for text in texts])
    for to in ("csv", "jsonl", "parquet"):
        out = tmp_path / f"same.{to}"
        score(scoring, "identity_string", path, "-o", out)
        assert [row["OUTPUT"] for row in read_rows(out)] == texts
        score(scoring, "identity_string", out, "-o", tmp_path / f"again-{to}.jsonl", "--input", "INPUT=OUTPUT")
        assert [row["OUTPUT"] for row in read_rows(tmp_path / f"again-{to}.jsonl")] == texts
    bad = tmp_path / "latin1.csv"
    bad.write_bytes("INPUT\ngut\nGr\xfc\xdfe\n".encode("latin-1"))
    out = tmp_path / "latin1.jsonl"
    assert score(scoring, "identity_string", bad, "-o", out, check=False).returncode == REJECTED
    assert [(reject["line"], reject["message"]) for reject in rejects_of(out)] == [(3, "the row is not UTF-8")]


TYPES = {
    "bool": (["true", "false", "1"], [True, False, True], "yes"),
    "uint8": (["0", "255"], [0, 255], "256"),
    "uint16": (["65535"], [65535], "-1"),
    "uint32": (["4294967295"], [4294967295], "1.5"),
    "uint64": (["18446744073709551615"], [18446744073709551615], "18446744073709551616"),
    "int8": (["-128", "127"], [-128, 127], "128"),
    "int16": (["-32768"], [-32768], "x"),
    "int32": (["-2147483648", "3.0"], [-2147483648, 3], "2147483648"),
    "int64": (["-9223372036854775808", "9007199254740993"], [-9223372036854775808, 9007199254740993], "1e30"),
    "fp16": (["0.1", "65504"], [float(numpy.float16(0.1)), 65504.0], "65520"),
    "bf16": (["0.1", "1"], [0.10009765625, 1.0], "1e39"),
    "fp32": (["0.1", "1e-45"], [float(numpy.float32(0.1)), float(numpy.float32(1e-45))], "1e39"),
    "fp64": (["0.1", "5e-324"], [0.1, 5e-324], "0,1"),
}


@pytest.mark.parametrize("name", TYPES)
def test_every_type(make_server, scoring, tmp_path, name):
    written, expected, bad = TYPES[name]
    push_approved(scoring, f"identity_{name}", MODELS / f"identity_{name}.onnx")
    path = tmp_path / "values.csv"
    write_csv(path, ["INPUT"], [[text] for text in [*written, bad]])
    for to in ("jsonl", "parquet"):
        out = tmp_path / f"same.{to}"
        done = score(scoring, f"identity_{name}", path, "-o", out, check=False)
        assert done.returncode == REJECTED, done.stderr
        found = [row["OUTPUT"] for row in read_rows(out)]
        if name.endswith(("16", "32")) and isinstance(expected[0], float):
            found = [float(numpy.float32(value)) for value in found]  # JSON has the shortest digits of the FP32
        assert found == expected
        assert [reject["line"] for reject in rejects_of(out)] == [len(written) + 2]


def test_inputs_of_several_columns(scoring, tmp_path):
    numbers = [[i * 16 + k for k in range(16)] for i in range(5)]
    sums = [[2 * value for value in row] for row in numbers]
    path = tmp_path / "pairs.csv"
    header = [f"INPUT0[{k}]" for k in range(16)] + [f"INPUT1_{k}" for k in range(16)]
    write_csv(path, header, [row + row for row in numbers])
    for model in ("simple", "fixed_batch"):
        out = tmp_path / f"{model}.jsonl"
        score(scoring, model, path, "-o", out)
        assert [row["OUTPUT0"] for row in read_rows(out)] == sums
    lists = tmp_path / "pairs.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"INPUT0": numbers, "other": numbers}), lists)
    for model in ("simple", "fixed_batch"):
        out = tmp_path / f"{model}-lists.parquet"
        score(scoring, model, lists, "-o", out, "--input", "INPUT1=other", "--keep", "all", check=False)
        assert [row["OUTPUT0"] for row in read_rows(out)] == sums
        assert json.loads(read_rows(out)[0]["other"]) == numbers[0]


def test_rows_of_different_shapes(scoring, tmp_path):
    rows = [[1.5], [1.0, 2.0], [3.0, 4.0], [], [5.0]]
    path = tmp_path / "lists.jsonl"
    path.write_text("".join(json.dumps({"INPUT": row}) + "\n" for row in rows) + '{"INPUT": 7}\n{"INPUT": [[1]]}\n')
    out = tmp_path / "same.jsonl"
    assert score(scoring, "identity_matrix", path, "-o", out, check=False).returncode == REJECTED
    assert [row["OUTPUT"] for row in read_rows(out)] == rows
    assert [reject["line"] for reject in rejects_of(out)] == [6, 7]
    done = score(scoring, "identity_matrix", path, "-o", tmp_path / "same.csv", check=False)
    assert done.returncode == REFUSED and "(score.variable_output)" in done.stderr


def test_what_a_file_may_look_like(scoring, tmp_path):
    header = ",".join(COLUMNS)
    texts = {
        "mark": "\ufeff" + header + "\n1,1,1,1\n",
        "returns": header + "\r\n1,1,1,1\r\n\r\n",
        "unended": header + "\n1,1,1,1",
        "reordered": ",".join(reversed(COLUMNS)) + ",more\n1,1,1,1,x\n",
        "quoted": ",".join(f'"{name}"' for name in COLUMNS) + '\n"1","1","1","1"\n',
    }
    expected = int(answers_of(numpy.ones((1, 4), numpy.float32))[0][0])
    for name, text in texts.items():
        path = tmp_path / f"{name}.csv"
        path.write_bytes(text.encode())
        out = tmp_path / f"{name}.jsonl"
        score(scoring, "iris", path, "-o", out)
        assert [row["label"] for row in read_rows(out)] == [expected], name
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(texts["mark"].encode()) + gzip.compress(b"1,1,1,1\n"))
    score(scoring, "iris", packed, "-o", tmp_path / "packed.jsonl")
    assert [row["label"] for row in read_rows(tmp_path / "packed.jsonl")] == [expected] * 2

    (tmp_path / "header.csv").write_text(header + "\n")
    (tmp_path / "nothing.jsonl").write_text("")
    for name in ("header.csv", "nothing.jsonl"):
        for to in ("csv", "jsonl", "parquet"):
            out = tmp_path / f"from-{name}.{to}"
            score(scoring, "iris", tmp_path / name, "-o", out)
            assert read_rows(out) == []
    assert (tmp_path / "from-header.csv.csv").read_text().startswith("label,probabilities_0,")


def test_what_cannot_be_scored_is_said(scoring, tmp_path):
    out = tmp_path / "out.csv"

    def refused(*arguments):
        done = score(scoring, *arguments, "-o", out, check=False)
        assert done.returncode == REFUSED and not out.exists(), done.stderr
        return done.stderr

    path = tmp_path / "flowers.csv"
    write_csv(path, ["sepal_length", "sepal_width", "petal_length", "petal_witdh"], [[1, 1, 1, 1]])
    error = refused("iris", path)
    assert 'there is no column "petal_width" for the input "X"' in error
    assert "the file has sepal_length, sepal_width, petal_length, petal_witdh" in error
    assert 'did you mean "petal_witdh"?' in error
    assert "model.not_found" in refused("absent", path)
    assert "score.unreadable_input" in refused("iris", tmp_path / "absent.csv")
    assert "score.format" in refused("iris", tmp_path / "flowers.xlsx")
    (tmp_path / "empty.csv").write_text("")
    assert "score.no_header" in refused("iris", tmp_path / "empty.csv")
    (tmp_path / "text.parquet").write_text("no parquet at all")
    assert "score.unreadable_input" in refused("iris", tmp_path / "text.parquet")
    assert "score.bad_mapping" in refused("iris", path, "--input", "X=sepal_length,sepal_width")
    assert "the model has no input" in refused("iris", path, "--input", "Y=sepal_length")
    assert "give --input INPUT0=COLUMN" in refused("simple", path)
    out.write_text("precious")
    done = score(scoring, "iris", path, "-o", out, check=False)
    assert done.returncode == REFUSED and "score.output_exists" in done.stderr and out.read_text() == "precious"


def test_two_jobs_of_one_output(scoring, many_rows, tmp_path):
    out = tmp_path / "answers.csv"
    environment = {**os.environ, "SLIPWAY_SERVER": scoring.url}
    command = [SLIPWAY, "score", "iris", many_rows, "-o", out, "--rows", "5", "--concurrency", "1"]
    first = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while not out.with_name(out.name + ".checkpoint").exists():
        time.sleep(0.005)
    second = score(scoring, *command[2:], check=False)
    assert second.returncode == REFUSED and "score.in_use" in second.stderr
    assert first.wait(timeout=120) == REJECTED


def test_with_a_key_that_may_only_predict(make_server, tmp_path):
    """Such a key may not read the contract: the columns are named by the caller."""
    server = make_server(auth="on")
    admin = (server.directory / "data/bootstrap.key").read_text().strip()
    push_key, approve_key = (
        json.loads(server.cli("key", "create", "--name", name, "--role", role, "--json", key=admin).stdout)["key"]
        for name, role in (("alice", "data-scientist"), ("bob", "approver"))
    )
    server.cli("model", "push", MODELS / "iris.onnx", "--name", "iris", "--version", "1.0.0", key=push_key)
    server.cli("model", "approve", "iris@1.0.0", key=approve_key)
    key = json.loads(server.cli("key", "create", "--name", "shop", "--role", "predictor", "--json", key=admin).stdout)[
        "key"
    ]
    server.wait_until_ready("iris", "1.0.0", authorization=f"Bearer {key}")
    path = tmp_path / "flowers.csv"
    write_csv(path, COLUMNS, [[1, 1, 1, 1]])
    done = score(server, "iris", path, "-o", tmp_path / "a.csv", key=key, check=False)
    assert done.returncode == REFUSED and "give --input X=COLUMN" in done.stderr
    score(server, "iris", path, "-o", tmp_path / "a.csv", "--input", "X=" + ",".join(COLUMNS), key=key)
    assert len(read_rows(tmp_path / "a.csv")) == 1
    done = score(server, "iris", path, "-o", tmp_path / "b.csv", check=False)
    assert done.returncode == REFUSED and "access.missing_key" in done.stderr

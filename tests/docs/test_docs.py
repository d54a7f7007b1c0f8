"""What the documents say is true: their commands run, their lists are those of a running server, their links lead."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request

import grpc
import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "e2e")]

import postgres  # noqa: E402
from documents import ROOT, blocks, documents, missing_line  # noqa: E402
from server import MODELS, SLIPWAY, Server, push_approved  # noqa: E402
from shell import Shell  # noqa: E402
from test_mlflow_client import CLIENTS, LINES  # noqa: E402

PORTS = ("8080", "8443")  # as the documents write them
POSTGRES_URI = "postgresql://slipway@127.0.0.1:5432/postgres"  # the same
MLFLOW = (
    "/api/2.0/",
    "/api/3.0/",
    "/ajax-api/",
    "/get-artifact",
)  # described as calls of MLflow's client, in pages of their own


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def tools(folder):
    """A folder in which `slipway` and `python` are those under test."""
    folder.mkdir()
    assert SLIPWAY.exists(), f"{SLIPWAY} is not built"
    (folder / "slipway").symlink_to(SLIPWAY.resolve())
    (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / "python").chmod(0o755)
    return folder


def environment(programs):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
    client = CLIENTS / LINES[0]
    return {**kept, "PATH": f"{programs}:{kept['PATH']}", "NO_PROXY": "*", "PYTHONPATH": str(client)}


@contextlib.contextmanager
def substitutions(text):
    """What stands for a fixed port or a database in `text`, and what it is now."""
    changes = {f":{port}": f":{postgres.free_port()}" for port in PORTS}
    with contextlib.ExitStack() as stack:
        if POSTGRES_URI in text:
            changes = {POSTGRES_URI: stack.enter_context(postgres.running()), **changes}
        yield changes


def substitute(text, changes):
    for written, actual in changes.items():
        text = text.replace(written, actual)
    return text


def run_step(shell, step, changes):
    status, printed = shell.run(substitute(step.command, changes))
    shown = f"line {step.line}: {step.command}\nexit status {status}, printed:\n" + "\n".join(printed)
    assert (status != 0) == step.shall_fail, shown
    if step.expected is not None:
        expected = [substitute(line, changes) for line in step.expected]
        missing = missing_line(expected, printed)
        assert missing is None, f"{shown}\n\nthis line of the document is missing:\n{missing}"


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_commands(path, tmp_path):
    steps = [step for block in blocks(path) for step in block.steps()]
    text = path.read_text()
    assert steps
    if POSTGRES_URI in text and postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed") if os.environ.get("CI") != "true" else pytest.fail("no PostgreSQL")
    folder = tmp_path / "reader"
    folder.mkdir()
    with substitutions(text) as changes:
        shell = Shell(folder, environment(tools(tmp_path / "tools")))
        try:
            for step in steps:
                run_step(shell, step, changes)
        finally:
            is_clean = shell.close()
    assert is_clean, "what the document started did not stop on SIGTERM"


def test_what_is_not_run_says_why():
    left_out = [(name_of(path), block) for path in documents() for block in blocks(path) if block.is_left_out]
    print(f"{len(left_out)} blocks are not run")
    assert [f"{name}:{block.line}" for name, block in left_out if len(block.reason) < 10] == []


def test_every_shell_block_is_marked():
    """A block without a language would be run by nobody."""
    for path in [ROOT / "README.md", *ROOT.glob("docs/tutorial/*.md"), *ROOT.glob("docs/how-to/*.md")]:
        fences = [line for line in path.read_text().splitlines() if line.startswith("```")]
        assert "" not in [fence[3:] for fence in fences[::2]], f"{path}: a block without a language"


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("docs"), "--grpc", "127.0.0.1:0").start()
    push_approved(server, "simple", MODELS / "simple.onnx")
    with grpc.insecure_channel(json.loads((server.directory / "ready.json").read_text())["grpc"]) as channel:
        channel.unary_unary("/inference.GRPCInferenceService/ServerLive")(b"", timeout=10)
    yield server
    assert server.stop() == 0, server.log()


def test_routes(serving):
    routes = json.loads(serving.get("/api/v1/routes"))["routes"]
    own = [route for route in routes if not route["pattern"].startswith(MLFLOW)]
    actual = {(route["method"], route["pattern"], route["permission"]) for route in own}
    heading = re.compile(r"^### `(\S+) (\S+)`\s+Permission: `([\w-]+)`", re.MULTILINE)
    found = heading.findall((ROOT / "docs/reference/http-api.md").read_text())
    assert sorted(found) == sorted(actual)


def test_metrics(serving):
    exposed = serving.get("/metrics").decode()
    actual = {(name, kind) for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", exposed, re.MULTILINE)}
    row = re.compile(r"^\| `(\w+)` \| (counter|gauge|histogram) \|", re.MULTILINE)
    found = row.findall((ROOT / "docs/reference/metrics.md").read_text())
    assert sorted(found) == sorted(actual)


def test_command_line_options():
    """Every subcommand and every long option of `slipway serve` stands in the reference."""
    reference = (ROOT / "docs/reference/cli.md").read_text()
    text = subprocess.run([SLIPWAY, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^\s+(?:-\w,)?(--[\w-]+)", text, re.MULTILINE)) - {"--help"}
    assert options
    assert [option for option in sorted(options) if f"`{option}" not in reference] == []


def test_policies(tmp_path):
    """The policies that the reference shows can be read, and it speaks of every key."""
    page = (ROOT / "docs/reference/policy.md").read_text()
    examples = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        path = tmp_path / "policy.yaml"
        path.write_text(example)
        subprocess.run([SLIPWAY, "policy", "check", path], check=True)
    keys = re.findall(r'\{"(\w+)", k[A-Z]', (ROOT / "src/serving/policy_parse.cc").read_text())
    assert len(keys) > 30
    assert [key for key in keys if not re.search(rf"\b{key}\b", page)] == []


def sources():
    """The program's text, tests left out."""
    files = [path for path in (ROOT / "src").rglob("*") if path.suffix in (".cc", ".h")]
    return "\n".join(path.read_text() for path in files if "_test." not in path.name)


def gives(program, reason):
    """Reasons of the YAML reader are put together from what it reads and what is wrong."""
    subject, what = reason.split(".")
    return f'"{reason}"' in program or (subject in ("contract", "policy", "remote") and f'"{what}"' in program)


def test_reasons():
    """A reason that the documents explain is one that the program gives."""
    program = sources()
    for path in [ROOT / "docs/how-to/troubleshooting.md", ROOT / "docs/reference/http-api.md"]:
        reasons = set(re.findall(r"`((?:[a-z]+)\.[a-z_]+)`", path.read_text())) - {"bootstrap.key", "commitment.key"}
        assert reasons, path
        named = [reason for reason in sorted(reasons) if not reason.endswith((".db", ".key", ".pub", ".txt", ".onnx"))]
        assert [reason for reason in named if not gives(program, reason)] == [], path


def test_links():
    link = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        broken = [target for target in link.findall(path.read_text()) if not (path.parent / target).exists()]
        assert broken == [], path


def test_every_page_is_listed():
    for folder in ("docs", "docs/decisions"):
        index = (ROOT / folder / "README.md").read_text()
        pages = [path for path in (ROOT / folder).rglob("*.md") if path.name != "README.md"]
        if folder == "docs":
            pages = [path for path in pages if path.parent.name != "decisions"]
        names = [path.relative_to(ROOT / folder).as_posix() for path in pages]
        assert [name for name in names if f"({name})" not in index] == []


def test_decisions_are_numbered_in_one_row():
    pages = sorted(path for path in (ROOT / "docs/decisions").glob("*.md") if path.name != "README.md")
    assert [path.name[:4] for path in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for number, path in enumerate(pages, 1):
        text = path.read_text()
        assert text.startswith(f"# {number}. "), path
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"], path


def test_comparison_can_fail():
    printed = ["TIME                 STATE", "2026-11-25 00:21:55  approved  0 us", "digest:  b274a997dd44"]
    assert missing_line(["2027-01-01 11:11:11  approved  17 us", "digest:  0123456789ab"], printed) is None
    assert missing_line(["… approved …"], printed) is None
    assert missing_line(["2027-01-01 11:11:11  retired  17 us"], printed) is not None
    assert missing_line(["digest:  0123456789ab", "TIME  STATE"], printed) == "TIME  STATE"


def test_a_failing_command_is_seen(tmp_path):
    shell = Shell(tmp_path, dict(os.environ))
    try:
        assert shell.run("echo one\nfalse\necho two") == (1, ["one", ""])
        assert shell.run("export kept=3")[0] == 0
        assert shell.run("echo $kept") == (0, ["3", ""])
    finally:
        assert shell.close()


def test_health_needs_no_key(tmp_path):
    """http-api.md says `public` of it."""
    server = Server(tmp_path, auth="on").start()
    try:
        for path in ("/v2/health/live", "/v2/health/ready", "/health/live", "/health/ready", "/v2"):
            with urllib.request.urlopen(server.url + path) as response:
                assert response.status == 200
    finally:
        assert server.stop() == 0

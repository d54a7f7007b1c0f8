"""Runs the unit tests and the end-to-end tests of one build: `run.py PRESET [PYTEST ARGUMENTS...]`.

The last line is "N passed, N failed" with ", N skipped" where there are any. The exit status is 0 only if tests ran and
none failed.
"""

import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree

import postgres

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ROOT / "build/models"
UNIT_TIMEOUT_S = 300
END_TO_END_TIMEOUT_S = 300


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else "")


def count_cases(report):
    """Counts the cases of one JUnit report; GoogleTest marks what did not run in its own way."""
    count = Count()
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            count.failed += 1
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            count.skipped += 1
        else:
            count.passed += 1
    return count


def count_units(report, cases_folder):
    """Counts the cases of the unit tests.

    `report` is ctest's, one entry a program; `cases_folder` has a report of the cases by each GoogleTest program. A
    program that failed although no case of it did (a crash, a sanitizer, a time limit) counts as one failure.
    """
    count = Count()
    for program in xml.etree.ElementTree.parse(report).iter("testcase"):
        cases = cases_folder / f"{program.get('name')}_test.xml"
        own = count_cases(cases) if cases.exists() else Count()
        is_failed = program.get("status") != "run"  # "fail", or "notrun" where the program is missing
        if is_failed and own.failed == 0:
            own.failed = 1
        if not cases.exists() and not is_failed:
            own.passed = 1
        count += own
    return count


def make_models():
    maker = ROOT / "tests/models/make_models.py"
    done = MODELS / ".made"
    if not done.exists() or done.stat().st_mtime < maker.stat().st_mtime:
        subprocess.run([sys.executable, maker, MODELS], check=True)
        done.touch()


def run_units(build, results, environment):
    """Beside the end-to-end tests, which leave the cores idle now and then; what fails is printed at its end."""
    report = results / "units.xml"
    command = ["ctest", "--test-dir", build, "--output-on-failure", "--output-junit", report]
    command += ["--timeout", str(UNIT_TIMEOUT_S), "--no-tests=error"]
    done = subprocess.run(
        command,
        env={**environment, "GTEST_OUTPUT": f"xml:{results}/cases/"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        print(f"\n{done.stdout}", flush=True)
    count = count_units(report, results / "cases") if report.exists() else Count()
    return count if done.returncode == 0 or count.failed else count + Count(failed=1)


def run_end_to_end(build, results, environment, arguments):
    report = results / "end_to_end.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        ROOT / "tests",
        "--quiet",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
    ]
    # Twice the cores: half of the time a test waits for a client's poll, a time limit or the disk.
    workers = ["-n", str(2 * os.cpu_count()), "--dist=loadscope", "--no-loadscope-reorder"]
    command += [f"--timeout={END_TO_END_TIMEOUT_S}", "-rs", *workers, *arguments]
    status = subprocess.run(
        command, env={**environment, "SLIPWAY_EXECUTABLE": str(build / "slipway")}, cwd=ROOT
    ).returncode
    count = count_cases(report) if report.exists() else Count()
    return count if status == 0 or count.failed else count + Count(failed=1)


def main(preset, *arguments):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that PostgreSQL is stopped
    build = ROOT / "build" / preset
    results = build / "results"
    shutil.rmtree(results, ignore_errors=True)
    (results / "cases").mkdir(parents=True)
    make_models()
    environment = {
        **os.environ,
        "SLIPWAY_TEST_MODELS": str(MODELS),
        "PYTHONPYCACHEPREFIX": str(ROOT / "build/pycache"),  # bootstrap compiles nothing that no test needs
    }
    with contextlib.ExitStack() as stack:
        if postgres.programs() is not None:
            environment["SLIPWAY_TEST_POSTGRES"] = stack.enter_context(postgres.running())
        beside = stack.enter_context(concurrent.futures.ThreadPoolExecutor(1))
        running = beside.submit(run_units, build, results, environment)
        end_to_end = run_end_to_end(build, results, environment, arguments)
        units = running.result()
        print(f"unit tests: {units}", flush=True)
        print(f"end-to-end tests: {end_to_end}", flush=True)
    total = units + end_to_end
    print(total, flush=True)
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

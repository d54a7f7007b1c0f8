"""The count of the tests: a run that proved nothing, or a program that crashed, must not look like success."""

import textwrap

import pytest
import run

GOOGLETEST = """
<testsuites>
  <testsuite name="Suite">
    <testcase name="Passes" status="run" result="completed" />
    <testcase name="Skips" status="run" result="skipped"><skipped message="no server" /></testcase>
    <testcase name="DISABLED_Off" status="notrun" result="suppressed" />
    {extra}
  </testsuite>
</testsuites>
"""
FAILURE = '<testcase name="Fails" status="run" result="completed"><failure message="1 != 2" /></testcase>'


def ctest_report(folder, **programs):
    cases = "".join(f'<testcase name="{name}" status="{status}" />' for name, status in programs.items())
    report = folder / "units.xml"
    report.write_text(f"<testsuite>{cases}</testsuite>")
    return report


@pytest.fixture
def cases(tmp_path):
    folder = tmp_path / "cases"
    folder.mkdir()
    return folder


def test_cases_are_counted_by_program(tmp_path, cases):
    (cases / "base_test.xml").write_text(GOOGLETEST.format(extra=""))
    (cases / "audit_test.xml").write_text(GOOGLETEST.format(extra=FAILURE))
    count = run.count_units(ctest_report(tmp_path, base="run", audit="fail"), cases)
    assert count == run.Count(passed=2, failed=1, skipped=4)


def test_a_program_that_wrote_no_report_is_a_failure(tmp_path, cases):
    assert run.count_units(ctest_report(tmp_path, base="fail"), cases) == run.Count(failed=1)


def test_a_program_that_is_missing_is_a_failure(tmp_path, cases):
    assert run.count_units(ctest_report(tmp_path, base="notrun"), cases) == run.Count(failed=1)


def test_a_program_that_fails_after_its_cases_passed_is_a_failure(tmp_path, cases):
    (cases / "base_test.xml").write_text(GOOGLETEST.format(extra=""))
    assert run.count_units(ctest_report(tmp_path, base="fail"), cases) == run.Count(passed=1, failed=1, skipped=2)


def test_pytest_errors_are_failures(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        textwrap.dedent("""
        <testsuites><testsuite>
          <testcase name="a" /><testcase name="b"><error /></testcase><testcase name="c"><skipped /></testcase>
        </testsuite></testsuites>""").strip()
    )
    assert run.count_cases(report) == run.Count(passed=1, failed=1, skipped=1)


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (run.Count(passed=3), "3 passed, 0 failed"),
        (run.Count(passed=3, failed=1), "3 passed, 1 failed"),
        (run.Count(passed=3, skipped=2), "3 passed, 0 failed, 2 skipped"),
    ],
)
def test_the_last_line(count, line):
    assert str(count) == line


@pytest.mark.parametrize(
    ("units", "status"), [(run.Count(passed=1), 0), (run.Count(), 1), (run.Count(passed=1, failed=1), 1)]
)
def test_the_exit_status(tmp_path, monkeypatch, capsys, units, status):
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "make_models", lambda: None)
    monkeypatch.setattr(run.postgres, "programs", lambda: None)
    monkeypatch.setattr(run, "run_units", lambda *_: units)
    monkeypatch.setattr(run, "run_end_to_end", lambda *_: run.Count())
    assert run.main("release") == status
    assert capsys.readouterr().out.splitlines()[-1] == str(units)

"""Reads the commands in a document's code blocks.

```bash blocks are run as they stand. In ```console blocks a line `$ command` is run and the lines below it are what it
prints. A block that says ```bash not-run: REASON is left out. Output is compared loosely: numbers, digests, times and
spaces may differ, lines may be missing, `…` stands for anything.
"""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\S*)[ ]?(.*)$")
VARIABLE = [
    (re.compile(r"slipway_[0-9a-f]{16}_\w+"), "KEY"),
    (re.compile(r"[\w.]+/audit\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+"), "VKEY"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "HEX"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"), "TIME"),
    (re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE), "N"),
    (re.compile(r"\s+"), " "),
]


@dataclasses.dataclass
class Step:
    """A command, or a whole block of them; `expected` is None where the document shows no output."""

    line: int
    command: str
    expected: list[str] | None = None

    @property
    def shall_fail(self):
        return any(line.startswith(("error:", "slipway serve:")) for line in self.expected or [])


@dataclasses.dataclass
class Block:
    line: int
    language: str
    remark: str
    lines: list[str]

    @property
    def is_left_out(self):
        return self.remark.startswith("not-run")

    @property
    def reason(self):
        return self.remark.removeprefix("not-run").removeprefix(":").strip()

    def steps(self):
        if self.is_left_out:
            return []
        if self.language == "bash":
            return [Step(self.line, "\n".join(self.lines))]
        return list(console_steps(self.line, self.lines))


def goes_on(command):
    return command.endswith("\\") or command.count("'") % 2 == 1


def console_steps(first, lines):
    step, is_open = None, False
    for number, text in enumerate(lines, first + 1):
        if is_open:
            step.command += "\n" + text
            is_open = goes_on(step.command)
        elif text.startswith("$ "):
            if step:
                yield step
            step = Step(number, text[2:], [])
            is_open = goes_on(step.command)
        elif step is None:
            raise ValueError(f"line {number}: a console block begins with `$ command`, not with {text!r}")
        elif text.strip():
            step.expected.append(text)
    if step:
        yield step


def blocks(path):
    """The shell blocks of a document, in order."""
    found, current = [], None
    for number, text in enumerate(path.read_text().splitlines(), 1):
        fence = FENCE.match(text)
        if current is None and fence:
            current = Block(number, fence[1], fence[2], [])
        elif current is not None and text.rstrip() == "```":
            if current.language in ("bash", "console"):
                found.append(current)
            current = None
        elif current is not None:
            current.lines.append(text)
    if current is not None:
        raise ValueError(f"{path}: the block of line {current.line} has no end")
    return found


def documents():
    """Every document that has commands."""
    pages = [ROOT / "README.md", *sorted(ROOT.glob("docs/tutorial/*.md")), *sorted(ROOT.glob("docs/how-to/*.md"))]
    return [page for page in pages if blocks(page)]


def normal(line):
    for pattern, name in VARIABLE:
        line = pattern.sub(name, line)
    return line.strip()


def missing_line(expected, actual):
    """The first expected line that does not follow in the actual ones, or None."""
    left = iter([normal(line) for line in actual])
    for line in expected:
        parts = [re.escape(normal(part)) for part in line.split("…")]
        pattern = re.compile(r"\s*.*\s*".join(parts))
        if not any(pattern.fullmatch(candidate) for candidate in left):
            return line
    return None

"""Runs clang-tidy over the sources of a build: `tidy.py BUILD_FOLDER [--all]`.

Without --all it reads only what differs from the main branch, or on the main branch from the commit before. What passed
is remembered and not read again.

The memory is a folder of empty files, each named by the hash of all that the result depends on: the checks, the compile
command, the source and every header of ours that it includes.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
PROGRAM = "clang-tidy-14"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "slipway-tidy"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def own_files(source, seen):
    """Adds `source` and the headers below src/ that it includes, directly or not, to `seen`."""
    if source in seen or not source.exists():
        return
    seen[source] = source.read_bytes()
    for header in INCLUDE.findall(seen[source].decode()):
        own_files(SOURCE / header, seen)


def files_of(entry):
    files = {}
    own_files(pathlib.Path(entry["file"]), files)
    return files


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.split() if done.returncode == 0 else []


def changed_files():
    """Files that differ from main, committed or not; None where there is nothing to compare with."""
    head = git("rev-parse", "HEAD")
    for main in ("origin/main", "main", "HEAD~1"):
        base = git("merge-base", "HEAD", main)
        if base and base != head:
            names = git("diff", "--name-only", base[0]) + git("ls-files", "--others", "--exclude-standard")
            return {ROOT / name for name in names}
    return None


def key(entry):
    files = files_of(entry)
    parts = [(ROOT / ".clang-tidy").read_bytes(), entry["command"].replace(str(ROOT), "").encode()]
    parts += [files[path] for path in sorted(files)]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def tidy(build, entry):
    """The findings in one source; "" when there are none."""
    passed = CACHE / key(entry)
    if passed.exists():
        return ""
    done = subprocess.run([PROGRAM, "-p", build, "--quiet", entry["file"]], capture_output=True, text=True)
    if done.returncode != 0:
        return done.stdout or done.stderr
    passed.touch()
    return ""


def main(build, is_all):
    entries = json.loads((build / "compile_commands.json").read_text())
    entries = [entry for entry in entries if pathlib.Path(entry["file"]).is_relative_to(SOURCE)]
    changed = None if is_all else changed_files()
    if changed is not None:
        entries = [entry for entry in entries if not changed.isdisjoint(files_of(entry))]
    CACHE.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [text for text in pool.map(lambda entry: tidy(build, entry), entries) if text]
    print("\n".join(findings), end="")
    print(f"clang-tidy: {len(entries)} sources, {len(findings)} with findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), "--all" in sys.argv))

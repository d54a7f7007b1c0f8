"""Checks that every #include follows the arrows of the architecture: `check_includes.py [SOURCE_FOLDER]`.

Prints each line that does not, and exits with 1 if there is one.
"""

import pathlib
import re
import sys

ABOVE_BASE = {"base"}
DATA = {"base", "stats"}
STORES = {"base", "storage"}
REGISTRY = DATA | {"data", "storage", "outbox", "lineage"}
SERVING = REGISTRY | {"registry", "access", "audit", "privacy", "runtime"}
RELEASE = SERVING | {"serving"}
MONITOR = RELEASE | {"release"}
EVERYTHING = MONITOR | {"monitor", "handbook", "tracking", "async"}

# What a module may include besides itself.
ALLOWED = {
    "base": set(),
    "stats": ABOVE_BASE,
    "storage": ABOVE_BASE | {"data"},
    "data": DATA,
    "access": STORES,
    "audit": STORES,
    "privacy": STORES,
    "outbox": STORES,
    "lineage": STORES | {"outbox"},
    "runtime": ABOVE_BASE | {"data"},
    "registry": REGISTRY,
    "loadtest": ABOVE_BASE,
    "score": ABOVE_BASE | {"data"},
    "reproduce": ABOVE_BASE | {"registry"},
    "tracking": REGISTRY | {"registry"},
    "async": REGISTRY | {"registry"},
    "serving": SERVING,
    "release": RELEASE,
    "monitor": MONITOR,
    "handbook": MONITOR | {"monitor"},
    "protocol": EVERYTHING,
    "app": EVERYTHING | {"protocol"},
    "cli": EVERYTHING | {"protocol", "app", "reproduce", "loadtest", "score"},
}

# Headers of a technology, and the modules that may know it.
TECHNOLOGIES = {
    r"sqlite3\.h": {"storage"},
    r"libpq": {"storage"},
    r"hiredis/": {"storage"},
    r"(arrow|parquet)/": {"data", "score", "storage"},
    r"onnxruntime": {"runtime"},
    r"boost/(asio|beast)": {"loadtest", "protocol", "runtime", "storage"},
    r"grpc(pp)?/": {"loadtest", "protocol"},
    r"curl/": {"outbox", "cli"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def violation(module, header):
    """The sentence that says what is wrong with `header` in `module`; None if nothing is."""
    target = header.split("/")[0]
    if "/" in header and target in ALLOWED and target != module and target not in ALLOWED[module]:
        return f"{module}/ must not include {target}/"
    for pattern, knowing in TECHNOLOGIES.items():
        if re.match(pattern, header) and module not in knowing:
            return f"only {', '.join(sorted(knowing))} may include this technology"
    return None


def check(source):
    """All violations below `source`, as "file:line: header: what is wrong"."""
    found = []
    for path in sorted(p for p in source.rglob("*") if p.suffix in (".h", ".cc")):
        module = path.relative_to(source).parts[0]
        if module not in ALLOWED:
            found.append(f"{path}: the folder {module}/ is not part of the architecture")
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            match = INCLUDE.match(line)
            wrong = match and violation(module, match[1])
            if wrong:
                found.append(f"{path}:{number}: {match[1]}: {wrong}")
    return found


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parent.parent / "src"
    violations = check(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default)
    print("\n".join(violations))
    sys.exit(1 if violations else 0)

"""The include check finds what it should, and the source has none of it."""

import pathlib

import pytest
from check_includes import ALLOWED, check

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"


def tree(folder, path, line):
    file = folder / path
    file.parent.mkdir(parents=True)
    file.write_text(f"#pragma once\n{line}\n")
    return check(folder)


def test_the_source_follows_the_arrows():
    assert check(SOURCE) == []


def test_the_source_was_read():
    assert len(list(SOURCE.rglob("*.h"))) > 20


def test_the_arrows_have_no_cycle():
    reached = {module: set(below) for module, below in ALLOWED.items()}
    for _ in ALLOWED:
        for below in reached.values():
            below |= {further for module in set(below) for further in reached[module]}
    assert [module for module, below in reached.items() if module in below] == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("base/clock.h", '#include "registry/model.h"'),
        ("registry/model.cc", '#include "serving/predict.h"'),
        ("serving/predict.cc", '#include "protocol/http.h"'),
        ("protocol/admin/routes.cc", '  #  include "app/server.h"'),
        ("registry/model.cc", "#include <sqlite3.h>"),
        ("serving/predict.cc", '#include "libpq-fe.h"'),
        ("serving/predict.cc", "#include <boost/asio/io_context.hpp>"),
        ("serving/predict.cc", "#include <onnxruntime_c_api.h>"),
        ("serving/predict.cc", "#include <arrow/api.h>"),
        ("wizardry/spell.cc", ""),
    ],
)
def test_a_violation_is_found(tmp_path, path, line):
    found = tree(tmp_path, path, line)
    assert len(found) == 1
    assert str(tmp_path / path.split("/")[0]) in found[0]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("registry/model.cc", '#include "storage/sql.h"'),
        ("registry/model.cc", '#include "registry/semver.h"'),
        ("cli/serve.cc", '#include "app/server.h"'),
        ("data/table.cc", "#include <arrow/api.h>"),
        ("storage/sqlite.cc", "#include <sqlite3.h>"),
        ("base/clock.h", "#include <vector>"),
        ("base/clock.h", '// like #include "registry/model.h"'),
    ],
)
def test_what_follows_the_arrows_passes(tmp_path, path, line):
    assert tree(tmp_path, path, line) == []

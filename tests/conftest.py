"""How the tests are shared out between processes: what shares a fixture stays together, the long ones begin first."""

import pathlib
import re

from xdist.scheduler import LoadScopeScheduling

TESTS = pathlib.Path(__file__).resolve().parent

# What `script/test` leaves to `script/test --all`, which continuous integration runs: the same sessions on another
# database or with older clients, hundreds of kills, and what measures memory or a load for long. As they stand in the
# ids of the tests.
LONG = re.compile(
    "|".join(
        [
            r"test_mlflow_client\.py.*\[(2|3\.6|.*postgresql)|test_a_file_of_600_mb",
            r"test_mlflow_registry\.py(?!.*registered_approved_and_served\[sqlite)",
            r"test_mlflow_durability\.py.*kill",
            r"test_mlflow_artifacts\.py.*memory_stays_flat",
            r"test_docs\.py.*(register-a-model-with-mlflow|reproduce-a-run|use-the-mlflow-client|put-another)",
            r"test_reproduce\.py(?!.*bit_identical)",
            r"test_durability\.py.*kill_in_a_loop",
            r"test_async\.py.*(across_kills|several_servers|kill)",
            r"test_swap\.py",
            r"test_bench\.py(?!.*sends_what)",
            r"test_webhooks\.py.*kill",
            r"test_webhooks\.py.*(unmodified_mlflow_client|two_nodes)",
            r"test_remote\.py.*(mlserver|killed)",
            r"test_score\.py.*killed.*(parquet|jsonl)",
            r"test_cache\.py.*killed",
            r"test_resilience\.py.*overload",
            r"test_lifecycle\.py.*test_suite",
        ]
    )
)

# From the longest on; what is not named comes last, file by file. Times are not asserted anywhere: an order that is out
# of date only makes the last process finish later.
LONGEST_FIRST = [
    "test_mlflow_client.py",
    "test_durability.py",
    "test_mlflow_registry.py",
    "test_reproduce.py",
    "test_webhooks.py",
    "test_async.py",
    "test_swap.py",
    "test_lifecycle.py",
    "test_operations.py",
    "test_docs.py",
    "test_mlflow_artifacts.py",
    "test_many_models.py",
    "test_resilience.py",
]
# Each of their tests starts what it needs itself.
SPREAD = {"test_webhooks.py", "test_swap.py", "test_lifecycle.py", "test_operations.py", "test_many_models.py"}
# What a module fixture is made for, as it stands in the brackets of a test's id: tests of one share what it started.
MADE_FOR = re.compile(r"\[.*?((?:[\d.]+-)?(?:sqlite|postgresql))\b")


class Scheduling(LoadScopeScheduling):
    def _split_scope(self, nodeid):
        path = nodeid.split("::")[0]
        if path.rsplit("/", 1)[-1] in SPREAD:
            return nodeid
        made_for = MADE_FOR.search(nodeid)
        return path + (made_for[1] if made_for else "")


def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log)


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="the long tests as well, as continuous integration does")


def pytest_collection_modifyitems(config, items):
    is_everything = not config.getoption("keyword") and [pathlib.Path(path) for path in config.args] == [TESTS]
    if is_everything and not config.getoption("--all"):
        long = [item for item in items if LONG.search(item.nodeid)]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]
    order = {file: at for at, file in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))

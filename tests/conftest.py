"""How the tests are shared out between processes: what shares a fixture stays together, the long ones begin first."""

import re

from xdist.scheduler import LoadScopeScheduling

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


def pytest_collection_modifyitems(items):
    order = {file: at for at, file in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))

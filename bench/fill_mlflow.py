"""Writes runs to the tables of MLflow's server: `fill_mlflow.py DATABASE EXPERIMENT RUNS`, in its own environment.

Each has 10 params and 20 metrics: those that bench/tracking.py logs over the API to Slipway.
"""

import sys
import uuid

import sqlalchemy

COLUMNS = {
    "runs": "run_uuid, name, experiment_id, user_id, status, start_time, lifecycle_stage, artifact_uri",
    "params": "run_uuid, key, value",
    "metrics": "run_uuid, key, value, timestamp, step, is_nan",
    "latest_metrics": "run_uuid, key, value, timestamp, step, is_nan",
}


def rows(experiment, number):
    run_id = uuid.uuid4().hex
    start = 1_700_000_000_000 + number
    yield (
        "runs",
        (run_id, f"run-{number}", experiment, "ann", "RUNNING", start, "active", f"mlflow-artifacts:/{run_id}"),
    )
    for i in range(10):
        yield "params", (run_id, f"p{i}", str((number * 7 + i) % 100))
    for i in range(20):
        metric = (run_id, f"m{i}", ((number * 31 + i * 17) % 1000) / 1000, 1, 0, False)
        yield "metrics", metric
        yield "latest_metrics", metric


def main(database, experiment, runs):
    engine = sqlalchemy.create_engine(database)
    with engine.begin() as connection:
        for first in range(0, int(runs), 1000):
            pending = {table: [] for table in COLUMNS}
            for number in range(first, min(first + 1000, int(runs))):
                for table, values in rows(int(experiment), number):
                    pending[table].append(dict(zip(COLUMNS[table].split(", "), values, strict=True)))
            for name, names in COLUMNS.items():
                table = sqlalchemy.table(name, *map(sqlalchemy.column, names.split(", ")))
                connection.execute(table.insert(), pending[name])  # many rows a statement, also on PostgreSQL


if __name__ == "__main__":
    main(*sys.argv[1:])

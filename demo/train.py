"""Trains the model of the demo and writes all that a version is made of: `train.py CENSUS_FOLDER OUTPUT_FOLDER`.

The question: is this person employed? The answers: the American Community Survey of Massachusetts, 2015.
"""

import json
import pathlib
import sys

import numpy
import pandas
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score

HERE = pathlib.Path(__file__).resolve().parent

# The survey's column, our name, the lowest and the highest code, their meaning.
# Sex, race, ancestry and birthplace are left out.
COLUMNS = [
    ("AGEP", "age", 0, 99, "years"),
    ("SCHL", "schooling", 0, 24, "0 not yet at school, 16 high school, 21 bachelor, 24 doctorate"),
    ("MAR", "marital_status", 1, 5, "1 married, 2 widowed, 3 divorced, 4 separated, 5 never married"),
    ("RELP", "relation_to_householder", 0, 17, "0 householder, 1 spouse, 2 child, … 16, 17 in group quarters"),
    ("DIS", "disability", 1, 2, "1 with a disability, 2 without"),
    ("ESP", "parents_employment", 0, 8, "0 not a child with its parents, 1 to 8 which parents work"),
    ("CIT", "citizenship", 1, 5, "1 to 4 citizen by birth, parents or naturalisation, 5 not a citizen"),
    ("MIG", "moved_within_a_year", 0, 3, "0 under one year old, 1 no, 2 from abroad, 3 within the country"),
    ("MIL", "military_service", 0, 4, "0 too young, 1 on duty, 2 in the past, 3 training only, 4 never"),
    ("DEAR", "hearing_difficulty", 1, 2, "1 yes, 2 no"),
    ("DEYE", "vision_difficulty", 1, 2, "1 yes, 2 no"),
    ("DREM", "cognitive_difficulty", 0, 2, "0 too young, 1 yes, 2 no"),
]
NAMES = [name for _, name, *_ in COLUMNS]
HOLDOUT_ROWS = 5000

CHILD = [8, 5, 5, 2, 2, 1, 1, 1, 0, 2, 2, 2]
ENGINEER = [40, 21, 1, 0, 2, 0, 1, 1, 4, 2, 2, 2]
PENSIONER = [84, 16, 2, 0, 1, 0, 1, 1, 4, 1, 2, 2]


def read(folder, part):
    """One part of the survey: our columns as whole numbers, and `employed` and `year` where the part has them."""
    raw = pandas.read_parquet(pathlib.Path(folder) / f"employment_MA_{part}.pq")
    table = pandas.DataFrame({name: raw[code].astype(str).astype(float).astype(int) for code, name, *_ in COLUMNS})
    for extra in ("employed", "year"):
        if extra in raw:
            table[extra] = raw[extra]
    return table


def contract():
    lines = [
        "# What a request must look like. Enforced on each request: a row that breaks a rule never reaches the model.",
        "apiVersion: v3.1.0",
        "kind: DataContract",
        "id: census",
        "version: 1.0.0",
        "status: active",
        "name: Person, as the American Community Survey describes one",
        "schema:",
        "  - name: person",
        "    customProperties:",
        "      - {property: tensor, value: person}  # the model's input; the properties are its columns, in order",
        "    properties:",
    ]
    for code, name, lowest, highest, meaning in COLUMNS:
        lines += [
            f"      - name: {name}",
            f"        physicalName: {code}",
            f'        description: "{meaning}"',
            "        logicalType: integer",
            "        required: true",
            f"        logicalTypeOptions: {{minimum: {lowest}, maximum: {highest}}}",
        ]
    return "\n".join(lines) + "\n"


def tensor(row):
    return {"datatype": "FP32", "shape": [1, len(row)], "data": row}


def tests(minimum_accuracy):
    def case(name, row, label):
        return {"name": name, "inputs": {"person": tensor(row)}, "outputs": {"label": {"data": [label]}}}

    elsewhere = list(CHILD)
    elsewhere[NAMES.index("relation_to_householder")] = 7
    return {
        "cases": [
            case("a child of eight has no job", CHILD, 0),
            case("a married graduate of forty has one", ENGINEER, 1),
            case("at eighty-four most have retired", PENSIONER, 0),
        ],
        "invariances": [
            {
                "name": "a child has no job, whoever it lives with",
                "inputs": {"person": tensor(CHILD)},
                "change": {"person": tensor(elsewhere)},
                "output": "label",
            }
        ],
        "metric": {
            "name": "accuracy",
            "data": "holdout.csv",
            "label": "employed",
            "output": "label",
            "minimum": minimum_accuracy,
            "columns": {"person": NAMES},
        },
    }


def card(rows, accuracy):
    return f"""# Employment in Massachusetts

Predicts whether a person is employed, from what a household says of itself in a survey.

- **Made of** {rows:,} answers to the American Community Survey of 2015 (Massachusetts); gradient-boosted trees.
- **Accuracy** {accuracy:.1%} on {HOLDOUT_ROWS:,} answers it has not seen.
- **Made for** a demonstration. Not for decisions about people.
- **Left out on purpose** sex, race, ancestry and birthplace. Other columns may still stand in for them.
- **Limits** one state, one year; later years differ. A child under sixteen is never counted as employed.
"""


def main(census, output):
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    data = read(census, "reference").sample(frac=1, random_state=1)
    holdout, training = data[:HOLDOUT_ROWS], data[HOLDOUT_ROWS:]
    model = HistGradientBoostingClassifier(max_iter=60, random_state=1)
    model.fit(training[NAMES].to_numpy(numpy.float32), training["employed"])
    accuracy = accuracy_score(holdout["employed"], model.predict(holdout[NAMES].to_numpy(numpy.float32)))

    exported = to_onnx(
        model,
        initial_types=[("person", FloatTensorType([None, len(NAMES)]))],
        options={id(model): {"zipmap": False}},
        target_opset=17,
    )
    (output / "model.onnx").write_bytes(exported.SerializeToString(deterministic=True))
    (output / "contract.yaml").write_text(contract())
    (output / "tests.json").write_text(json.dumps(tests(minimum_accuracy=0.75), indent=1))
    (output / "card.md").write_text(card(len(training), accuracy))
    holdout[[*NAMES, "employed"]].to_csv(output / "holdout.csv", index=False)
    print(json.dumps({"rows": len(training), "accuracy": accuracy}))


if __name__ == "__main__":
    main(*sys.argv[1:])

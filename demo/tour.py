"""The tour: a real model from training to an approved, validated and audited endpoint.

Everything it makes lies in build/demo/, and is made anew each time.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy
import pandas
import train
import tritonclient.http as triton
from slipway import ROOT, serving
from tritonclient.utils import InferenceServerException

CENSUS = ROOT / ".deps/data/census"
FOLDER = ROOT / "build/demo"
BUNDLE = FOLDER / "bundle"
MODEL = "census"
VERSION = "1.0.0"
REF = f"{MODEL}@{VERSION}"
ROWS_PER_REQUEST = 500
ROWS_PER_YEAR = 20_000

steps = iter(range(1, 100))


def step(title):
    print(f"\n{next(steps)}. {title}", flush=True)


def say(text):
    for line in text.strip().splitlines():
        print(f"   {line.strip()}", flush=True)


def quote(text):
    """What Slipway itself printed."""
    for line in text.strip().splitlines():
        print(f"   | {line}", flush=True)


def train_model():
    step("A data scientist trains a model")
    shutil.rmtree(FOLDER, ignore_errors=True)
    command = [sys.executable, ROOT / "demo/train.py", CENSUS, BUNDLE]
    made = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    say(f"""Is this person employed? Trained with scikit-learn on {made["rows"]:,} answers to the US census survey
        of 2015, {made["accuracy"]:.1%} right on answers it has not seen. Written to build/demo/bundle/ as ONNX, with
        a data contract (contract.yaml), tests (tests.json, holdout.csv) and a card (card.md).""")


def add_people(slipway):
    step("Four people get keys, each for what they do")
    slipway.add_person("alice", "data-scientist")
    slipway.add_person("alice", "approver", key_name="alice-as-approver")
    slipway.add_person("bob", "approver")
    slipway.add_person("jobcentre", "predictor")
    slipway.add_person("carol", "auditor")
    say("""alice builds models and may approve those of others; bob approves; jobcentre is an application that asks for
        predictions; carol audits. A key is shown once and stored as a hash. What is not granted is refused.""")


def push(slipway):
    step(f"alice pushes {REF}")
    done = slipway.run("model", "push", BUNDLE, "--name", MODEL, "--version", VERSION, person="alice")
    quote(done.stdout)
    say("""The file was checked byte by byte, loaded and run once in a sandbox without network, and had to pass its
        own tests. Only then did it become a candidate. It serves nobody yet.""")


def approve(slipway):
    step("alice tries to approve her own model")
    refused = slipway.run("model", "approve", REF, person="alice-as-approver", check=False)
    if refused.returncode == 0:
        raise SystemExit("the author could approve her own model: that must never happen")
    quote(refused.stderr)
    say("Her key may approve, but not what she made herself. The database enforces it too, not only the program.")

    step("bob approves it")
    quote(slipway.run("model", "approve", REF, person="bob").stdout)
    wait_until_served(slipway)
    say("He approved these exact bytes: change one, and the approval is void. The endpoint is open.")


def wait_until_served(slipway):
    request = urllib.request.Request(
        f"{slipway.url}/v2/models/{MODEL}/ready", headers={"Authorization": f"Bearer {slipway.key('jobcentre')}"}
    )
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(request).close()
            return
        except urllib.error.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class Caller:
    """The application: an unmodified tritonclient with a key."""

    def __init__(self, slipway):
        self.client = triton.InferenceServerClient(slipway.address)
        self.headers = {"Authorization": f"Bearer {slipway.key('jobcentre')}"}

    def ask(self, rows, is_binary=True):
        """(labels, probabilities) of `rows`."""
        rows = numpy.asarray(rows, dtype=numpy.float32)
        person = triton.InferInput("person", rows.shape, "FP32")
        person.set_data_from_numpy(rows, binary_data=is_binary)
        outputs = [triton.InferRequestedOutput(name, binary_data=is_binary) for name in ("label", "probabilities")]
        # A copy, since tritonclient writes the length of a binary request into it.
        answer = self.client.infer(MODEL, [person], outputs=outputs, headers=dict(self.headers))
        return answer.as_numpy("label"), answer.as_numpy("probabilities")


def predict(caller):
    step("The application asks, with the tritonclient it already has")
    people = {
        "a child of 8": train.CHILD,
        "a graduate of 40, married": train.ENGINEER,
        "a pensioner of 84": train.PENSIONER,
    }
    labels, probabilities = caller.ask(list(people.values()), is_binary=True)
    as_json, _ = caller.ask(list(people.values()), is_binary=False)
    if labels.tolist() != as_json.tolist():
        raise SystemExit("JSON and binary tensors gave different answers")
    for name, label, chance in zip(people, labels, probabilities, strict=True):
        print(f"   {name:28} {'employed' if label else 'not employed':14} {chance[1]:6.1%} likely to be employed")
    say("Asked twice, with binary tensors and with JSON: the same answers.")


def refuse_bad_row(caller):
    step("A bad row arrives: 400 years old, and a marital status that does not exist")
    bad = list(train.ENGINEER)
    bad[train.NAMES.index("age")] = 400
    bad[train.NAMES.index("marital_status")] = 9
    try:
        caller.ask([train.ENGINEER, bad])
    except InferenceServerException as refused:
        quote(f"HTTP {refused.status()}: {refused.message()}")
    else:
        raise SystemExit("the bad row was answered: the contract is not enforced")
    say("The contract refused it before the model saw it, and says every field that is wrong, not only the first.")


def follow_up(slipway, caller, analysis):
    step(f"Three later years come in: {3 * ROWS_PER_YEAR:,} real people of 2016 to 2018")
    began = time.monotonic()
    print("   year    people    right")
    for year, people in analysis.groupby("year"):
        people = people.sample(ROWS_PER_YEAR, random_state=1)
        rows = people[train.NAMES].to_numpy(numpy.float32)
        answers = [caller.ask(rows[at : at + ROWS_PER_REQUEST])[0] for at in range(0, len(rows), ROWS_PER_REQUEST)]
        right = (numpy.concatenate(answers) == people["employed"].to_numpy()).mean()
        print(f"   {year}  {len(rows):8,}   {right:6.1%}", flush=True)
    rate = 3 * ROWS_PER_YEAR / (time.monotonic() - began)
    say(f"""{rate:,.0f} predictions a second, each checked against the contract
        and recorded. The model of 2015 still holds.""")


def prove(slipway):
    step("Was that prediction really made, and is its record unaltered?")
    request_id = one_prediction(slipway)
    receipt = FOLDER / "receipt.txt"
    public_key = FOLDER / "log.pub"
    public_key.write_text(slipway.run("audit", "key", person="carol").stdout)
    fetch_receipt(slipway, request_id, receipt)
    say(f"A receipt of request {request_id}, build/demo/receipt.txt, checked without the server:")
    quote(slipway.run("audit", "check", receipt, "--key", public_key).stdout)

    altered = FOLDER / "receipt-altered.txt"
    altered.write_text(with_one_byte_altered(receipt.read_text()))
    refused = slipway.run("audit", "check", altered, "--key", public_key, check=False)
    if refused.returncode == 0:
        raise SystemExit("an altered receipt was accepted")
    say("The same receipt with one byte altered:")
    quote(refused.stderr)

    step("And the whole log?")
    quote(slipway.run("audit", "verify", person="carol").stdout)
    say("Every prediction and every decision above is in it: who, what, when, and which exact bytes answered.")


def with_one_byte_altered(text):
    """One letter of the record itself, which is the longest line, in base64."""
    record = max(text.splitlines(), key=len)
    middle = len(record) // 2
    other = "A" if record[middle] != "A" else "B"
    return text.replace(record, record[:middle] + other + record[middle + 1 :])


def one_prediction(slipway):
    """The id of one more request, as the response's header names it."""
    body = {
        "inputs": [{"name": "person", **train.tensor(train.ENGINEER)}],
    }
    request = urllib.request.Request(
        f"{slipway.url}/v2/models/{MODEL}/infer",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {slipway.key('jobcentre')}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return response.headers["slipway-request-id"]


def fetch_receipt(slipway, request_id, file):
    """A record can be proved once the log's next signed checkpoint covers it, a moment after the answer."""
    deadline = time.monotonic() + 10
    command = ["audit", "receipt", request_id, "-o", file]
    while slipway.run(*command, person="carol", check=False).returncode != 0:
        if time.monotonic() > deadline:
            slipway.run(*command, person="carol")
        time.sleep(0.1)


def later_years():
    analysis = train.read(CENSUS, "analysis")
    analysis["employed"] = pandas.read_parquet(CENSUS / "employment_MA_analysis_target.pq")["employed"].to_numpy()
    return analysis


def invite(slipway):
    keys = FOLDER.relative_to(ROOT) / "keys"
    print(f"""
The server is up: {slipway.url}   (metrics: {slipway.url}/metrics)

Try next, in another terminal:
   export SLIPWAY_SERVER={slipway.url}
   build/release/slipway model show {REF} --key-file {keys}/alice.key
   build/release/slipway audit query --kind decision --key-file {keys}/carol.key
   curl -H "Authorization: Bearer $(cat {keys}/jobcentre.key)" {slipway.url}/v2/models/{MODEL}
   Change a rule in build/demo/bundle/contract.yaml and push it as 1.1.0.
Ctrl-C ends the server.""")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exit", action="store_true", help="end after the tour")
    parser.add_argument("--http", default="127.0.0.1:0", help="address to listen on")
    options = parser.parse_args()
    began = time.monotonic()
    print("Slipway: from a model file to an approved, validated, audited endpoint")
    train_model()
    with serving(FOLDER, options.http) as (slipway, ready_s):
        step("The server starts")
        say(f"""One process, ready in {ready_s * 1000:.0f} ms at {slipway.url}. SQLite and local files below
            build/demo/data/: nothing to install. Its log is build/demo/server.log.""")
        add_people(slipway)
        push(slipway)
        approve(slipway)
        caller = Caller(slipway)
        predict(caller)
        refuse_bad_row(caller)
        follow_up(slipway, caller, later_years())
        prove(slipway)
        print(f"\nThe tour took {time.monotonic() - began:.0f} s.")
        if not options.exit:
            invite(slipway)


if __name__ == "__main__":
    main()

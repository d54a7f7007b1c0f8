"""The policy of an endpoint: set, looked at, taken back, and in force without a restart."""

import json

from server import MODELS, push_approved, wait_until


def write(path, text):
    path.write_text(text)
    return path


def config(server, model="simple"):
    return json.loads(server.get(f"/v2/models/{model}/config"))


def test_a_policy_has_a_history(make_server, tmp_path):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx")
    first = write(tmp_path / "first.yaml", "timeout: 1s  # first\n")
    second = write(tmp_path / "second.yaml", "timeout: 2s\nretry: {attempts: 2}\n")
    set_first = server.cli("policy", "set", "simple", first, who="ana")
    assert set_first.stdout == "The policy of simple is at revision 1.\n"
    server.cli("policy", "set", "simple", first, who="ana")  # the same again
    server.cli("policy", "set", "simple", second, "--expected-revision", "1", who="ben")
    refused = server.cli("policy", "set", "simple", first, "--expected-revision", "1", check=False)
    assert refused.returncode == 1
    assert "policy.changed" in refused.stderr and "revision 2" in refused.stderr

    shown = json.loads(server.cli("policy", "show", "simple", "--json").stdout)
    assert (shown["endpoint"], shown["revision"], shown["policy"]) == ("simple", 2, second.read_text())
    assert "# first" in server.cli("policy", "show", "simple", "--revision", "1").stdout
    revisions = json.loads(server.cli("policy", "history", "simple", "--json").stdout)["revisions"]
    assert [(r["revision"], r["author"]) for r in revisions] == [(2, "ben"), (1, "ana")]
    assert len(json.loads(server.cli("policy", "list", "--json").stdout)["policies"]) == 1

    server.cli("policy", "remove", "simple")
    assert json.loads(server.cli("policy", "list", "--json").stdout)["policies"] == []
    assert "Removed" in server.cli("policy", "show", "simple").stdout
    records = json.loads(server.cli("audit", "query", "--kind", "decision", "--json").stdout)["records"]
    actions = [record["action"] for record in records]
    assert actions.count("policy.set") == 4 and actions.count("policy.remove") == 1


def test_what_is_wrong_is_named(make_server, tmp_path):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx")
    wrong = write(tmp_path / "wrong.yaml", "retry:\n  attempts: 9\n")
    for arguments in (("check", wrong), ("set", "simple", wrong)):
        refused = server.cli("policy", *arguments, check=False)
        assert refused.returncode == 1
        assert "line 2, column 13: must be from 1 to 5" in refused.stderr
    good = write(tmp_path / "good.yaml", "timeout: 1s\n")
    assert server.cli("policy", "check", good).stdout == f"{good} is a policy.\n"
    cycle = write(tmp_path / "cycle.yaml", "fallback: [{endpoint: simple}]\n")
    assert "policy.cycle" in server.cli("policy", "set", "simple", cycle, check=False).stderr
    assert "model.not_found" in server.cli("policy", "set", "simpel", good, check=False).stderr
    assert "policy.not_found" in server.cli("policy", "show", "simple", check=False).stderr


def test_batching_follows_the_policy_and_survives_a_restart(make_server, tmp_path):
    server = make_server(directory=tmp_path / "data")
    push_approved(server, "simple", MODELS / "simple.onnx")
    before = config(server)["instance_group"][0]["count"]
    policy = write(
        tmp_path / "policy.yaml", f"batch: {{instances: {before + 2}, delayMax: 2ms, preferredRows: [4, 8]}}\n"
    )
    server.cli("policy", "set", "simple", policy)
    wait_until(lambda: config(server)["instance_group"][0]["count"] == before + 2)
    assert config(server)["dynamic_batching"]["preferred_batch_size"] == [4, 8]
    assert server.stop() == 0
    server = make_server(directory=tmp_path / "data")
    assert config(server)["instance_group"][0]["count"] == before + 2
    server.cli("policy", "remove", "simple")
    wait_until(lambda: config(server)["instance_group"][0]["count"] == before)

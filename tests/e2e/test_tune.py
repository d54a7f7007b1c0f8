"""`slipway tune` on model files and on a version of the real server."""

import json

from server import MODELS, cli, push_approved

SHORT = ("--point-time", "5ms", "--rows-max", "5", "--instances-max", "2")


def points_of(answer):
    return {(point["instances"], point["rows"]): point for point in answer["points"]}


def test_a_file_is_measured_and_the_proposal_is_a_policy(tmp_path):
    policy = tmp_path / "policy.yaml"
    done = cli("tune", MODELS / "mlp.onnx", *SHORT, "--latency-max", "10s", "--policy", policy, "--json")
    answer = json.loads(done.stdout)
    points = points_of(answer)
    assert sorted(points) == [(n, rows) for n in (1, 2) for rows in (1, 2, 4, 5)]
    for point in points.values():
        assert 0 < point["run_p50_us"] <= point["run_p99_us"]
        assert point["rows_per_s"] > 0
    proposal = answer["proposal"]
    best = max(point["rows_per_s"] for point in points.values())
    chosen = points[proposal["instances"], proposal["rows"]]
    assert chosen["rows_per_s"] >= 0.95 * best
    assert policy.read_text() == proposal["policy"]
    cli("policy", "check", policy)


def test_a_latency_out_of_reach_is_said(tmp_path):
    done = cli("tune", MODELS / "mlp.onnx", *SHORT, "--latency-max", "10us")
    assert "Not even one row is answered within 10 us" in done.stdout
    answer = json.loads(cli("tune", MODELS / "mlp.onnx", *SHORT, "--latency-max", "10us", "--json").stdout)
    assert not answer["proposal"]["in_time"]
    assert answer["proposal"]["rows"] == 1


def test_a_version_of_the_server_is_fetched_and_its_policy_set(make_server, tmp_path):
    server = make_server()
    push_approved(server, "simple", MODELS / "simple.onnx")
    policy = tmp_path / "policy.yaml"
    done = server.cli("tune", "simple@1.0.0", *SHORT, "--policy", policy)
    assert "simple@1.0.0" in done.stdout and "batch:" in done.stdout
    server.cli("policy", "set", "simple", policy, who="bob")
    assert policy.read_text() in server.cli("policy", "show", "simple").stdout


def test_a_model_without_a_batch_axis_is_measured_with_one_row():
    answer = json.loads(cli("tune", MODELS / "fixed_batch.onnx", *SHORT, "--json").stdout)
    assert not answer["batch_axis"]
    assert {rows for _, rows in points_of(answer)} == {1}


def test_what_cannot_be_tuned_is_refused(tmp_path):
    done = cli("tune", "absent", check=False)
    assert done.returncode == 2 and "NAME@VERSION" in done.stderr
    pickled = tmp_path / "model.onnx"
    pickled.write_bytes(b"\x80\x04\x95" + b"\0" * 100)
    done = cli("tune", pickled, check=False)
    assert done.returncode == 1 and "pickle" in done.stderr.lower()

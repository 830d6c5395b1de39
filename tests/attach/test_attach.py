"""flower-audit attach: what reaches a real tracking server of MLflow, and what is refused."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from http import HTTPStatus
from pathlib import Path

import pytest
import uncharted
from drawnruns import make_run
from localserver import LocalServer

from audit.core.errors import AuditError

CLIENT = importlib.util.find_spec("mlflow") is not None
needs_client = pytest.mark.skipif(not CLIENT, reason="MLflow is not installed")
CLOSED = "http://127.0.0.1:9"  # where nobody listens


@pytest.fixture
def run(own_report):
    """A run with its report."""
    return own_report


# What is refused before anybody is asked


def test_a_run_without_a_report_is_one_line(call, tmp_path):
    run = make_run(tmp_path / "run", images=4, size=32)
    code, out, err = call("attach", run.root, "--mlflow", CLOSED)
    assert (code, out) == (1, "")
    assert err == f"Error: {run.root} has no report yet: flower-audit report {run.root}.\n"


def test_a_report_of_other_records_is_not_attached(call, run):
    run.update_manifest(data=run.manifest()["data"] | {"name": "renamed"})
    code, _, err = call("attach", run.root, "--mlflow", CLOSED)
    assert code == 1
    assert "says something else than the run does now: flower-audit report" in err


def test_a_report_that_hides_a_failed_gate_is_not_attached(call, run):
    hidden = run.report_dir.rename(run.root.parent / "hidden")
    assert call("check", run.root, "--max-wrong-reasons", "0")[0] == 3  # the gate alone
    hidden.rename(run.report_dir)
    code, _, err = call("attach", run.root, "--mlflow", CLOSED)
    assert code == 1 and "says something else than the run does now" in err


def test_files_of_others_in_a_report_are_not_attached(call, run):
    (run.report_dir / "my notes.txt").write_text("keep me")
    code, _, err = call("attach", run.root, "--mlflow", CLOSED)
    assert code == 1 and "my notes.txt was not written by flower-audit" in err


@pytest.mark.parametrize("broken", ["{}", '{"figures": {"a": 1}, "decision": {"gate": null}}'])
def test_a_torn_summary_is_one_line(call, run, broken):
    run.summary_json.write_text(broken)
    code, _, err = call("attach", run.root, "--mlflow", CLOSED)
    assert code == 1 and len(err.splitlines()) == 1 and f"flower-audit report {run.root}" in err


@pytest.mark.parametrize("uri", ["localhost:5000", "mlruns", "", "file:///runs", "http://"])
def test_what_is_no_address_is_wrong_usage(call, run, uri):
    code, _, err = call("attach", run.root, "--mlflow", uri)
    assert code == 2
    assert f"{uri!r} is no address: write http://HOST:5000 or https://HOST." in err


def test_an_empty_run_id_makes_no_new_run(call, run):
    code, _, err = call("attach", run.root, "--mlflow", CLOSED, "--run-id", "")
    assert code == 2 and "--run-id is empty" in err


def test_an_address_with_credentials_is_refused_and_not_shown(call, run):
    code, out, err = call("attach", run.root, "--mlflow", "https://ann:hunter2@mlflow.example")
    assert code == 2
    assert "MLFLOW_TRACKING_PASSWORD" in err
    assert "hunter2" not in out + err and "ann" not in out + err


def test_without_the_extra_it_is_named(call, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    code, _, err = call("attach", run.root, "--mlflow", CLOSED)
    assert (code, err) == (
        1,
        "Error: MLflow is not installed: pip install 'flower-audit[mlflow]'.\n",
    )


def test_python_attaches_as_the_command_does(run):
    import audit

    with pytest.raises(AuditError, match="is no address"):
        audit.attach(audit.load_run(run.root), mlflow_uri="localhost:5000")
    with pytest.raises(AuditError, match="run_id is empty"):
        audit.attach(audit.load_run(run.root), mlflow_uri=CLOSED, run_id="")
    run.update_manifest(data=run.manifest()["data"] | {"name": "renamed"})
    with pytest.raises(AuditError, match="says something else than the run does now"):
        audit.attach(audit.load_run(run.root), mlflow_uri=CLOSED)


# Servers that are none


@needs_client
def test_a_server_that_is_not_there_is_told_within_seconds(call, run):
    begun = time.monotonic()
    code, _, err = call("attach", run.root, "--mlflow", CLOSED)
    assert code == 1
    assert err == (
        f"Error: {CLOSED} is out of reach: start its MLflow server, or give the address of one "
        "that runs.\n"
    )
    assert time.monotonic() - begun < 60


@needs_client
@pytest.mark.parametrize(("status", "said"), [(401, "refuses: set MLFLOW_TRACKING_USERNAME"),
                                              (404, "Is it an MLflow server?")])  # fmt: skip
def test_a_server_that_refuses_is_one_line_without_secrets(call, run, monkeypatch, status, said):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    server = LocalServer({})
    server.refusal = HTTPStatus(status)
    code, out, err = call("attach", run.root, "--mlflow", server.url)
    server.close()
    assert code == 1 and len(err.splitlines()) == 1 and said in err
    assert "hunter2" not in out + err


# A real one


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A tracking server of MLflow, with its database and files in a folder."""
    program = server_program()
    if not (CLIENT and program):
        pytest.skip("mlflow, whose tracking server this needs, is not installed")
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*program, "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def server_program():
    """What starts MLflow, maybe of an environment of its own: servers want older packages."""
    if asked := os.environ.get("FLOWER_AUDIT_MLFLOW"):
        return [asked]
    is_here = all(importlib.util.find_spec(name) for name in ("mlflow", "flask", "sqlalchemy"))
    return [sys.executable, "-m", "mlflow"] if is_here else []


def wait_for(url, process, log):
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture
def client(server):
    from mlflow import MlflowClient

    return MlflowClient(server)


def files(client, run_id, folder="flower-audit"):
    found = set()
    for each in client.list_artifacts(run_id, folder):
        found |= files(client, run_id, each.path) if each.is_dir else {each.path}
    return found


def run_id_of(out):
    return out.split("run ")[1].split(":")[0]


def test_a_new_run_holds_figures_decision_card_and_both_reports(call, run, server, client):
    code, out, err = call("attach", run.root, "--mlflow", server)
    assert (code, err) == (0, "")
    found = client.get_run(run_id_of(out))
    assert (found.info.status, found.info.run_name) == ("FINISHED", "run")
    assert client.get_experiment(found.info.experiment_id).name == "flower-audit"
    accuracy = json.loads(run.summary_json.read_text())["figures"]["accuracy"]
    for name in ("low", "high", "n"):
        assert found.data.metrics[f"flower_audit/accuracy_{name}"] == accuracy[name]
    assert found.data.metrics["flower_audit/accuracy"] == accuracy["value"]
    assert found.data.tags["flower_audit.decision"] == "not-shown"
    assert found.data.tags["flower_audit.gate"] == "not run"
    there = files(client, found.info.run_id)
    site = {f.relative_to(run.root).as_posix() for f in run.report_dir.rglob("*") if f.is_file()}
    single = {"report.html", "summary.json", "summary.md", "model_card.md"}
    assert there == {f"flower-audit/{name}" for name in site | single}
    assert out.splitlines()[-1].startswith(f"See: {server}/#/experiments/")


def test_files_arrive_as_they_are(call, run, server, client, tmp_path):
    _, out, _ = call("attach", run.root, "--mlflow", server)
    copy = client.download_artifacts(run_id_of(out), "flower-audit/report.html", str(tmp_path))
    assert Path(copy).read_bytes() == run.report_html.read_bytes()


def test_a_named_run_keeps_its_state_and_its_own_figures(call, run, server, client):
    own = client.create_run("0", run_name="training")
    client.log_metric(own.info.run_id, "accuracy", 0.25)
    args = ("attach", run.root, "--mlflow", server, "--run-id", own.info.run_id)
    assert call(*args)[0] == 0
    found = client.get_run(own.info.run_id)
    assert found.info.status == "RUNNING"
    assert found.data.metrics["accuracy"] == 0.25
    assert "flower_audit/accuracy" in found.data.metrics


def test_python_is_told_where_it_lies(run, server, client):
    import audit

    own = client.create_run("0").info.run_id
    found = audit.attach(audit.load_run(run.root), mlflow_uri=server, run_id=own)
    assert found.run_id == own and found.url.endswith(f"/runs/{own}")
    assert "flower-audit/report.html" in files(client, own)


def test_a_failed_gate_is_a_tag_and_a_file(call, run, server, client):
    with uncharted.no_charts():
        assert call("check", run.root, "--max-wrong-reasons", "0")[0] == 3
    _, out, _ = call("attach", run.root, "--mlflow", server)
    tags = client.get_run(run_id_of(out)).data.tags
    assert (tags["flower_audit.decision"], tags["flower_audit.gate"]) == ("do-not-ship", "failed")
    assert "flower-audit/gate.json" in files(client, run_id_of(out))


def test_nothing_is_told_of_who_attaches_and_from_where(call, run, server, client):
    _, out, _ = call("attach", run.root, "--mlflow", server)
    told = str(client.get_run(run_id_of(out)).data.tags)
    assert str(run.root.parent) not in told and socket.gethostname() not in told


@pytest.mark.parametrize("run_id", ["ab" * 16, "a/../b", "x\n"])
def test_an_unknown_run_is_one_line(call, run, server, run_id):
    code, _, err = call("attach", run.root, "--mlflow", server, "--run-id", run_id)
    assert code == 1
    assert err == (
        f"Error: {server} knows no run {run_id!r}: give another --run-id, or none for a new run.\n"
    )


def test_a_deleted_run_takes_nothing(call, run, server, client):
    own = client.create_run("0").info.run_id
    client.delete_run(own)
    code, _, err = call("attach", run.root, "--mlflow", server, "--run-id", own)
    assert code == 1
    assert err == f"Error: {server} has deleted the run {own}: restore it, or give another.\n"
    assert client.get_run(own).data.metrics == {} and not files(client, own)


def test_a_link_in_a_report_is_not_followed_and_no_run_is_made(call, run, server, client):
    secret = run.root.parent / "secret"
    secret.write_text("mine")
    (run.report_dir / "index.html").unlink()
    (run.report_dir / "index.html").symlink_to(secret)
    before = len(client.search_runs(["1"]))
    code, _, err = call("attach", run.root, "--mlflow", server)
    assert code == 1 and "is a link" in err
    assert len(client.search_runs(["1"])) == before


def test_the_experiment_of_the_environment_is_taken(call, run, server, client, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "reviews")
    _, out, _ = call("attach", run.root, "--mlflow", server)
    number = client.get_run(run_id_of(out)).info.experiment_id
    assert client.get_experiment(number).name == "reviews"


def test_the_environment_is_as_it_was(call, run, server):
    before = dict(os.environ)
    call("attach", run.root, "--mlflow", server)
    assert dict(os.environ) == before

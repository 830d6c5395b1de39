"""Runs of other versions: read with what they have, and a line on what they have not."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawnruns import make_run
from test_findings import uncharted

from audit.core.errors import RunFolderError
from audit.report.exports import summary_json
from audit.report.findings import findings
from audit.storage.records import COLUMNS, RECORD_SCHEMA, VERSION, VERSION_KEY, now_called
from audit.storage.run import RunFolder

# Made by the first version whose parts have checksums, 3bddfcf, of six drawn discs.
OLDER = Path(__file__).parents[1] / "fixtures" / "run-2026-11-26"
# One of each kind that goes with the same words: sixteen edits are as one.
OPTIONAL = list({(c.tells, str(c.kind), c.lacking): c for c in COLUMNS if c.tells}.values())


@pytest.fixture
def older(tmp_path):
    return shutil.copytree(OLDER, tmp_path / "older")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run without what reads no records: corruptions, and the health of data."""
    root = tmp_path_factory.mktemp("whole") / "run"
    make_run(root, images=6, classes=["a", "b"], size=32, corrupted=0, examined=False)
    return root


@pytest.fixture
def rewritten(whole, tmp_path):
    """A function that writes the records of a copy anew, as ``change`` makes them."""

    def write(change):
        run = RunFolder(shutil.copytree(whole, tmp_path / "run"))
        for file in run.records_dir.iterdir():
            pq.write_table(change(pq.read_table(file)), file)
            sums = run.checksums_dir / f"{file.stem}.json"
            known = json.loads(sums.read_text())
            sums.write_text(json.dumps(known | {"records": sha256(file.read_bytes()).hexdigest()}))
        return run

    return write


def test_a_run_of_an_older_version_is_rendered(call, older):
    code, out, err = call("report", older)
    assert code == 0 and "Accuracy: 100.0%" in out and "Traceback" not in err
    assert "Integrated Gradients" in (older / "report" / "methods.html").read_text()


def test_a_run_of_an_older_version_is_checked_and_compared(call, older, tmp_path):
    assert call("check", older, "--min-accuracy", "50%")[0] == 0
    assert call("check", older, "--against", OLDER, "--no-worse-than", "5%")[0] == 0
    code, out, _ = call("compare", OLDER, older, "--out", tmp_path / "out")
    assert code == 0 and "Accuracy: 100.0% and 100.0%" in out


def test_no_column_that_a_version_wrote_has_gone():
    written = pq.read_schema(OLDER / "records" / "part-00000.parquet")
    for name in written.names:
        assert RECORD_SCHEMA.field(now_called(name)).type == written.field(name).type


@pytest.mark.parametrize("column", OPTIONAL, ids=lambda column: column.name)
def test_a_column_that_lacks_is_one_line(rewritten, caplog, column):
    run = rewritten(lambda table: table.drop_columns([column.name]))
    content = uncharted(run)
    assert [record.getMessage() for record in caplog.records] == [
        f"{run.root}: an earlier version made its records, without 1 column ({column.name}); "
        f"not shown: {column.tells}."
    ]
    assert "other-records" in {finding.key for finding in findings(content)}
    assert json.loads(summary_json(content))["images"]


def test_a_run_without_interventions_is_rendered(call, rewritten, caplog):
    """As those of the first version of records were."""
    later = [column.name for column in COLUMNS if column.since > 1]
    run = rewritten(lambda table: table.drop_columns(later))
    assert call("report", run.root)[0] == 0
    assert caplog.text.count("an earlier version made its records") == 1
    assert "not shown: scores of the centre Gaussian, interventions, whether m" in caplog.text
    assert "The records are of another version" in (run.report_dir / "findings.html").read_text()


def test_without_what_every_version_writes_nothing_is_read(rewritten):
    run = rewritten(lambda table: table.drop_columns(["label"]))
    with pytest.raises(RunFolderError, match="columns of another version"):
        run.records()


def test_columns_of_a_later_version_are_left_alone(rewritten, caplog):
    extra = pa.array([0.5])
    run = rewritten(lambda table: table.append_column("new", pa.repeat(extra[0], len(table))))
    assert list(run.records().columns) == RECORD_SCHEMA.names
    assert "a later version made its records, with 1 column more ('new')" in caplog.text


def test_records_say_which_version_wrote_them(whole):
    written = pq.read_schema(whole / "records" / "part-00000.parquet")
    assert written.metadata[VERSION_KEY] == str(VERSION).encode()
    assert max(column.since for column in COLUMNS) <= VERSION

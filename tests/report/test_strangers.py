"""Run folders that a stranger made, given to every command: one line, and nothing of the reader's.

Each attack is on a copy of one whole run, so that what is refused is the attack alone.
"""

import hashlib
import io
import json
import os
import re
import resource
import shutil
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawnruns import make_run
from PIL import Image

from audit.api import load_run
from audit.checks.data_health.outputs import IMAGES as HEALTH
from audit.checks.data_health.pairs import leaked_names
from audit.checks.data_health.summary import health
from audit.checks.explainer_sanity.outputs import FILE as TRUST
from audit.checks.opportunity.outputs import FILE as OPPORTUNITY
from audit.checks.shortcuts.outputs import FILE as SHORTCUTS
from audit.checks.shortcuts.summary import find_shortcuts
from audit.core.errors import AuditError, RunFolderError
from audit.report.gatefile import gate
from audit.report.owner import owner_of
from audit.report.source import load
from audit.storage import run as runfolder
from audit.storage.run import RunFolder

pytestmark = pytest.mark.usefixtures("without_charts")
SIDE, IMAGES = 32, 6
SECRET = b"-----BEGIN PRIVATE KEY-----"
FILES = (
    "manifest.json", "model.keras", "history.csv", "model_card.toml", "gate.json",
    "augmentations.png", "mixed-labels.png", "robustness.webp", "robustness.parquet",
    "predictions.parquet", "donors.npz", "trust.json", "shortcuts.json", "opportunity.json",
    "sensitivity.parquet", "verdicts.parquet",
    "health.parquet", "duplicates.parquet", "summary.json", "summary.md", "report.html",
)  # fmt: skip
FOLDERS = ("records", "maps", "checksums", "report", "training")
PARTS = ("records/part-00000.parquet", "checksums/part-00000.json", "maps/part-00000.npz")
COMMANDS = {
    "report": ("report", "{}"),
    "check": ("check", "{}", "--min-accuracy", "0%"),
    "check --against": ("check", "{whole}", "--against", "{}", "--no-worse-than", "99%"),
    "compare": ("compare", "{whole}", "{}", "--out", "{out}"),
    "sweep": ("sweep", "{}"),
    "run --resume": ("run", "--preset", "planted", "--out", "{}", "--resume"),
}
READING = ("report", "check", "check --against", "compare")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A whole run, as a reader may have made one: every file that there can be is there."""
    root = tmp_path_factory.mktemp("drawn") / "run"
    make_run(root, images=IMAGES, classes=["a", "b"], size=SIDE, corrupted=2, judged=True)
    given = {"model.keras": "", "gate.json": "{}", "summary.json": "{}", "summary.md": "",
             "model_card.toml": 'owner = "I"', "report.html": ""}  # fmt: skip
    for name, text in given.items():
        (root / name).write_text(text)
    shutil.copy(root / "augmentations.png", root / "mixed-labels.png")
    for name in ("report", "training"):
        (root / name).mkdir()
    return root


@pytest.fixture
def received(drawn, tmp_path):
    """A stranger's copy of it."""
    return shutil.copytree(drawn, tmp_path / "received")


@pytest.fixture
def give(call, drawn, received, tmp_path):
    """Give the stranger's folder to a command; the line on which it is refused."""

    def run(command):
        locations = {"whole": drawn, "out": tmp_path / "out"}
        code, _, err = call(*(part.format(received, **locations) for part in COMMANDS[command]))
        *_, line = err.splitlines() or [""]
        assert code == 1 and line.startswith("Error: ") and "Traceback" not in err, err
        return line

    return run


def below(folder):
    """Everything in a folder, with its content."""
    return {f: f.read_bytes() if f.is_file() else b"" for f in sorted(folder.rglob("*"))}


# Links


def linked(received, name, elsewhere):
    """Put a link in place of a file or folder, whose content now lies elsewhere."""
    target = elsewhere / name.replace("/", "_")
    elsewhere.mkdir()
    (received / name).rename(target)
    (received / name).symlink_to(target)
    return below(elsewhere)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "run --resume"])
@pytest.mark.parametrize("name", [*FILES, *FOLDERS])
def test_no_link_is_followed_out_of_a_run_folder(give, received, tmp_path, command, name):
    before = linked(received, name, tmp_path / "elsewhere")
    assert f"{name} is a link, and none is followed" in give(command)
    assert below(tmp_path / "elsewhere") == before


@pytest.mark.parametrize("name", ["manifest.json", "model.keras", "records", "training"])
def test_a_resumed_run_neither_reads_nor_writes_through_a_link(give, received, tmp_path, name):
    before = linked(received, name, tmp_path / "elsewhere")
    assert f"{name} is a link" in give("run --resume")
    assert below(tmp_path / "elsewhere") == before


@pytest.mark.parametrize(
    ("command", "name"),
    [*((command, name) for command in READING for name in PARTS[:2]), ("report", PARTS[2])],
)
def test_no_link_is_followed_to_a_part(give, received, tmp_path, command, name):
    linked(received, name, tmp_path / "elsewhere")
    assert re.search(rf"{name} is (a link|missing or torn)", give(command))


@pytest.mark.parametrize("name", ["manifest.json", "robustness.webp", "maps", "gate.json"])
def test_a_link_to_nothing_is_no_missing_file(give, received, name):
    (shutil.rmtree if (received / name).is_dir() else os.unlink)(received / name)
    (received / name).symlink_to("/nowhere/at/all")
    assert re.search(f"{name} is a link|is not a run folder", give("check"))


def test_the_run_folder_itself_may_be_reached_by_a_link(call, received, tmp_path):
    (tmp_path / "typed").symlink_to(received)
    assert call("check", tmp_path / "typed", "--min-accuracy", "0%")[0] == 0


def test_a_notebook_follows_no_link_either(received, tmp_path):
    run = load_run(received)
    for name in (*PARTS, "predictions.parquet", "summary.json"):
        linked(received, name, tmp_path / name.replace("/", "_"))
    for read in (lambda: run.records, lambda: run.predictions, lambda: run.summary,
                 lambda: list(run.folder.maps(0))):  # fmt: skip
        with pytest.raises(RunFolderError):
            read()


@pytest.mark.parametrize("name", ["manifest.json", "gate.json", "trust.json", "model.keras"])
def test_a_pipe_is_not_waited_for(give, received, name):
    (received / name).unlink()
    os.mkfifo(received / name)
    assert f"{name} is no plain file" in give("check") or "not a run folder" in give("check")


@pytest.mark.parametrize("name", ["history.csv", "donors.npz", "model_card.toml"])
def test_a_folder_is_no_file(give, received, name):
    (received / name).unlink()
    (received / name).mkdir()
    assert f"{name} is no plain file" in give("report")


def test_a_file_is_no_folder(give, received):
    (received / "report").rmdir()
    (received / "report").write_bytes(b"")
    assert "report is no plain folder" in give("report")


# Files that are something else


def test_what_is_no_picture_is_not_shown(give, received):
    (received / "robustness.webp").write_bytes(SECRET)
    assert "robustness.webp cannot be shown (no whole WEBP picture" in give("report")
    assert not list(received.rglob(".report-*"))


@pytest.mark.parametrize("name", ["augmentations.png", "mixed-labels.png", "robustness.webp"])
@pytest.mark.parametrize("content", [SECRET, b"<svg onload='alert(1)'/>", b""])
def test_a_picture_is_of_the_format_of_its_name(received, name, content):
    (received / name).write_bytes(content)
    kind = "WEBP" if name.endswith("webp") else "PNG"
    with pytest.raises(RunFolderError, match=f"{name} cannot be shown .no whole {kind} picture"):
        RunFolder(received).picture(received / name, kind)


def test_nothing_but_pixels_of_a_picture_goes_into_a_report(call, received):
    for name in ("augmentations.png", "mixed-labels.png", "robustness.webp"):
        with (received / name).open("ab") as file:
            file.write(SECRET)
    frame = pd.read_parquet(received / "health.parquet")
    frame["thumbnail"] = [t if t is None else t + SECRET for t in frame["thumbnail"]]
    frame.to_parquet(received / "health.parquet")
    assert call("report", received)[0] == 0
    written = below(received / "report") | {"": (received / "report.html").read_bytes()}
    assert len([f for f in written if str(f).endswith((".png", ".webp"))]) > 10
    assert not [f for f, content in written.items() if SECRET in content]


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("history.csv", RunFolder.history),
        ("model_card.toml", owner_of),
        ("trust.json", TRUST.read),
        ("health.parquet", HEALTH.read),
        ("donors.npz", RunFolder.donors),
    ],
)
def test_nothing_is_quoted_of_what_cannot_be_read(received, name, read):
    (received / name).write_bytes(SECRET + b"\nMIIEowIBAAKCAQEA\n")
    with pytest.raises(AuditError, match=name) as error:
        read(RunFolder(received))
    assert "MIIEow" not in str(error.value)


# Bombs


def zeros(count):
    squeeze = zlib.compressobj(9)
    block = bytes(2**20)
    parts = [squeeze.compress(block) for _ in range(count >> 20)]
    return np.frombuffer(b"".join(parts) + squeeze.flush(), np.uint8)


def repack(file, **arrays):
    with np.load(file) as whole:
        np.savez(file, **(dict(whole) | arrays))


def maps_of_another_size(received):
    side = 8_000
    squeezed = zeros(4 * side * side)
    same = dict.fromkeys(("trimaps", "ig", "regions"), squeezed)
    repack(received / PARTS[2], shape=np.array([IMAGES, side, side]), **same)


def jpeg(side):
    buffer = io.BytesIO()
    Image.new("RGB", (side, side)).save(buffer, "JPEG", quality=1)
    return np.frombuffer(buffer.getvalue(), np.uint8)


def pictures_of_another_size(received):
    one = jpeg(6_000)
    ends = np.arange(1, IMAGES + 1) * len(one)
    repack(received / PARTS[2], images=np.tile(one, IMAGES), image_ends=ends)


def donors_of_another_size(received):
    one = jpeg(6_000)
    ends = np.arange(1, 7) * len(one)
    repack(received / "donors.npz", images=np.tile(one, 6), image_ends=ends)


def compressed_arrays(received):
    np.savez_compressed(received / "donors.npz", names=np.zeros(2**28, np.uint8))


def rows_without_end(received):
    columns = {"label": np.zeros(10**7, np.int32), "prediction": np.zeros(10**7, np.int32)}
    columns |= {"name": pa.array(["a"]).take(np.zeros(10**7, np.int32)),
                "confidence": np.full(10**7, 0.5)}  # fmt: skip
    pq.write_table(pa.table(columns), received / "predictions.parquet")


def texts_without_end(received):
    table = pq.read_table(received / PARTS[0]).to_pandas()
    pa_table = pa.Table.from_pandas(table.assign(verdict_reason="x" * 2**22), preserve_index=False)
    schema = pq.read_schema(received / PARTS[0])
    pq.write_table(pa_table.cast(schema), received / PARTS[0])


def thumbnails_without_end(received):
    frame = pd.read_parquet(received / "health.parquet")
    frame["thumbnail"] = frame["thumbnail"].dropna().iloc[0]
    many = pd.concat([frame] * 40, ignore_index=True)
    many["name"] = [f"{i}.jpg" for i in range(len(many))]
    many.to_parquet(received / "health.parquet")
    pd.read_parquet(received / "duplicates.parquet")[:0].to_parquet(received / "duplicates.parquet")


def a_large_thumbnail(received):
    frame = pd.read_parquet(received / "health.parquet")
    buffer = io.BytesIO()
    Image.new("RGB", (6_000, 6_000)).save(buffer, "WEBP")
    frame["thumbnail"] = [t if t is None else buffer.getvalue() for t in frame["thumbnail"]]
    frame.to_parquet(received / "health.parquet")


def told(received, **sections):
    file = received / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | sections))


def classes_without_end(received):
    told(received, data={"classes": [f"{i}" for i in range(100_000)]})


def a_name_without_end(received):
    told(received, data={"classes": ["a", "b" * 30_000]})


def a_label_without_end(received):
    frame = pd.read_parquet(received / "predictions.parquet")
    frame["label"] = frame["label"].where(frame.index > 0, 2**31 - 1).astype("int32")
    frame.to_parquet(received / "predictions.parquet")


def rerecorded(received, **columns):
    """Write other values into records."""
    schema = pq.read_schema(received / PARTS[0])
    frame = pq.read_table(received / PARTS[0]).to_pandas().assign(**columns)
    table = pa.Table.from_pandas(frame, preserve_index=False).cast(schema)
    pq.write_table(table, received / PARTS[0])


def swaps_without_end(received):
    rerecorded(received, swap_predictions="1," * 1000 + "1")


def donors_without_end(received):
    rerecorded(received, swap_predictions="", donors=2**30)


BOMBS = [
    # what is made, the file that is named, what is said of it, who reads it
    (maps_of_another_size, "maps/part-00000.npz", "images of 8000 by 8000 pixels", ["report"]),
    (compressed_arrays, "donors.npz", "names.npy is compressed", ["compare"]),
    (rows_without_end, "predictions.parquet", "claims 10,000,000 rows, of at most 7", READING),
    (texts_without_end, "part-00000.parquet", "a text of 4,194,304 bytes", READING),
    (classes_without_end, "manifest.json", "claims 100,000 classes", READING),
    (a_name_without_end, "manifest.json", "claims 30,000 characters in a name", READING),
    (swaps_without_end, "records", "which is no list of answers", READING),
    (donors_without_end, "records", "donors 1.07374e+09", READING),
    (a_label_without_end, "predictions.parquet", "label 2.14748e+09", READING),
]


@pytest.fixture(scope="module")
def bombed(drawn, tmp_path_factory):
    """Make a copy of the run with a bomb, once for all commands that read it."""
    made = {}

    def of(bomb):
        if bomb not in made:
            root = tmp_path_factory.mktemp("bombed") / "run"
            made[bomb] = shutil.copytree(drawn, root)
            bomb(root)
            files = {"records": root / PARTS[0], "maps": root / PARTS[2]}
            sums = {k: hashlib.sha256(file.read_bytes()).hexdigest() for k, file in files.items()}
            (root / PARTS[1]).write_text(json.dumps(sums))
        return made[bomb]

    return of


@pytest.mark.parametrize(
    ("command", "bomb", "name", "said"),
    [(command, *bomb) for *bomb, commands in BOMBS for command in commands],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_bomb_costs_one_line_and_little_memory(give, bombed, received, command, bomb, name, said):
    shutil.copytree(bombed(bomb), received, dirs_exist_ok=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = give(command)
    assert name in line and said in line and len(line) < 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB


@pytest.mark.parametrize(
    ("bomb", "read"),
    [
        (pictures_of_another_size, lambda run: list(run.maps(0))),
        (donors_of_another_size, lambda run: run.donors()[0]),
        (a_large_thumbnail, lambda run: health(load(run))),
    ],
    ids=["maps", "donors", "thumbnails"],
)
def test_a_picture_is_of_the_size_that_it_should_have(received, bomb, read):
    bomb(received)
    with pytest.raises(RunFolderError, match="a picture of 6,000 by 6,000 pixels"):
        read(RunFolder(received))


def test_thumbnails_are_counted(received):
    thumbnails_without_end(received)
    with pytest.raises(RunFolderError, match=r"health\.parquet holds .* thumbnails, of at most"):
        health(load(RunFolder(received)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("manifest.json", "[" * 900 + "]" * 900),
        ("manifest.json", '{"config": {"seed": ' + "9" * 4000 + "}}"),
        ("history.csv", "epoch,loss\n" + "1,1\n" * 20_000),
        ("history.csv", "epoch,loss\n" * 200_000),
    ],
    ids=lambda value: value[:24],
)
def test_a_text_file_beyond_all_measure_is_one_line(give, received, name, text):
    (received / name).write_text(text)
    line = give("report")
    assert name in line and len(line) < 1000


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("trust.json", '{"images": [' + "[]," * 10**6 + "[]]}", TRUST.read),
        ("shortcuts.json", '{"groups": [' + "{}," * 10**6 + "{}]}", SHORTCUTS.read),
        ("opportunity.json", '{"splits": [' + "{}," * 10**6 + "{}]}", OPPORTUNITY.read),
        ("gate.json", '{"gates": ' + "[" * 500 + "]" * 500 + "}", lambda run: gate(load(run))),
        ("model_card.toml", 'owner = "' + "x" * 2**21 + '"', owner_of),
    ],
    ids=["trust", "shortcuts", "opportunity", "gate", "owner"],
)
def test_what_a_report_reads_last_is_bounded_likewise(received, name, text, read):
    (received / name).write_text(text)
    with pytest.raises(RunFolderError, match=f"{name} (is torn|has 2,0)"):
        read(RunFolder(received))


def test_parts_are_counted_before_they_are_read(received, monkeypatch):
    monkeypatch.setattr(runfolder, "MOST_PARTS", 2)
    for part in (1, 2):
        shutil.copy(received / PARTS[1], received / f"checksums/part-{part:05d}.json")
    with pytest.raises(RunFolderError, match="claims more than 2 parts"):
        RunFolder(received).records()


@pytest.mark.parametrize("name", ["part-x.json", "part--1.json", "part-٣.json", "part-1e9.json"])
def test_what_is_named_otherwise_is_no_part(received, name):
    (received / "checksums" / name).write_text("{}")
    assert RunFolder(received).done_parts() == {0}


# Values


def other(column, value):
    def change(received):
        frame = pd.read_parquet(received / "predictions.parquet")
        frame.loc[0, column] = value
        frame.to_parquet(received / "predictions.parquet")

    return change


def section(name, **values):
    def change(received):
        whole = json.loads((received / "manifest.json").read_text())
        told(received, **{name: whole[name] | values})

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other("label", -1), "label -1, which is none of 0"),
        (other("prediction", -2), "prediction -2, which is none of -1"),
        (other("confidence", 7.0), "confidence 7, which is none of"),
        (other("confidence", float("inf")), "column confidence holds infinity"),
        (section("config", seed=-1), "config whose seed no run has: -1"),
        (section("config", seed="x"), "config whose seed no run has: 'x'"),
        (section("config", cam="x"), "config whose cam no run has: 'x'"),
        (section("config", subject="x" * 500), "config whose subject no run has"),
        (section("config", on_foreground_skill=float("inf")), "config whose thresholds no run has"),
        (section("sweep", explained=float("inf")), "manifest.json was not written by"),
        (section("sweep", part_size=-1), "manifest.json claims -1 images a part"),
        (section("model", input_size=10**6), "manifest.json claims 1,000,000 pixels a side"),
        (section("data", counts={"test": "many"}), "manifest.json was not written by"),
        (section("stages", explain="long"), "manifest.json was not written by"),
    ],
)
def test_values_that_no_run_has_are_named(give, received, change, said):
    change(received)
    assert said in give("report")


def test_shortcuts_of_another_shape_are_named(received):
    whole = json.loads((received / "shortcuts.json").read_text())
    (received / "shortcuts.json").write_text(json.dumps(whole | {"groups": [{"target": 0}]}))
    with pytest.raises(RunFolderError, match=r"shortcuts\.json is of another shape"):
        find_shortcuts(load(RunFolder(received)))


def test_a_record_without_its_maps_is_named(received):
    found = RunFolder(received).chosen(0, {5, IMAGES})
    assert next(found)[0] == 5
    with pytest.raises(RunFolderError, match=r"part-00000\.npz lacks row 6 of its records"):
        next(found)


def test_versions_that_are_there_twice_are_not_paired_with_each_other(give, received):
    frame = pd.read_parquet(received / "robustness.parquet")
    frame.iloc[np.zeros(50_000, int)].to_parquet(received / "robustness.parquet")
    assert "robustness.parquet has a version of an image twice" in give("compare")


def test_pairs_of_images_that_nobody_examined_are_named(received):
    frame = pd.read_parquet(received / "duplicates.parquet")
    frame.loc[0, "a"] = "another"
    frame.to_parquet(received / "duplicates.parquet")
    with pytest.raises(RunFolderError, match=r"duplicates\.parquet is not of the images of"):
        leaked_names(load(RunFolder(received)))

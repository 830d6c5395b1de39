"""Everything that a run writes is attached somewhere: none of it holds a secret, or whose disk."""

import json
import re
import shutil

import pytest
from leaks import KEY, SECRET, TOKEN, USER, holding

from audit.storage.run import RunFolder

HOST = "zq-planted-host"
# Each command ends the program.
PROGRAM = f"""
import json, os, platform, socket, sys
os.dup2(1, 2)
platform.node = socket.gethostname = lambda: {HOST!r}  # its own may be two letters
from audit.cli import main
for command in json.loads(sys.argv[1]):
    sys.argv = ["flower-audit", *command]
    try: main()
    except SystemExit as left: print("exit", left.code)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home directory with a project in it."""
    made = tmp_path_factory.mktemp("disk") / "home" / USER
    (made / "my project").mkdir(parents=True)
    return made


@pytest.fixture(scope="module")
def work(home, forks):
    """Run commands one after another: what they print."""

    def run(*commands):
        given = json.dumps([list(map(str, command)) for command in commands])
        user = {"HOME": str(home), "USER": USER, "LOGNAME": USER}
        done = forks.start(PROGRAM, given, cwd=home, **user)
        done.wait()
        return done.out.read_text()

    return run


@pytest.fixture(scope="module")
def said(home, work, draw_manifest, colour_model):
    """What the commands print; their files lie in ``runs``. An image and a mask are broken."""
    project = home / "my project"
    manifest = draw_manifest(project / "photos", per_split={"train": 2, "validation": 2, "test": 3})
    photos = project / "photos"
    head, *rows = manifest.read_text().splitlines()
    # One image is named by its whole path, as many tables name all.
    rows[-1] = f"{photos}/{rows[-1]}"
    manifest.write_text("\n".join([head, *rows]) + "\n")
    (photos / "0_04.png").write_bytes(b"no image")
    (photos / "1_05_mask.png").write_bytes(b"no mask")
    (project / "card.toml").write_text('intended_use = "Discs."')
    runs = project / "runs"
    given = ["--images", manifest, "--model", colour_model.rename(project / "my model.keras")]
    given += ["--no-grabcut", "--workers", 0, "--ig-steps", 2, "--robustness", 2]
    given += ["--model-card", project / "card.toml"]
    given += ["--data-dir", f"s3://{KEY}:{SECRET}@bucket/sets?X-Amz-Signature={TOKEN}"]
    done = work(["run", *given, "--out", runs / "a"])
    shutil.copytree(runs / "a", runs / "b")
    compare = ["compare", runs / "a", runs / "b", "--out", runs / "compared"]
    check = ["check", runs / "b", "--against", runs / "a", "--junit", runs / "gate.xml"]
    return done + work(compare, check)


@pytest.fixture(scope="module")
def written(said, home):
    files = [file for file in (home / "my project" / "runs").rglob("*") if file.is_file()]
    assert len(files) > 100, said
    return files


def test_all_commands_have_done_their_work(said):
    assert re.findall("^exit (.*)$", said, re.MULTILINE) == ["0"] * 3, said


def test_no_file_holds_a_credential(written):
    assert holding(written, KEY, SECRET, SECRET.split("/")[1], TOKEN) == []


def test_no_file_holds_a_whole_path_or_whose_it_was(written, home):
    assert holding(written, str(home), str(home.parent), USER) == []


def test_no_file_holds_the_name_of_the_host(written):
    assert holding(written, HOST) == []


def test_nothing_printed_holds_a_credential(said):
    for secret in (KEY, SECRET, TOKEN):
        assert secret not in said


def test_what_is_kept_is_still_worth_reading(said, home):
    run = RunFolder(home / "my project" / "runs" / "a")
    manifest = run.manifest()
    assert manifest["command"].startswith(
        "flower-audit run --images images.csv --model 'my model.keras' --no-grabcut"
    )
    assert manifest["config"]["report"]["model_card"] == "card.toml"
    assert manifest["model"]["source"] == "my model.keras"
    doubts = set(run.records()["mask_doubt"])
    assert any("1_05_mask.png" in doubt for doubt in doubts)

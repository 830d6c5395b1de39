"""A first settings file."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.core.errors import ConfigError
from audit.settings import Config, load_config
from audit.settings.config import FIELDS
from audit.settings.written import written
from audit.stages.init import init


def test_images_and_masks_are_told_and_the_file_is_read_as_the_same_config(
    tmp_path, draw_manifest, colour_model
):
    images = draw_manifest(tmp_path / "images", per_split={"test": 4})
    config = load_config({"images": images, "model": colour_model, "subject": 'a "disc"'})
    told = init(config, tmp_path / "mine.toml")
    assert told[0] == "Found 3 classes; images: 12 test."
    assert told[1].strip().endswith(": 4 test")
    assert any("mask" in line for line in told)
    assert told[-1].endswith("--out runs/mine")
    text = (tmp_path / "mine.toml").read_text(encoding="utf-8")
    assert all(f"# {line}".rstrip() in text for line in told[:-1])
    assert load_config({}, None, tmp_path / "mine.toml") == config


def test_a_file_that_is_there_stays(tmp_path):
    file = tmp_path / "audit.toml"
    file.write_text("# mine")
    with pytest.raises(ConfigError, match="is there already: give another --out"):
        init(load_config({}, "planted"), file)
    assert file.read_text() == "# mine"


@pytest.mark.parametrize("name", ["a\nb", 'q"uo\\te', "\x1b[31mred", "[run]\nseed = 3", "ünïcode"])
def test_names_of_others_stay_comments_and_strings(tmp_path, name):
    config = load_config({"subject": name})
    file = tmp_path / "audit.toml"
    file.write_text(written(config, [f"class {name}"]), encoding="utf-8")
    assert load_config({}, None, file) == config
    assert file.read_text(encoding="utf-8").startswith("# class ")


def test_what_is_commented_out_may_be_switched_on(tmp_path):
    lines = written(Config(), []).splitlines()
    on = [line[2:] if line[2:].split(" = ")[0] in FIELDS else line for line in lines]
    file = tmp_path / "audit.toml"
    file.write_text("\n".join(line for line in on if not line.endswith(" =")))
    assert load_config({}, None, file) == Config()


def test_the_command_looks_and_writes(tmp_path):
    file = tmp_path / "audit.toml"
    done = CliRunner().invoke(cli, ["init", "--preset", "planted", "--out", str(file)])
    assert done.exit_code == 0
    assert "Found 8 classes; images: 288 train, 80 validation, 192 test." in done.output
    assert load_config({}, None, file) == load_config({}, "planted")

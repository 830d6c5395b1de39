"""TOML files and manifests, by section and flat."""

import logging

import pytest

from audit.core.errors import ConfigError
from audit.settings import Config, load_config
from audit.settings.config import FIELDS, SECTIONS
from audit.settings.nesting import flat, nested


def toml(tmp_path, text):
    file = tmp_path / "audit.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_sections_of_a_file_are_read(tmp_path):
    text = '[model]\nmodel = "m.keras"\n[masks]\nmasks = "grabcut"\n[explain]\nexplain = 3'
    config = load_config({}, None, toml(tmp_path, text))
    assert str(config.model.model) == "m.keras"
    assert (str(config.masks.masks), config.explain.explain) == ("grabcut", 3)


def test_a_file_without_sections_is_read_with_a_line_on_how_to_write_it(tmp_path, caplog):
    file = toml(tmp_path, "epochs = 3\nmasks = 'trimaps'\n[run]\nseed = 1")
    with caplog.at_level(logging.WARNING):
        config = load_config({}, None, file)
    assert (config.training.epochs, config.run.seed) == (3, 1)
    assert [record.message for record in caplog.records] == [
        f"{file} has settings outside of their sections; write them as [training] epochs, "
        "[masks] masks."
    ]


def test_a_file_with_sections_is_read_in_silence(tmp_path, caplog):
    load_config({}, None, toml(tmp_path, "preset = 'planted'\n[training]\nepochs = 3"))
    assert caplog.records == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[run]\nepochs = 3", "'epochs' stands in [run] of {}: write it under [training]."),
        ("epochs = 3\n[training]\nepochs = 4",
         "'epochs' stands twice in {}: leave it under [training] alone."),
        ("[trainign]\nepochs = 3",
         "Unknown setting 'trainign' (flags or {}); did you mean 'training'?"),
        ("training = 3", "Unknown setting 'training' (flags or {}): [training] is a section."),
        ("[training]\nepoch = 3", "Unknown setting 'epoch' (flags or {}); did you mean 'epochs'?"),
    ],
)  # fmt: skip
def test_settings_in_a_wrong_place_are_named_with_the_right_one(tmp_path, text, said):
    file = toml(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load_config({}, None, file)
    assert str(refused.value) == said.format(file)


def test_names_are_unique_over_all_sections():
    assert len(FIELDS) == sum(len(section.model_fields) for section in SECTIONS.values())


def test_settings_are_the_same_by_section_and_flat():
    config = load_config({"images": "photos", "ig_steps": 8})
    assert Config.model_validate(nested(config.flat())) == config
    assert flat(config.kept()) == flat(flat(config.kept()))

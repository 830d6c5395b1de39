from pathlib import Path

import pytest
from pydantic import ValidationError

from audit import cli
from audit.core.errors import ConfigError
from audit.settings import Config, load_config
from audit.settings.config import FIELDS
from audit.settings.nesting import flat


def toml(tmp_path, text):
    file = tmp_path / "audit.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_hold_where_nothing_is_given():
    assert load_config({}) == Config()


def test_preset_beats_defaults():
    assert load_config({}, preset="planted").model.image_size == 160


def test_file_beats_preset(tmp_path):
    assert load_config({}, "planted", toml(tmp_path, "image_size = 96")).model.image_size == 96


def test_flags_beat_file(tmp_path):
    assert (
        load_config({"ig_steps": 30}, "planted", toml(tmp_path, "ig_steps = 20")).explain.ig_steps
        == 30
    )


def test_layers_below_show_through_where_a_layer_is_silent(tmp_path):
    config = load_config({"epochs": 3}, "planted", toml(tmp_path, "ig_steps = 20"))
    assert (config.training.epochs, config.explain.ig_steps, config.model.image_size) == (
        3,
        20,
        160,
    )


def test_flag_that_is_none_was_not_given(tmp_path):
    assert (
        load_config({"ig_steps": None}, None, toml(tmp_path, "ig_steps = 20")).explain.ig_steps
        == 20
    )


def test_false_is_a_value_and_not_an_absence(tmp_path):
    file = toml(tmp_path, "grabcut = true")
    assert load_config({"grabcut": False}, None, file).masks.grabcut is False


@pytest.mark.parametrize("key", ["lime_samples", "shap_evals"])
def test_no_run_folder_asks_for_passes_that_no_memory_holds(key):
    with pytest.raises(ConfigError, match=f"Bad value 100000000 for '{key}'"):
        load_config({key: 100_000_000})


def test_file_may_name_its_preset(tmp_path):
    config = load_config({}, None, toml(tmp_path, 'preset = "planted"\nepochs = 2'))
    assert (config.data.dataset, config.training.epochs) == ("planted", 2)


def test_preset_flag_beats_the_files_preset(tmp_path):
    file = toml(tmp_path, 'preset = "nonsense"\nepochs = 2')
    assert load_config({}, "planted", file).data.dataset == "planted"


def test_images_imply_their_dataset(tmp_path):
    assert load_config({"images": tmp_path}).data.dataset == "images"


def test_images_flag_beats_the_presets_dataset(tmp_path):
    assert load_config({"images": tmp_path}, "planted").data.dataset == "images"


def test_images_in_a_file_imply_their_dataset(tmp_path):
    assert load_config({}, None, toml(tmp_path, 'images = "photos"')).data.dataset == "images"


def test_images_in_a_file_beat_the_presets_dataset(tmp_path):
    assert load_config({}, "planted", toml(tmp_path, 'images = "photos"')).data.dataset == "images"


def test_dataset_images_without_images_is_refused():
    with pytest.raises(ConfigError, match=r"^--images PATH and --dataset images go together\.$"):
        load_config({"dataset": "images"})


def test_unknown_key_is_named_with_the_nearest(tmp_path):
    file = toml(tmp_path, "epoch = 3")
    with pytest.raises(ConfigError, match=r"^Unknown setting 'epoch' .*did you mean 'epochs'\?$"):
        load_config({}, None, file)


def test_unknown_key_like_no_other_gets_no_suggestion(tmp_path):
    with pytest.raises(ConfigError, match=r"^Unknown setting 'zzz' .*\.$"):
        load_config({}, None, toml(tmp_path, "zzz = 3"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 0),
        ("epochs", "many"),
        ("learning_rate", 0),
        ("image_size", 16),
        ("dataset", "roses"),
        ("on_foreground_skill", 2),
        ("seed", -1),
        ("subject", ""),
        ("seed", 2**32),
        ("epochs", 10**30),
        ("learning_rate", float("inf")),
        ("least_effect", float("nan")),
        ("learning_rate", 10**150),
    ],
)
def test_bad_value_is_one_line_with_key_and_value(key, value):
    with pytest.raises(ConfigError) as error:
        load_config({key: value})
    message = str(error.value)
    assert message.startswith(f"Bad value {value!r} for {key!r}: ")
    assert "\n" not in message


def test_a_setting_that_is_gone_may_say_what_it_always_is_now(tmp_path):
    file = tmp_path / "audit.toml"
    file.write_text('ig_rule = "quadratic"\n')
    assert load_config({}, file=file) == load_config({"ig_rule": "quadratic"}) == load_config({})


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"ig_rule": "uniform"}, "ig_rule is always quadratic now, not 'uniform': leave it out"),
        ({"ig_baseline": "mean"}, "'mean' for 'ig_baseline': Input should be 'black' or 'blurred'"),
    ],
)
def test_what_is_no_longer_offered_says_what_to_write_instead(setting, said):
    with pytest.raises(ConfigError, match=said):
        load_config(setting)


def test_unknown_preset_lists_those_there_are():
    with pytest.raises(ConfigError, match=r"^Unknown preset 'x': choose from planted\.$"):
        load_config({}, "x")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"^No config file .*none\.toml\.$"):
        load_config({}, None, tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"epochs = ", b"\xff\xfe", b"epochs = 1\nepochs = 2"])
def test_file_that_is_no_toml_is_one_line(tmp_path, content):
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="is not a readable TOML file") as error:
        load_config({}, None, file)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed = " + "[" * 10_000, "is not a readable TOML file: it is nested too deep."),
        ("seed = " + "9" * 5000, "is not a readable TOML file: Exceeds the limit"),
        ("seed" + ".a" * 30_000 + " = 1", "a line has more than 1000 dots"),
        ("seed" + ".a" * 900 + " = 1", " for 'seed'"),
        ("seed = 0x" + "f" * 5000, "Bad value (too long to show) for 'seed'"),
        ("seed = [" + "0, " * 5000 + "]", "..."),
        (f"{'a' * 5000} = 1", "Unknown setting 'aaa"),
    ],
)
def test_values_without_end_are_one_short_line(tmp_path, text, said):
    with pytest.raises(ConfigError) as error:
        load_config({}, None, toml(tmp_path, text))
    assert said in str(error.value) and "audit.toml" in str(error.value)
    assert len(str(error.value)) < 500


def test_config_cannot_be_changed():
    with pytest.raises(ValidationError):
        Config().training.epochs = 3


def test_config_survives_the_manifest():
    config = load_config({"images": "photos", "masks": "masks"})
    assert load_config(flat(config.kept())) == config


def test_every_field_has_a_description():
    assert [n for n, f in FIELDS.items() if not f.description] == []


def test_every_field_is_a_flag_of_run():
    flags = {o for p in cli.cli.commands["run"].params for o in p.opts}
    missing = [n for n in FIELDS if f"--{n.replace('_', '-')}" not in flags]
    assert missing == []


@pytest.mark.parametrize(
    "line",
    ["ig_steps = true", 'ig_steps = "2"', "ig_steps = 0", 'workers = "2"', 'download = "yes"'],
)
def test_a_value_of_another_type_in_a_file_is_refused(tmp_path, line):
    file = tmp_path / "audit.toml"
    file.write_text(line)
    with pytest.raises(ConfigError, match=f"for '{line.split()[0]}'.*: expected "):
        load_config({}, file=file)


@pytest.mark.parametrize("setting", [{"ig_tolerance": 0.05}, {"ig_steps": 1}])
def test_idgi_refuses_settings_that_say_nothing_of_it(setting):
    with pytest.raises(ConfigError, match="idgi"):
        load_config({"ig_variant": "idgi", **setting})


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"pipeline": "augmented+sepia"}, "no step 'sepia': choose from baseline, augmented"),
        ({"pipeline": "baseline+mixup"}, "baseline adds nothing"),
        ({"pipeline": ""}, "no step ''"),
        ({"albumentations": "mine.json"}, "--albumentations FILE needs --pipeline albumentations"),
    ],
)
def test_pipeline_that_makes_no_sense_is_refused(flags, said):
    with pytest.raises(ConfigError, match=said):
        load_config(flags)


def test_steps_of_a_pipeline_are_joined():
    assert load_config({"pipeline": "augmented+cutmix"}).training.pipeline == "augmented+cutmix"


@pytest.mark.parametrize("given", ["shap, gradcam,ig", "gradcam,ig,shap", "ig,shap,gradcam,shap"])
def test_explainers_are_named_in_one_order(given):
    config = load_config({"explainers": given})
    assert (config.explain.explainers, config.explain.optional) == ("gradcam,ig,shap", ("shap",))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"explainers": "gradcam,ig,squares"}, "no explainer 'squares': choose from gradcam, "),
        ({"explainers": "ig,lime"}, "gradcam and ig must be among them: verdicts rest on both"),
        ({"explain_sample": 5}, "need occlusion or lime or shap among --explainers"),
        ({"explain_flagged": True}, "need occlusion or lime or shap among --explainers"),
    ],
)
def test_explainers_that_cannot_be_are_refused(flags, message):
    with pytest.raises(ConfigError, match=message):
        load_config(flags)


@pytest.mark.parametrize(
    ("splits", "settings"), [("all", {"preset": "planted"}), ("practice", {"images": "photos"})]
)
def test_splits_that_would_change_nothing_are_refused(splits, settings):
    flags = {key: Path(value) for key, value in settings.items() if key == "images"}
    with pytest.raises(ConfigError, match="--splits"):
        load_config({"splits": splits, **flags}, settings.get("preset"))


def test_a_setting_is_read_by_the_name_that_it_had(tmp_path):
    file = tmp_path / "audit.toml"
    file.write_text("on_flower_skill = 0.2\n")
    for config in (load_config({"on_flower_skill": 0.2}), load_config({}, file=file)):
        assert config.verdict.on_foreground_skill == 0.2

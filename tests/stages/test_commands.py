import json
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.checks.data_health.outputs import DUPLICATES, IMAGES
from audit.checks.robustness.outputs import robustness_table
from audit.core.errors import AuditError, ConfigError, DataError, ModelError, RunFolderError
from audit.execution import local
from audit.models.backbones import BACKBONES, Backbone
from audit.settings import load_config
from audit.stages import commands
from audit.storage.lock import LOCK
from audit.storage.paths import files_below, location
from audit.storage.run import RunFolder

HOSTILE = "<script>alert('x')</script>/../&\"red"
CLASSES = (HOSTILE, "green", "indigo")  # in the order of the model: red, green, blue


pytestmark = pytest.mark.usefixtures("without_charts")


@pytest.fixture(scope="module", autouse=True)
def small_parts():
    """Parts of five, so that a dozen images make several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "PART_SIZE", 5)
        yield


@pytest.fixture(scope="module")
def images(tmp_path_factory, draw_manifest):
    """Twelve test images: one broken, one mislabelled, one without and one with a wrong mask."""
    root = tmp_path_factory.mktemp("images")
    manifest = draw_manifest(root, CLASSES)
    (root / "0_08.png").write_bytes((root / "0_08.png").read_bytes()[:500])
    table = pd.read_csv(manifest).set_index("path")
    table.loc["0_09.png", "label"] = "green"
    table.loc["0_10.png", "mask"] = None
    table.to_csv(manifest)
    wrong = root / "1_08_mask.png"
    Image.fromarray(255 - np.asarray(Image.open(wrong))).save(wrong)
    return manifest


@pytest.fixture(scope="module")
def config(images, colour_model):
    def make(**flags):
        given = {"images": images, "model": colour_model, "grabcut": False, "workers": 0}
        given |= {"ig_steps": 4, "batch_size": 2, "robustness": 3, "opportunity": False}
        return load_config(given | flags)

    return make


@pytest.fixture(scope="module")
def finished(tmp_path_factory, config):
    out = tmp_path_factory.mktemp("runs") / "run"
    return commands.run(config(), out, command="flower-audit run …")


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished run, to do harm to."""
    shutil.copytree(finished.root, tmp_path / "copy")
    return RunFolder.open(tmp_path / "copy")


@pytest.fixture
def unrendered(monkeypatch):
    """Leave out the report, which others render and these tests do not look at."""
    monkeypatch.setattr(commands, "report", lambda *_, **__: None)


# What comes out


@pytest.mark.parametrize(
    ("limit", "code", "state"), [("100%", 3, "DO NOT SHIP"), ("0%", 0, "NOT SHOWN")]
)
def test_a_run_is_held_to_limits_before_it_is_reported(
    call, copy, images, colour_model, limit, code, state
):
    flags = ["--images", images, "--model", colour_model, "--no-grabcut", "--workers", 0]
    flags += ["--ig-steps", 4, "--batch-size", 2, "--robustness", 3, "--no-opportunity"]
    left, said, err = call("run", *flags, "--out", copy.root, "--resume", "--min-accuracy", limit)
    assert left == code, err
    assert f"{'FAILED' if code else 'ok    '} min-accuracy: " in said
    assert f" {state}**: " in said  # summary.md
    assert state in copy.report_html.read_text(encoding="utf-8")


def test_a_run_sets_the_last_release_beside_when_it_goes_on(
    call, copy, finished, images, colour_model
):
    flags = ["--images", images, "--model", colour_model, "--no-grabcut", "--workers", 0]
    flags += ["--ig-steps", 4, "--batch-size", 2, "--robustness", 3, "--no-opportunity"]
    resumed = ("run", *flags, "--out", copy.root, "--resume")
    code, said, err = call(*resumed, "--against", finished.root)
    assert code == 0, err
    assert "- Against the last release, run (model " in said
    told = copy.summary()["against"]
    assert (told["place"], told["warnings"]) == ("run", [])
    assert told["figures"]["accuracy"]["difference"]["value"] == 0
    code, _, err = call(*resumed, "--against", copy.root)
    assert code == 1 and "is given twice" in err


def test_every_stage_of_a_sweep_is_timed(finished):
    stages = finished.manifest()["stages"]
    assert list(stages) == ["decode", "predict", "explain", "intervene", "score", "write"]
    assert min(stages.values()) >= 0
    assert stages["explain"] + stages["intervene"] <= finished.manifest()["seconds"]["explain"]


def test_every_test_image_has_one_record(finished, images):
    table = pd.read_csv(images)
    expected = set(table["path"][table["split"] == "test"])
    records = finished.records()
    assert len(records) == 12
    assert set(records["name"]) == expected


def test_broken_image_is_listed_and_not_scored(finished):
    (broken,) = finished.records().query("skipped != ''").to_dict("records")
    assert broken["name"] == "0_08.png"
    assert broken["skipped"].startswith("0_08.png: ")
    assert (broken["row"], broken["prediction"], broken["verdict"]) == (-1, -1, "undecided")
    assert np.isnan(broken["gradcam_mass"])


def test_verdicts_are_those_that_were_arranged(finished):
    records = finished.records().set_index("name")
    assert records["verdict"].value_counts().to_dict() == {
        "right-reasons": 8,
        "undecided": 2,
        "misread": 1,
        "wrong-reasons": 1,  # its mask is inverted, so what is seen is the background
    }
    assert records.loc["0_09.png", "verdict"] == "misread"
    assert records.loc["0_10.png", "verdict_reason"] == "no score is defined: no mask"
    assert records.loc["1_08.png", "verdict"] == "wrong-reasons"


def test_predictions_name_their_classes(finished):
    records = finished.records().set_index("name")
    wrong = records.loc["0_09.png"]
    assert (wrong["label_name"], wrong["prediction_name"]) == ("green", HOSTILE)
    assert records.query("skipped == ''")["correct"].sum() == 10


def test_scores_of_a_model_that_sees_the_discs_alone(finished):
    records = finished.records().query("verdict == 'right-reasons'")
    assert records["gradcam_mass"].min() > 0.99
    assert records["ig_mass"].min() > 0.95
    assert (records["mask_source"] == "manifest").all()
    chance = records["chance"]
    expected = (records["ig_mass"] - chance) / (1 - chance)
    np.testing.assert_allclose(records["ig_skill"], expected)


def test_predictions_cover_the_readable_test_images(finished):
    predictions, records = finished.predictions(), finished.records()
    readable = records.query("skipped == ''").set_index("name")
    assert set(predictions["name"]) == set(readable.index)
    explained = readable.loc[predictions["name"], "prediction"].to_numpy()
    np.testing.assert_array_equal(predictions["prediction"], explained)


def test_maps_belong_to_their_records(finished):
    records = finished.records()
    for part in finished.done_parts():
        rows = records[(records["part"] == part) & (records["row"] >= 0)].sort_values("row")
        assert [m.name for m in finished.maps(part)] == rows["name"].tolist()


def test_manifest_tells_data_model_and_settings(finished):
    manifest = finished.manifest()
    assert manifest["data"]["classes"] == list(CLASSES)
    assert manifest["data"]["counts"] == {"train": 18, "validation": 6, "test": 12}
    assert manifest["model"]["feature_layer"] == "colours"
    assert manifest["model"]["head"] == "3 classes, softmax end"
    assert manifest["sweep"] == {
        "parts": 3,
        "part_size": 5,
        "test_images": 12,
        "explained": 12,
    }
    assert manifest["config"]["data"]["images"] == "images.csv"
    stages = {"predict", "explain", "sensitivity", "causes", "trust", "shortcuts", "robustness",
              "health", "report"}  # fmt: skip
    assert set(manifest["seconds"]) == stages


def test_corruptions_are_tried_on_a_sample_by_class(finished, images):
    table = robustness_table(finished)
    clean = table[table["severity"] == 0]
    readable = clean["name"].tolist()
    assert len(clean) + ("0_08.png" not in readable) >= 3
    assert set(readable) <= set(finished.predictions()["name"])
    answers = finished.predictions().set_index("name").loc[readable, "prediction"]
    assert answers.tolist() == clean["prediction"].tolist()
    assert finished.manifest()["robustness"]["images"] == len(clean)
    assert finished.manifest()["robustness"]["pictured"] in readable
    assert (finished.report_dir / "robustness.html").is_file()


def test_every_image_of_every_split_is_examined(finished, images):
    table, examined = pd.read_csv(images), IMAGES.read(finished)
    assert set(examined["name"]) == set(table["path"])
    assert examined["split"].value_counts().to_dict() == {"train": 18, "test": 12, "validation": 6}
    assert examined.query("skipped != ''")["name"].tolist() == ["0_08.png"]
    assert set(DUPLICATES.read(finished).columns) == {"a", "b", "distance", "likeness", "mirrored"}
    assert finished.manifest()["health"] == {"complete": True}
    assert finished.manifest()["seconds"]["health"] > 0


def test_report_is_rendered_with_the_hostile_class_as_text(finished):
    pages = [finished.report_html, *finished.report_dir.rglob("*.html")]
    assert len(pages) > 1
    assert not any("<script>alert" in page.read_text(encoding="utf-8") for page in pages)
    summary = json.loads(finished.summary_json.read_text(encoding="utf-8"))
    assert summary
    assert finished.summary_md.read_text(encoding="utf-8").strip()


# Going on


def same(one, other):
    pd.testing.assert_frame_equal(one.records(), other.records(), check_exact=True)


def forget(run):
    """As if no part were written yet."""
    for folder in (run.records_dir, run.maps_dir, run.checksums_dir):
        shutil.rmtree(folder)
        folder.mkdir()


def half(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flipped(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def without_session(file):
    """Content of a file; of a part's checksums, all but by whom the part was written."""
    content = file.read_bytes()
    return json.loads(content) | {"session": None} if file.suffix == ".json" else content


@pytest.mark.parametrize(
    ("file", "harm"),
    [
        ("records/part-00000.parquet", half),
        ("maps/part-00002.npz", flipped),
        ("maps/part-00002.npz", Path.unlink),
        ("checksums/part-00002.json", half),
    ],
)
def test_a_torn_part_is_made_again_bit_for_bit(finished, copy, config, file, harm):
    harm(copy.root / file)
    kept = copy.records_dir / "part-00001.parquet"
    before = kept.stat().st_mtime_ns
    commands.sweep(config(), copy)
    same(copy, finished)
    assert without_session(copy.root / file) == without_session(finished.root / file)
    assert kept.stat().st_mtime_ns == before


def test_torn_files_are_made_again(finished, copy, config):
    names = ("predictions.parquet", "contents.parquet", "donors.npz", "trust.json",
             "shortcuts.json", "robustness.parquet", "health.parquet")  # fmt: skip
    before = copy.contents()
    for name in names:
        half(copy.root / name)
    commands.sweep(config(), copy)
    for name in {*names} - {"contents.parquet"}:
        assert (copy.root / name).read_bytes() == (finished.root / name).read_bytes()
    assert {*copy.contents()["content"]} <= {*before["content"]}


def test_torn_hashes_of_images_that_changed_are_refused(copy, config, images):
    half(copy.contents_file)
    file = images.parent / "2_08.png"
    original = file.read_bytes()
    try:
        Image.fromarray(255 - np.asarray(Image.open(file))).save(file)
        with pytest.raises(DataError, match=r"The images are not those that .* was begun with"):
            commands.sweep(config(), copy)
    finally:
        file.write_bytes(original)


def test_a_run_at_a_url_is_written_resumed_and_rendered_alike(finished, config):
    root = location("memory://bucket/run")
    (root / "report").mkdir(parents=True)
    (root / "report" / "files.txt").write_text("old.html\nfiles.txt")
    (root / "report" / "old.html").write_bytes(b"of an earlier render")
    RunFolder(root).update_manifest()
    commands.run(config(), root, resume=True)
    (root / "records" / "part-00001.parquet").unlink()
    (root / "maps" / "part-00002.npz").write_bytes(b"torn")
    commands.run(config(), root, resume=True)
    files = set(files_below(finished.root)) - {LOCK}
    assert set(files_below(root)) == files
    for file in files:
        if file.startswith(("records/", "maps/", "checksums/")):
            assert without_session(root / file) == without_session(finished.root / file)
    assert (root / "report.html").stat().st_size > 100_000


@pytest.mark.usefixtures("unrendered")
def test_a_run_killed_before_its_first_part_ends_alike(finished, copy, config):
    forget(copy)
    copy.predictions_file.unlink()
    commands.run(config(), copy.root, resume=True)
    same(copy, finished)
    pd.testing.assert_frame_equal(copy.predictions(), finished.predictions())


def test_sweep_alone_ends_with_the_same_records(finished, copy, config):
    forget(copy)
    commands.sweep(config(), copy)
    same(copy, finished)


@pytest.mark.usefixtures("unrendered")
def test_resume_keeps_when_the_run_was_started(finished, copy, config):
    commands.run(config(), copy.root, resume=True)
    assert copy.manifest()["started"] == finished.manifest()["started"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("ig_steps", 5), ("seed", 1), ("subject", "disc"), ("limit", 6), ("tta", 2),
     ("explainers", "gradcam,ig,lime")],
)  # fmt: skip
def test_resume_with_other_settings_is_refused(copy, config, key, value):
    before = copy.manifest_file.read_bytes()
    with pytest.raises(RunFolderError, match=rf"was begun with {key} = .*, not {value}: give"):
        commands.run(config(**{key: value}), copy.root, resume=True)
    assert copy.manifest_file.read_bytes() == before


@pytest.mark.usefixtures("unrendered")
def test_settings_that_change_no_result_may_change_on_resume(copy, config):
    commands.run(config(workers=1), copy.root, resume=True)


def test_what_the_owner_says_is_kept_with_the_run_and_on_its_card(copy, config, tmp_path):
    file = tmp_path / "card.toml"
    file.write_text('intended_use = "Telling discs apart."')
    commands.run(config(model_card=file), copy.root, resume=True)
    assert copy.owner_file.read_bytes() == file.read_bytes()
    card = (copy.report_dir / "data" / "model_card.md").read_text(encoding="utf-8")
    assert "**Intended use**: Telling discs apart." in card


def test_resume_with_other_images_is_refused(copy, config, images):
    table = pd.read_csv(images)
    original = images.read_bytes()
    try:
        table[1:].to_csv(images, index=False)
        with pytest.raises(RunFolderError, match="other images or labels"):
            commands.run(config(), copy.root, resume=True)
    finally:
        images.write_bytes(original)


def test_resume_with_another_model_in_the_same_file_is_refused(copy, config, colour_model):
    import keras

    original = colour_model.read_bytes()
    try:
        model = keras.models.load_model(colour_model)
        model.set_weights([w * 0.5 for w in model.get_weights()])
        model.save(colour_model)
        with pytest.raises(RunFolderError, match="another model"):
            commands.run(config(), copy.root, resume=True)
    finally:
        colour_model.write_bytes(original)


@pytest.mark.usefixtures("unrendered")
def test_resume_with_other_masks_is_refused(config, images, tmp_path):
    masks = tmp_path / "masks"
    masks.mkdir()
    shutil.copy(images.parent / "0_09_mask.png", masks / "0_09.png")
    run = commands.run(config(masks=masks), tmp_path / "run")
    Image.new("L", (64, 64), 255).save(masks / "0_11.png")
    with pytest.raises(RunFolderError, match="was begun with other masks"):
        commands.run(config(masks=masks), run.root, resume=True)


def test_settings_of_explanations_may_change_before_any_is_made(copy, config):
    forget(copy)
    commands.sweep(config(ig_steps=2), copy)
    assert set(copy.records().query("skipped == ''")["ig_steps"]) == {2}


def test_what_is_finished_is_not_made_again(copy, config):
    files = [
        copy.file("robustness.parquet"),
        copy.file("health.parquet"),
        copy.file("shortcuts.json"),
        copy.file("trust.json"),
    ]
    before = [file.stat().st_mtime_ns for file in files]
    commands.sweep(config(), copy)
    assert [file.stat().st_mtime_ns for file in files] == before


def test_a_stage_that_was_off_may_be_caught_up_on(tmp_path, config):
    run = commands.run(config(robustness=0, limit=3), tmp_path / "run")
    assert robustness_table(run) is None
    assert not (run.report_dir / "robustness.html").exists()
    commands.run(config(robustness=2, limit=3), run.root, resume=True)
    assert (robustness_table(run)["severity"] == 0).sum() == 2
    assert (run.report_dir / "robustness.html").exists()


@pytest.mark.usefixtures("unrendered")
def test_data_that_was_not_examined_may_be_caught_up_on(tmp_path, config):
    off = {"robustness": 0, "limit": 3}
    run = commands.run(config(health=False, **off), tmp_path / "run")
    assert IMAGES.read(run) is None
    commands.sweep(config(**off), run)
    assert (IMAGES.read(run)["split"] == "test").sum() == 3  # those that are predicted
    assert (IMAGES.read(run)["split"] == "train").sum() == 18


@pytest.mark.parametrize("lost", ["health.parquet", "duplicates.parquet"])
def test_data_is_examined_again_where_a_table_is_lost(finished, copy, config, lost):
    copy.file(lost).unlink()
    commands.sweep(config(), copy)
    pd.testing.assert_frame_equal(IMAGES.read(copy), IMAGES.read(finished))
    pd.testing.assert_frame_equal(DUPLICATES.read(copy), DUPLICATES.read(finished))


def test_corruptions_of_another_sample_are_not_mixed(copy, config):
    with pytest.raises(RunFolderError, match=r"was begun with robustness = 3, not 2"):
        commands.run(config(robustness=2), copy.root, resume=True)


def test_settings_that_corruptions_were_tried_with_stay_without_a_record(copy, config):
    forget(copy)
    with pytest.raises(RunFolderError, match=r"was begun with cam = gradcam, not hirescam"):
        commands.sweep(config(cam="hirescam"), copy)


def test_sweep_of_other_images_than_were_predicted_is_refused(copy, config):
    forget(copy)
    with pytest.raises(RunFolderError, match=r"was begun with limit = None, not 6"):
        commands.sweep(config(limit=6), copy)


def test_views_may_change_before_any_prediction_is_made(copy, config):
    before = copy.predictions()
    forget(copy)
    with pytest.raises(RunFolderError, match=r"was begun with tta = 1, not 3"):
        commands.sweep(config(tta=3), copy)
    copy.predictions_file.unlink()
    commands.sweep(config(tta=3), copy)
    assert copy.config()["tta"] == 3
    after, records = copy.predictions(), copy.records().set_index("name")
    explained = records.loc[after["name"], "confidence"]
    np.testing.assert_allclose(after["confidence"], explained, rtol=1e-4)
    assert not np.array_equal(after["confidence"], before["confidence"])
    assert set(records.query("skipped == ''")["ig_steps"]) == {3 * 4}


# Parts of it


@pytest.mark.usefixtures("unrendered")
def test_explain_samples_besides_the_images_with_a_mask(tmp_path, config):
    run = commands.run(config(explain=1), tmp_path / "run")
    # 11 of 12 have a mask of their own; the twelfth is the one sampled
    assert len(run.records()) == 12
    assert len(run.predictions()) == 11


@pytest.mark.usefixtures("unrendered")
def test_limit_samples_the_test_images_by_class(tmp_path, config):
    run = commands.run(config(limit=6), tmp_path / "run")
    records = run.records()
    assert len(records) == 6
    assert records["label_name"].value_counts().min() >= 1


@pytest.mark.usefixtures("unrendered")
def test_batches_of_another_size_give_the_same_verdicts(tmp_path, finished, config):
    run = commands.run(config(batch_size=7), tmp_path / "run")
    a, b = (r.records().set_index("name").sort_index() for r in (run, finished))
    assert a["verdict"].equals(b["verdict"])
    np.testing.assert_allclose(a["ig_mass"], b["ig_mass"], rtol=1e-4)


# Refusals come before anything is written


def refused(config, out, kind, message):
    with pytest.raises(kind, match=message) as error:
        commands.run(config, out)
    assert isinstance(error.value, AuditError)
    assert "\n" not in str(error.value)
    assert not out.exists()


@pytest.mark.parametrize("name", ["lime", "shap"])
def test_explainer_whose_package_is_missing_is_refused(tmp_path, config, monkeypatch, name):
    for module in ("lime.lime_image", "shap"):
        monkeypatch.setitem(sys.modules, module, None)
    asked = config(explainers=f"gradcam,ig,{name}")
    refused(asked, tmp_path / "out", ConfigError, rf"flower-audit\[{name}\]', or leave it out")


def test_model_of_other_classes_is_refused(tmp_path, config, draw_manifest):
    two = draw_manifest(tmp_path / "two", ("red", "green"))
    message = r"The model tells 3 classes apart, but images has 2 \(green, red\): give the model"
    refused(config(images=two), tmp_path / "out", ModelError, message)


def test_unknown_feature_layer_is_refused(tmp_path, config):
    refused(
        config(feature_layer="top"),
        tmp_path / "out",
        ModelError,
        "No feature layer 'top'; .*colours",
    )


def test_missing_model_is_refused(tmp_path, config):
    refused(config(model="none.keras"), tmp_path / "out", ModelError, "No model file none.keras")


def test_missing_images_are_refused(tmp_path, config):
    refused(config(images="none"), tmp_path / "out", DataError, "No image folder or manifest none")


def test_a_model_card_that_says_nothing_is_refused(tmp_path, config):
    refused(config(model_card="none"), tmp_path / "out", ConfigError, "none says nothing of the")


def test_missing_masks_are_refused(tmp_path, config):
    refused(config(masks="none"), tmp_path / "out", DataError, "--masks none does not exist")


def test_unknown_backbone_is_refused(tmp_path, images):
    config = load_config({"images": images, "backbone": "resnet"})
    refused(config, tmp_path / "out", ModelError, "Unknown backbone 'resnet'")


def test_empty_test_split_is_refused(tmp_path, config, draw_manifest):
    manifest = draw_manifest(tmp_path / "train", CLASSES, {"train": 2, "validation": 1})
    mend = "no images in its test split: give --splits all to audit every image"
    refused(config(images=manifest), tmp_path / "out", DataError, mend)


def test_model_to_train_is_refused(tmp_path, config):
    with pytest.raises(ModelError, match="is a model already: leave --model out"):
        commands.train(config(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_foreign_out_is_left_alone(tmp_path, config):
    (tmp_path / "thesis.tex").write_text("my only copy")
    with pytest.raises(RunFolderError, match="holds something else"):
        commands.run(config(), tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.tex"]


# Training


@pytest.fixture(scope="module")
def tiny():
    """A backbone of one layer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, "tiny", Backbone(tiny_backbone, 32, "drawn"))
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory, images, tiny):
    """A run that trained, with a broken training image."""
    root = tmp_path_factory.mktemp("broken") / "images"
    shutil.copytree(images.parent, root)
    (root / "2_01.png").write_bytes(b"torn")
    flags = {"backbone": "tiny", "weights": "random", "image_size": 32, "epochs": 1}
    flags |= {"images": root / "images.csv", "grabcut": False, "workers": 0, "ig_steps": 2}
    config = load_config(flags)
    return commands.train(config, tmp_path_factory.mktemp("runs") / "trained"), config


def test_training_leaves_model_history_and_what_was_broken(trained):
    folder, _ = trained
    manifest = folder.manifest()
    assert folder.model_file.is_file()
    assert len(pd.read_csv(folder.history_file)) == 1
    assert manifest["training"]["best_epoch"] == 1
    assert [(s["name"], s["split"]) for s in manifest["data"]["skipped"]] == [("2_01.png", "train")]


def test_resume_trains_no_second_time_and_keeps_what_was_broken(trained):
    folder, config = trained
    before = folder.model_file.read_bytes(), folder.manifest()["data"]
    commands.train(config, folder.root, resume=True)
    assert (folder.model_file.read_bytes(), folder.manifest()["data"]) == before


def test_a_run_folder_among_the_images_is_refused(tmp_path, config, images):
    photos = tmp_path / "photos"
    for label, name in enumerate(("blue", "green", "red")):
        (photos / name).mkdir(parents=True)
        for file in images.parent.glob(f"{label}_??.png"):
            (photos / name / file.name).write_bytes(file.read_bytes())
    refused(config(images=photos), photos / "out", RunFolderError, "lies in --images")


@pytest.fixture
def wants_0_to_1(tmp_path):
    """The colour model as one trained on 0..1: what is brighter it calls the second class."""
    import keras

    x = keras.Input((64, 64, 3))
    seen = keras.layers.Conv2D(3, 1, activation="relu", name="seen")(x)
    pooled = keras.layers.GlobalAveragePooling2D()(seen)
    beyond = keras.layers.Dense(1, activation="relu")(pooled)
    both = keras.layers.Concatenate()([pooled, beyond])
    model = keras.Model(x, keras.layers.Dense(3, activation="softmax")(both))
    own, second = 1.5 * np.eye(3) - 0.5, np.array([[0, 100, 0]])
    mix = [own[None, None], np.full(3, -80 / 255)]
    model.set_weights(
        [*mix, np.ones((3, 1)), -np.ones(1), np.vstack([np.eye(3), second]), np.zeros(3)]
    )
    model.save(tmp_path / "scaled.keras")
    return tmp_path / "scaled.keras"


@pytest.mark.usefixtures("unrendered")
def test_scaling_that_a_model_wants_is_found_by_its_accuracy(
    config, wants_0_to_1, tmp_path, caplog
):
    caplog.set_level("INFO", logger="audit")
    off = {"model": wants_0_to_1, "robustness": 0, "health": False}
    run = commands.run(config(**off), tmp_path / "found")
    assert "Preflight: Pixels are read as 0..1: " in caplog.text
    assert run.manifest()["model"]["input_scaling"] == "0..1"
    named = commands.run(config(**off, input_scaling="0..1"), tmp_path / "named")
    pd.testing.assert_frame_equal(run.records(), named.records(), rtol=1e-5)


# Several pipelines


@pytest.fixture
def to_train(images, tiny):
    """A config that trains it."""
    given = {"images": images, "backbone": "tiny", "weights": "random", "image_size": 32}
    small = {"epochs": 1, "ig_steps": 4, "robustness": 0, "grabcut": False, "workers": 0,
             "opportunity": False, "health": False}  # fmt: skip
    return load_config(given | small)


def tiny_backbone(size, weights):
    x = keras.Input((size, size, 3))
    scaled = keras.layers.Rescaling(1 / 128, offset=-1)(x)
    features = keras.layers.Conv2D(8, 4, 4, activation="relu", name="features")(scaled)
    return keras.Model(x, features, name="tiny")


def test_each_pipeline_is_trained_and_audited_on_the_same_images_and_donors(to_train, tmp_path):
    page = commands.run_each(to_train, ["baseline", "mixup+cutmix"], tmp_path / "pair")
    assert page.is_file()
    one, two = (RunFolder.open(tmp_path / "pair" / n) for n in ("baseline", "mixup+cutmix"))
    assert one.records()["name"].tolist() == two.records()["name"].tolist()
    assert [len(run.donors()) for run in (one, two)] == [len(one.donors())] * 2
    for a, b in zip(one.donors(), two.donors(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert two.manifest()["training"]["pipeline"] == "mixup+cutmix"
    assert (two.report_dir / "mixed-labels.png").is_file()


@pytest.mark.parametrize("names", [["baseline"], ["mixup", "mixup"]])
def test_one_pipeline_is_nothing_to_compare(to_train, tmp_path, names):
    with pytest.raises(ConfigError, match="two pipelines or more, each once"):
        commands.run_each(to_train, names, tmp_path / "pair")
    assert not (tmp_path / "pair").exists()


def test_unknown_pipeline_is_refused_before_any_is_trained(to_train, tmp_path):
    with pytest.raises(ConfigError, match="sepia"):
        commands.run_each(to_train, ["baseline", "sepia"], tmp_path / "pair")
    assert not (tmp_path / "pair").exists()


def test_model_given_needs_no_pipelines(config, tmp_path):
    with pytest.raises(ModelError, match="is trained already"):
        commands.run_each(config(), ["baseline", "mixup"], tmp_path / "pair")

"""A model is mended, audited and compared in one go, and gone on with after a kill."""

import json

import keras
import numpy as np
import pytest
from convolutions import save_convolutions
from links import broken, read_site
from PIL import Image

import audit
from audit.core.errors import AuditError, ConfigError, ModelError, RunFolderError
from audit.mend import block as block_teaching
from audit.mend.place import Place
from audit.settings import load_config
from audit.stages import commands
from audit.stages import mend as stage
from audit.stages.resume import carried
from audit.storage.run import RunFolder

pytestmark = pytest.mark.usefixtures("without_charts", "without_sanity")
SETTINGS = {"workers": 0, "ig_steps": 2, "batch_size": 16, "explain": 8, "robustness": 0,
            "health": False, "opportunity": False, "interventions": "full"}  # fmt: skip
SKIES = {"grey": (120, 120, 120), "blue": (60, 90, 200)}


def _photograph(draw, label, seed, sky):
    image, trimap = draw(label, seed)
    image = np.where(trimap[..., None] > 0, image, image - 120.0 + np.array(SKIES[sky]))
    return np.clip(image, 0, 255).astype(np.uint8), trimap


@pytest.fixture(scope="module")
def scenes(tmp_path_factory, draw):
    """Two classes of discs, nine of ten on the sky of their class in training, half in others."""
    root = tmp_path_factory.mktemp("scenes")
    lines, photos = ["path,label,split,mask,sky"], []
    counts = {"train": 20, "validation": 12, "test": 20}
    for split, count in counts.items():
        for k in range(2 * count):
            label = k % 2
            agrees = k // 2 % (10 if split == "train" else 2) != 0
            sky = list(SKIES)[label if agrees else 1 - label]
            image, trimap = _photograph(draw, label, 100 * len(photos) + k, sky)
            stem = f"{split}-{k:02d}"
            Image.fromarray(image).save(root / f"{stem}.png")
            Image.fromarray(trimap).save(root / f"{stem}_mask.png")
            name = ("crimson", "green")[label]
            lines.append(f"{stem}.png,{name},{split},{stem}_mask.png,{sky}")
            photos.append((image, label, split))
    (root / "images.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root / "images.csv", photos


@pytest.fixture(scope="module")
def biased(tmp_path_factory, scenes):
    """A model of random convolutions whose head was taught on the training split alone."""
    learnt = [(image, label) for image, label, split in scenes[1] if split == "train"]
    images, labels = zip(*learnt, strict=True)
    file = tmp_path_factory.mktemp("model") / "random.keras"
    return save_convolutions(file, images, np.array(labels), 0.001, more=1)


@pytest.fixture(scope="module")
def swept(tmp_path_factory, scenes, biased):
    given = {"images": scenes[0], "model": biased}
    out = tmp_path_factory.mktemp("runs") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "report", lambda *_, **__: None)
        commands.run(load_config(given | SETTINGS), out)
    return RunFolder.open(out), given


@pytest.fixture(scope="module")
def mended(tmp_path_factory, swept):
    """Mended with groups, after a kill that left half of the features."""
    run, given = swept
    out = tmp_path_factory.mktemp("mended") / "mended"
    config = load_config(carried(run, given | {"group": "sky", "workers": 0}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "_taught", _killed)
        with pytest.raises(KeyboardInterrupt):
            stage.run(config, run, out)
    kept = {file: file.stat().st_mtime_ns for file in (out / "features").iterdir()}
    assert kept and not (out / "model.keras").exists()
    made = stage.run(config, run, out, resume=True)
    assert all(file.stat().st_mtime_ns == at for file, at in kept.items())
    return made


def _killed(*_):
    raise KeyboardInterrupt


def _one_course(patch, mended):
    patch.setattr(stage, "_audit", lambda *_: mended.run)
    patch.setattr(block_teaching, "RATES", (1e-3,))
    patch.setattr(block_teaching, "EPOCHS", 1)


def _block(swept, out, patch, *, pays, resume=False):
    """Mend with the last block, which is said to pay or not to."""
    run, given = swept
    config = load_config(carried(run, given | {"group": "sky", "workers": 0}))
    patch.setattr(block_teaching, "pays", lambda *_: pays)
    return stage.run(config, run, out, layers="last-block", resume=resume)


@pytest.fixture(scope="module")
def block(tmp_path_factory, swept, mended):
    """Mended with its last block after a kill, for one course and without an audit of its own."""
    out = tmp_path_factory.mktemp("block") / "mended"
    with pytest.MonkeyPatch.context() as patch:
        _one_course(patch, mended)
        with patch.context() as killing, pytest.raises(KeyboardInterrupt):
            killing.setattr(block_teaching.BlockTeacher, "teach", _killed)
            _block(swept, out, patch, pays=True)
        kept = {file: file.stat().st_mtime_ns for file in (out / "features").iterdir()}
        made = _block(swept, out, patch, pays=True, resume=True)
    assert all(file.stat().st_mtime_ns == at for file, at in kept.items())
    return made


def _weights(*models):
    loaded = (keras.models.load_model(model).get_weights() for model in models)
    return [not np.array_equal(*pair) for pair in zip(*loaded, strict=True)]


def test_the_last_block_and_the_last_layer_change_and_nothing_before(block, biased):
    assert _weights(biased, block.model) == [False] * 2 + [True] * 6
    told = json.loads((block.model.parent / "mend.json").read_text())["layers"]
    assert (told["asked"], told["kept"]) == ("last-block", "last-block")
    assert set(told["scores"]) == {"last-layer", "last-block"}
    assert block.layers == told["words"] and "and the last layer" in block.layers


def test_the_last_layer_alone_is_written_where_the_block_does_not_pay(
    block, mended, swept, monkeypatch
):
    place = Place(block.model.parent)
    told = place.read()
    place.told.write_text(json.dumps({key: told[key] for key in ("kind", "schema", "begun")}))
    _one_course(monkeypatch, mended)
    made = _block(swept, place.root, monkeypatch, pays=False, resume=True)
    assert not any(_weights(mended.model, made.model))
    told = place.read()["layers"]
    assert (told["asked"], told["kept"]) == ("last-block", "last-layer")
    assert "the last layer alone, as the last block" in made.layers


def test_other_layers_are_refused_where_a_mending_was_begun(mended, swept, call):
    run, given = swept
    flags = [f"--{key}={value}" for key, value in given.items()]
    wanted = ("--group=sky", "--layers=last-block", "--resume")
    code, _, err = call("mend", run.root, "--out", mended.model.parent, *wanted, *flags)
    assert code == 1 and "begun with other layers" in err


def test_a_model_without_a_last_block_is_refused_before_anything_is_written(
    tmp_path, swept, monkeypatch
):
    def none(*_):
        raise ModelError("No last block is to be found.")

    monkeypatch.setattr(stage, "_tail", none)
    run, given = swept
    with pytest.raises(ModelError, match="No last block"):
        audit.mend(audit.load_run(run.root), tmp_path / "out", layers="last-block", **given)
    assert not (tmp_path / "out").exists()


def test_layers_that_there_are_not_are_named(tmp_path, swept):
    run, given = swept
    with pytest.raises(ConfigError, match="'first', but may be last-layer or last-block"):
        audit.mend(audit.load_run(run.root), tmp_path / "out", layers="first", **given)


def test_nothing_but_the_last_layer_changes_and_plain_keras_loads_it(mended, biased):
    before, after = (keras.models.load_model(file) for file in (biased, mended.model))
    pairs = list(zip(before.get_weights(), after.get_weights(), strict=True))
    assert all(np.array_equal(a, b) for a, b in pairs[:-2])
    assert not np.array_equal(*pairs[-2])
    assert before.input_shape == after.input_shape and before.output_shape == after.output_shape


def test_groups_and_choices_are_told_with_what_became_of_it(mended):
    told = json.loads((mended.model.parent / "mend.json").read_text())
    assert told["taught"]["groups"] == "given" and len(told["taught"]["sizes"]) == 4
    assert told["taught"]["photographs"] > 0 and told["taught"]["moved"] >= 0
    assert told["outcome"]["says"] in ("mended", "no better beyond doubt", "worse")
    assert len(told["outcome"]["groups"]) == 4
    assert told["outcome"]["words"] == mended.outcome.words


def test_the_audit_saw_the_same_images_and_donors_as_before(mended, swept):
    run, _ = swept
    assert mended.run.donor_names() == run.donor_names()
    names = [set(each.records()["name"]) for each in (run, mended.run)]
    assert names[0] == names[1]


def test_the_page_says_what_became_of_it_first(mended):
    page = mended.page.read_text()
    assert mended.outcome.words.split(".")[0] in page
    assert broken(read_site(mended.page.parent)) == []


def test_a_finished_mending_is_not_begun_again_unasked(mended, swept, call):
    run, given = swept
    flags = [f"--{key}={value}" for key, value in given.items()]
    code, _, err = call("mend", run.root, "--out", mended.model.parent, *flags)
    assert code == 1 and "already holds a mended model: go on with --resume" in err


def test_a_mending_of_other_groups_is_refused(mended, swept):
    run, given = swept
    config = load_config(carried(run, given | {"workers": 0}))
    with pytest.raises(RunFolderError, match="begun with other groups"):
        stage.run(config, run, mended.model.parent, resume=True)


def test_an_unknown_column_of_groups_is_named(tmp_path, swept):
    run, given = swept
    with pytest.raises(AuditError, match="--group weather"):
        audit.mend(audit.load_run(run.root), tmp_path / "out", group="weather", **given)


def test_a_run_without_records_is_told_to_sweep(tmp_path, swept):
    run, given = swept
    empty = RunFolder.create(tmp_path / "empty", resume=False)
    empty.update_manifest(config=run.manifest()["config"])
    with pytest.raises(RunFolderError, match="no records yet"):
        stage.run(load_config(carried(run, given)), empty, tmp_path / "out")

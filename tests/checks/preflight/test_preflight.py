"""Given models that are read otherwise than they were meant: what a run says, what mends it.

A model of hand-set weights sees the colours of drawn discs and nothing else: all truth is known.
"""

import numpy as np
import pytest
from PIL import Image

import audit
from audit.checks.preflight.outcome import PreflightError
from audit.core.errors import RunFolderError
from audit.stages.commands import preflight

pytestmark = pytest.mark.usefixtures("without_charts", "without_sanity")
NAMES = ("ember", "grass", "sky")  # what is red, green, blue
FAST = {"robustness": 0, "health": False, "interventions": "off", "workers": 0, "ig_steps": 2,
        "opportunity": False, "grabcut": False}  # fmt: skip


@pytest.fixture
def photos(tmp_path, draw):
    """A test folder of discs: ``names[k]`` holds those of colour ``k``."""

    def write(names=NAMES, count=10):
        for label, name in enumerate(names):
            (tmp_path / "photos" / "test" / name).mkdir(parents=True)
            for seed in range(count):
                file = tmp_path / "photos" / "test" / name / f"{seed}.png"
                Image.fromarray(draw(label, seed)[0]).save(file)
        return tmp_path / "photos"

    return write


@pytest.fixture
def model(tmp_path):
    """A saved model whose output ``k`` answers for colour ``outputs[k]``, in pixels of its own.

    Pixels ``scale`` times as large as it wants saturate all colours alike.
    """
    import keras

    def save(outputs=(0, 1, 2), first=(), scale=1.0, rooted=None):
        x = keras.Input((64, 64, 3))
        seen = x
        for layer in first:
            seen = layer(seen)
        seen = keras.layers.Conv2D(4, 1, name="colours")(seen)
        seen = keras.layers.ReLU(180.0, name="clipped")(seen)
        pooled = keras.layers.GlobalAveragePooling2D()(seen)
        logits = keras.layers.Dense(len(outputs), name="head")(pooled)
        if rooted is not None:  # NaN where an image is redder than that
            logits = logits + 0 * keras.ops.sqrt(rooted - pooled[:, :1])
        made = keras.Model(x, keras.layers.Softmax()(logits))
        weights = [np.eye(3, 4)[None, None] / scale, np.full(4, -80.0),
                   np.eye(4)[:, list(outputs)], np.zeros(len(outputs))]  # fmt: skip
        made.get_layer("colours").set_weights(weights[:2])
        made.get_layer("head").set_weights(weights[2:])
        made.save(tmp_path / "model.keras")
        return tmp_path / "model.keras"

    return save


def config(photos, model, **settings):
    return audit.configure(images=photos, model=model, **(FAST | settings))


def seen(photos, model, **settings):
    return {o.key: o for o in preflight(config(photos, model, **settings)).observations}


def test_a_model_that_is_read_as_it_was_meant_is_all_fine(photos, model):
    found = seen(photos(), model(), grabcut=True)
    assert {o.strength for o in found.values()} == {"fine"}
    assert found["accuracy"].words.startswith("100.0% of 30 images")


@pytest.mark.parametrize(
    ("broken", "strength"), [(0, "fine"), (3, "fine"), (4, "weak"), (16, "strong"), (30, "strong")]
)
def test_images_that_cannot_be_read_are_counted_and_stop_a_run(photos, model, broken, strength):
    where = photos()
    for file in sorted(where.rglob("*.png"))[:broken]:
        file.write_bytes(b"")
    found = seen(where, model())["broken-images"]
    assert found.strength == strength
    assert not broken or found.words.startswith(f"{broken} of 30 sampled images cannot be read")


def test_outputs_in_another_order_stop_a_run_before_it_writes(photos, model, tmp_path):
    given = config(photos(), model(outputs=(2, 0, 1)))
    with pytest.raises(PreflightError, match=r"--class-order FILE .* here sky, ember, grass"):
        audit.run(given, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_order_that_is_written_mends_it(photos, model, tmp_path, call):
    where, file = photos(), model(outputs=(2, 0, 1))
    order = tmp_path / "order.txt"
    shared = ("preflight", "--images", where, "--model", file)
    code, out, _ = call(*shared, "--write-order", order)
    assert (code, order.read_text()) == (1, "sky\nember\ngrass\n")
    assert out.startswith("STOPS  class-order: With 3 of 3 outputs read as other classes")
    code, out, _ = call(*shared, "--class-order", order)
    assert code == 0
    assert "Preflight: " in out.splitlines()[-1] and " 0 stop a run" in out.splitlines()[-1]


@pytest.mark.parametrize(("outputs", "order"), [((0, 2, 1), "text"), ((0, 1, 2), "number")])
def test_numbers_as_names_come_as_text_and_the_other_order_is_named(photos, model, outputs, order):
    where, file = photos(names=("1", "2", "10")), model(outputs=outputs)
    found = seen(where, file)["class-order"]
    assert found.strength == ("fine" if order == "text" else "strong")
    assert found.mend == ("" if order == "text" else "give --class-order number")
    assert seen(where, file, class_order=order)["class-order"].strength == "fine"


def test_a_run_goes_on_where_a_file_gives_the_order_that_it_was_begun_with(photos, model, tmp_path):
    where, file, out = photos(names=("1", "2", "10")), model(), tmp_path / "run"
    audit.run(config(where, file, class_order="number"), out)
    (tmp_path / "order.txt").write_text("1\n2\n10\n")
    audit.run(config(where, file, class_order=str(tmp_path / "order.txt")), out, resume=True)
    with pytest.raises(RunFolderError, match=r"its classes in another order \(1, 2, 10\)"):
        audit.run(config(where, file, class_order="text", anyway=True), out, resume=True)


def test_names_beside_the_model_give_the_order(photos, model, tmp_path):
    (tmp_path / "labels.txt").write_text("0 sky\n1 ember\n2 grass\n")
    found = seen(photos(), model(outputs=(2, 0, 1)))
    assert found["class-names"].words.endswith("labels.txt")
    assert found["accuracy"].words.startswith("100.0%")


def test_another_order_is_told_though_other_pixels_name_one_class_rightly(photos, model):
    found = seen(photos(count=20), model(outputs=(2, 0, 1)))  # 0% as it is, 33% if all is black
    assert found["class-order"].strength == "strong"
    assert found["class-order"].mend.endswith("here sky, ember, grass")
    assert found["pixels"].words.startswith("Pixels are read as 0..255: 0% of 60 images")


def test_pixels_that_no_option_gives_stop_a_run(photos, model):
    import keras

    unturned = (keras.layers.Rescaling(-255.0, 255.0),)  # what was fed 1 - x / 255
    found = seen(photos(), model(first=unturned))["pixels"]
    assert found.strength == "strong"
    assert found.words.endswith("read as 0..1 inverted, 100% would be")
    assert found.mend == "let the model's first layer do so, for no option does"


@pytest.mark.parametrize("layers", ["none", "rescaling", "normalization"])
def test_a_model_fed_0_to_1_is_found_whatever_its_first_layer(photos, model, layers):
    import keras

    first = {
        "none": (),
        "rescaling": (keras.layers.Rescaling(2.0, -1.0), keras.layers.Rescaling(0.5, 0.5)),
        "normalization": (keras.layers.Normalization(mean=[0.2] * 3, variance=[0.25] * 3),
                          keras.layers.Rescaling(0.5, 0.2)),
    }[layers]  # fmt: skip
    found = seen(photos(), model(first=first, scale=1 / 255))
    assert found["pixels"].words.startswith("Pixels are read as 0..1: 100%")
    assert found["accuracy"].words.startswith("100.0%")


def test_bgr_and_another_order_that_explain_alike_are_both_named(photos, model):
    # Red and blue exchanged in the outputs look as red and blue exchanged in the pixels.
    where, file = photos(), model(outputs=(2, 1, 0))
    found = seen(where, file)["pixels"]
    assert found.strength == "strong"
    assert found.mend == (
        "give --input-scaling 0..255 --input-channels bgr, or --input-scaling 0..255 "
        "--input-channels rgb and --class-order FILE with one class a line in the order of the "
        "model's outputs, here sky, grass, ember"
    )
    told = seen(where, file, input_channels="bgr")
    assert {told[key].strength for key in ("pixels", "class-order")} == {"fine"}


def test_a_scaling_that_was_given_wrongly_stops_a_run(photos, model):
    found = seen(photos(), model(), input_scaling="0..1")["pixels"]
    assert found.strength == "strong"
    assert found.mend == "give --input-scaling 0..255 --input-channels rgb"


def test_nan_weights_stop_a_run(photos, model, tmp_path):
    import keras

    file = model()
    broken = keras.models.load_model(file)
    broken.set_weights([w * np.nan for w in broken.get_weights()])
    broken.save(file)
    given = config(photos(), file)
    with pytest.raises(PreflightError, match="answers NaN or infinity to 30 of 30 images"):
        audit.run(given, tmp_path / "run")


def test_anyway_goes_on_says_so_and_fails_every_gate(photos, model, tmp_path, call):
    where, file = photos(), model(outputs=(2, 0, 1))
    made = audit.run(config(where, file, anyway=True), tmp_path / "run")
    assert made.manifest["preflight"]["anyway"] is True
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Do not judge the model by this report" in page
    assert made.summary["figures"]["accuracy"]["value"] == 0
    code, out, _ = call("check", tmp_path / "run", "--min-accuracy", "0%")
    assert code == 3
    assert "FAILED preflight: the run went on although" in out


def test_images_that_get_no_number_are_wrong_and_not_explained(photos, model, tmp_path):
    made = audit.run(config(photos(), model(rooted=60.0), anyway=True), tmp_path / "run")
    table = made.predictions
    unanswered = table["prediction"] == -1
    assert 0 < unanswered.sum() < len(table)
    assert made.summary["figures"]["accuracy"]["value"] == pytest.approx((~unanswered).mean())
    assert set(made.records.loc[made.records["skipped"] != "", "skipped"]) == {
        "the model answers NaN or infinity"
    }


def test_a_class_without_images_here_is_told_with_both_counts(photos, model):
    with pytest.raises(audit.core.errors.ModelError, match=r"tells 4 classes apart, .* has 3 "
                       r".*--class-order FILE with all 4 names"):  # fmt: skip
        seen(photos(), model(outputs=(0, 1, 2, 3)))


def test_unreadable_images_beyond_the_explained_sample_are_counted(photos, model, tmp_path):
    where = photos()
    for torn in ("ember/7.png", "sky/3.png", "grass/9.png"):
        (where / "test" / torn).write_bytes(b"no image")
    made = audit.run(config(where, model(), explain=3), tmp_path / "run")
    assert made.summary["images"]["skipped"] == 3

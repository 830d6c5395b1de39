import keras
import numpy as np
import pytest
from keras import layers

from audit.core.errors import ConfigError
from audit.models.classifier import FrozenClassifier
from audit.models.scaling import (
    SCALINGS,
    TREATMENTS,
    WITHOUT_OPTION,
    Trial,
    choose,
    colours_of,
    of_statistics,
    treated,
    treatment,
    trial,
    unlikely_range,
)
from audit.settings import load_config

SIZE = 8
RNG = np.random.default_rng(0)


def coloured(count):
    """Reddish and bluish images of any brightness, uint8, and which they are."""
    labels = np.arange(count) % 2
    images = RNG.uniform(40, 160, (count, 1, 1, 3)) * np.ones((1, SIZE, SIZE, 1))
    images[..., 0] = images[..., 1] + np.where(labels == 0, 60, -30)[:, None, None]
    return np.clip(images, 0, 255).astype(np.uint8), labels


IMAGES, LABELS = coloured(60)


def sees_red(first=None, units=2, channels=3, dtype="float32"):
    """Class 0 where red exceeds green, in what the model is given."""
    x = keras.Input((SIZE, SIZE, channels), dtype=dtype)
    y = first(x) if first else x
    conv = layers.Conv2D(1, 1, use_bias=False)
    pooled = layers.GlobalAveragePooling2D()(conv(y))
    dense = layers.Dense(units)
    model = keras.Model(x, dense(pooled))
    lead = np.array([1.0, -1.0, 0.0] if channels == 3 else [1.0])
    conv.set_weights([lead[None, None, :, None]])
    dense.set_weights([np.array([[1.0, -1.0]] if units == 2 else [[-1.0]]), np.zeros(units)])
    return model


def tried(model, labels=LABELS):
    return trial(FrozenClassifier(model), IMAGES, labels)


def test_every_treatment_is_tried_on_the_same_images():
    found = tried(sees_red(), 1 - LABELS)
    assert found.names == (*TREATMENTS, *WITHOUT_OPTION)
    assert found.predictions.shape == (12, 60)
    assert found.accuracies["0..255"] == 0 and found.accuracies["0..255 bgr"] > 0.2


def test_where_nothing_could_be_proven_better_nothing_else_is_tried():
    # 11 wrong answers of 60, all mended: 11 treatments x 2 / 2^11 is above 0.01; with 12 below.
    for wrong, names in ((11, 1), (12, 12)):
        labels = np.where(np.arange(60) < wrong, 1 - LABELS, LABELS)
        assert len(tried(sees_red(), labels).names) == names


def test_bgr_turns_the_channels_before_they_are_scaled():
    pixel = np.array([[[[10.0, 20.0, 30.0]]]], np.float32)
    np.testing.assert_allclose(
        TREATMENTS["torch bgr"](pixel), SCALINGS["torch"](pixel[..., ::-1]), rtol=1e-6
    )
    assert treatment("0..1", "bgr") == "0..1 bgr"
    assert treatment("0..1") == "0..1"
    assert treatment("caffe", "bgr") == "caffe"  # turns them by itself


def test_pixels_under_which_a_model_answers_with_the_common_class_alone_are_no_better():
    labels = np.repeat([0, 1], [120, 8])
    default = np.where(np.arange(128) % 5 == 0, 1 - labels, labels)  # 80% of each class
    answers = np.stack([default, np.zeros(128, int)])  # 94% are right, but none of class 1
    assert choose(Trial(("0..255", "0..1"), answers, labels)) == "0..255"


def test_the_default_stays_where_nothing_is_better():
    assert choose(tried(sees_red())) == "0..255"


@pytest.mark.parametrize(
    "first",
    [
        lambda: layers.Normalization(mean=[0.4, 0.4, 0.4], variance=[0.05] * 3),
        lambda: layers.Rescaling(2.0, -1.0),
        lambda: layers.BatchNormalization(),
    ],
    ids=["Normalization", "Rescaling(2, -1)", "BatchNormalization"],
)
def test_a_model_of_0_to_1_that_scales_further_is_found(first):
    def narrow(x):
        # It is lost where pixels are beyond 1: a bump, as trained weights are of no use there.
        return layers.Lambda(lambda y: y * keras.ops.exp(-keras.ops.square(y / 4)))(first()(x))

    found = tried(sees_red(narrow))
    assert found.accuracies["0..1"] > 0.9
    assert choose(found).startswith("0..1") or found.accuracies[choose(found)] > 0.9
    assert choose(found) != "0..255"


def test_swapped_colours_are_found_and_one_unit_is_read():
    model = sees_red(lambda x: x[..., ::-1], units=1)
    found = tried(model)
    assert found.accuracies["0..255 bgr"] == 1
    assert choose(found) == "0..255 bgr"


def test_models_of_whole_pixels_are_tried_on_those_alone():
    found = tried(sees_red(lambda x: layers.Rescaling(1.0)(x), dtype="uint8"), 1 - LABELS)
    assert found.names == ("0..255", "0..255 bgr")


def test_grey_models_know_no_colours():
    found = tried(sees_red(channels=1))
    of_grey = ("standardised image by image", "0..1 inverted")
    assert found.names == ("0..255", "0..1", "-1..1", *of_grey)


def made(right):
    """A trial of two treatments and more, whose right answers are given."""
    labels = np.zeros(len(next(iter(right.values()))), np.int64)
    return Trial(tuple(right), np.array([~np.array(r) for r in right.values()], np.int64), labels)


def test_a_gain_that_chance_explains_does_not_count():
    # 9 images gained, none lost: p = 2 / 2**9 = 0.0039, times 2 treatments (Holm) = 0.0078
    base = np.zeros(100, bool)
    gained = np.arange(100) < 9
    others = {"0..1": gained, "-1..1": base}
    assert choose(made({"0..255": base, **others})) == "0..1"  # 0.0078
    assert choose(made({"0..255": base, **others, "torch": base})) == "0..255"  # 0.0117


def test_a_gain_below_5_points_does_not_count():
    base = np.arange(1000) < 800
    assert choose(made({"0..255": base, "0..1": np.arange(1000) < 849})) == "0..255"
    assert choose(made({"0..255": base, "0..1": np.arange(1000) < 850})) == "0..1"


def test_swapped_colours_must_be_better_than_the_same_scaling_beyond_doubt():
    base, much, more = (np.arange(100) < n for n in (10, 80, 83))
    assert choose(made({"0..255": base, "0..1": much, "0..1 bgr": more})) == "0..1"


def test_equal_answers_are_no_reason_to_change():
    assert choose(made({"0..255": np.ones(4, bool), "0..1": np.ones(4, bool)})) == "0..255"


def test_values_that_weights_are_not_made_for_are_a_weak_observation():
    seen = unlikely_range(FrozenClassifier(sees_red()))
    assert seen.strength == "weak" and "read 0..255" in seen.words
    assert unlikely_range(FrozenClassifier(sees_red(layers.Rescaling(1 / 255)))) is None


@pytest.mark.parametrize("name", [*TREATMENTS, "0.5,0.4,0.3/0.2,0.3,0.25"])
def test_what_a_treatment_makes_of_colours_is_a_matrix(name):
    images = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype(np.float32)
    moved = np.asarray(treated(name, images)) - np.asarray(treated(name, np.zeros_like(images)))
    np.testing.assert_allclose(moved, images @ colours_of(name), atol=1e-3)


def test_a_mean_and_a_deviation_are_a_treatment():
    white = np.full((1, 1, 1, 3), 255, np.float32)
    found = np.asarray(treated("0.5,0.4,0.2/0.25,0.3,0.2", white)).ravel()
    np.testing.assert_allclose(found, [2, 2, 4], rtol=1e-5)
    swapped = np.full((1, 1, 1, 3), 0, np.float32)
    swapped[..., 2] = 255
    found = np.asarray(treated("0,0,0/1,1,1 bgr", swapped)).ravel()
    np.testing.assert_allclose(found, [1, 0, 0])


@pytest.mark.parametrize(
    ("mean", "deviation", "name"),
    [((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "torch"), ((0.5,) * 3, (0.5,) * 3, "-1..1"),
     ((0,) * 3, (1,) * 3, "0..1"), ((0.5, 0.4, 0.3), (0.2,) * 3, "0.5,0.4,0.3/0.2,0.2,0.2")],
)  # fmt: skip
def test_known_statistics_have_their_name(mean, deviation, name):
    assert of_statistics(mean, deviation) == name


@pytest.mark.parametrize(
    "given", ["1,2/3,4", "0,0,0/1,1,0", "a,b,c/d,e,f", "nan,0,0/1,1,1", "0..2"]
)
def test_statistics_that_are_none_are_refused(given):
    with pytest.raises(ConfigError, match=r"input.scaling"):
        load_config({"input_scaling": given})

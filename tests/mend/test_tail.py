"""The last block of a model: where it starts, and that it is the model's own."""

import keras
import numpy as np
import pytest
from keras import layers
from towers import SIZE, blocks, built, conv, four, nested, residual

from audit.core.errors import ModelError
from audit.mend.tail import Tail
from audit.models.classifier import FrozenClassifier
from audit.models.lastlayer import LastLayer

IMAGES = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3)).astype(np.uint8)


def _tail(model):
    layer = LastLayer(FrozenClassifier(model))
    return Tail(layer), layer


def _sequential():
    keras.utils.set_random_seed(1)
    tower = [layers.Conv2D(6, 3, padding="same", activation="relu", name=f"c{k}") for k in range(4)]
    end = [layers.GlobalAveragePooling2D(), layers.Dense(3, name="last")]
    return keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), layers.Rescaling(1 / 64), keras.Sequential(tower), *end]
    )


FORMS = {
    "flat": (lambda: built(four), "c1", {"c2", "c3"}),
    "nested": (lambda: nested(four), "c1", {"c2", "c3"}),
    "sequential": (_sequential, "c1", {"c2", "c3"}),
    "nested residual": (lambda: nested(residual), "b", {"c2", "c3"}),
    "nested named": (lambda: nested(blocks), "block0_a_relu",
                     {"block1_a_conv", "block1_b_conv", "block1_c_conv", "top_conv"}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_last_block_is_found_and_gives_what_the_last_layer_reads(form):
    make, behind, taught = FORMS[form]
    model = make()
    described = model.get_config()
    tail, layer = _tail(model)
    assert tail.behind == behind
    assert {variable.path.split("/")[-2] for variable in tail.variables} == taught
    maps = tail.maps(IMAGES)
    assert maps.dtype == np.float16 and maps.shape == (len(IMAGES), *tail.shape)
    wanted = layer.features(IMAGES)
    assert np.allclose(tail.features(maps), wanted, atol=3e-3 * np.abs(wanted).max())
    assert model.get_config() == described


def test_a_skip_around_the_block_moves_its_start_back():
    def around(x):
        first = conv(x, "c0")
        return layers.Add()([conv(conv(conv(first, "c1", 1), "c2", 1), "c3", 1), first])

    assert _tail(built(around))[0].behind == "c0"


def test_a_layer_that_is_called_on_both_sides_is_in_no_block():
    def shared(x):
        again = layers.Conv2D(6, 3, padding="same", name="again")
        x = again(conv(conv(x, "c0"), "c1"))
        return again(conv(x, "c2", 1))

    assert _tail(built(shared))[0].behind == "c1"


def test_pixels_are_scaled_before_the_block_as_the_model_wants_them():
    model = built(four)
    layer = LastLayer(FrozenClassifier(model, scaling="0..1 bgr"))
    tail, wanted = Tail(layer), layer.features(IMAGES)
    assert np.allclose(tail.features(tail.maps(IMAGES)), wanted, atol=3e-3 * np.abs(wanted).max())


def test_what_was_taught_is_the_models_own_until_it_is_reset():
    model = built(four)
    before = [np.array(weight) for weight in model.get_weights()]
    tail, _ = _tail(model)
    for variable in tail.variables:
        variable.assign_add(np.ones(variable.shape))
    changed = [not np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True)]
    assert changed == [False] * 4 + [True] * 4 + [False] * 2
    tail.reset()
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


class _Own(keras.Model):
    def __init__(self):
        super().__init__(name="own")
        self.inner = built(four)

    def call(self, x):
        return self.inner(x)


def _subclassed():
    model = _Own()
    model(IMAGES.astype(np.float32))
    return model


def _apart():
    return built(lambda x: layers.Concatenate()([conv(conv(x, f"{k}0"), f"{k}1") for k in "ab"]))


@pytest.mark.parametrize(
    "make",
    [lambda: built(lambda x: conv(conv(x, "c0"), "c1")), _apart, _subclassed],
    ids=["two convolutions", "branches", "no graph of layers"],
)
def test_a_model_without_a_last_block_is_told_the_mend(make):
    with pytest.raises(ModelError, match="mend it with --layers last-layer"):
        _tail(make())

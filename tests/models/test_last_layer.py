"""The last layer of a model: cut off, taught otherwise, and put back."""

import keras
import numpy as np
import pytest
from keras import layers

from audit.core.errors import ModelError
from audit.models.classifier import FrozenClassifier
from audit.models.lastlayer import LastLayer


def _model(*end, classes=3, activation="softmax"):
    keras.utils.set_random_seed(1)
    x = keras.Input((32, 32, 3))
    seen = layers.Rescaling(1 / 128, offset=-1)(x)
    seen = layers.Conv2D(8, 3, strides=2, activation="relu", name="map")(seen)
    seen = layers.GlobalAveragePooling2D()(seen)
    for layer in end:
        seen = layer(seen)
    last = layers.Dense(classes, activation=activation, name="last")(seen)
    return keras.Model(x, last, name="small")


IMAGES = np.random.default_rng(0).uniform(0, 255, (5, 32, 32, 3)).astype(np.float32)
FORMS = {
    "pooled": lambda: _model(),
    "hidden layer": lambda: _model(layers.Dense(6, activation="relu"), layers.Dropout(0.5)),
    "one unit": lambda: _model(classes=1, activation="sigmoid"),
    "logits": lambda: _model(activation=None),
}


@pytest.mark.parametrize("form", FORMS)
def test_features_and_weights_give_the_logits(form):
    classifier = FrozenClassifier(FORMS[form]())
    layer = LastLayer(classifier)
    logits = layer.features(IMAGES) @ layer.kernel + layer.bias
    assert np.allclose(logits, classifier.logits(IMAGES), atol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_a_replaced_layer_gives_its_own_logits_and_nothing_else_changes(form, tmp_path):
    model = FORMS[form]()
    before = [np.array(weight) for weight in model.get_weights()]
    layer = LastLayer(FrozenClassifier(model))
    random = np.random.default_rng(2)
    kernel = random.normal(size=layer.kernel.shape).astype(np.float32)
    bias = random.normal(size=layer.bias.shape).astype(np.float32)
    layer.replaced(kernel, bias).save(tmp_path / "new.keras")
    loaded = keras.models.load_model(tmp_path / "new.keras")
    wanted = layer.features(IMAGES) @ kernel + bias
    found = np.asarray(FrozenClassifier(loaded).logits(IMAGES))
    apart = [a - a.mean(axis=1, keepdims=True) for a in (wanted, found)]
    assert np.allclose(*apart, atol=1e-3)
    after = loaded.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(before[:-2], after[:-2], strict=True))
    assert not np.array_equal(before[-2], after[-2])


@pytest.mark.parametrize(
    "end",
    [
        lambda x: layers.Softmax()(layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1)(x))),
        lambda x: layers.Dense(3, use_bias=False)(layers.GlobalAveragePooling2D()(x)),
    ],
    ids=["convolution", "no bias"],
)
def test_a_head_that_cannot_be_cut_off_is_told_in_one_line(end):
    x = keras.Input((32, 32, 3))
    seen = layers.Conv2D(8, 3, strides=2, activation="relu")(x)
    classifier = FrozenClassifier(keras.Model(x, end(seen), name="odd"))
    with pytest.raises(ModelError, match="head of odd cannot be cut off"):
        LastLayer(classifier)

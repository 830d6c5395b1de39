"""Models whose one unit tells two classes apart: which of them it speaks for."""

import keras
import numpy as np
import pandas as pd
import pytest

from audit.core.errors import ConfigError
from audit.core.track import silent
from audit.settings import load_config
from audit.stages.inputs import read_inputs


@pytest.fixture(scope="module")
def images(tmp_path_factory, draw_manifest):
    """Red and green discs alone."""
    manifest = draw_manifest(tmp_path_factory.mktemp("images"))
    table = pd.read_csv(manifest)
    table[table["label"].isin(("crimson", "green"))].to_csv(manifest, index=False)
    return manifest


@pytest.fixture(scope="module")
def reds(tmp_path_factory):
    """A model whose one unit is likely for red, as cats-and-dogs heads are for one of them."""
    x = keras.Input((64, 64, 3))
    seen = keras.layers.Conv2D(2, 1, activation="relu")(x)
    unit = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(x, unit(keras.layers.GlobalAveragePooling2D()(seen)))
    own = (1.5 * np.eye(3) - 0.5)[:, :2]
    model.set_weights([own[None, None], np.full(2, -80.0), np.array([[1.0], [-1.0]]), np.zeros(1)])
    file = tmp_path_factory.mktemp("model") / "reds.keras"
    model.save(file)
    return file


@pytest.fixture(scope="module")
def read(images, reds):
    def make(**flags):
        given = {"images": images, "model": reds, "grabcut": False, "workers": 0}
        return read_inputs(load_config(given | flags), ("test",), None, silent)

    return make


def test_the_unit_speaks_for_the_class_that_is_named(read):
    inputs = read(positive_class="crimson")
    assert inputs.dataset.classes == ("green", "crimson")
    assert (inputs.answers.predictions == inputs.answers.labels).all()


def test_by_default_it_speaks_for_the_second(read):
    inputs = read(anyway=True)
    assert inputs.dataset.classes == ("crimson", "green")
    assert (inputs.answers.predictions != inputs.answers.labels).all()


def test_a_model_without_a_file_cannot_be_sent_to_a_cluster(read):
    with pytest.raises(ConfigError, match=r"nets:make has none: export it as a \.pt2 file"):
        read(model="nets:make", executor="ray", positive_class=None)


@pytest.mark.parametrize(
    ("flags", "said"),
    [({"positive_class": "cat"}, "has the classes crimson, green"), ({}, "with one unit")],
)
def test_what_it_cannot_mean_is_refused(read, colour_model, flags, said):
    given = flags or {"positive_class": "crimson", "model": colour_model}
    with pytest.raises(ConfigError, match=said):
        read(**given)

from collections import Counter

import keras
import numpy as np
import pytest

from audit.config import load_config
from audit.data.batches import batched
from audit.data.dataset import Item
from audit.errors import BrokenImageError, DataError
from audit.models import training
from audit.models.backbones import BACKBONES, Backbone
from audit.models.classifier import Classifier
from audit.models.training import train
from audit.track import silent

SIZE = 32


class Shapes:
    """Drawn images in memory; names in ``broken`` cannot be read."""

    name = "shapes"
    classes = ("red", "green", "blue")
    mask_source = ""

    def __init__(self, draw, counts, broken=()):
        self._draw, self._broken = draw, set(broken)
        self._items = {
            split: [
                Item(f"{split}_{label}_{i}.png", label, split)
                for i in range(count)
                for label in range(3)
            ]
            for split, count in counts.items()
        }

    def items(self, split):
        return self._items.get(split, [])

    def images(self, items):
        for item in items:
            broken = item.name in self._broken
            seed = int(item.name.split("_")[-1][:-4]) + 100 * (item.split != "train")
            yield (
                item,
                BrokenImageError(f"{item.name}: torn")
                if broken
                else self._draw(item.label, seed, 40)[0],
            )


def tiny(size, weights):
    x = keras.Input((size, size, 3))
    y = keras.layers.Rescaling(1 / 128, offset=-1)(x)
    features = keras.layers.Conv2D(8, 4, 4, activation="relu", name="features")(y)
    return keras.Model(x, features, name="tiny")


@pytest.fixture(autouse=True)
def tiny_backbone(monkeypatch):
    """A backbone in the registry that takes no time."""
    monkeypatch.setitem(BACKBONES, "tiny", Backbone(tiny, SIZE, "drawn"))


@pytest.fixture
def config():
    def make(**flags):
        flags = {"epochs": 2, "batch_size": 8, "image_size": SIZE, "seed": 5} | flags
        return load_config({"backbone": "tiny", "weights": "random"} | flags)

    return make


@pytest.fixture
def shapes(draw):
    return Shapes(draw, {"train": 6, "validation": 2})


@pytest.mark.parametrize("pipeline", ["baseline", "augmented"])
def test_same_seed_trains_the_same_model_twice(config, shapes, pipeline):
    first, second = (train(shapes, config(pipeline=pipeline), silent) for _ in range(2))
    for a, b in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert first.history.equals(second.history)


def test_pipelines_differ_in_training_and_agree_in_how_they_are_judged(config, shapes):
    plain, augmented = (
        train(shapes, config(pipeline=p, epochs=1), silent) for p in ("baseline", "augmented")
    )
    heads = [t.model.layers[-1].get_weights()[0] for t in (plain, augmented)]
    assert np.abs(heads[0] - heads[1]).max() > 0
    for trained in (plain, augmented):
        probabilities = trained.model.predict(pixels(shapes, "validation"), verbose=0)
        labels = [item.label for item in shapes.items("validation")]
        assert trained.history["val_accuracy"][0] == pytest.approx(
            (probabilities.argmax(axis=-1) == labels).mean()
        )


def pixels(dataset, split):
    batches = batched(dataset.images(dataset.items(split)), SIZE, 1, [])
    return np.stack([batch[0][1] for batch in batches]).astype(np.float32)


@pytest.mark.filterwarnings("error:::keras")
def test_augmented_training_is_not_warned_about(config, shapes):
    train(shapes, config(pipeline="augmented"), silent)


def test_history_has_a_row_an_epoch(config, shapes):
    history = train(shapes, config(epochs=3), silent).history
    assert list(history) == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert history["epoch"].tolist() == [1, 2, 3]


def test_best_epoch_is_kept(config, shapes):
    # A step far too large: later epochs are worse than the best one.
    trained = train(shapes, config(epochs=5, learning_rate=5.0), silent)
    history = trained.history
    best = history.sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).iloc[0]
    assert trained.best_epoch == best["epoch"]
    probabilities = trained.model.predict(pixels(shapes, "validation"), verbose=0)
    labels = np.array([item.label for item in shapes.items("validation")])
    likelihood = -np.log(probabilities[np.arange(len(labels)), labels].clip(1e-7)).mean()
    assert likelihood == pytest.approx(best["val_loss"], rel=0.02)


def test_colours_are_learnt_in_a_few_epochs(config, shapes):
    trained = train(shapes, config(epochs=6, learning_rate=0.1), silent)
    assert trained.history["accuracy"].iloc[-1] > 0.8


def test_folded_layer_equals_the_standardised_head(config):
    features = np.random.default_rng(0).normal(3, [0.1, 1, 10], (20, 3))
    seen = training._Features(features.astype(np.float32), np.arange(20) % 2, None)
    head = training._head(seen, 2, config())
    kernel, bias = np.array([[1, -1], [2, 0], [-3, 1.5]]), np.array([0.5, -0.5])
    head.layers[-1].set_weights([kernel, bias])
    backbone = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Identity()])
    whole = training._whole(backbone, head)
    maps = np.broadcast_to(features[:, None, None], (20, 2, 2, 3)).astype(np.float32)
    np.testing.assert_allclose(
        whole.predict(maps, verbose=0), head.predict(seen.values, verbose=0), rtol=1e-4
    )


def test_a_feature_that_never_varies_does_no_harm(config):
    values = np.zeros((4, 3), np.float32)
    head = training._head(training._Features(values, np.arange(4) % 2, None), 2, config())
    assert np.isfinite(head.predict(values, verbose=0)).all()


def test_trained_model_can_be_audited(config, shapes):
    classifier = Classifier(train(shapes, config(epochs=1), silent).model)
    assert classifier.feature_layer == "tiny/features"
    assert (classifier.input_size, classifier.classes, classifier.end) == (SIZE, 3, "softmax")


@pytest.mark.parametrize("pipeline", ["baseline", "augmented"])
def test_broken_images_are_left_out_and_listed(config, draw, pipeline):
    broken = ["train_0_1.png", "validation_2_0.png"]
    shapes = Shapes(draw, {"train": 6, "validation": 2}, broken)
    trained = train(shapes, config(pipeline=pipeline, epochs=1), silent)
    assert [(item.name, reason) for item, reason in trained.skipped] == [
        (name, f"{name}: torn") for name in broken
    ]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_split_without_readable_images_is_refused(config, draw, split):
    counts = {"train": 2, "validation": 2} | {split: 0}
    with pytest.raises(DataError, match=f"^shapes has no readable image in its {split} split"):
        train(Shapes(draw, counts), config(), silent)


def test_work_is_tracked_with_its_amount(config, shapes):
    seen = {}

    def track(items, label, total):
        seen[label] = total
        return items

    train(shapes, config(), track)
    assert seen == {"features (train)": 18, "features (validation)": 6, "epochs": 2}


def test_batches_are_full_but_the_last(shapes):
    sizes = [len(b) for b in batched(shapes.images(shapes.items("train")), 8, 4, [])]
    assert sizes == [4, 4, 4, 4, 2]


def test_batches_keep_order_and_fill_up_after_broken_images(draw):
    broken = ["train_1_0.png"]
    shapes = Shapes(draw, {"train": 2}, broken)
    skipped = []
    batches = list(batched(shapes.images(shapes.items("train")), 8, 2, skipped))
    names = [item.name for batch in batches for item, _ in batch]
    assert names == [i.name for i in shapes.items("train") if i.name not in broken]
    assert Counter(len(b) for b in batches) == {2: 2, 1: 1}
    assert [(item.name, why) for item, why in skipped] == [(broken[0], f"{broken[0]}: torn")]

from collections import Counter

import keras
import numpy as np
import pytest

from audit.core.errors import BrokenImageError, DataError, RunFolderError
from audit.core.track import silent
from audit.datasets.batches import batched
from audit.datasets.dataset import Item
from audit.masks.masks import Masks
from audit.models.backbones import BACKBONES, Backbone
from audit.models.classifier import FrozenClassifier
from audit.settings import load_config
from audit.storage.paths import location
from audit.training import training
from audit.training.replicas import replicas

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
def train(tmp_path_factory):
    """`training.train` in a new folder, or in ``work``."""

    def run(dataset, config, track=silent, work=None):
        work = work or tmp_path_factory.mktemp("work")
        return training.train(dataset, config, track, work, replicas(), Masks(dataset))

    return run


@pytest.fixture
def shapes(draw):
    return Shapes(draw, {"train": 6, "validation": 2})


@pytest.mark.parametrize("pipeline", ["baseline", "augmented", "mixup", "cutmix"])
def test_same_seed_trains_the_same_model_twice(train, config, shapes, pipeline):
    first, second = (train(shapes, config(pipeline=pipeline)) for _ in range(2))
    for a, b in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert first.history.equals(second.history)


def test_pipelines_differ_in_training_and_agree_in_how_they_are_judged(train, config, shapes):
    plain, augmented = (
        train(shapes, config(pipeline=p, epochs=1)) for p in ("baseline", "augmented")
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


@pytest.mark.filterwarnings("error::UserWarning:keras")
def test_augmented_training_is_not_warned_about(train, config, shapes):
    train(shapes, config(pipeline="augmented"))


def test_history_has_a_row_an_epoch(train, config, shapes):
    history = train(shapes, config(epochs=3)).history
    assert list(history) == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert history["epoch"].tolist() == [1, 2, 3]


def test_best_epoch_is_kept(train, config, shapes):
    # A step far too large: later epochs are worse than the best one.
    trained = train(shapes, config(epochs=5, learning_rate=5.0))
    history = trained.history
    best = history.sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).iloc[0]
    assert trained.best_epoch == best["epoch"]
    probabilities = trained.model.predict(pixels(shapes, "validation"), verbose=0)
    labels = np.array([item.label for item in shapes.items("validation")])
    likelihood = -np.log(probabilities[np.arange(len(labels)), labels].clip(1e-7)).mean()
    assert likelihood == pytest.approx(best["val_loss"], rel=0.02)


def test_colours_are_learnt_in_a_few_epochs(train, config, shapes):
    trained = train(shapes, config(epochs=6, learning_rate=0.1))
    assert trained.history["accuracy"].iloc[-1] > 0.8


def test_folded_layer_equals_the_standardised_head(config):
    features = np.random.default_rng(0).normal(3, [0.1, 1, 10], (20, 3)).astype(np.float32)
    head = training._head(features, 2, config())
    kernel, bias = np.array([[1, -1], [2, 0], [-3, 1.5]]), np.array([0.5, -0.5])
    head.layers[-1].set_weights([kernel, bias])
    backbone = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Identity()])
    whole = training._whole(backbone, head)
    maps = np.broadcast_to(features[:, None, None], (20, 2, 2, 3)).astype(np.float32)
    np.testing.assert_allclose(
        whole.predict(maps, verbose=0), head.predict(features, verbose=0), rtol=1e-4
    )


def test_a_feature_that_never_varies_does_no_harm(config):
    values = np.zeros((4, 3), np.float32)
    head = training._head(values, 2, config())
    assert np.isfinite(head.predict(values, verbose=0)).all()


def test_trained_model_can_be_audited(train, config, shapes):
    classifier = FrozenClassifier(train(shapes, config(epochs=1)).model)
    assert classifier.feature_layer == "tiny/features"
    assert (classifier.input_size, classifier.classes, classifier.end) == (SIZE, 3, "softmax")


@pytest.mark.parametrize("pipeline", ["baseline", "augmented"])
def test_broken_images_are_left_out_and_listed(train, config, draw, pipeline):
    broken = ["train_0_1.png", "validation_2_0.png"]
    shapes = Shapes(draw, {"train": 6, "validation": 2}, broken)
    trained = train(shapes, config(pipeline=pipeline, epochs=1))
    assert [(item.name, reason) for item, reason in trained.skipped] == [
        (name, f"{name}: torn") for name in broken
    ]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_split_without_readable_images_is_refused(train, config, draw, split):
    counts = {"train": 2, "validation": 2} | {split: 0}
    with pytest.raises(DataError, match=f"^shapes has no readable image in its {split} split"):
        train(Shapes(draw, counts), config())


def test_work_is_tracked_with_its_amount(train, config, shapes):
    seen = {}

    def track(items, label, total):
        seen[label] = total
        return items

    train(shapes, config(), track)
    assert seen == {
        "read (train)": 18,
        "read (validation)": 6,
        "features (train)": 18,
        "features (validation)": 6,
        "head": 6,
    }


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


FINE = {"epochs": 1, "fine_tune_epochs": 3, "fine_tune_rate": 1e-3}


def test_fine_tuning_goes_on_from_the_head_and_says_where(train, config, shapes):
    trained = train(shapes, config(**FINE))
    assert trained.fine_tuned_from == 2
    assert trained.history["epoch"].tolist() == [1, 2, 3, 4]


def test_fine_tuning_changes_the_backbone_only_where_asked_to(train, config, shapes, monkeypatch):
    monkeypatch.setitem(BACKBONES, "tiny", Backbone(normalised, SIZE, "drawn"))
    keras.utils.set_random_seed(5)
    before = {w.path: w.numpy() for w in normalised(SIZE, "random").weights}
    trained = train(shapes, config(**FINE | {"fine_tune_rate": 0.05, "learning_rate": 1e-6}))
    after = {w.path: w.numpy() for w in trained.model.get_layer("tiny").weights}
    changed = {path for path in before if np.abs(before[path] - after[path]).max() > 0}
    assert changed == {"features/kernel", "features/bias"}  # and not those of norm


def normalised(size, weights):
    x = keras.Input((size, size, 3))
    y = keras.layers.Rescaling(1 / 128, offset=-1)(x)
    y = keras.layers.Conv2D(8, 4, 4, activation="relu", name="features")(y)
    return keras.Model(x, keras.layers.BatchNormalization(name="norm")(y), name="tiny")


def test_worse_fine_tuning_is_not_kept(train, config, shapes):
    settings = {"epochs": 6, "learning_rate": 0.1}
    plain = train(shapes, config(**settings))
    spoilt = train(shapes, config(**settings, fine_tune_epochs=2, fine_tune_rate=1e30))
    assert spoilt.best_epoch == plain.best_epoch
    for a, b in zip(plain.model.get_weights(), spoilt.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class KilledError(Exception):
    pass


def dies_after(ticks):
    """A track that stops the training as a kill does, in the midst of its epochs."""
    left = iter(range(ticks))

    def track(items, label, total):
        for item in items:
            if label in ("head", "fine-tune") and next(left, None) is None:
                raise KilledError
            yield item

    return track


@pytest.mark.parametrize(("after", "url"), [(1, ""), (8, "memory://bucket/training"), (12, "")])
def test_killed_training_goes_on_and_ends_the_same(train, config, shapes, tmp_path, after, url):
    settings = config(pipeline="augmented", epochs=2, fine_tune_epochs=3)
    whole = train(shapes, settings)
    work = location(url or str(tmp_path))
    with pytest.raises(KilledError):
        train(shapes, settings, dies_after(after), work=work)
    resumed = train(shapes, settings, work=work)
    assert resumed.history.equals(whole.history)
    for a, b in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_finished_epochs_are_not_trained_again(train, config, shapes, tmp_path):
    settings = config(epochs=4)
    with pytest.raises(KilledError):
        train(shapes, settings, dies_after(7), work=tmp_path)  # three batches an epoch
    steps = {}

    def track(items, label, total):
        steps[label] = total
        return items

    train(shapes, settings, track, work=tmp_path)
    assert steps["head"] == 2 * 3


def test_torn_backup_is_named_with_the_mend(train, config, shapes, tmp_path):
    train(shapes, config(epochs=1), work=tmp_path)
    next(tmp_path.glob("head-*.weights.h5")).write_bytes(b"torn")
    with pytest.raises(RunFolderError, match=r"head-0000\.weights\.h5 is missing or torn"):
        train(shapes, config(epochs=1), work=tmp_path)


def test_training_stops_early_where_nothing_gets_better(train, config, shapes):
    history = train(shapes, config(epochs=20, learning_rate=1e30, early_stopping=3)).history
    assert len(history) == 4


def test_smoothed_labels_keep_the_answers_less_sure(train, config, shapes):
    sure, smooth = (
        train(shapes, config(epochs=30, learning_rate=0.1, label_smoothing=s)).model.predict(
            pixels(shapes, "train"), verbose=0
        )
        for s in (0.0, 0.3)
    )
    assert smooth.max(axis=1).mean() < sure.max(axis=1).mean() - 0.05


def test_validation_loss_is_that_of_plain_labels(train, config, shapes):
    trained = train(shapes, config(epochs=1, label_smoothing=0.3, pipeline="mixup"))
    probabilities = trained.model.predict(pixels(shapes, "validation"), verbose=0)
    labels = np.array([item.label for item in shapes.items("validation")])
    likelihood = -np.log(probabilities[np.arange(len(labels)), labels]).mean()
    assert likelihood == pytest.approx(trained.history["val_loss"][0], rel=0.01)


@pytest.mark.parametrize("balance", ["weights", "sampling"])
def test_rare_class_is_answered_more_often_when_balanced(train, config, draw, balance):
    class Uneven(Shapes):
        def items(self, split):
            rare = [i for i in super().items(split) if i.label != 2]
            few = [i for i in super().items(split) if i.label == 2][:1]
            return super().items(split) if split != "train" else rare + few

    uneven = Uneven(draw, {"train": 12, "validation": 4})
    plain, balanced = (
        train(uneven, config(epochs=10, learning_rate=0.01, balance=b)).model.predict(
            pixels(uneven, "validation"), verbose=0
        )
        for b in ("off", balance)
    )
    assert balanced[:, 2].mean() > plain[:, 2].mean() + 0.02


def test_half_precision_trains_and_leaves_a_model_in_full(train, config, shapes):
    trained = train(shapes, config(precision="mixed", pipeline="augmented"))
    assert {w.dtype for w in trained.model.weights} == {"float32"}
    assert trained.model.compute_dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"


def test_most_time_is_the_models(train, config, shapes):
    assert 0 < train(shapes, config(pipeline="augmented")).step_share <= 1


def test_pictures_show_what_the_pipeline_does(train, config, shapes):
    plain, mixed = (train(shapes, config(epochs=1, pipeline=p)) for p in ("baseline", "mixup"))
    assert (plain.nine, plain.mixed) == (None, None)
    assert mixed.mixed.size == (3 * SIZE, 3 * (SIZE + 34))
    assert mixed.nine.size == (3 * SIZE, 3 * SIZE)


def test_last_blocks_alone_are_unfrozen():
    backbone = BACKBONES["efficientnet-lite0"].build(32, "random")
    training._unfreeze(backbone, 2)
    tuned = {layer.name for layer in backbone.layers if layer.trainable and layer.weights}
    assert "top_conv" in tuned
    assert not any("_bn" in name for name in tuned)
    assert {name.split("_")[0] for name in tuned} == {"top", "block14", "block15"}


def test_step_share_is_unknown_where_nothing_is_left_to_train(train, config, shapes, tmp_path):
    train(shapes, config(epochs=1), work=tmp_path)
    assert train(shapes, config(epochs=1), work=tmp_path).step_share is None

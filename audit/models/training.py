"""Trains a dense head on a frozen backbone; the best epoch is kept, the seed decides all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image

from audit.config import Config
from audit.data.batches import batched, readable
from audit.data.dataset import Dataset, Item
from audit.errors import DataError
from audit.models.augment import augmentation, nine_versions
from audit.models.backbones import build_backbone
from audit.track import Track

_SOFTEN = 0.3  # share of the mean variance added to each feature's
_SHUFFLE = 4096  # images held to shuffle the augmented stream


@dataclass
class Trained:
    """A trained model and how it came about.

    Attributes
    ----------
    model : keras.Model
        Float32 images ``(n, size, size, 3)`` in 0..255 to probabilities ``(n, classes)``.
    history : DataFrame
        Columns epoch, accuracy, loss, val_accuracy, val_loss; one row an epoch.
    best_epoch : int
        The epoch kept: highest validation accuracy, then lowest validation loss.
    nine : PIL.Image
        Nine augmented versions of one training image.
    skipped : list
        Broken images of the training and validation splits: (item, reason).
    """

    model: Any
    history: pd.DataFrame
    best_epoch: int
    nine: Image.Image
    skipped: list[tuple[Item, str]]


@dataclass
class _Features:
    """Pooled features ``(n, c)`` of a split, its labels, one of its images, and what is broken."""

    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    sample: NDArray[np.uint8]
    skipped: list[tuple[Item, str]] = field(default_factory=list)


def train(dataset: Dataset, config: Config, track: Track) -> Trained:
    """Train on the split ``train``, choose the epoch on ``validation``.

    Features of a frozen backbone do not change, so they are computed once; only the augmented
    pipeline sends images through it in every epoch.

    Raises
    ------
    DataError
        A split is empty or holds no readable image.
    ModelError
        The backbone cannot be built.
    """
    keras.utils.set_random_seed(config.seed)
    backbone = build_backbone(config.backbone, config.weights, config.image_size)
    backbone.trainable = False
    pooled = keras.Model(
        backbone.input, keras.layers.GlobalAveragePooling2D(name="pool")(backbone.output)
    )
    seen, validation = (
        _extract(pooled, dataset, split, config, track) for split in ("train", "validation")
    )
    head = _head(seen, len(dataset.classes), config)
    if config.pipeline == "augmented":
        stream = _augmented_stream(dataset, len(seen.labels), pooled.input_shape[1], config)
        trainee = _augmented_model(pooled, head, config)
        epochs = _fit(trainee, head, stream, validation, config, track)
    else:
        epochs = _fit(head, head, (seen.values, seen.labels), validation, config, track)
    best = max(
        range(len(epochs)), key=lambda i: (epochs[i][0]["val_accuracy"], -epochs[i][0]["val_loss"])
    )
    head.set_weights(epochs[best][1])
    return Trained(
        model=_whole(backbone, head),
        history=pd.DataFrame([logs for logs, _ in epochs]),
        best_epoch=best + 1,
        nine=nine_versions(seen.sample, config.seed),
        skipped=seen.skipped + validation.skipped,
    )


def _extract(pooled: Any, dataset: Dataset, split: str, config: Config, track: Track) -> _Features:
    items = dataset.items(split)
    forward = tf.function(
        lambda x: pooled(tf.cast(x, tf.float32), training=False),
        input_signature=[tf.TensorSpec((None, *pooled.input_shape[1:]), tf.uint8)],
    )
    values, labels = [], []
    skipped: list[tuple[Item, str]] = []
    sample: NDArray[np.uint8] | None = None
    progress = track(dataset.images(items), f"features ({split})", len(items))
    for batch in batched(progress, pooled.input_shape[1], config.batch_size, skipped):
        images = np.stack([image for _, image in batch])
        sample = images[0] if sample is None else sample
        values.append(np.asarray(forward(images)))
        labels += [item.label for item, _ in batch]
    if sample is None:
        raise DataError(f"{dataset.name} has no readable image in its {split} split.")
    return _Features(np.concatenate(values), np.array(labels), sample, skipped)


def _head(seen: _Features, classes: int, config: Config) -> Any:
    """Standardise by the training features, then one dense layer with softmax.

    Rare features are not blown up to full size, and the layer starts at zero: with ten images a
    class, both are worth points of accuracy.
    """
    mean, variance = seen.values.mean(axis=0), seen.values.var(axis=0)
    variance += _SOFTEN * variance.mean() + 1e-6
    head = keras.Sequential(
        [
            keras.Input((seen.values.shape[1],)),
            keras.layers.Normalization(mean=mean, variance=variance),
            keras.layers.Dense(classes, activation="softmax", kernel_initializer="zeros"),
        ]
    )
    _compile(head, config)
    return head


def _compile(model: Any, config: Config) -> None:
    model.compile(
        optimizer=keras.optimizers.Adam(config.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _augmented_model(pooled: Any, head: Any, config: Config) -> Any:
    image = keras.Input(pooled.input_shape[1:])
    x = pooled(augmentation(config.seed)(image), training=False)
    model = keras.Model(image, head(x))
    _compile(model, config)
    return model


def _augmented_stream(dataset: Dataset, readable_images: int, size: int, config: Config) -> Any:
    items = dataset.items("train")

    def examples() -> Iterator[tuple[NDArray[np.uint8], int]]:
        for item, image in readable(dataset.images(items), size, []):
            yield image, item.label

    signature = (tf.TensorSpec((size, size, 3), tf.uint8), tf.TensorSpec((), tf.int64))
    stream = tf.data.Dataset.from_generator(examples, output_signature=signature)
    # Keras warns where it cannot know when an epoch ends.
    stream = stream.apply(tf.data.experimental.assert_cardinality(readable_images))
    stream = stream.shuffle(min(len(items), _SHUFFLE), seed=config.seed)
    stream = stream.map(lambda image, label: (tf.cast(image, tf.float32), label))
    return stream.batch(config.batch_size).prefetch(2)


def _fit(
    model: Any, head: Any, data: Any, validation: _Features, config: Config, track: Track
) -> list[tuple[dict[str, float], Any]]:
    """Fit epoch by epoch; return the logs and the head's weights of each."""
    in_memory = isinstance(data, tuple)  # a stream brings its own batches and order
    arrays = dict(zip("xy", data, strict=True)) if in_memory else {"x": data}
    size = config.batch_size if in_memory else None
    epochs = []
    for epoch in track(range(config.epochs), "epochs", config.epochs):
        fitted = model.fit(
            **arrays,
            batch_size=size,
            shuffle=in_memory,
            initial_epoch=epoch,
            epochs=epoch + 1,
            verbose=0,
        ).history
        # validation is always on the baseline pipeline: the head on features of plain images
        judged = head.evaluate(validation.values, validation.labels, verbose=0, return_dict=True)
        logs = {name: fitted[name][0] for name in ("accuracy", "loss")}
        logs |= {f"val_{name}": judged[name] for name in ("accuracy", "loss")}
        epochs.append(({"epoch": epoch + 1, **logs}, head.get_weights()))
    return epochs


def _whole(backbone: Any, head: Any) -> Any:
    """Backbone, pooling, dense softmax; the standardisation is folded into the dense layer."""
    image = keras.Input(backbone.input_shape[1:], name="image")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(backbone(image, training=False))
    normalise, dense = head.layers
    folded = keras.layers.Dense(dense.units, activation="softmax", name="predictions")
    model = keras.Model(image, folded(x), name=f"{backbone.name}_classifier")
    mean, spread = np.ravel(normalise.mean), np.sqrt(np.ravel(normalise.variance))
    kernel, bias = dense.get_weights()
    folded.set_weights([kernel / spread[:, None], bias - (mean / spread) @ kernel])
    return model

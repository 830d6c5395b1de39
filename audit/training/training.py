"""Training of a dense head on a frozen backbone, then of its last blocks where asked for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image

from audit.core.abreast import abreast, streams
from audit.core.track import Track
from audit.datasets.batches import in_batches
from audit.datasets.dataset import Dataset, Item
from audit.explainers.base import PASS
from audit.masks.masks import Masks
from audit.models.backbones import build_backbone
from audit.models.backend import bears_threads
from audit.models.frozen import fold_scales, freeze
from audit.settings import Config
from audit.storage.paths import beside, make
from audit.storage.run import PIXELS
from audit.training.augment import Augmenter
from audit.training.backgrounds import Backgrounds, split_foregrounds
from audit.training.backup import Backup
from audit.training.blocks import last_blocks
from audit.training.cache import ImageCache, class_weights, fill, order_of
from audit.training.fitting import Fitted, Judge, Phase, best_epoch, fit
from audit.training.memory import refuse_training
from audit.training.replicas import Replicas
from audit.training.samples import mixed_labels, nine_versions

_SOFTEN = 0.3  # share of the mean variance added to each feature's
Features = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
_LEAST_LIKELY = 1e-7  # as Keras clips: one certain, wrong answer must not make the loss infinite


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
    fine_tuned_from : int or None
        First epoch of fine-tuning; None without any.
    step_share : float or None
        Share of the epochs' time inside the training step, in 0..1; higher is better. None where
        all epochs were trained by an earlier, killed process.
    nine : PIL.Image or None
        Nine versions of one training image, where the pipeline changes any.
    mixed : PIL.Image or None
        Nine training images with their mixed labels, where the pipeline mixes.
    skipped : list
        Broken images of the training and validation splits: (item, reason).
    """

    model: Any
    history: pd.DataFrame
    best_epoch: int
    fine_tuned_from: int | None
    step_share: float | None
    nine: Image.Image | None
    mixed: Image.Image | None
    skipped: list[tuple[Item, str]]


@dataclass
class _Lesson:
    """Material that both phases train on."""

    config: Config
    augmenter: Augmenter
    seen: ImageCache
    validation: ImageCache
    classes: int
    replicas: Replicas
    track: Track
    backgrounds: Backgrounds | None = None

    @property
    def changes(self) -> bool:
        """True where epochs see other images than the split's own."""
        return self.backgrounds is not None or not self.augmenter.empty

    @cached_property
    def class_weights(self) -> NDArray[np.float64]:
        found = class_weights(self.seen.labels)
        return np.pad(found, (0, self.classes - len(found)))

    def weights(self, targets: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the weight of each example; that of a mixed one is mixed as its label is."""
        if self.config.training.balance != "weights":
            return np.ones(len(targets), np.float32)
        return (targets @ self.class_weights).astype(np.float32)

    @property
    def steps(self) -> int:
        return -(-len(self.seen.labels) // self.config.training.batch_size)

    def batches(self, values: NDArray[Any], epoch: int) -> Generator[Any, None, None]:
        """Yield an epoch's batches of the training images, augmented, or of their features."""
        self.augmenter.begin(epoch)
        labels, eye = self.seen.labels, np.eye(self.classes, dtype=np.float32)
        order = order_of(labels, self.config.training.balance, self.config.run.seed, epoch)
        for rows in in_batches(order, self.config.training.batch_size):
            inputs = values[rows]
            if self.backgrounds:
                inputs = self.backgrounds.swapped(inputs, rows, epoch)
            inputs, targets = self.augmenter(inputs, eye[labels[rows]])
            yield inputs, targets, self.weights(targets)


def train(
    dataset: Dataset,
    config: Config,
    track: Track,
    work: Path,
    replicas: Replicas,
    masks: Masks,
    all_read: Callable[[], None] = lambda: None,
) -> Trained:
    """Train on the split ``train``, choose the epoch on ``validation``.

    Features of a frozen backbone do not change, so they are computed once; pipelines that augment
    send images through it in every epoch.

    Parameters
    ----------
    work : Path
        Folder for what a killed training goes on from.
    replicas : Replicas
        Devices to train on. All hosts end with the same model.
    masks : Masks
        Of the data set, for ``augment_background``.
    all_read : callable, optional
        Called once all images are read, before the first epoch.

    Raises
    ------
    DataError
        A split is empty or holds no readable image.
    ModelError
        The backbone cannot be built.
    ConfigError
        Memory is surely too little.
    ClusterError
        Another host was lost.
    """
    keras.utils.set_random_seed(config.run.seed)  # first: new layers draw their weights from it
    augmenter, chosen, training = Augmenter(config), config.model, config.training
    make(work)
    with (
        replicas.scope(),
        replicas.together(),
        _precision(config),
        beside(work, PIXELS) as pixels,
    ):
        backbone = build_backbone(chosen.backbone, chosen.weights, chosen.image_size)
        to_tune = _tuned(backbone, training.fine_tune_blocks) if training.fine_tune_epochs else []
        refuse_training(backbone, to_tune, config)
        seen, validation = (
            fill(dataset, split, backbone.input_shape[1], pixels / f"{split}.npy", track)
            for split in ("train", "validation")
        )
        all_read()
        backgrounds = _backgrounds(dataset, masks, seen, pixels, config, track)
        lesson = _Lesson(
            config=config,
            augmenter=augmenter,
            seen=seen,
            validation=validation,
            classes=len(dataset.classes),
            replicas=replicas,
            track=track,
            backgrounds=backgrounds,
        )
        model, fitted, tuned = _phases(lesson, backbone, work)
        model = _in_float32(model, config)
        return _trained(lesson, model, fitted, tuned, dataset.classes)


def _backgrounds(
    dataset: Dataset, masks: Masks, seen: ImageCache, work: Path, config: Config, track: Track
) -> Backgrounds | None:
    """Split the images that are trained on, where they go on each other's backgrounds."""
    if not config.training.augment_background:
        return None
    seed, workers = config.run.seed, config.run.workers
    return split_foregrounds(dataset, masks, seen, "train", work, seed, track, workers)


def _phases(lesson: _Lesson, backbone: Any, work: Path) -> tuple[Any, Fitted, Fitted | None]:
    """Return the model after its head is trained, and after fine-tuning where that is better."""
    head, fitted = _train_head(lesson, backbone, Backup(work, "head", lesson.replicas))
    model = _whole(backbone, head)
    if not lesson.config.training.fine_tune_epochs:
        return model, fitted, None
    begun = model.get_weights()
    tuned = _fine_tune(lesson, backbone, model, Backup(work, "fine-tune", lesson.replicas))
    if best_epoch([fitted.rows[fitted.best], tuned.rows[tuned.best]]) == 0:
        model.set_weights(begun)
    return model, fitted, tuned


def _trained(
    lesson: _Lesson, model: Any, fitted: Fitted, tuned: Fitted | None, names: tuple[str, ...]
) -> Trained:
    rows = fitted.rows + (tuned.rows if tuned else [])
    history = pd.DataFrame(rows)
    history["epoch"] = range(1, len(rows) + 1)
    spent = [f for f in (fitted, tuned) if f]
    seconds = sum(f.seconds for f in spent)
    seen, config = lesson.seen, lesson.config
    return Trained(
        model=model,
        history=history,
        best_epoch=best_epoch(rows) + 1,
        fine_tuned_from=len(fitted.rows) + 1 if tuned else None,
        step_share=sum(f.in_steps for f in spent) / seconds if seconds else None,
        nine=nine_versions(seen, config, lesson.backgrounds) if lesson.changes else None,
        mixed=mixed_labels(seen, config, names) if lesson.augmenter.mixes else None,
        skipped=seen.skipped + lesson.validation.skipped,
    )


def _train_head(lesson: _Lesson, backbone: Any, backup: Backup) -> tuple[Any, Fitted]:
    backbone.trainable = False
    pooled = keras.Model(
        backbone.input, keras.layers.GlobalAveragePooling2D(name="pool")(backbone.output)
    )
    frozen = _frozen(pooled)
    features = _features(lesson, frozen, lesson.seen, "train")
    judged = _features(lesson, frozen, lesson.validation, "validation")
    head = _head(features, lesson.classes, lesson.config)
    trainee: Any = head
    values: NDArray[Any] = features
    if lesson.changes:
        trainee, values = _on_images(pooled, head, lesson.config), lesson.seen.pixels
    config = lesson.config
    judge = _judge(head, lambda: iter([judged]), lesson.validation.labels)
    phase = Phase(
        name="head",
        model=trainee,
        batches=partial(lesson.batches, values),
        judge=judge,
        epochs=config.training.epochs,
        patience=config.training.early_stopping,
        steps=lesson.steps,
    )
    return head, fit(phase, backup, lesson.replicas, lesson.track)


def _fine_tune(lesson: _Lesson, backbone: Any, model: Any, backup: Backup) -> Fitted:
    """Train the last blocks at a small rate: warm-up, then cosine decay to zero.

    Batch normalisation stays as it is: its statistics over a few images are worse than ImageNet's.
    """
    config = lesson.config
    _unfreeze(backbone, config.training.fine_tune_blocks)
    steps = lesson.steps * config.training.fine_tune_epochs
    warm = min(lesson.steps * config.training.warmup_epochs, steps - 1)  # leaves the decay a step
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps - warm),
        warmup_target=config.training.fine_tune_rate,
        warmup_steps=max(1, warm),
    )
    _compile(model, rate, config)
    judge = _judge(model, lambda: _plain(lesson), lesson.validation.labels)
    # Epochs of fine-tuning draw other numbers than those of the head.
    drawn = partial(lesson.batches, lesson.seen.pixels)
    phase = Phase(
        name="fine-tune",
        model=model,
        batches=lambda epoch: drawn(config.training.epochs + epoch),
        judge=judge,
        epochs=config.training.fine_tune_epochs,
        patience=config.training.early_stopping,
        steps=lesson.steps,
    )
    return fit(phase, backup, lesson.replicas, lesson.track)


def _unfreeze(backbone: Any, blocks: int | None) -> None:
    names = {layer.name for layer in _tuned(backbone, blocks)}
    backbone.trainable = True
    for layer in backbone.layers:
        normalises = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = layer.name in names and not normalises


def _tuned(backbone: Any, blocks: int | None) -> list[Any]:
    """Return the layers of a backbone that fine-tuning changes."""
    return backbone.layers if blocks is None else last_blocks(backbone, blocks)


def _plain(lesson: _Lesson) -> Iterator[NDArray[np.float32]]:
    pixels = lesson.validation.pixels
    for rows in in_batches(range(len(pixels)), lesson.config.training.batch_size):
        yield pixels[rows].astype(np.float32)


def _judge(model: Any, inputs: Any, labels: NDArray[np.int64]) -> Judge:
    """Return a judge of accuracy and cross-entropy on validation, of plain images and labels."""

    answer = tf.function(lambda batch: model(batch, training=False), reduce_retracing=True)

    def judge() -> tuple[float, float]:
        answers = np.concatenate([answer(tf.constant(batch)) for batch in inputs()])
        likely = answers[np.arange(len(labels)), labels].astype(np.float64)
        accuracy = float((answers.argmax(axis=-1) == labels).mean())
        return accuracy, float(-np.log(likely.clip(_LEAST_LIKELY)).mean())

    return judge


def _frozen(pooled: Any) -> Features:
    """Return features of uint8 images by a backbone that learns no more, in a fifth of its time."""
    graph = fold_scales(freeze(partial(pooled, training=False), pooled.input_shape[1]), [])
    forward = tf.function(
        lambda pixels: graph.run(tf.cast(pixels, tf.float32), [graph.output])[0],
        input_signature=[tf.TensorSpec((None, *pooled.input_shape[1:]), tf.uint8)],
    )
    return lambda pixels: np.asarray(forward(pixels))


def _features(
    lesson: _Lesson, frozen: Features, images: ImageCache, split: str
) -> NDArray[np.float32]:
    rows = lesson.track(range(len(images.labels)), f"features ({split})", len(images.labels))
    pixels = (images.pixels[part] for part in in_batches(rows, PASS))
    return np.concatenate(list(abreast(frozen, pixels, streams() if bears_threads() else 1)))


def _head(features: NDArray[np.float32], classes: int, config: Config) -> Any:
    """Standardise by the training features, then one dense layer with softmax.

    Rare features are not blown up to full size, and the layer starts at zero: with ten images a
    class, both are worth points of accuracy.
    """
    mean, variance = features.mean(axis=0), features.var(axis=0)
    variance += _SOFTEN * variance.mean() + 1e-6
    dense = keras.layers.Dense(
        classes, activation="softmax", kernel_initializer="zeros", dtype="float32"
    )
    normalise = keras.layers.Normalization(mean=mean, variance=variance, dtype="float32")
    head = keras.Sequential([keras.Input((features.shape[1],)), normalise, dense])
    _compile(head, config.training.learning_rate, config)
    return head


def _compile(model: Any, rate: Any, config: Config) -> None:
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=config.training.label_smoothing),
        metrics=["accuracy"],
    )


def _on_images(pooled: Any, head: Any, config: Config) -> Any:
    image = keras.Input(pooled.input_shape[1:])
    model = keras.Model(image, head(pooled(image, training=False)))
    _compile(model, config.training.learning_rate, config)
    return model


def _whole(backbone: Any, head: Any) -> Any:
    """Join backbone, pooling and dense softmax, which takes in the standardisation."""
    normalise, dense = head.layers
    model = _joined(backbone, dense.units)
    mean, spread = np.ravel(normalise.mean), np.sqrt(np.ravel(normalise.variance))
    kernel, bias = dense.get_weights()
    model.layers[-1].set_weights([kernel / spread[:, None], bias - (mean / spread) @ kernel])
    return model


def _joined(backbone: Any, classes: int) -> Any:
    image = keras.Input(backbone.input_shape[1:], name="image")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(backbone(image, training=False))
    last = keras.layers.Dense(classes, activation="softmax", name="predictions", dtype="float32")
    return keras.Model(image, last(x), name=f"{backbone.name}_classifier")


@contextmanager
def _precision(config: Config) -> Iterator[None]:
    """Use half precision inside, where asked for or where a GPU gains by it."""
    before = keras.config.dtype_policy()
    if _mixed(config):
        keras.config.set_dtype_policy("mixed_float16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _mixed(config: Config) -> bool:
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return config.training.precision == "mixed" or (config.training.precision == "auto" and on_gpu)


def _in_float32(model: Any, config: Config) -> Any:
    """Return the same model without half precision, which an audit has no use for."""
    if not _mixed(config):
        return model
    keras.config.set_dtype_policy("float32")
    backbone = build_backbone(config.model.backbone, config.model.weights, model.input_shape[1])
    plain = _joined(backbone, model.output_shape[-1])
    plain.set_weights(model.get_weights())
    return plain

"""Training pipelines: what happens to a batch of images and labels before the model sees it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from audit.core.errors import ConfigError, first_line
from audit.settings import Config

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]
MIXING = ("mixup", "cutmix")
_RANGE = {"value_range": (0, 255)}


class Augmenter:
    """The steps of a pipeline in order; what they draw depends on the seed and the epoch alone.

    Parameters
    ----------
    config : Config
        With the pipeline's name (steps joined by ``+``) and the ranges of its steps.

    Raises
    ------
    ConfigError
        Albumentations is asked for and not installed, or its file cannot be read.
    """

    def __init__(self, config: Config) -> None:
        names = [name for name in config.training.pipeline.split("+") if name in _STEPS]
        self.mixes = any(name in MIXING for name in names)
        self.empty = not names
        self._seed = config.run.seed
        self._steps = [_STEPS[name](config) for name in names]
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Draw anew for an epoch: a resumed training sees what an unbroken one does."""
        seeds = np.random.SeedSequence([self._seed, epoch]).generate_state(len(self._steps))
        for step, seed in zip(self._steps, seeds, strict=True):
            step.seed(int(seed))

    def __call__(self, images: NDArray[Any], labels: NDArray[np.float32]) -> Batch:
        """Augment a batch; baseline lets features ``(n, c)`` pass as well.

        Parameters
        ----------
        images : uint8 ``(n, H, W, 3)``
        labels : float32 ``(n, classes)``, rows that add up to 1

        Returns
        -------
        tuple
            Float32 images in 0..255 and float32 labels, shapes as given.
        """
        batch = images.astype(np.float32), labels
        for step in self._steps:
            batch = step(*batch)
        return batch


class _Keras:
    """Keras layers in one graph; layers that mix images mix their labels too."""

    def __init__(self, *stack: Any, mixes: bool = False) -> None:
        self._stack = stack
        self._call = tf.function(self._mixed if mixes else self._changed, reduce_retracing=True)

    def seed(self, seed: int) -> None:
        drawn = [v for layer in self._stack for v in layer.variables]
        states = np.random.SeedSequence(seed).generate_state(len(drawn))
        for variable, state in zip(drawn, states, strict=True):
            variable.assign(np.array([state, 0], dtype=np.uint32))  # Keras cannot reseed a layer

    def __call__(self, images: NDArray[np.float32], labels: NDArray[np.float32]) -> Batch:
        changed, mixed = self._call(tf.constant(images), tf.constant(labels))
        return np.clip(np.asarray(changed), 0, 255), np.asarray(mixed)

    def _changed(self, images: Any, labels: Any) -> Any:
        for layer in self._stack:
            images = layer(images, training=True)
        return images, labels

    def _mixed(self, images: Any, labels: Any) -> Any:
        for layer in self._stack:
            mixed = layer({"images": images, "labels": labels}, training=True)
            images, labels = mixed["images"], mixed["labels"]
        return images, labels


def _augmented(config: Config) -> _Keras:
    """Flip, rotate, zoom and shift images, and change their brightness and contrast."""
    filled = {"fill_mode": "reflect"}
    flip = [layers.RandomFlip("horizontal")] if config.training.flip else []
    return _Keras(
        *flip,
        layers.RandomRotation(config.training.rotation, **filled),
        layers.RandomZoom((-config.training.zoom_in, config.training.zoom_out), **filled),
        layers.RandomTranslation(
            config.training.translation, config.training.translation, **filled
        ),
        layers.RandomBrightness(config.training.brightness, **_RANGE),
        layers.RandomContrast(config.training.contrast, **_RANGE),
    )


def _mixup(config: Config) -> _Keras:
    """Mix images and labels (Zhang et al., arXiv 1710.09412)."""
    return _Keras(layers.MixUp(config.training.mixup_alpha), mixes=True)


def _randaugment(config: Config) -> _Keras:
    """Apply RandAugment (Cubuk et al., arXiv 1909.13719), drawn for a batch, not an image."""
    return _Keras(
        layers.RandAugment(
            num_ops=config.training.randaugment_ops, factor=config.training.randaugment_factor
        )
    )


class _CutMix:
    """A box of each image comes from another one of its batch (Yun et al., arXiv 1905.04899).

    The labels are shared by the pixels that came, which Keras' own layer only comes near to.
    """

    def __init__(self, config: Config) -> None:
        self._alpha = config.training.cutmix_alpha

    def seed(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def __call__(self, images: NDArray[np.float32], labels: NDArray[np.float32]) -> Batch:
        other = self._random.permutation(len(images))
        mixed, shares = images.copy(), np.empty((len(images), 1), np.float32)
        for i, j in enumerate(other):
            box = self._box(images.shape[1], images.shape[2])
            mixed[i][box] = images[j][box]
            cut = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
            shares[i] = cut / (images.shape[1] * images.shape[2])
        return mixed, (1 - shares) * labels + shares * labels[other]

    def _box(self, height: int, width: int) -> tuple[slice, slice]:
        side = np.sqrt(self._random.beta(self._alpha, self._alpha))  # beta draws the area
        return self._side(height, side), self._side(width, side)

    def _side(self, length: int, share: float) -> slice:
        middle, half = self._random.integers(length), share * length / 2
        return slice(max(0, round(middle - half)), min(length, round(middle + half)))


class _Albumentations:
    """Albumentations, a sensible default or the pipeline that a file holds."""

    def __init__(self, config: Config) -> None:
        os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else it asks a server at import
        try:
            import albumentations
        except ImportError:
            raise ConfigError(
                "The pipeline albumentations needs a package: pip install "
                "'flower-audit[albumentations]'."
            ) from None
        given = config.training.albumentations
        self._compose = _read(albumentations, given) if given else _default(albumentations)

    def seed(self, seed: int) -> None:
        self._compose.set_random_seed(seed)

    def __call__(self, images: NDArray[np.float32], labels: NDArray[np.float32]) -> Batch:
        pixels = np.rint(images).astype(np.uint8)
        changed = [self._compose(image=image)["image"] for image in pixels]
        if any(image.shape != pixels.shape[1:] for image in changed):
            raise ConfigError(
                f"The pipeline albumentations turns images of {pixels.shape[1:]} into "
                f"{changed[0].shape}: let it keep their size."
            )
        return np.stack(changed).astype(np.float32), labels


def _default(albumentations: Any) -> Any:
    return albumentations.Compose(
        [
            albumentations.HorizontalFlip(p=0.5),
            albumentations.Affine(
                # Border mode 4 is cv2.BORDER_REFLECT_101.
                scale=(0.8, 1.2),
                translate_percent=0.1,
                rotate=(-25, 25),
                border_mode=4,
                p=0.8,
            ),
            albumentations.ColorJitter(0.2, 0.2, 0.2, 0.02, p=0.8),
            albumentations.OneOf(
                [albumentations.GaussianBlur((3, 5)), albumentations.GaussNoise((0.02, 0.08))],
                p=0.2,
            ),
        ]
    )


def _read(albumentations: Any, file: Path) -> Any:
    how = "yaml" if file.suffix in (".yaml", ".yml") else "json"
    try:
        return albumentations.load(file, data_format=how)
    except Exception as error:  # whatever a file can hold
        raise ConfigError(
            f"{file} is no pipeline of Albumentations ({first_line(error)}): "
            "write one with albumentations.save."
        ) from None


_STEPS: dict[str, Callable[[Config], Any]] = {
    "augmented": _augmented,
    "mixup": _mixup,
    "cutmix": _CutMix,
    "randaugment": _randaugment,
    "albumentations": _Albumentations,
}

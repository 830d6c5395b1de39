"""The augmented pipeline: six random layers, seeded, on images in 0..255."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from PIL import Image


def augmentation(seed: int) -> keras.Sequential:
    """Flip, rotation, zoom, translation, brightness and contrast; shape and range stay."""
    ranges = {"value_range": (0, 255)}
    return keras.Sequential(
        [
            layers.RandomFlip("horizontal", seed=seed),
            layers.RandomRotation(0.08, fill_mode="reflect", seed=seed + 1),
            layers.RandomZoom((-0.2, 0.1), fill_mode="reflect", seed=seed + 2),
            layers.RandomTranslation(0.1, 0.1, fill_mode="reflect", seed=seed + 3),
            layers.RandomBrightness(0.15, seed=seed + 4, **ranges),
            layers.RandomContrast(0.2, seed=seed + 5, **ranges),
        ],
        name="augmentation",
    )


def nine_versions(image: NDArray[np.uint8], seed: int) -> Image.Image:
    """Draw nine augmented versions of one image ``(H, W, 3)`` as a 3 x 3 sheet."""
    batch = np.repeat(image[None].astype(np.float32), 9, axis=0)
    versions = np.asarray(augmentation(seed)(batch, training=True))
    versions = np.clip(np.rint(versions), 0, 255).astype(np.uint8)
    rows = [np.concatenate(list(versions[i : i + 3]), axis=1) for i in (0, 3, 6)]
    return Image.fromarray(np.concatenate(rows, axis=0))

"""Images that show what a model answers, whatever it was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PROBES = 6
_ALIKE = 2e-2  # how far an image's logits alone and in a batch may be apart, relative to 1 or more


def probes(size: int) -> NDArray[np.float32]:
    """Return noise, black, white and colour blots: float32 ``(6, size, size, 3)``, whole, 0..255.

    Noise comes first: unlike a black image, it wakes every layer. Values are whole, since some
    models take whole numbers alone.
    """
    random = np.random.default_rng(0)
    noise = random.uniform(0, 255, (1, size, size, 3))
    plain = np.stack([np.full((size, size, 3), level) for level in (0.0, 255.0)])
    coarse = random.uniform(0, 255, (3, 4, 4, 3))
    indices = np.arange(size) * 4 // size
    blots = coarse[:, indices][:, :, indices]
    return np.rint(np.concatenate([noise, plain, blots])).astype(np.float32)


def finite_share(logits: NDArray[np.float32]) -> float:
    """Return the share of images, 0..1, all of whose logits ``(n, classes)`` are finite."""
    return float(np.isfinite(logits).all(axis=-1).mean())


def is_alike(alone: NDArray[np.float32], together: NDArray[np.float32]) -> bool:
    """Return whether an image gets the same logits ``(classes,)`` alone and among others."""
    near = _ALIKE * max(1.0, float(np.abs(alone).max()))
    return bool(np.allclose(alone, together, atol=near, equal_nan=True))

"""Images that show what a model answers, whatever it was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PROBES = 6


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

"""An image to study, and what the model and the explainers said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.masks.sample import Sample

Image = NDArray[np.float32]
"""``(H, W, 3)``, 0..255."""
Logits = NDArray[np.float32]
"""``(n, classes)``."""
Region = NDArray[np.bool_]
"""``(H, W)``."""


@dataclass(frozen=True)
class ExplainedImage:
    """One image to study: what the model and the explainers said of it.

    Attributes
    ----------
    logits : float32 ``(classes,)``
    gradcam, ig : float32
        Heatmaps of the predicted class, ``(h, w)`` and ``(H, W)``.
    stand_in : float32 ``(H, W)``, optional
        Of `audit.core.registries.STAND_IN`, where the model lacks one of these.
    """

    sample: Sample
    logits: NDArray[np.float32]
    gradcam: NDArray[np.float32]
    ig: NDArray[np.float32]
    stand_in: NDArray[np.float32] | None = None

    @property
    def target(self) -> int:
        """Explained class."""
        return int(self.logits.argmax())

"""Occlusion (Zeiler and Fergus 2014, arXiv 1311.2901): what an answer loses with each tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.core.geometry import upsample
from audit.datasets.batches import in_batches
from audit.explainers.base import PASS
from audit.explainers.perturbation import Image, Perturbing, Predict
from audit.interventions.causal import log_odds
from audit.interventions.composites import fill, windows

ACROSS = 7  # tiles along each side: 32 pixels at 224, as large as what is often a cue


class Occlusion(Perturbing):
    """Log-odds that one class loses with each tile of an image filled in from around it.

    A tile that is filled smoothly shows nothing new, as a grey one would. Values stand at the
    tiles' centres, with bilinear interpolation between them.
    """

    key = "occlusion"
    title = "Occlusion"
    citation = "Zeiler and Fergus 2014, arXiv 1311.2901"
    description = (
        f"Explains an answer by the log-odds that it loses with each of {ACROSS} by {ACROSS} tiles "
        "of the image filled in smoothly from what is around it, interpolated between the tiles' "
        f"centres; needs nothing but {ACROSS**2 + 1} answers."
    )
    storage = "dense"

    def explain(
        self, predict: Predict, image: Image, target: int, name: str
    ) -> NDArray[np.float32]:
        """Return the heatmap ``(H, W)`` of an image ``(H, W, 3)`` in 0..255: signed, in log-odds.

        NaN where a logit is not finite.
        """
        tiles = windows(np.ones(image.shape[:2], bool), ACROSS, ACROSS**2)
        shown = [image, *(fill(image, tile) for tile in tiles)]
        logits = np.concatenate([predict(np.stack(part)) for part in in_batches(shown, PASS)])
        if not np.isfinite(logits).all():
            return np.full(image.shape[:2], np.nan, np.float32)
        own, *without = log_odds(logits, target)
        lost = (own - np.array(without, np.float32)).reshape(ACROSS, ACROSS)
        return np.asarray(upsample(lost.astype(np.float32), image.shape[:2]))

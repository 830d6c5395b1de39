"""LIME (Ribeiro et al. 2016, arXiv 1602.04938): a linear model of superpixels kept and hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from audit.explainers.base import Extra, seed_of
from audit.explainers.perturbation import Image, Perturbing, Predict, perturbed_logits
from audit.interventions.composites import softened

SUPERPIXELS = 64  # about; more need more samples for the same noise


class Lime(Perturbing):
    """Attribution of one class's logit to superpixels, image by image, by the package ``lime``.

    Samples keep each superpixel with probability 1/2 and show the others out of focus: in its mean
    colour, the library's own way, a plain superpixel would not be hidden at all. A ridge
    regression, weighted by the likeness of each sample to the image (cosine distance, kernel width
    0.25), says how much each superpixel adds.

    Parameters
    ----------
    samples : int
        Forward passes an image.
    """

    key = "lime"
    title = "LIME"
    citation = "Ribeiro et al. 2016, arXiv 1602.04938"
    description = (
        "Explains an answer by a linear model of about 64 superpixels (SLIC), fitted to the logits "
        "of samples in which half of them are out of focus, samples like the image counting more; "
        "a superpixel's weight is shared out among its pixels."
    )
    extra = Extra("flower-audit[lime]", ("lime.lime_image", "skimage.segmentation"))

    def __init__(self, samples: int = 1000) -> None:
        self._samples = samples

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """With as many passes as ``lime_samples`` says."""
        return cls(settings.get("lime_samples", 1000))

    def explain(
        self, predict: Predict, image: Image, target: int, name: str
    ) -> NDArray[np.float32]:
        """Return the heatmap ``(H, W)`` of an image ``(H, W, 3)`` in 0..255: signed, in logits.

        It adds up to the sum of the superpixels' weights: a pixel has its share of them. NaN where
        a logit is not finite.
        """
        segments, random = superpixels(image), np.random.RandomState(seed_of(name))
        kept = draw(random, self._samples, segments.max() + 1)
        hidden = softened(image)  # not grey: a grey patch is a thing that training never showed
        logits = perturbed_logits(predict, target, image, hidden, kept.astype(bool), segments)
        if not np.isfinite(logits).all():
            return np.full(segments.shape, np.nan, np.float32)
        change = logits - logits[0]  # so that no change is 0, without a rest
        return spread(self._fitted(image, segments, kept, change, random), segments)

    def _fitted(
        self,
        image: Image,
        segments: NDArray[np.int64],
        kept: NDArray[np.int64],
        change: NDArray[np.float32],
        random: np.random.RandomState,
    ) -> NDArray[np.float64]:
        """Return the weight of each superpixel, by the library, from the model's answers."""
        library, _ = self.libraries()

        class Answered(library.LimeImageExplainer):  # type: ignore[name-defined, misc]
            def data_labels(self, *_: Any, **__: Any) -> Any:
                """Return the answers given, without the library's batches and progress bar."""
                return kept, change[:, None]

        found = Answered(random_state=random).explain_instance(
            image,
            None,
            labels=(0,),
            top_labels=None,
            segmentation_fn=lambda _: segments,
            random_seed=0,  # of its own segmentation, which is not used
        )
        weights = np.zeros(kept.shape[1])
        for superpixel, weight in found.local_exp[0]:
            weights[superpixel] = weight
        return weights


def superpixels(image: Image) -> NDArray[np.int64]:
    """Return about `SUPERPIXELS` connected areas of like colour (SLIC) from 0: ``(H, W)``."""
    from skimage.segmentation import slic

    # SLIC's default, named so that a new default changes no record.
    return np.asarray(slic(image / 255, SUPERPIXELS, compactness=10, start_label=0), np.int64)


def draw(random: np.random.RandomState, samples: int, count: int) -> NDArray[np.int64]:
    """Return which of ``count`` superpixels each sample keeps, 0 or 1; the first one keeps all."""
    # The old generator: NumPy has frozen its stream, so the draws stay.
    kept = random.randint(0, 2, samples * count).reshape(samples, count)
    kept[0] = 1
    return kept


def spread(weights: NDArray[np.float64], segments: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return each superpixel's weight shared out evenly among its pixels: float32 ``(H, W)``."""
    areas = np.bincount(segments.ravel(), minlength=len(weights))
    return (weights / np.maximum(areas, 1))[segments].astype(np.float32)

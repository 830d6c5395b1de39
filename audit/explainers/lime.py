"""LIME (Ribeiro et al. 2016, arXiv 1602.04938): a linear model of superpixels kept and hidden."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.explainers.perturbation import Image, Predict, ask, library, seed_of
from audit.interventions.composites import softened

SUPERPIXELS = 64  # about; more need more samples for the same noise


class Lime:
    """Attribute one class's logit to superpixels, one image at a time, by the package ``lime``.

    Samples keep each superpixel with probability 1/2 and show the others out of focus: in its mean
    colour, the library's own way, a plain superpixel would not be hidden at all. A ridge
    regression, weighted by the likeness of each sample to the image (cosine distance, kernel width
    0.25), says how much each superpixel adds.

    Parameters
    ----------
    predict : callable
        Float32 images ``(n, H, W, 3)`` in 0..255 to float32 logits ``(n, classes)``.
    samples : int
        Forward passes an image.

    Raises
    ------
    ConfigError
        The package ``lime`` or scikit-image is not installed.
    """

    def __init__(self, predict: Predict, samples: int = 1000) -> None:
        self._library = library("lime.lime_image", "LIME").LimeImageExplainer
        self._predict = predict
        self._samples = samples

    def __call__(self, image: Image, target: int, name: str) -> NDArray[np.float32]:
        """Heatmap ``(H, W)`` of an image ``(H, W, 3)`` in 0..255: signed, in logits.

        It adds up to the sum of the superpixels' weights: a pixel has its share of them. NaN where
        a logit is not finite.
        """
        segments, random = superpixels(image), np.random.RandomState(seed_of(name))
        kept = draw(random, self._samples, segments.max() + 1)
        hidden = softened(image)
        logits = ask(self._predict, target, image, hidden, kept.astype(bool), segments)
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
        """Weight of each superpixel, by the library, from the model's answers."""

        class Answered(self._library):  # type: ignore[name-defined, misc]
            def data_labels(self, *_: Any, **__: Any) -> Any:
                """In batches of our own, and without the library's progress bar."""
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
    """About `SUPERPIXELS` connected areas of like colour (SLIC), numbered from 0: ``(H, W)``."""
    slic = library("skimage.segmentation", "LIME").slic
    return np.asarray(slic(image / 255, SUPERPIXELS, compactness=10, start_label=0), np.int64)


def draw(random: np.random.RandomState, samples: int, count: int) -> NDArray[np.int64]:
    """Which of ``count`` superpixels each sample keeps, 0 or 1; the first one keeps all."""
    kept = random.randint(0, 2, samples * count).reshape(samples, count)
    kept[0] = 1
    return kept


def spread(weights: NDArray[np.float64], segments: NDArray[np.int64]) -> NDArray[np.float32]:
    """Each superpixel's weight shared out evenly among its pixels: float32 ``(H, W)``."""
    areas = np.bincount(segments.ravel(), minlength=len(weights))
    return (weights / np.maximum(areas, 1))[segments].astype(np.float32)

"""SHAP (Lundberg and Lee 2017, arXiv 1705.07874): Owen values of a tree of rectangles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.explainers.gradcam import PASS
from audit.explainers.perturbation import Image, Predict, ask, library, seed_of
from audit.interventions.composites import softened

CELLS = 32  # a side: finer than any number of questions in use comes to


class Shap:
    """Attribute one class's logit to rectangles, one image at a time, by the package ``shap``.

    The partition explainer halves the image again and again, most where halves differ most, and
    shares out what each half adds. What is hidden is out of focus. Its leaves are the cells of a
    grid, so that its tree does not grow with the image.

    Parameters
    ----------
    predict : callable
        Float32 images ``(n, H, W, 3)`` in 0..255 to float32 logits ``(n, classes)``.
    evals : int
        Forward passes an image, at most.

    Raises
    ------
    ConfigError
        The package ``shap`` is not installed.
    """

    def __init__(self, predict: Predict, evals: int = 500) -> None:
        shap = library("shap", "SHAP")
        self._explainer = shap.PartitionExplainer
        self._masker = shap.maskers.Image(0, (CELLS, CELLS, 1))
        self._predict = predict
        self._evals = evals

    def __call__(self, image: Image, target: int, name: str) -> NDArray[np.float32]:
        """Heatmap ``(H, W)`` of an image ``(H, W, 3)`` in 0..255: signed, in logits.

        It adds up to the logit of the image less that of the image out of focus.
        """
        hidden, cells = softened(image), cells_of(image.shape)

        def answers(kept: Any) -> NDArray[np.float32]:
            flat = np.asarray(kept).reshape(len(kept), -1) > 0
            return ask(self._predict, target, image, hidden, flat, cells)

        whole = np.ones((1, CELLS, CELLS, 1))
        explainer = self._explainer(answers, self._masker)  # anew: it remembers the hidden image
        with _seeded(seed_of(name)):
            found = explainer(whole, max_evals=self._evals, batch_size=PASS, silent=True)
        values = np.asarray(found.values).ravel()
        areas = np.bincount(cells.ravel(), minlength=values.size)
        return (values / areas)[cells].astype(np.float32)


def cells_of(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """The cell that each pixel belongs to, numbered by rows from 0: ``(H, W)``."""
    rows, columns = (np.arange(side) * CELLS // side for side in shape[:2])
    return rows[:, None] * CELLS + columns


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The library breaks ties by NumPy's global generator: seed it, and put it back."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)

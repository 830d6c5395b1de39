"""SHAP (Lundberg and Lee 2017, arXiv 1705.07874): Owen values of a tree of rectangles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from audit.explainers.base import PASS, Extra, seed_of
from audit.explainers.perturbation import Image, Perturbing, Predict, perturbed_logits
from audit.interventions.composites import softened

CELLS = 32  # a side: finer than any number of questions in use comes to


class Shap(Perturbing):
    """Attribution of one class's logit to rectangles, image by image, by the package ``shap``.

    The partition explainer halves the image again and again, most where halves differ most, and
    shares out what each half adds. What is hidden is out of focus. Its leaves are the cells of a
    grid, so that its tree does not grow with the image.

    Parameters
    ----------
    evals : int
        Forward passes an image, at most.
    """

    key = "shap"
    title = "SHAP"
    citation = "Lundberg and Lee 2017, arXiv 1705.07874"
    description = (
        "Explains an answer by Owen values, which are Shapley values of groups: the image is "
        "halved again and again, most where the halves matter most, and what each half adds is "
        "shared out; what is left out of a group is out of focus."
    )
    extra = Extra("flower-audit[shap]", ("shap",))

    def __init__(self, evals: int = 500) -> None:
        self._evals = evals

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """With as many passes as ``shap_evals`` says."""
        return cls(settings.get("shap_evals", 500))

    def explain(
        self, predict: Predict, image: Image, target: int, name: str
    ) -> NDArray[np.float32]:
        """Return the heatmap ``(H, W)`` of an image ``(H, W, 3)`` in 0..255: signed, in logits.

        It adds up to the logit of the image less that of the image out of focus.
        """
        (shap,) = self.libraries()
        hidden, cells = softened(image), cells_of(image.shape)

        def answers(kept: Any) -> NDArray[np.float32]:
            flat = np.asarray(kept).reshape(len(kept), -1) > 0
            return perturbed_logits(predict, target, image, hidden, flat, cells)

        whole = np.ones((1, CELLS, CELLS, 1))
        masker = shap.maskers.Image(0, (CELLS, CELLS, 1))  # SHAP splits cells, not pixels
        explainer = shap.PartitionExplainer(answers, masker)  # anew: it remembers the hidden image
        with _seeded(seed_of(name)):
            found = explainer(whole, max_evals=self._evals, batch_size=PASS, silent=True)
        values = np.asarray(found.values).ravel()
        areas = np.bincount(cells.ravel(), minlength=values.size)
        return (values / areas)[cells].astype(np.float32)


def cells_of(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the cell that each pixel belongs to, numbered by rows from 0: ``(H, W)``."""
    rows, columns = (np.arange(side) * CELLS // side for side in shape[:2])
    return rows[:, None] * CELLS + columns


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator, by which the library breaks ties, and put it back."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)

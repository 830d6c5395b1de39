"""Models that are handed in as objects, in place of a file."""

from __future__ import annotations

import sys
from copy import deepcopy
from typing import Any

from audit.core.errors import ModelError, first_line
from audit.models.answering.model import Function
from audit.models.pytorch.model import TorchModel, answering, torch_ready
from audit.models.pytorch.scriptmodel import ScriptModel


def given_model(model: Any, image_size: int | None) -> Any:
    """Return an object as `audit.models.classify.classify` takes it.

    Parameters
    ----------
    model : keras.Model, torch.nn.Module or callable
        The last gives logits or probabilities ``(n, classes)`` of uint8 images ``(n, H, W, 3)``.
        None of them is changed: of a module a copy is audited.
    image_size : int, optional
        Side of its images; a callable does not say it.

    Raises
    ------
    ModelError
        It is none of these, or a module that cannot be copied.
    """
    if _is_a(model, "torch.nn", "Module"):
        of = ScriptModel if _is_a(model, "torch.jit", "ScriptModule") else TorchModel
        return of(answering(_copied(model)), type(model).__name__)
    if _is_a(model, "keras", "Model") or _is_a(model, "tf_keras", "Model"):
        return model
    if not callable(model):
        raise ModelError(
            f"A {type(model).__name__} is no model: give a Keras model, a torch.nn.Module, or a "
            "function from uint8 images (n, H, W, 3) to logits (n, classes)."
        )
    return Function(model, image_size)


def _copied(module: Any) -> Any:
    """Return a copy of a module, whose mode, precision and gradients its owner may go on with."""
    try:
        with torch_ready().no_grad():  # TorchScript's weights would be results of theirs
            return deepcopy(module)
    except Exception as error:  # modules hold anything: results with a gradient, locks, files
        raise ModelError(
            f"The {type(module).__name__} cannot be copied ({first_line(error)}), and what is "
            "handed in is never changed: give --model PACKAGE.MODULE:FUNCTION of a function that "
            "makes it."
        ) from None


def _is_a(model: Any, module: str, name: str) -> bool:
    """Return whether an object is of a class of a library; it is not, where that is not loaded."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(model, kind)

"""Check that a gradient of a model's logits reaches the image: all explanations are made of it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework import ops

from audit.core.errors import ModelError
from audit.models.frozen import Graph

_FLAT = ("Round", "Rint", "Floor", "Ceil", "Sign", "ArgMax", "ArgMin", "OneHot", "Bucketize",
         "Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "FloorDiv",
         "HistogramFixedWidth", "Bincount", "DenseBincount")  # fmt: skip
_CALLS = ("PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If",
          "StatelessIf", "Case", "StatelessCase")  # fmt: skip


def reaches_image(graph: Graph, images: NDArray[np.float32]) -> bool:
    """Return whether some image gives the logits a gradient; asked only where a step may not.

    Parameters
    ----------
    images : float32 ``(n, H, W, 3)``, 0..255

    Raises
    ------
    ModelError
        A step that all of the image goes through has no gradient.
    """
    flat = next((node for node in graph.carriers() if _is_flat(node)), None)
    if flat is None:
        return True
    try:
        gradient = lead_gradient(graph, images)
    except LookupError as error:  # of an operation for which nobody registered one
        found = re.search(r"operation '(?:model/)?(.+?)' \(op type: (\w+)\)", str(error))
        raise _blocked(*found.groups()) if found else _blocked(flat.name, flat.op) from None
    if gradient is None or not (gradient != 0).any():  # NaN is not 0
        raise _blocked(flat.name, flat.op)
    return True


def lead_gradient(
    graph: Graph, images: NDArray[np.float32], tensor: str | None = None
) -> NDArray[np.float32] | None:
    """Return the gradient of the highest logit's lead on the mean; None where no way leads there.

    Parameters
    ----------
    images : float32 ``(n, H, W, 3)``, 0..255
    tensor : str, optional
        By which it is taken; by the images unless given.
    """
    with tf.Graph().as_default():
        given = tf.compat.v1.placeholder(tf.float32, images.shape)
        *inner, logits = graph.run(given, [*([tensor] if tensor else []), graph.output])
        lead = tf.reduce_max(logits, axis=-1) - tf.reduce_mean(logits, axis=-1)
        (gradient,) = tf.gradients(lead, inner[0] if inner else given)
        if gradient is None:
            return None
        with tf.compat.v1.Session() as session:
            return np.asarray(session.run(gradient, {given: images}))


def _is_flat(node: Any) -> bool:
    """Return whether a step has no gradient, or one that is 0 everywhere."""
    if node.op == "Cast":
        return not tf.as_dtype(node.attr["DstT"].type).is_floating
    if node.op in _FLAT or node.op in _CALLS or node.op == "Placeholder":
        return node.op in _FLAT
    try:
        return ops.gradient_registry.lookup(node.op) is None
    except LookupError:
        return True


def _blocked(name: str, kind: str) -> ModelError:
    return ModelError(
        f"No gradient of the logits reaches the image, since {kind} ({name}) has none: "
        "Grad-CAM and Integrated Gradients need one, so do that step to the images beforehand "
        "and take it out of the model."
    )

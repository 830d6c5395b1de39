"""Whether a gradient of a model's logits reaches the image: all explanations are made of it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework import ops

from audit.errors import ModelError
from audit.models.frozen import Graph

_FLAT = ("Round", "Rint", "Floor", "Ceil", "Sign", "ArgMax", "ArgMin", "OneHot", "Bucketize",
         "Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "FloorDiv", "Cast",
         "HistogramFixedWidth", "Bincount", "DenseBincount")  # fmt: skip


def reaches_image(graph: Graph, images: NDArray[np.float32]) -> bool:
    """Whether the logits of some image change with it.

    Parameters
    ----------
    images : float32 ``(n, H, W, 3)``, 0..255

    Raises
    ------
    ModelError
        A step on the way has no gradient.
    """
    with tf.Graph().as_default() as made:
        given = tf.compat.v1.placeholder(tf.float32, images.shape)
        (logits,) = graph.run(given, [graph.output])
        score = tf.reduce_max(logits, axis=-1) - tf.reduce_mean(logits, axis=-1)
        try:
            (gradient,) = tf.gradients(score, given)
        except LookupError as error:  # of an operation for which nobody registered one
            found = re.search(r"operation '(.+?)' \(op type: (\w+)\)", str(error))
            name, kind = found.groups() if found else ("", str(error))
            raise _blocked(kind, name) from None
        if gradient is None:
            raise _first_flat(graph, made) or _blocked("a step", "")
        with tf.compat.v1.Session() as session:
            value = session.run(gradient, {given: images})
    reached = bool((value != 0).any())  # NaN is not 0
    if not reached and (error := _first_flat(graph, made)):
        raise error
    return reached


def _first_flat(graph: Graph, made: tf.Graph) -> ModelError | None:
    """The first step between image and logits through which no gradient goes."""
    for node in graph.carriers():
        if _is_flat(made.get_operation_by_name(f"model/{node.name}")):
            return _blocked(node.op, node.name)
    return None


def _is_flat(operation: Any) -> bool:
    if operation.type in _FLAT:
        return not (operation.type == "Cast" and operation.outputs[0].dtype.is_floating)
    try:
        return ops.get_gradient_function(operation) is None
    except LookupError:
        return True


def _blocked(kind: str, name: str) -> ModelError:
    where = f" ({name.removeprefix('model/')})" if name else ""
    return ModelError(
        f"No gradient of the logits reaches the image, since {kind}{where} has none: Grad-CAM and "
        "Integrated Gradients need one, so take that step out of the model or give its result in."
    )

"""Shapes and kinds of all tensors of a frozen graph, without running it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from audit.models.frozen import Graph, base, full

BATCH = 3  # of the images that shapes are worked out for


class Spec(NamedTuple):
    """A tensor's shape for `BATCH` images, with None for what is unknown, and its kind."""

    shape: tuple[int | None, ...] | None
    dtype: Any

    @property
    def an_image(self) -> int | None:
        """Number of values an image."""
        if self.shape is None or None in self.shape:
            return None
        return int(tf.TensorShape(self.shape).num_elements() // BATCH)

    def is_map(self) -> bool:
        """Return whether it has four axes and more than one place."""
        shape = self.shape
        return shape is not None and len(shape) == 4 and min(s or 0 for s in shape[1:3]) > 1


def specs_of(graph: Graph, size: int) -> dict[str, Spec]:
    """Return shapes and kinds by tensor name, for images of ``size`` pixels."""
    with tf.Graph().as_default() as made:
        images = tf.compat.v1.placeholder(tf.float32, (BATCH, size, size, 3))
        tf.graph_util.import_graph_def(
            graph.definition(), input_map={graph.image: images}, name="model"
        )
    found = {
        tensor.name.removeprefix("model/"): _spec(tensor)
        for operation in made.get_operations()
        for tensor in operation.outputs
    }
    found[graph.image] = _spec(images)
    return found | _evaluated(graph, found, size)


def _evaluated(graph: Graph, specs: dict[str, Spec], size: int) -> dict[str, Spec]:
    """Return the shapes that are known only by running the graph."""
    made = {node.name for node in graph.nodes}
    read = {full(name) for node in graph.nodes for name in node.input} | {graph.output}
    unknown = [
        tensor
        for tensor, (shape, dtype) in specs.items()
        if (shape is None or None in shape) and dtype.is_floating
        if tensor in read and base(tensor) in made
    ]
    values = graph.values(np.zeros((BATCH, size, size, 3), np.float32), unknown)
    return {t: Spec(v.shape, specs[t].dtype) for t, v in zip(unknown, values, strict=True)}


def _spec(tensor: Any) -> Spec:
    shape = None if tensor.shape.rank is None else tuple(tensor.shape.as_list())
    return Spec(shape, tensor.dtype)

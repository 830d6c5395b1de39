"""Anatomy of a classifier's graph: what it reads first, and what its head is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.models.frozen import Graph, base
from audit.models.nodes import binary, make_node
from audit.models.outputs import two_class_kernel
from audit.models.spatial import is_resampling

_WEIGHED = ("Conv2D", "DepthwiseConv2dNative", "MatMul", "Einsum", "Conv3D")


def seen_range(graph: Graph, size: int) -> tuple[float, float]:
    """Return the least and greatest value that the first weighed step reads, black to white."""
    weighed = (
        node
        for node in graph.nodes
        if node.op in _WEIGHED
        and not any(is_resampling(graph.constants.get(base(name))) for name in node.input)
    )
    inputs = [name for node in weighed for name in node.input if graph.node(name) is not None]
    read = inputs[0] if inputs else graph.image
    ends = np.stack([np.full((size, size, 3), level, np.float32) for level in (0, 255)])
    (values,) = graph.values(ends, [read]) if base(read) != base(graph.image) else (ends,)
    return float(values.min()), float(values.max())


class Dense(NamedTuple):
    """A dense layer that a graph's logits come from.

    Attributes
    ----------
    reads : str
        Tensor ``(n, channels)`` that it reads.
    kernel : float32 ``(channels, units)``
    bias : float32 ``(units,)`` or None
        None where it has none.
    halves : float32 ``(2,)`` or None
        Weights of one unit in two logits; None where every class has a unit of its own.
    """

    reads: str
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32] | None
    halves: NDArray[np.float32] | None


def last_dense(graph: Graph) -> Dense | None:
    """Return the dense layer whose outputs are the graph's logits; None where another one ends."""
    halved = two_class_kernel(graph)
    tensor, halves = halved or (graph.output, None)
    last, bias = graph.node(tensor), None
    if last is not None and last.op in ("BiasAdd", "AddV2", "Add"):
        fixed = [
            graph.constants[base(name)] for name in last.input if base(name) in graph.constants
        ]
        moving = [name for name in last.input if base(name) not in graph.constants]
        last, bias = (graph.node(moving[0]), fixed[0]) if len(moving) == 1 else (last, None)
    if last is None or last.op != "MatMul" or base(last.input[1]) not in graph.constants:
        return None
    if last.attr["transpose_a"].b or last.attr["transpose_b"].b:
        return None
    return Dense(last.input[0], graph.constants[base(last.input[1])], bias, halves)


def pooled_kernel(graph: Graph, features_at: str) -> NDArray[np.float32] | None:
    """Return the kernel of a head of global average pooling and one dense layer, else None."""
    dense = last_dense(graph)
    pool = graph.node(dense.reads) if dense else None
    if dense is None or pool is None or pool.op != "Mean" or pool.input[0] != features_at:
        return None
    axes = graph.constants.get(base(pool.input[1]))
    if axes is None or sorted(np.ravel(axes)) != [1, 2] or pool.attr["keep_dims"].b:
        return None
    return dense.kernel if dense.halves is None else dense.kernel * dense.halves


def with_pooled_head(
    graph: Graph, features_at: str, kernel: NDArray[np.float32], bias: NDArray[np.float32]
) -> Graph:
    """Return the graph up to a feature map, with global average pooling and a dense layer behind.

    Parameters
    ----------
    features_at : str
        The map, float32 ``(n, h, w, channels)``.
    kernel, bias : float32 ``(channels, classes)``, ``(classes,)``
    """
    kinds = {key: tf.compat.v1.AttrValue(type=t.as_datatype_enum)
             for key, t in (("T", tf.float32), ("Tidx", tf.int32))}  # fmt: skip
    no = tf.compat.v1.AttrValue(b=False)
    values = {"axes": np.array([1, 2], np.int32), "kernel": kernel, "bias": bias}
    named = {f"taught/{key}": value for key, value in values.items()}
    nodes = [
        make_node("Mean", "taught/pool", [features_at, "taught/axes:0"], keep_dims=no, **kinds),
        make_node(
            "MatMul",
            "taught/dense",
            ["taught/pool:0", "taught/kernel:0"],
            T=kinds["T"],
            transpose_a=no,
            transpose_b=no,
        ),
        binary("AddV2", "taught/logits", "taught/dense:0", "taught/bias:0"),
    ]
    return graph.ending_at(features_at).extended(nodes, named, "taught/logits:0")

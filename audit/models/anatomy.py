"""Anatomy of a classifier's graph: what it reads first, and what its head is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.models.frozen import Graph, base
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


def pooled_kernel(graph: Graph, features_at: str) -> NDArray[np.float32] | None:
    """Return the kernel of a head of global average pooling and one dense layer, else None."""
    halved = two_class_kernel(graph)
    tensor, halves = halved or (graph.output, None)
    last = graph.node(tensor)
    if last is not None and last.op in ("BiasAdd", "AddV2", "Add"):
        moving = [name for name in last.input if base(name) not in graph.constants]
        last = graph.node(moving[0]) if len(moving) == 1 else last
    if last is None or last.op != "MatMul" or base(last.input[1]) not in graph.constants:
        return None
    turned = last.attr["transpose_a"].b or last.attr["transpose_b"].b
    pool = graph.node(last.input[0])
    if turned or pool is None or pool.op != "Mean" or pool.input[0] != features_at:
        return None
    axes = graph.constants.get(base(pool.input[1]))
    if axes is None or sorted(np.ravel(axes)) != [1, 2] or pool.attr["keep_dims"].b:
        return None
    kernel = graph.constants[base(last.input[1])]
    return kernel if halves is None else kernel * halves

"""The parts of a classifier's graph: its end, its feature map, its head, what it reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.errors import ModelError
from audit.models.frozen import Graph, base

_ENDS = {"Softmax": "softmax", "Sigmoid": "sigmoid", "LogSoftmax": "log-softmax"}
_BENDING = ("Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Tanh", "Softplus", "Softsign")
_WEIGHED = ("Conv2D", "DepthwiseConv2dNative", "MatMul", "Einsum", "Conv3D")


def without_squashing(graph: Graph) -> tuple[Graph, str]:
    """Take a softmax or sigmoid off the end; explanations are taken on logits."""
    last = graph.node(graph.output)
    while last is not None and last.op == "Cast":
        last = graph.node(last.input[0])
    if last is None:
        raise ModelError("The model's output does not depend on the image.")
    if last.op in _BENDING:
        raise ModelError(
            f"The model ends in {last.op} ({last.name}), so it has no logits to explain: "
            "let softmax, sigmoid or a linear layer be its last."
        )
    if last.op not in _ENDS:
        return graph, "linear"
    return graph.ending_at(last.input[0]), _ENDS[last.op]


def choose_cut(
    shapes: dict[str, tuple[int, ...]], paths: dict[str, str], name: str | None
) -> tuple[str, str]:
    """The tensor to cut at and its layer's path; layers' outputs before what is within them."""
    named = {t: paths[t] for t in shapes if t in paths}
    found = named or {t: base(t) for t in shapes}
    if not found:
        raise ModelError(
            "The model has no 4-D feature map with H, W > 1 that its head reads alone: "
            "Grad-CAM needs one."
        )
    if name is None:
        return list(found.items())[-1]
    for tensor, path in reversed(found.items()):
        if (
            name == path
            or f"/{path}/".endswith(f"/{name}/")
            or (not named and name in path.split("/"))
        ):
            return tensor, path
    some = ", ".join(list(found.values())[-4:])
    raise ModelError(f"No feature layer {name!r}; the last that would do: {some}.")


def is_map(shape: tuple[int, ...]) -> bool:
    """Whether a tensor is a feature map with more than one place."""
    return len(shape) == 4 and min(shape[1:3]) > 1


def seen_range(graph: Graph, size: int) -> tuple[float, float]:
    """Least and greatest value that the first weighed step reads for a black and a white image."""
    weighed = (node for node in graph.nodes if node.op in _WEIGHED)
    inputs = [name for node in weighed for name in node.input if graph.node(name) is not None]
    read = inputs[0] if inputs else graph.image
    ends = np.stack([np.full((size, size, 3), level, np.float32) for level in (0, 255)])
    (values,) = graph.values(ends, [read]) if base(read) != base(graph.image) else (ends,)
    return float(values.min()), float(values.max())


def pooled_kernel(graph: Graph, features_at: str) -> NDArray[np.float32] | None:
    """Kernel of the dense layer, where the head is global average pooling and one dense layer."""
    last = graph.node(graph.output)
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
    return graph.constants[base(last.input[1])]

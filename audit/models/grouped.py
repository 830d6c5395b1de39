"""Grouped convolutions as plain ones: not every processor runs them fused, or their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from audit.models.nodes import constant, make_node

_DEPTHWISE_ATTRIBUTES = ("T", "strides", "padding", "explicit_paddings", "data_format")


def ungroup(graph: tf.Graph, definition: Any) -> None:
    """Write grouped convolutions as depthwise ones or as one convolution a group, in place.

    What the graph computes and the names of its outputs stay.

    Parameters
    ----------
    graph : tf.Graph
        Knows the shapes of the tensors.
    definition : GraphDef
        Of the same graph.
    """
    nodes = list(definition.node)
    del definition.node[:]
    for node in nodes:
        definition.node.extend(_plain(node, graph) if _is_grouped(node, graph) else [node])


def _is_grouped(node: Any, graph: tf.Graph) -> bool:
    if node.op != "Conv2D" or node.attr["data_format"].s not in (b"", b"NHWC"):
        return False
    images, kernel = _shapes(node, graph)
    return None not in (images[-1], *kernel) and images[-1] != kernel[2]


def _shapes(node: Any, graph: tf.Graph) -> list[tf.TensorShape]:
    return [tensor.shape for tensor in graph.get_operation_by_name(node.name).inputs]


def _plain(node: Any, graph: tf.Graph) -> list[Any]:
    images, kernel = _shapes(node, graph)
    # TensorFlow's depthwise convolution knows no dilation
    if kernel[2] == 1 and set(node.attr["dilations"].list.i) <= {1}:
        return _depthwise(node, [*kernel[:2], images[-1], kernel[3] // images[-1]])
    return _by_group(node, images[-1] // kernel[2])


def _depthwise(node: Any, shape: Sequence[int]) -> list[Any]:
    sides, kernel = (
        constant(f"{node.name}/shape", np.asarray(shape, np.int32)),
        f"{node.name}/kernel",
    )
    reshape = make_node("Reshape", kernel, [node.input[1], sides.name], T=node.attr["T"])
    reshape.attr["Tshape"].type = tf.int32.as_datatype_enum
    kept = {key: node.attr[key] for key in _DEPTHWISE_ATTRIBUTES if key in node.attr}
    inputs = [node.input[0], kernel, *node.input[2:]]
    return [sides, reshape, make_node("DepthwiseConv2dNative", node.name, inputs, **kept)]


def _by_group(node: Any, groups: int) -> list[Any]:
    axis = constant(f"{node.name}/channels", np.asarray(3, np.int32))
    made, parts = [axis], []
    for name, source in (("images", node.input[0]), ("kernels", node.input[1])):
        split = make_node("Split", f"{node.name}/{name}", [axis.name, source], T=node.attr["T"])
        split.attr["num_split"].i = groups
        made.append(split)
    for k in range(groups):
        parts.append(f"{node.name}/group_{k}")
        inputs = [f"{node.name}/images:{k}", f"{node.name}/kernels:{k}", *node.input[2:]]
        made.append(make_node("Conv2D", parts[-1], inputs, **node.attr))
    joined = make_node("ConcatV2", node.name, [*parts, axis.name], T=node.attr["T"])
    joined.attr["N"].i = groups
    joined.attr["Tidx"].type = tf.int32.as_datatype_enum
    return [*made, joined]

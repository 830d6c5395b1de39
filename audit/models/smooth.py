"""Steps before a model's weights that have no gradient, as equal ones that have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework import op_def_registry

from audit.models.frozen import Graph, base, full
from audit.models.nodes import make_node
from audit.models.specs import Spec, specs_of

_FLOAT = tf.float32.as_datatype_enum


def smoothed(graph: Graph, size: int) -> Graph:
    """Replace resizing by area with matrix products, and whole pixels with what was rounded.

    Equal to the graph given for pixels that are whole numbers; itself where it has no such steps.
    """
    if any(_is_rounding(node) for node in graph.nodes):
        graph = _without_rounding(graph)
    if any(node.op == "ResizeArea" for node in graph.nodes):
        graph = _by_matrices(graph, specs_of(graph, size))
    return graph


# Resizing by area


def _by_matrices(graph: Graph, specs: Mapping[str, Spec]) -> Graph:
    constants, nodes = dict(graph.constants), []
    for node in graph.nodes:
        shape = specs[full(node.input[0])].shape if node.op == "ResizeArea" else None
        sides = constants.get(base(node.input[1])) if shape else None
        if shape is None or sides is None or None in shape[1:3]:
            nodes.append(node)
            continue
        for axis, k in (("rows", 0), ("columns", 1)):
            constants[f"{node.name}/{axis}"] = _area(shape[1 + k], sides[k], node)
        nodes += _products(node)
    return replace(graph, nodes=tuple(nodes), constants=constants)


def _area(before: Any, after: Any, node: Any) -> NDArray[np.float32]:
    """Return one axis's weights ``(after, before)``: what TensorFlow makes of each unit vector."""
    each = np.eye(before, dtype=np.float32)[None, :, :, None]
    made = tf.raw_ops.ResizeArea(
        images=each, size=[int(after), before], align_corners=node.attr["align_corners"].b
    )
    return np.asarray(made)[0, :, :, 0]


def _products(node: Any) -> list[Any]:
    kind, two = tf.compat.v1.AttrValue(type=_FLOAT), tf.compat.v1.AttrValue(i=2)
    made, source = [], full(node.input[0])
    if node.attr["T"].type != _FLOAT:
        kinds = {"SrcT": node.attr["T"], "DstT": kind}
        made.append(make_node("Cast", f"{node.name}/pixels", [source], **kinds))
        source = f"{node.name}/pixels:0"
    for name, weights, how in (
        (f"{node.name}/by_rows", "rows", b"ip,npqc->niqc"),
        (node.name, "columns", b"jq,niqc->nijc"),
    ):
        equation = tf.compat.v1.AttrValue(s=how)
        inputs = [f"{node.name}/{weights}:0", source]
        made.append(make_node("Einsum", name, inputs, N=two, T=kind, equation=equation))
        source = f"{name}:0"
    return made


# Whole pixels


def _is_rounding(node: Any) -> bool:
    """Return whether a node casts fractions to whole numbers."""
    kinds = [tf.as_dtype(node.attr[key].type) for key in ("SrcT", "DstT") if node.op == "Cast"]
    return bool(kinds) and kinds[0].is_floating and kinds[1].is_integer


def _without_rounding(graph: Graph) -> Graph:
    """Let fractions of pixels through where all that reads whole ones takes fractions too."""
    floated = _Floated(graph)
    try:
        nodes = [made for node in graph.nodes if (made := floated.node(node)) is not None]
    except TypeError:
        return graph
    output = floated.gone.get(graph.output, graph.output)
    return replace(graph, nodes=tuple(nodes), constants=floated.constants, output=output,
                   renamed=graph.renamed | floated.gone)  # fmt: skip


class _Floated:
    """Rewriting of nodes that read whole pixels to float32; TypeError where one cannot be."""

    def __init__(self, graph: Graph) -> None:
        self.constants = dict(graph.constants)
        self.gone: dict[str, str] = {}
        self._whole: set[str] = set()

    def node(self, node: Any) -> Any:
        """Return the node as it stays, or None where it changes nothing any more."""
        whole = [full(name) in self._whole for name in node.input]
        read = [self.gone.get(full(name), full(name)) for name in node.input]
        made = make_node(node.op, node.name, read, **node.attr)
        if _is_rounding(node) or (node.op == "Cast" and any(whole)):
            return self._cast(made)
        if any(whole) and node.op in ("Shape", "ShapeN", "Size", "Rank"):
            made.attr["T"].type = _FLOAT
        elif any(whole):
            self._retype(made, whole)
        return made

    def _cast(self, node: Any) -> Any:
        made, kind = full(node.name), tf.as_dtype(node.attr["DstT"].type)
        if kind.is_integer:
            self._whole.add(made)
        node.attr["SrcT"].type = _FLOAT
        if not kind.is_integer and kind != tf.float32:
            return node
        self.gone[made] = node.input[0]
        return None

    def _retype(self, node: Any, whole: Sequence[bool]) -> None:
        definition = op_def_registry.get(node.op)
        kinds = list(_kinds(definition, node))
        typed = {kind for kind, is_whole in zip(kinds, whole, strict=True) if is_whole}
        allowed = {a.name: list(a.allowed_values.list.type) for a in definition.attr}
        if typed != {"T"} or (allowed["T"] and _FLOAT not in allowed["T"]):
            raise TypeError(node.op)
        node.attr["T"].type = _FLOAT
        for index, kind in enumerate(kinds):
            if kind == "T":
                node.input[index] = self._in_float(node.input[index])
        if any(argument.type_attr == "T" for argument in definition.output_arg):
            self._whole.add(full(node.name))

    def _in_float(self, tensor: str) -> str:
        value = self.constants.get(base(tensor))
        if value is None:
            return tensor
        name = f"{base(tensor)}/in_float"
        self.constants[name] = np.asarray(value, np.float32)
        return f"{name}:0"


def _kinds(definition: Any, node: Any) -> Iterator[str]:
    """Yield the attribute that says the kind of each input."""
    for argument in definition.input_arg:
        count = node.attr[argument.number_attr].i if argument.number_attr else 1
        yield from [argument.type_attr] * count

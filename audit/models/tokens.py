"""Tokens of transformers as a feature map: those of places on their grid, the others left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.models.frozen import Graph, base, full, in_order
from audit.models.gradients import lead_gradient
from audit.models.grid import prefix_of
from audit.models.nodes import make_node
from audit.models.probes import probes

MAP = "map_of_tokens"  # the tensor that is cut at
_WHOLE, _PLACES, _PREFIX, _BACK = (
    f"{MAP}/{part}" for part in ("whole", "places", "prefix", "back")
)


def before_places(shape: Sequence[int | None] | None) -> int | None:
    """Return how many tokens ``(n, t, c)`` lie before a square grid of places; None without one."""
    if shape is None or len(shape) != 3 or shape[1] is None:
        return None
    return prefix_of(shape[1])


def read_at_places(graph: Graph, tensor: str, size: int, prefix: int) -> bool:
    """Return whether the logits have a gradient by the tokens of places.

    Behind the last block that mixes tokens a class's token may be all that is read.
    """
    found = lead_gradient(graph, probes(size)[:4:3], tensor)
    return found is not None and bool(np.any(found[:, prefix:]))


def as_map(graph: Graph, tensor: str, shape: Sequence[int], prefix: int) -> Graph:
    """Return the graph with `MAP` on the way from tokens ``shape`` to all that reads them.

    Parameters
    ----------
    shape : sequence of int
        Tokens and channels.
    prefix : int
        Tokens before those of places, which go another way.
    """
    everything = {node.name: node for node in graph.nodes} | dict.fromkeys(graph.constants)
    up = set(in_order(everything, base(tensor)))
    first = [node for node in graph.nodes if node.name in up]
    then = [_reading(node, tensor) for node in graph.nodes if node.name not in up]
    return replace(
        graph,
        nodes=(*first, *_seam(tensor), *then),
        constants=graph.constants | _constants(shape, prefix),
        output=f"{_WHOLE}:0" if graph.output == tensor else graph.output,
    )


def _reading(node: Any, tensor: str) -> Any:
    inputs = [f"{_WHOLE}:0" if full(name) == tensor else name for name in node.input]
    return make_node(node.op, node.name, inputs, **node.attr)


def _constants(shape: Sequence[int], prefix: int) -> dict[str, NDArray[Any]]:
    tokens, channels = shape
    side = math.isqrt(tokens - prefix)
    values = {
        "begin": (0, prefix, 0),
        "rest": (-1, -1, -1),
        "start": (0, 0, 0),
        "count": (-1, prefix, -1),
        "grid": (-1, side, side, channels),
        "row": (-1, side * side, channels),
        "axis": 1,
    }
    return {f"{MAP}/{name}": np.array(value, np.int32) for name, value in values.items()}


def _seam(tensor: str) -> Iterator[Any]:
    real = tf.compat.v1.AttrValue(type=tf.float32.as_datatype_enum)
    whole = tf.compat.v1.AttrValue(type=tf.int32.as_datatype_enum)

    def made(op: str, name: str, inputs: Sequence[str], **attributes: Any) -> Any:
        return make_node(op, name, [f"{i}:0" if ":" not in i else i for i in inputs], **attributes)

    def own(name: str) -> str:
        return f"{MAP}/{name}"

    yield made("Slice", _PLACES, [tensor, own("begin"), own("rest")], T=real, Index=whole)
    yield made("Slice", _PREFIX, [tensor, own("start"), own("count")], T=real, Index=whole)
    yield made("Reshape", MAP, [_PLACES, own("grid")], T=real, Tshape=whole)
    yield made("Reshape", _BACK, [MAP, own("row")], T=real, Tshape=whole)
    count = tf.compat.v1.AttrValue(i=2)
    yield made("ConcatV2", _WHOLE, [_PREFIX, _BACK, own("axis")], T=real, Tidx=whole, N=count)

"""Tensors of a graph that still have the image's places, and how many weights lie before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.models.frozen import Graph, base, full
from audit.models.specs import BATCH, Spec
from audit.models.tokens import before_places

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative", "Conv3D", "Conv2DBackpropInput")
_PRODUCTS = ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum")
_CHANNELS_FIRST, _CHANNELS_LAST = [0, 3, 1, 2], [0, 2, 3, 1]


class Places:
    """The image's places on their way through a graph.

    Attributes
    ----------
    before, after : dict[str, int]
        Weighted steps on places on the longest way from the image to a node and from it to the
        output, by the node's name. A dense layer on a vector is none.
    total : int
        Those on the longest way from image to output.
    maps : list of str
        Tensors ``(n, H, W, c)`` with H, W > 1 whose places are the image's, in order; the image
        itself is none.
    tokens : list of str
        Tensors ``(n, t, c)`` that were laid out of such maps, perhaps with a few tokens before.
    """

    def __init__(self, graph: Graph, specs: Mapping[str, Spec]) -> None:
        self._graph, self._specs = graph, specs
        self._made: dict[str, list[str]] = {}
        for tensor in specs:
            self._made.setdefault(base(tensor), []).append(tensor)
        steps = {node.name for node in graph.nodes if self._is_step(node)}
        self.before = _longest(graph.nodes, steps)
        self.after = _after(graph, steps)
        self.total = self.before.get(base(graph.output), 0)
        kept = self._find_places()
        self.maps = [tensor for tensor in kept if specs[tensor].is_map()]
        self.tokens = [tensor for tensor in kept if before_places(specs[tensor].shape) is not None]

    def is_late(self, tensor: str) -> bool:
        """Return whether half of the weighted steps, and one at least, lie before a tensor."""
        before = self.before[base(tensor)]
        return before > 0 and before >= self.after[base(tensor)]

    def _is_step(self, node: Any) -> bool:
        if not any(weighs(self._graph.constants.get(base(name))) for name in node.input):
            return False
        spec = self._specs.get(full(node.name))
        shape = spec.shape if spec else None
        if shape is None:
            return node.op in CONVOLUTIONS
        rows = int(np.prod([side or 2 for side in shape[:-1]]))
        return node.op in (*CONVOLUTIONS, *_PRODUCTS) and rows > BATCH

    def _find_places(self) -> list[str]:
        """Follow the image's places; channels may come first for a while."""
        last, first = {self._graph.image}, set[str]()
        found = []
        for node in self._graph.nodes:
            made = full(node.name)
            if made == full(self._graph.image):
                continue
            turned = self._turned(node)
            reads = {full(name) for name in node.input}
            if turned == _CHANNELS_FIRST and reads & last:
                first.add(made)
            elif turned == _CHANNELS_LAST and reads & first:
                last.add(made)
            elif turned is None and reads & first and not reads & last:
                first.add(made)
            elif self._keeps_places(node, reads & last, turned):
                outputs = self._made.get(node.name, [])
                last.update(outputs)
                found += outputs
        return found

    def _turned(self, node: Any) -> list[int] | None:
        if node.op != "Transpose":
            return None
        order = self._graph.constants.get(base(node.input[1]))
        return None if order is None else [int(axis) for axis in np.ravel(order)]

    def _keeps_places(self, node: Any, read: set[str], turned: list[int] | None) -> bool:
        if node.op in ("Reshape", "Transpose") and node.input:
            return self._reshaped(node, bool(read), turned)
        if not read:
            return False
        constants = [self._graph.constants.get(base(name)) for name in node.input]
        if node.op in _PRODUCTS and not any(map(is_resampling, constants)):
            weighed = constants[1] is not None
            inner, outer = (self._specs[full(t)].shape for t in (node.input[0], node.name))
            return weighed and bool(inner and outer) and inner[:-1] == outer[:-1]  # type: ignore[index]
        return True

    def _reshaped(self, node: Any, kept: bool, turned: list[int] | None) -> bool:
        """Return whether channels are kept: of a map and its tokens, not by attention heads."""
        if turned is not None:
            return kept and turned in ([0, 1, 2, 3], [0, 2, 1, 3])
        inner, outer = (self._specs[full(t)].shape for t in (node.input[0], node.name))
        if not inner or not outer or node.op == "Transpose":
            return False
        if len(inner) == 4 and len(outer) == 3:
            return kept and inner[1:3] != (1, 1) and outer[1:] == (_product(inner[1:3]), inner[3])
        if len(outer) != 4:
            return False
        return inner[-1] == outer[-1] and (kept or len(inner) != 4)


def _product(sides: tuple[int | None, ...]) -> int | None:
    return None if None in sides else int(np.prod([side or 0 for side in sides]))


def weighs(value: NDArray[Any] | None) -> bool:
    """Return whether a constant is a kernel."""
    kernel = value is not None and value.ndim > 1 and value.dtype.kind == "f"
    return kernel and not is_resampling(value)


def is_resampling(value: NDArray[Any] | None) -> bool:
    """Return whether a constant is a matrix whose rows share out what they read: no weights."""
    if value is None or value.ndim != 2 or value.dtype.kind != "f":
        return False
    return bool((value >= 0).all()) and np.allclose(value.sum(axis=1), 1, atol=1e-4)


def _longest(nodes: Any, steps: set[str]) -> dict[str, int]:
    """Return the most steps on a way to each node, itself included."""
    most: dict[str, int] = {}
    for node in nodes:
        before = max((most.get(base(name), 0) for name in node.input), default=0)
        most[node.name] = before + (node.name in steps)
    return most


def _after(graph: Graph, steps: set[str]) -> dict[str, int]:
    """Return the most steps on a way from each node to the output, itself left out."""
    most = dict.fromkeys((node.name for node in graph.nodes), 0)
    for node in reversed(graph.nodes):
        for name in map(base, node.input):
            if name in most:
                most[name] = max(most[name], most[node.name] + (node.name in steps))
    return most

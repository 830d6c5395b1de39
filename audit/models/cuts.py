"""Cuts for Grad-CAM: a late feature map with places, or the joined maps of all branches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from audit.core.errors import ModelError
from audit.models.frozen import Graph, base, full, in_order
from audit.models.nodes import make_node
from audit.models.spatial import Places
from audit.models.specs import Spec
from audit.models.tokens import MAP, as_map, before_places, read_at_places

_JOINED, _PARTS = "joined_maps", "joined_parts"


class Cut(NamedTuple):
    """A feature map.

    Attributes
    ----------
    graph : Graph
        In which ``tensor`` is: maps of several branches are joined along their channels.
    tensor, path : str
        The map, and the path of its layer.
    shape : tuple[int, ...]
        Height, width and channels.
    before, steps : int
        Weighted steps on places before it, and on the longest way through it.
    whole : bool
        Whether all that the head reads of the image comes through it.
    prefix : int
        Tokens of no place, as a class's, that go another way.
    """

    graph: Graph
    tensor: str
    path: str
    shape: tuple[int, ...]
    before: int
    steps: int
    whole: bool
    prefix: int = 0


def choose_cut(
    graph: Graph, specs: Mapping[str, Spec], paths: Mapping[str, str], name: str | None, size: int
) -> Cut:
    """Choose the map that Grad-CAM reads; layers' outputs before what is within them.

    By default the last one that all later steps read alone and that lies behind at least half of
    the weighted steps on places, a transformer's tokens among them; with parallel branches, the
    last maps of all of them joined.

    Parameters
    ----------
    size : int
        Side of the images.

    Raises
    ------
    ModelError
        There is no such map, or none of that name.
    """
    chooser = _Chooser(graph, specs, paths, size)
    return chooser.late() if name is None else chooser.named(name)


class _Chooser:
    def __init__(
        self, graph: Graph, specs: Mapping[str, Spec], paths: Mapping[str, str], size: int
    ) -> None:
        self._graph, self._specs, self._paths, self._size = graph, specs, paths, size
        self._places = Places(graph, specs)
        carriers = {node.name for node in graph.carriers()}
        self._maps = [
            tensor
            for tensor in self._places.maps
            if base(tensor) in carriers and self._places.before[base(tensor)]
        ]
        alone = set(graph.cuts())
        self._alone = [tensor for tensor in self._maps if tensor in alone]
        self._tokens = [tensor for tensor in self._places.tokens if tensor in alone]

    def late(self) -> Cut:
        late = [tensor for tensor in self._alone if self._places.is_late(tensor)]
        most = max((self._before(tensor) for tensor in late), default=0)
        if tokens := self._late_tokens(most):
            return self._of_tokens(tokens)
        if not late:
            return self._joined()
        last = [tensor for tensor in late if self._before(tensor) == most]
        named = [tensor for tensor in last if tensor in self._paths]
        return self._cut((named or last)[-1], whole=True)

    def _before(self, tensor: str) -> int:
        return self._places.before[base(tensor)]

    def _late_tokens(self, most: int) -> str | None:
        """Return the last tokens that are read at their places, behind more than any map is."""
        late = [t for t in self._tokens if self._places.is_late(t) and self._before(t) > most]
        named = [tensor for tensor in late if tensor in self._paths]
        return next((t for t in reversed(named or late) if self._is_read(t)), None)

    def _is_read(self, tensor: str) -> bool:
        return read_at_places(self._graph, tensor, self._size, self._prefix(tensor))

    def _prefix(self, tensor: str) -> int:
        return before_places(self._specs[tensor].shape) or 0

    def _of_tokens(self, tensor: str) -> Cut:
        prefix, shape = self._prefix(tensor), self._sides(tensor)
        side = math.isqrt(shape[0] - prefix)
        cut = self._cut(tensor, whole=not prefix)
        graph = as_map(self._graph, tensor, shape, prefix)
        sides = (side, side, shape[1])
        return cut._replace(graph=graph, tensor=f"{MAP}:0", shape=sides, prefix=prefix)

    def named(self, name: str) -> Cut:
        named = [tensor for tensor in self._alone if tensor in self._paths]
        for tensor in reversed(named or self._alone):
            if self._is_called(name, tensor, parts=not named):
                return self._cut(tensor, whole=True)
        for tensor in reversed(self._maps):
            if self._is_called(name, tensor, parts=False):
                return self._cut(tensor, whole=tensor in self._alone)
        for tensor in reversed(self._tokens):
            if self._is_called(name, tensor, parts=False):
                return self._of_tokens(tensor)
        if name == self._path_of(front := self._front()[0]):
            return self._joined()
        some = ", ".join(map(self._name, (named or self._alone or front or self._tokens)[-4:]))
        raise ModelError(f"No feature layer {name!r}; the last that would do: {some or '(none)'}.")

    def _is_called(self, name: str, tensor: str, *, parts: bool) -> bool:
        path = self._name(tensor)
        same = name == path or f"/{path}/".endswith(f"/{name}/")
        return same or (parts and name in path.split("/"))

    def _name(self, tensor: str) -> str:
        return self._paths.get(tensor, base(tensor))

    def _path_of(self, tensors: Sequence[str]) -> str:
        return " + ".join(map(self._name, tensors))

    def _sides(self, tensor: str) -> tuple[int, ...]:
        return tuple(int(side or 0) for side in (self._specs[tensor].shape or ())[1:])

    def _cut(self, tensor: str, *, whole: bool) -> Cut:
        before, after = (of[base(tensor)] for of in (self._places.before, self._places.after))
        steps = before + after
        shape = self._sides(tensor)
        return Cut(
            graph=self._graph,
            tensor=tensor,
            path=self._name(tensor),
            shape=shape,
            before=before,
            steps=steps,
            whole=whole,
        )

    def _joined(self) -> Cut:
        """Join the last maps of all branches into one; ModelError where they cannot be joined."""
        front, image = self._front()
        if not front:
            raise ModelError(
                "The model has no 4-D feature map with H, W > 1 behind its first weights: "
                "Grad-CAM needs one."
            )
        late = [tensor for tensor in front if self._places.is_late(tensor)]
        if not late:
            raise ModelError(self._too_early(front))
        sides = {self._sides(tensor)[:2] for tensor in front}
        if image or len(late) < len(front) or len(sides) > 1:
            raise ModelError(self._apart(front, image))
        places = [self._cut(tensor, whole=False) for tensor in front]
        shape = (*places[0].shape[:2], sum(cut.shape[2] for cut in places))
        least = min(places, key=lambda cut: cut.before / cut.steps)
        graph = _join(self._graph, front, [cut.shape[2] for cut in places])
        return Cut(
            graph=graph,
            tensor=f"{_JOINED}:0",
            path=self._path_of(front),
            shape=shape,
            before=least.before,
            steps=least.steps,
            whole=True,
        )

    def _front(self) -> tuple[list[str], bool]:
        """Return last maps on all ways back from the output, and whether one reaches the image."""
        maps, by_name = set(self._maps), {node.name: node for node in self._graph.carriers()}
        left, seen, front = [self._graph.output], set[str](), set[str]()
        while left:
            tensor = left.pop()
            if tensor in maps:
                front.add(tensor)
            elif base(tensor) in by_name and base(tensor) not in seen:
                left += map(full, by_name[base(tensor)].input)
            seen.add(base(tensor))
        ordered = [tensor for tensor in self._maps if tensor in front]
        return ordered, base(self._graph.image) in seen

    def _too_early(self, front: Sequence[str]) -> str:
        latest = max((self._cut(t, whole=False) for t in front), key=lambda c: c.before / c.steps)
        return (
            f"The model's last spatial feature map is {latest.path}, before "
            f"{latest.steps - latest.before} of {latest.steps} layers with weights: Grad-CAM there "
            "would show the picture, not what the model makes of it; to see it all the same, "
            f"give --feature-layer {latest.path}."
        )

    def _apart(self, front: Sequence[str], image: bool) -> str:
        shown = [f"{self._name(t)} ({'x'.join(map(str, self._sides(t)))})" for t in front]
        read = ", ".join(shown + ["the image itself"] * image)
        return (
            f"The model's head reads {read}, which cannot be joined to one feature map: "
            "choose the one that Grad-CAM shows with --feature-layer."
        )


def _join(graph: Graph, tensors: Sequence[str], channels: Sequence[int]) -> Graph:
    """Join maps along their channels; whatever comes after them reads its part of the whole."""
    by_name = {node.name: node for node in graph.nodes}
    everything = by_name | dict.fromkeys(graph.constants)
    up = {name for tensor in tensors for name in in_order(everything, base(tensor))}
    parts = {tensor: f"{_PARTS}:{k}" for k, tensor in enumerate(tensors)}
    first = [node for node in graph.nodes if node.name in up]
    then = [_reading(node, parts) for node in graph.nodes if node.name not in up]
    constants = {
        "channel_axis": np.array(3, np.int32),
        "channels_of_parts": np.array(channels, np.int32),
    }
    output = parts.get(graph.output, graph.output)
    return replace(
        graph,
        nodes=(*first, *_seam(tensors), *then),
        constants=graph.constants | constants,
        output=output,
    )


def _seam(tensors: Sequence[str]) -> Iterable[Any]:
    kind = tf.compat.v1.AttrValue(type=tf.float32.as_datatype_enum)
    whole = tf.compat.v1.AttrValue(type=tf.int32.as_datatype_enum)
    count = tf.compat.v1.AttrValue(i=len(tensors))
    inputs = [*tensors, "channel_axis:0"]
    yield make_node("ConcatV2", _JOINED, inputs, T=kind, Tidx=whole, N=count)
    inputs = [f"{_JOINED}:0", "channels_of_parts:0", "channel_axis:0"]
    yield make_node("SplitV", _PARTS, inputs, T=kind, Tlen=whole, num_split=count)


def _reading(node: Any, parts: Mapping[str, str]) -> Any:
    inputs = [parts.get(full(name), name) for name in node.input]
    return make_node(node.op, node.name, inputs, **node.attr)

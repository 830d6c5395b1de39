"""Removal of what squashes a classifier's answer at its end: explanations are of logits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from audit.core.errors import ModelError
from audit.models.frozen import Graph, base, full
from audit.models.specs import Spec

Undo = Callable[[float], float]
_SAME_ORDER = ("Cast", "Identity", "Reshape", "Squeeze", "ExpandDims", "EnsureShape", "Snapshot")
_DECIDED = ("ArgMax", "ArgMin", "OneHot", "TopKV2", "InTopKV2", "Greater", "GreaterEqual", "Less",
            "LessEqual", "Equal", "NotEqual", "Round", "Rint", "Sign", "Floor", "Ceil",
            "ZerosLike", "OnesLike")  # fmt: skip
_HIDING = ("Relu", "Relu6")


class Step(NamedTuple):
    """One step at the end, seen from behind.

    Attributes
    ----------
    below : str
        The tensor that it reads.
    name : str or None
        What it is called where it squashes; "" where it comes with a squashing; None where it alone
        keeps the log-odds but for their unit.
    rising : bool
        Whether a larger input gives a larger output.
    undo : callable
        The input that gives an output, for a single unit.
    middle : float
        The input between the two answers of a single unit, where nothing squashes after it.
    """

    below: str
    name: str | None = None
    rising: bool = True
    undo: Undo = float
    middle: float = 0.0


class Logits(NamedTuple):
    """A graph that ends before its squashing.

    Attributes
    ----------
    taken : tuple of str
        What was taken off, outermost first.
    threshold : float
        The logit above which the answer of a single unit is the second class; infinite where it is
        the same class for every image.
    rising : bool
        Whether a class is the likelier the larger its output; else the logits are its negative.
    """

    graph: Graph
    taken: tuple[str, ...] = ()
    threshold: float = 0.0
    rising: bool = True


def without_squashing(graph: Graph, specs: Mapping[str, Spec]) -> Logits:
    """Take all squashings off the end that keep the order of the classes, in any mix.

    A temperature directly on the last weights is part of the logits and stays.

    Raises
    ------
    ModelError
        The end hides the logits: it names a class alone, or bends them.
    """
    _refuse_hidden(graph)
    reader = _Reader(graph, specs)
    tensor = at = graph.output
    taken: list[str] = []
    rising = kept_rising = True
    threshold = kept = 0.0
    while (step := reader.step(tensor, bool(taken))) is not None:
        rising = rising == step.rising
        threshold = step.undo(threshold) if taken else step.middle
        tensor = step.below
        if step.name is not None:
            at, kept, kept_rising = tensor, threshold, rising
            taken += [step.name] if step.name else []
    if not taken:
        return Logits(graph)
    return Logits(graph.ending_at(at), tuple(taken), kept, kept_rising)


def _refuse_hidden(graph: Graph) -> None:
    node = _deciding(graph)
    if node is not None and node.op in (*_DECIDED, "Cast"):
        raise ModelError(
            f"The model ends in {node.op} ({node.name}), which names a class and says nothing of "
            "the others: give the model as it is before that step."
        )
    if node is not None and node.op in _HIDING:
        raise ModelError(
            f"The model ends in {node.op} ({node.name}), so it has no logits to explain: "
            "let softmax, sigmoid or a linear layer be its last."
        )


def _deciding(graph: Graph) -> Any:
    """Return the last step that does more than pass numbers; a cast of integers names classes."""
    node = graph.node(graph.output)
    while node is not None and node.op in _SAME_ORDER:
        before = graph.node(node.input[0])
        if node.op == "Cast" and not tf.as_dtype(node.attr["SrcT"].type).is_floating:
            return before if before is not None and before.op in _DECIDED else node
        node = before
    return node


def _logit(p: float) -> float:
    return math.log(p / (1 - p)) if 0 < p < 1 else math.copysign(math.inf, p - 0.5)


def _within(undo: Undo, low: float, high: float) -> Undo:
    """Return ``undo``, infinite for what no input gives."""
    return lambda y: undo(y) if low < y < high else math.copysign(math.inf, y - low)


# What squashes by itself, and how it is undone.
_SQUASHING: dict[str, tuple[str, Undo]] = {
    "Softmax": ("softmax", float),
    "LogSoftmax": ("log-softmax", float),
    "Sigmoid": ("sigmoid", _logit),
    "Tanh": ("tanh", _within(math.atanh, -1, 1)),
    "Softsign": ("softsign", _within(lambda y: y / (1 - abs(y)), -1, 1)),
    "Erf": ("erf", float),
    "Atan": ("arctan", math.tan),
}
# What bends one side alone: under a softmax it is a layer's activation and stays.
_BENDING: dict[str, tuple[str, Undo]] = {
    "Softplus": ("softplus", _within(lambda y: math.log(math.expm1(y)), 0, 700)),
    "Elu": ("elu", float),
    "Selu": ("selu", float),
    "LeakyRelu": ("leaky-relu", float),
}


class _Reader:
    """Reader of the steps of a graph, from its end on."""

    def __init__(self, graph: Graph, specs: Mapping[str, Spec]) -> None:
        self._graph, self._specs = graph, specs
        self._classes = specs[graph.output].an_image
        self._shared = False  # the last step divided by the sum over the classes

    def step(self, tensor: str, squashed: bool) -> Step | None:
        """Return the step that makes a tensor; None where the logits begin."""
        node, shared = self._graph.node(tensor), self._shared
        self._shared = False
        if node is None or node.op == "Placeholder" or not self._is_vector(tensor):
            return None
        if node.op in _SQUASHING:
            return self._whole(node)
        if node.op in _BENDING and not squashed:
            return Step(full(node.input[0]), *_bent(node))
        if node.op in ("Exp", "Pow", "Log", "Log1p", "Neg"):
            return self._of_one(node, shared, squashed)
        if node.op in _SAME_ORDER:
            return Step(full(node.input[0])) if self._is_vector(full(node.input[0])) else None
        clipped = self._clipped(node)
        return clipped or self._of_two(node, squashed)

    def _is_vector(self, tensor: str) -> bool:
        spec = self._specs.get(tensor)
        return (
            spec is not None
            and self._classes is not None
            and spec.dtype.is_floating
            and spec.an_image == self._classes
        )

    def _whole(self, node: Any) -> Step:
        name, undo = _SQUASHING[node.op]
        if self._classes == 1 and node.op in ("Softmax", "LogSoftmax"):
            raise ModelError(
                f"The model ends in a {name} over one unit ({node.name}), which is the same for "
                "every image: let it be a sigmoid, or one unit a class."
            )
        return Step(full(node.input[0]), name, True, undo)

    def _of_one(self, node: Any, shared: bool, squashed: bool) -> Step | None:
        below = full(node.input[0])
        if node.op == "Neg":
            return Step(below, None, False, lambda y: -y)
        if node.op == "Exp":
            name = "softmax" if shared else "exp"
            return Step(below, None if squashed and not shared else name, True,
                        lambda y: math.log(y) if y > 0 else -math.inf)  # fmt: skip
        if node.op == "Pow":
            power = self._number(node.input[1])
            return Step(below) if shared and power is not None and power > 0 else None
        undone = math.exp if node.op == "Log" else math.expm1
        return Step(below, None, True, undone)

    def _clipped(self, node: Any) -> Step | None:
        below = full(node.input[0])
        inner = self._graph.node(below)
        if node.op == "ClipByValue":
            ends = [self._number(name) for name in node.input[1:3]]
            return _clip(below, *ends)
        if {node.op, inner.op if inner is not None else ""} == {"Maximum", "Minimum"}:
            outer_parts, parts = self._parts(node), self._parts(inner)
            return _clip(parts[0], parts[1], outer_parts[1]) if parts and outer_parts else None
        if node.op != "Relu6" or inner is None or inner.op not in ("AddV2", "Add"):
            return None
        moved = self._parts(inner)  # hard sigmoid: relu6(x + 3) / 6
        if moved is None or moved[1] != 3:
            return None
        return Step(moved[0], "hard-sigmoid", True, lambda y: y - 3)

    def _of_two(self, node: Any, squashed: bool) -> Step | None:
        parts = self._parts(node)
        if parts is not None:
            return _affine(node.op, *parts)
        if len(node.input) != 2 or self._classes == 1:
            return None
        below, other = map(full, node.input)
        if node.op in ("RealDiv", "DivNoNan", "Div") and self._is_sum_of(other, below):
            self._shared = True
            return Step(below)
        # A softmax does not see a number that is taken off all classes alike.
        one = self._specs[other].an_image == 1 if other in self._specs else False
        centred = squashed and node.op == "Sub" and one and self._is_vector(below)
        return Step(below, "") if centred else None

    def _parts(self, node: Any) -> tuple[str, float, bool] | None:
        """Return a step's moving input, the one number it is joined with, and which comes first."""
        if len(node.input) != 2:
            return None
        left, right = (self._number(name) for name in node.input)
        if left is None and right is not None:
            return full(node.input[0]), right, True
        if right is None and left is not None:
            return full(node.input[1]), left, False
        return None

    def _number(self, tensor: str) -> float | None:
        """Return the one value of a constant; None for all else."""
        value = self._graph.constants.get(base(tensor))
        if value is None or value.size == 0 or value.dtype.kind not in "fiu" or np.ptp(value):
            return None
        return float(value.flat[0])

    def _is_sum_of(self, tensor: str, terms: str) -> bool:
        node = self._graph.node(tensor)
        while node is not None and node.op in ("AddV2", "Add", "Maximum", "Reshape", "ExpandDims"):
            node = self._graph.node(node.input[0])
        summed = node is not None and node.op == "Sum"
        return summed and self._are_same(full(node.input[0]), terms)

    def _are_same(self, one: str, other: str) -> bool:
        """Return whether two tensors are one, or made by the same steps of the same tensors."""
        if one == other:
            return True
        left, right = self._graph.node(one), self._graph.node(other)
        if left is None or right is None or left.op != right.op or left.op == "Placeholder":
            return False
        pairs = zip(left.input, right.input, strict=False)
        return left.attr == right.attr and all(self._are_same(full(a), full(b)) for a, b in pairs)


def _clip(below: str, one: float | None, other: float | None) -> Step | None:
    if one is None or other is None:
        return None
    return Step(below, "clip", middle=(one + other) / 2)


def _bent(node: Any) -> tuple[str, bool, Undo]:
    name, undo = _BENDING[node.op]
    return name, True, undo


def _affine(op: str, below: str, number: float, first: bool) -> Step | None:
    """Return a step that joins one number to all classes; ``first`` where classes come first."""
    if op in ("AddV2", "Add"):
        return Step(below, None, True, lambda y: y - number)
    if op == "Sub":
        return Step(below, None, first, (lambda y: y + number) if first else (lambda y: number - y))
    if op in ("Maximum", "Minimum"):
        return Step(below)
    if number == 0:
        return None
    if op == "Mul":
        return Step(below, None, number > 0, lambda y: y / number)
    if op in ("RealDiv", "Div", "DivNoNan"):
        if first:
            return Step(below, None, number > 0, lambda y: y * number)
        return Step(below, None, number < 0, lambda y: number / y if y else math.inf)
    return None

"""Any functional Keras model, however nested, as one flat list of steps that can be cut in two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import tree

from audit.errors import ModelError


@dataclass(frozen=True)
class Ref:
    """Stands for one tensor in the arguments of a step."""

    index: int


@dataclass(frozen=True)
class Step:
    """One operation; ``path`` names its layer through the nested models, joined by ``/``."""

    path: str
    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: tuple[int, ...]

    def inputs(self) -> set[int]:
        """Indices of the tensors that this step reads."""
        leaves = tree.flatten((self.args, self.kwargs))
        return {leaf.index for leaf in leaves if isinstance(leaf, Ref)}


@dataclass(frozen=True)
class Graph:
    """Steps in an order that can be run; tensor 0 is the image, ``output`` the model's output."""

    steps: tuple[Step, ...]
    output: int

    def cuts(self) -> list[int]:
        """Places of the steps whose single output is all that later steps read, in order."""
        return [
            place
            for place, step in enumerate(self.steps)
            if len(step.outputs) == 1 and self._alive_after(place) == set(step.outputs)
        ]

    def _alive_after(self, place: int) -> set[int]:
        read = {self.output}.union(*(step.inputs() for step in self.steps[place + 1 :]))
        made = {0}.union(*(step.outputs for step in self.steps[: place + 1]))
        return read & made


def flatten(model: Any) -> Graph:
    """Flatten a functional or Sequential model with one input and one output.

    Raises
    ------
    ModelError
        The model, or a model nested in it, is subclassed, or has several inputs or outputs.
    """
    graph = _functional(model)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ModelError(
            f"Model {model.name!r} has {len(graph.inputs)} inputs and {len(graph.outputs)} "
            "outputs: an audit needs one image in and one class vector out."
        )
    steps: list[Step] = []
    counter = iter(range(1, 10**9))
    (output,) = _append(graph, "", [0], steps, counter)
    return Graph(tuple(steps), output)


def _functional(model: Any) -> Any:
    if isinstance(model, keras.Sequential):
        model = model._functional
    if not hasattr(model, "_nodes_by_depth"):
        raise ModelError(
            "The model is subclassed or not built, so its layers cannot be told apart: "
            "rebuild it as a functional or Sequential model."
        )
    return model


def _append(
    model: Any, prefix: str, inputs: Sequence[int], steps: list[Step], counter: Any
) -> list[int]:
    """Append the steps of ``model`` run on tensors ``inputs``; return its outputs' indices."""
    known = {id(t): index for t, index in zip(model.inputs, inputs, strict=True)}
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if node.is_input:
                continue
            path = f"{prefix}{node.operation.name}"
            made = _append_node(node, path, known, steps, counter)
            known |= {id(t): i for t, i in zip(tree.flatten(node.outputs), made, strict=True)}
    return [known[id(t)] for t in model.outputs]


def _append_node(
    node: Any, path: str, known: Mapping[int, int], steps: list[Step], counter: Any
) -> list[int]:
    operation = node.operation
    if isinstance(operation, keras.Sequential) or hasattr(operation, "_nodes_by_depth"):
        inputs = [known[id(t)] for t in node.arguments.keras_tensors]
        return _append(_functional(operation), f"{path}/", inputs, steps, counter)
    args, kwargs = tree.map_structure(
        lambda leaf: Ref(known[id(leaf)]) if isinstance(leaf, keras.KerasTensor) else leaf,
        (node.arguments.args, node.arguments.kwargs),
    )
    outputs = [next(counter) for _ in tree.flatten(node.outputs)]
    steps.append(Step(path, operation, tuple(args), dict(kwargs), tuple(outputs)))
    return outputs


def run_steps(steps: Sequence[Step], values: dict[int, Any]) -> dict[int, Any]:
    """Run steps on real tensors and return ``values`` with what they made.

    Real tensors leave no trace in the layers, so the user's model is never changed.
    """
    known = dict(values)

    def filled(leaf: Any) -> Any:
        return known[leaf.index] if isinstance(leaf, Ref) else leaf

    for step in steps:
        args, kwargs = tree.map_structure(filled, (step.args, step.kwargs))
        made = tree.flatten(step.operation(*args, **kwargs))
        known |= dict(zip(step.outputs, made, strict=True))
    return known

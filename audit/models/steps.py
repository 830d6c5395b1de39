"""A Keras model as calls of its layers, one after the other, with nested models taken apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import tree

from audit.core.errors import ModelError


class Step(NamedTuple):
    """One call of one layer, which holds no other model.

    Attributes
    ----------
    layer : keras.Operation
    reads, makes : list of KerasTensor
    """

    layer: Any
    reads: list[Any]
    makes: list[Any]


class Seam(NamedTuple):
    """A tensor that all steps from ``at`` on read alone: nothing leads around it.

    Attributes
    ----------
    at : int
        Number of steps before it, the one that makes it among them.
    tensor : KerasTensor
    """

    at: int
    tensor: Any


class Steps:
    """Steps of a model in an order in which they can be made.

    Parameters
    ----------
    model : keras.Model
        Functional or Sequential; so are the models within it, which share their layers with these
        steps.
    size : int
        Side of the images.

    Attributes
    ----------
    image : KerasTensor
    steps : list of Step

    Raises
    ------
    ModelError
        The model has no graph of layers.
    """

    def __init__(self, model: Any, size: int) -> None:
        if not hasattr(_graph(model), "_run_through_graph"):
            raise ModelError(f"{model.name} has no graph of layers, as functional models have.")
        (own,) = tree.flatten(model.inputs)
        self.image = keras.Input((size, size, own.shape[-1]), dtype=own.dtype)
        self.steps: list[Step] = []
        (self._output,) = tree.flatten(
            _graph(model)._run_through_graph(self.image, call_fn=self._called)
        )

    def seams(self) -> list[Seam]:
        """Return all seams behind the image, in order."""
        last = {id(tensor): at for at, step in enumerate(self.steps) for tensor in step.reads}
        last[id(self._output)] = len(self.steps)
        alive, found = {id(self.image)}, []
        for at, step in enumerate(self.steps):
            made = {id(tensor) for tensor in step.makes}
            alive = {tensor for tensor in alive | made if last.get(tensor, -1) > at}
            if len(alive) == 1 and alive <= made:
                found += [Seam(at + 1, t) for t in step.makes if id(t) in alive]
        shared = self._shared()
        return [seam for seam in found if seam.at not in shared]

    def layers(self, start: int, end: int) -> list[Any]:
        """Return the layers of some steps that hold no other, each once, from input to output."""
        inner = (
            leaf
            for step in self.steps[start:end]
            if isinstance(step.layer, keras.Layer)
            for leaf in step.layer._flatten_layers()
        )
        return list({id(layer): layer for layer in inner}.values())

    def _shared(self) -> set[int]:
        """Return the places on both sides of which one layer with weights is called."""
        first: dict[int, int] = {}
        found: set[int] = set()
        for at in range(len(self.steps)):
            for layer in self.layers(at, at + 1):
                if layer.weights:
                    found.update(range(first.setdefault(id(layer), at) + 1, at + 1))
        return found

    def _called(self, layer: Any, *args: Any, **kwargs: Any) -> Any:
        inner = _graph(layer)
        if hasattr(inner, "_run_through_graph"):
            return inner._run_through_graph(args[0], call_fn=self._called)
        made = layer(*args, **kwargs)
        self.steps.append(Step(layer, _tensors((args, kwargs)), _tensors(made)))
        return made


def _graph(layer: Any) -> Any:
    """Return what runs through a model's layers: a Sequential model has it within."""
    return getattr(layer, "_functional", None) or layer


def _tensors(nest: Any) -> list[Any]:
    return [each for each in tree.flatten(nest) if isinstance(each, keras.KerasTensor)]

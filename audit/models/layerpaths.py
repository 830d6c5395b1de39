"""Layers by the tensors that they made, noted while a Keras model is traced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import tree


@contextmanager
def layer_paths(model: Any) -> Iterator[dict[str, str]]:
    """Yield a dictionary that tracing ``model`` fills: tensor's name to the layer's path.

    Paths go through nested models, joined by ``/``; the innermost layer counts. The model is as it
    was afterwards. Stays empty for what is no Keras 3 model.
    """
    paths: dict[str, str] = {}
    layers = []
    if isinstance(model, keras.Model):
        layers = [
            layer
            for layer in model._flatten_layers(include_self=False)
            if "call" not in vars(layer)
        ]
    stack: list[str] = []
    for layer in layers:
        vars(layer)["call"] = _noting(layer, layer.call, stack, paths)
    try:
        yield paths
    finally:
        for layer in layers:
            del vars(layer)["call"]


def _noting(layer: Any, call: Any, stack: list[str], paths: dict[str, str]) -> Any:
    def noting(*args: Any, **kwargs: Any) -> Any:
        stack.append(layer.name)
        try:
            made = call(*args, **kwargs)
            for tensor in tree.flatten(made):
                if hasattr(tensor, "graph"):
                    paths.setdefault(tensor.name, "/".join(stack))
        finally:
            stack.pop()
        return made

    return noting

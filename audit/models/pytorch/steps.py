"""Running a PyTorch model step by step: what each step gives may be looked at, or replaced."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, Protocol

import torch

from audit.models.pytorch.model import TorchModel

Watch = Callable[[str, torch.Tensor], torch.Tensor | None]
"""Is shown a step's name and result; what it returns, if anything, stands for the result."""


class Steps(Protocol):
    """A model whose steps can be watched."""

    def run(
        self, images: torch.Tensor, watch: Watch, among: Container[str] | None = None
    ) -> torch.Tensor:
        """Return the model's outputs, while ``watch`` sees the steps ``among``, or all."""

    def weighs(self, name: str) -> bool:
        """Return whether a step has weights that see more than one channel."""


class ModuleSteps:
    """Steps of a module: those of its inner modules, by their paths."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._named = {name: inner for name, inner in module.named_modules() if name}

    def run(
        self, images: torch.Tensor, watch: Watch, among: Container[str] | None = None
    ) -> torch.Tensor:
        """Return the outputs; see `Steps`."""
        watched = ((n, m) for n, m in self._named.items() if among is None or n in among)
        hooks = [m.register_forward_hook(_hook(name, watch)) for name, m in watched]
        try:
            return self._module(images)
        finally:
            for hook in hooks:
                hook.remove()

    def weighs(self, name: str) -> bool:
        """Return whether a module has a matrix or kernels of its own."""
        own = self._named[name].parameters(recurse=False)
        return any(parameter.ndim > 1 for parameter in own)


def _hook(name: str, watch: Watch) -> Callable[..., Any]:
    def seen(module: Any, given: Any, result: Any) -> Any:
        return watch(name, result) if isinstance(result, torch.Tensor) else None

    return seen


class GraphSteps:
    """Steps of an exported program: the operations of its graph, by their names."""

    _WEIGH = ("conv", "linear", "addmm", "mm", "matmul")

    def __init__(self, module: Any) -> None:
        self._module = module
        self._nodes = {node.name: node for node in module.graph.nodes}

    def run(
        self, images: torch.Tensor, watch: Watch, among: Container[str] | None = None
    ) -> torch.Tensor:
        """Return the outputs; see `Steps`."""
        found = _Watched(self._module, watch, among).run(images)
        return found[0] if isinstance(found, tuple | list) else found

    def weighs(self, name: str) -> bool:
        """Return whether an operation is a convolution or a product with a matrix."""
        target = str(self._nodes[name].target)
        return any(part in target for part in self._WEIGH)


class _Watched(torch.fx.Interpreter):  # type: ignore[misc]
    def __init__(self, module: Any, watch: Watch, among: Container[str] | None) -> None:
        super().__init__(module)
        self._watch, self._among = watch, among

    def run_node(self, n: Any) -> Any:
        result = super().run_node(n)
        watched = n.op == "call_function" and (self._among is None or n.name in self._among)
        if not watched or not isinstance(result, torch.Tensor):
            return result
        instead = self._watch(n.name, result)
        return result if instead is None else instead


def steps_of(model: TorchModel) -> Steps:
    """Return the steps of a model as it was given."""
    return GraphSteps(model.module) if model.exported else ModuleSteps(model.module)

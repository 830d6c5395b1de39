"""A PyTorch model with the face that an audit needs of any."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ModelError
from audit.models.identity import hash_of, weights_hash
from audit.models.scaling import of_statistics


class TorchModel:
    """A PyTorch model with the face that an audit needs of any.

    Parameters
    ----------
    module : torch.nn.Module
        Takes float32 images ``(n, 3, H, W)``.
    name : str

    Attributes
    ----------
    exported : bool
        Whether it is a graph without layers of its own, as torch.export writes it.
    size : int or None
        Side of its input, where it says so.
    batch : int or None
        Images of every call, where an export fixed their number.
    pixels : str
        Treatment of the pixels that its own configuration asks for; "" where it has none.
    """

    def __init__(self, module: Any, name: str, program: Any = None) -> None:
        self.module, self.name = module, name
        self.exported = program is not None
        config = getattr(module, "pretrained_cfg", None) or getattr(module, "default_cfg", None)
        self.pixels = _pixels(config or {})
        self.size, self.batch = (
            _sides(program) if self.exported else (_side(module, config or {}), None)
        )

    def identity(self) -> dict[str, str]:
        """Return hashes of what it is made of, as PyTorch prints it, and of its weights."""
        printed = str(self.module.graph if self.exported else self.module)
        return {
            "architecture_sha256": hash_of([("architecture", printed.encode())]),
            "weights_sha256": weights_hash(self),
        }

    def get_weights(self) -> list[NDArray[Any]]:
        """Return the values of all parameters and buffers."""
        state = self.module.state_dict()
        return [_as_array(value) for _, value in sorted(state.items())]

    def count_params(self) -> int | None:
        """Return the number of values in all parameters; None where it holds them otherwise."""
        return sum(parameter.numel() for parameter in self.module.parameters())


def torch_ready() -> Any:
    """Import PyTorch; `ModelError` where it is missing."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise ModelError(
            "PyTorch is not installed: pip install 'flower-audit[torch]' reads its models."
        ) from None


def answering(module: Any) -> Any:
    """Change a module to what answers alone: evaluation, single precision, no weight's gradient."""
    module.float().eval()
    for parameter in module.parameters():  # TorchScript's modules have no requires_grad_
        parameter.requires_grad_(False)
    return module


def _sides(program: Any) -> tuple[int | None, int | None]:
    """Return the side of an exported program's images and their number, where both are fixed."""
    given = program.graph_signature.user_inputs
    if len(given) != 1:
        raise ModelError(f"The model has {len(given)} inputs: an audit needs one image.")
    node = next(n for n in program.graph.nodes if n.name == given[0])
    value = node.meta["val"]
    if value.ndim != 4 or value.shape[1] != 3 or not value.dtype.is_floating_point:
        raise ModelError(
            f"The model takes {tuple(value.shape)} of {value.dtype}: an audit needs one float "
            "image (n, 3, H, W)."
        )
    fixed = [side if isinstance(side, int) else None for side in value.shape]
    if fixed[2] != fixed[3]:
        raise ModelError(f"The model takes {fixed[2]}x{fixed[3]} pixels: an audit needs a square.")
    return fixed[2], fixed[0]


def _side(module: Any, config: dict[str, Any]) -> int | None:
    """Return the side that a module of timm was made for; None where it does not say."""
    patches = getattr(module, "patch_embed", None)
    shape = getattr(patches, "img_size", None) or config.get("input_size")
    return int(shape[-1]) if shape and shape[-1] == shape[-2] else None


def _pixels(config: dict[str, Any]) -> str:
    """Return the treatment of pixels that timm's configuration asks for; "" where it has none."""
    mean, deviation = config.get("mean"), config.get("std")
    return of_statistics(mean, deviation) if mean and deviation else ""


def _as_array(value: Any) -> NDArray[Any]:
    wide = value.float() if value.is_floating_point() else value
    return np.asarray(wide.detach().cpu())

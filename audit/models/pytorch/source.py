"""PyTorch models as they are given: a file of torch.export, or a function that makes a module."""

from __future__ import annotations

import importlib
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ModelError, first_line
from audit.models.scaling import of_statistics

_MADE_BY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
EXPORTED = ".pt2"
_OTHERS = (".pt", ".pth", ".ckpt", ".bin")
_EXPORT = (
    "export it, torch.export.save(torch.export.export(model.eval(), (images,), "
    "dynamic_shapes=({0: torch.export.Dim.AUTO},)), 'FILE.pt2'), or give --model "
    "PACKAGE.MODULE:FUNCTION of a function that returns the model"
)


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

    def get_weights(self) -> list[NDArray[Any]]:
        """Return the values of all parameters and buffers."""
        state = self.module.state_dict()
        return [_as_array(value) for _, value in sorted(state.items())]

    def count_params(self) -> int:
        """Return the number of values in all parameters."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    def architecture(self) -> bytes:
        """Return what the model is made of, as PyTorch prints it."""
        return str(self.module.graph if self.exported else self.module).encode()


def is_torch(given: Path) -> bool:
    """Return whether ``--model`` names a PyTorch model: a file, or a function that makes one."""
    return given.suffix.lower() in (EXPORTED, *_OTHERS) or bool(made_by(given))


def made_by(given: Path) -> str:
    """Return ``PACKAGE.MODULE:FUNCTION`` where that is given in place of a file; else ""."""
    words = str(given)
    return words if _MADE_BY.fullmatch(words) and not given.exists() else ""


def load_torch(given: Path, *, trust: bool) -> TorchModel:
    """Load a file of torch.export, or call the function that makes a module.

    Raises
    ------
    ModelError
        PyTorch is missing, it is another kind of file, it cannot be read, or trust is missing:
        both run code.
    """
    function = made_by(given)
    if not function:
        _refuse_other_files(given)
    torch = torch_ready()
    if not trust:
        what = "a function, which runs its code" if function else "a program of its own"
        raise ModelError(f"{given} is {what}: add --trust-model if you trust it.")
    try:
        return _called(torch, function) if function else _opened(torch, given)
    except ModelError:
        raise
    except Exception as error:  # code of others, and files of any version, raise anything
        raise ModelError(f"Cannot load {given}: {first_line(error)}.") from None


def torch_ready() -> Any:
    """Import PyTorch; `ModelError` where it is missing."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise ModelError(
            "PyTorch is not installed: pip install 'flower-audit[torch]' reads its models."
        ) from None


def _refuse_other_files(file: Path) -> None:
    if not file.is_file():
        raise ModelError(f"No model file {file}.")
    names = zipfile.ZipFile(file).namelist() if zipfile.is_zipfile(file) else []
    if any(re.search(r"(^|/)code/", name) for name in names):
        raise ModelError(
            f"{file} is of TorchScript, which shows no layers: load it where its model is "
            f"defined and {_EXPORT}."
        )
    if file.suffix.lower() != EXPORTED:
        raise ModelError(
            f"{file} holds weights, or a pickled object, which runs code: load it where its "
            f"model is defined and {_EXPORT}."
        )
    if not names:
        raise ModelError(f"Cannot load {file}, is it whole? It is no ZIP file.")


def _opened(torch: Any, file: Path) -> TorchModel:
    program = torch.export.load(str(file))
    return TorchModel(program.module().requires_grad_(False), file.stem, program)


def _called(torch: Any, function: str) -> TorchModel:
    where, _, name = function.partition(":")
    if "" not in sys.path:  # as python -m has it: the user's own module lies where they are
        sys.path.insert(0, "")
    made = importlib.import_module(where)
    for part in name.split("."):
        made = getattr(made, part)
    module = made()  # type: ignore[operator]
    if not isinstance(module, torch.nn.Module):
        raise ModelError(
            f"{function} returns a {type(module).__name__}, not a torch.nn.Module: let it return "
            "the model itself."
        )
    return TorchModel(answering(module), name)


def answering(module: Any) -> Any:
    """Change a module to what answers alone: evaluation, single precision, no weight's gradient."""
    return module.float().eval().requires_grad_(False)


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

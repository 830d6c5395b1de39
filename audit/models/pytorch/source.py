"""PyTorch models as they are given: files of torch.export and TorchScript, or a function."""

from __future__ import annotations

import importlib
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

from audit.core.errors import ModelError, first_line
from audit.models.pytorch.model import TorchModel, answering, torch_ready
from audit.models.pytorch.scriptmodel import ScriptModel, is_script

_MADE_BY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
EXPORTED = ".pt2"
_OTHERS = (".pt", ".pth", ".ckpt", ".bin")
_EXPORT = (
    "export it, torch.export.save(torch.export.export(model.eval(), (images,), "
    "dynamic_shapes=({0: torch.export.Dim.AUTO},)), 'FILE.pt2'), or give --model "
    "PACKAGE.MODULE:FUNCTION of a function that returns the model"
)


def is_torch(given: Path) -> bool:
    """Return whether ``--model`` names a PyTorch model: a file, or a function that makes one."""
    return given.suffix.lower() in (EXPORTED, *_OTHERS) or bool(made_by(given))


def made_by(given: Path) -> str:
    """Return ``PACKAGE.MODULE:FUNCTION`` where that is given in place of a file; else ""."""
    words = str(given)
    return words if _MADE_BY.fullmatch(words) and not given.exists() else ""


def load_torch(given: Path, *, trust: bool) -> TorchModel:
    """Load a file of torch.export or TorchScript, or call the function that makes a module.

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


def _refuse_other_files(file: Path) -> None:
    if not file.is_file():
        raise ModelError(f"No model file {file}.")
    if is_script(file):
        return
    if file.suffix.lower() != EXPORTED:
        raise ModelError(
            f"{file} holds weights, or a pickled object, which runs code: load it where its "
            f"model is defined and {_EXPORT}."
        )
    if not zipfile.is_zipfile(file):
        raise ModelError(f"Cannot load {file}, is it whole? It is no ZIP file.")


def _opened(torch: Any, file: Path) -> TorchModel:
    if is_script(file):
        place = None if torch.cuda.is_available() else "cpu"  # it may come from a GPU
        return ScriptModel(answering(torch.jit.load(str(file), map_location=place)), file.stem)
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

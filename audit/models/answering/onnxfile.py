"""ONNX files, answered by ONNX Runtime."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ModelError, first_line
from audit.models.answering.external import external_files
from audit.models.answering.model import hashed
from audit.models.inputs import ImageInput

SUFFIX = ".onnx"
_FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
_WHOLE = {"tensor(uint8)": np.uint8, "tensor(int32)": np.int32, "tensor(int64)": np.int64}
_ERRORS_ALONE = 3  # of what ONNX Runtime logs


class OnnxModel:
    """A classifier in an ONNX file.

    Parameters
    ----------
    file : Path
    session : onnxruntime.InferenceSession
        Of that file.
    beside : sequence of Path
        Files that it keeps weights in.

    Raises
    ------
    ModelError
        It does not take one square image, or gives more than one output.
    """

    why = "an ONNX file gives its answers alone"

    def __init__(self, file: Path, session: Any, beside: list[Path]) -> None:
        self.name, self._session, self._files = file.stem, session, [file, *beside]
        self._given = _only(session.get_inputs(), "input", "one image")
        self._made = _only(session.get_outputs(), "output", "one of classes")
        shape = self._given.shape
        if len(shape) != 4 or not {shape[1], shape[3]} & {1, 3}:
            raise ModelError(
                f"The model's input is {shape}: an audit needs one image, (n, 3, H, W) or "
                "(n, H, W, 3)."
            )
        self._first = shape[3] not in (1, 3)  # channels before rows and columns
        self._type = (_FLOATS | _WHOLE).get(self._given.type)
        if self._type is None:
            raise ModelError(f"The model takes {self._given.type}: an audit needs pixels.")
        self.batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None

    def input(self, image_size: int | None) -> ImageInput:
        """Return what it takes; ``image_size`` where it leaves its size open."""
        shape = self._given.shape
        channels, *sides = shape[1:] if self._first else (shape[3], *shape[1:3])
        size = _side([side for side in sides if isinstance(side, int) and side > 0], image_size)
        return ImageInput(size, grey=channels == 1, whole=self._given.type in _WHOLE)

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return outputs ``(n, units)`` of images ``(n, H, W, 3)``; a fixed batch is filled up."""
        given = images.transpose(0, 3, 1, 2) if self._first else images
        given = np.ascontiguousarray(given, self._type)
        batch = self.batch or len(given)
        found = [self._answers(given[i : i + batch], batch) for i in range(0, len(given), batch)]
        return np.concatenate(found).astype(np.float32)

    def identity(self) -> dict[str, str]:
        """Return hashes of what it takes and gives, and of its files."""
        face = (self._given.type, self._given.shape, self._made.shape)
        return {
            "architecture_sha256": hashed([repr(face).encode()]),
            "weights_sha256": hashed([file.read_bytes() for file in self._files]),
        }

    def count_params(self) -> int | None:
        """Return None: ONNX Runtime does not tell weights."""
        return None

    def _answers(self, images: NDArray[Any], batch: int) -> NDArray[Any]:
        """Return the outputs of one batch, which the last image fills up."""
        lacking = [images[-1:]] * (batch - len(images))
        try:
            (found,) = self._session.run(
                [self._made.name], {self._given.name: np.concatenate([images, *lacking])}
            )
        except Exception as error:  # ONNX Runtime raises kinds of its own
            raise ModelError(
                f"{self.name} does not run on {batch} images of {max(images.shape[1:])} pixels: "
                f"{first_line(error)}."
            ) from None
        outputs = np.asarray(found)
        places = tuple(axis for axis in range(2, outputs.ndim) if outputs.shape[axis] == 1)
        return outputs.squeeze(places)[: len(images)]


def load_onnx(file: Path) -> OnnxModel:
    """Load an ONNX file, and what weights it keeps beside itself.

    No trust is needed: it is made of operators that ONNX Runtime has, and no library with others is
    ever registered.

    Raises
    ------
    ModelError
        ONNX Runtime is missing, the file is torn, has operators of its own, keeps weights outside
        of its folder, or is no image classifier.
    """
    if not file.is_file():
        raise ModelError(f"No model file {file}.")
    beside = external_files(file)
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError:
        raise ModelError(
            "ONNX Runtime is not installed: pip install 'flower-audit[onnx]' reads ONNX files."
        ) from None
    options = runtime.SessionOptions()
    options.log_severity_level = _ERRORS_ALONE
    try:
        session = runtime.InferenceSession(
            str(file), options, providers=runtime.get_available_providers()
        )
    except Exception as error:  # ONNX Runtime raises kinds of its own
        raise ModelError(f"Cannot load {file}, is it whole? {first_line(error)}.") from None
    return OnnxModel(file, session, beside)


def _side(fixed: list[int], asked: int | None) -> int:
    """Return the side of the input, by the sides that the file fixes and by what is asked for."""
    if len(set(fixed)) > 1:
        raise ModelError(f"The model takes {fixed[0]}x{fixed[1]} pixels: an audit needs a square.")
    if not (fixed or asked):
        raise ModelError("The model takes images of any size: choose one with --image-size.")
    size = int((*fixed, asked)[0] or 0)
    if asked not in (None, size):
        raise ModelError(f"The model takes {size} pixels, not {asked}: give --image-size {size}.")
    return size


def _only(told: list[Any], what: str, wanted: str) -> Any:
    if len(told) != 1:
        names = ", ".join(each.name for each in told)
        raise ModelError(
            f"The model has {len(told)} {what}s ({names}), but an audit needs {wanted}: export it "
            "without the others."
        )
    return told[0]

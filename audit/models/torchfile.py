"""Reader of tensors, and nothing but tensors, from a legacy PyTorch file; needs no torch."""

from __future__ import annotations

import collections
import math
import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ModelError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(stride))


class _TensorsOnly(pickle.Unpickler):
    """Unpickler of ordered dictionaries, tensors and storages that refuses all other globals."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no tensor")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, count, *_ = pid
        if kind != "storage" or dtype not in _DTYPES.values():
            raise pickle.UnpicklingError(f"it holds a {kind}, which is no tensor storage")
        return _Storage(str(key), dtype, int(count))


def read_tensors(file: Path) -> dict[str, NDArray[Any]]:
    """Read a state dictionary saved by PyTorch before 1.6 (``torch.save``'s legacy layout).

    Parameters
    ----------
    file : Path
        The ``.pth`` file. It may come from anywhere: no code in it is run.

    Returns
    -------
    dict[str, NDArray]
        Arrays by name, in the dtypes and shapes of the file.

    Raises
    ------
    ModelError
        The file is missing, torn, of another layout, or holds anything but tensors.
    """
    try:
        with file.open("rb") as stream:
            return _read(stream)
    except OSError as error:
        raise ModelError(f"Cannot read weights {file}: {error.strerror}.") from None
    except Exception as error:  # a hostile pickle can raise anything
        raise ModelError(f"Refused weights {file}: {error}.") from None


def _read(stream: BinaryIO) -> dict[str, NDArray[Any]]:
    head = [_TensorsOnly(stream).load() for _ in range(3)]
    if head[:2] != [_MAGIC, _PROTOCOL] or not head[2].get("little_endian"):
        raise pickle.UnpicklingError("it is not in PyTorch's legacy layout")
    tensors = _TensorsOnly(stream).load()
    if not all(isinstance(t, _Tensor) for t in tensors.values()):
        raise pickle.UnpicklingError("it holds more than tensors")
    keys = _TensorsOnly(stream).load()
    dtypes = {t.storage.key: t.storage.dtype for t in tensors.values()}
    counts = {t.storage.key: t.storage.count for t in tensors.values()}
    storages = {k: _read_storage(stream, np.dtype(dtypes[k]), counts[k]) for k in keys}
    return {name: _materialise(t, storages[t.storage.key]) for name, t in tensors.items()}


def _read_storage(stream: BinaryIO, dtype: np.dtype[Any], expected: int) -> NDArray[Any]:
    (count,) = struct.unpack("<q", stream.read(8))
    data = stream.read(expected * dtype.itemsize)
    if count != expected or len(data) != count * dtype.itemsize:
        raise pickle.UnpicklingError("it ends early")
    return np.frombuffer(data, dtype)


def _materialise(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    # Only now: a pickle can still change a tensor after it was made.
    last = tensor.offset + sum(
        (n - 1) * step for n, step in zip(tensor.shape, tensor.stride, strict=True)
    )
    inside = min((tensor.offset, *tensor.stride)) >= 0 and last < len(storage)
    if not inside or min((1, *tensor.shape)) < 1 or math.prod(tensor.shape) > len(storage):
        raise pickle.UnpicklingError("a tensor reaches beyond its storage")
    steps = tuple(step * storage.itemsize for step in tensor.stride)
    view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, steps)
    return np.array(view)  # a copy, so that no view of a storage is left

"""Files that an ONNX file keeps weights in, read off it before any library opens it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from audit.core.errors import ModelError, quoted

# What of ONNX's messages leads to tensors: the fields' numbers, and the messages that they hold.
_FIELDS = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
_KEY, _VALUE = 1, 2  # fields of an entry
_IN_MEMORY = "_ORT_MEM_ADDR_"  # ONNX Runtime takes such a place for an address in memory


def external_files(file: Path) -> list[Path]:
    """Return the files beside an ONNX file that it keeps weights in.

    Raises
    ------
    ModelError
        It is torn, or one of them lies outside of the file's own folder.
    """
    try:
        named = sorted(set(_locations(memoryview(file.read_bytes()))))
    except (ValueError, IndexError):
        raise ModelError(f"Cannot load {file}, is it whole? It is no ONNX file.") from None
    return [_beside(file, name) for name in named]


def _beside(file: Path, name: str) -> Path:
    """Return where weights lie; `ModelError` unless that is a file in the model's own folder."""
    folder = file.parent.resolve()
    found = (folder / name).resolve()
    if _IN_MEMORY in name or not found.is_relative_to(folder):
        raise ModelError(
            f"{file} keeps weights outside of its own folder, in {quoted(name)}: save it with "
            "its weights inside, or beside it."
        )
    if not found.is_file():
        raise ModelError(f"{file} keeps weights in {quoted(name)} beside it, which is not there.")
    return found


def _locations(content: memoryview) -> Iterator[str]:
    """Yield the places of weights that a model's tensors name, as they stand there."""
    left = [("model", content)]  # no recursion: a file may nest as deep as it likes
    while left:
        kind, message = left.pop()
        if kind == "entry":
            yield from _places(message)
            continue
        inner = _FIELDS[kind]
        left += [(inner[number], part) for number, part in _parts(message) if number in inner]


def _places(entry: memoryview) -> Iterator[str]:
    """Yield what an entry says is a place; of fields that come twice, each."""
    fields = list(_parts(entry))
    if any(number == _KEY and bytes(part) == b"location" for number, part in fields):
        yield from (str(part, "utf-8") for number, part in fields if number == _VALUE)


def _parts(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and content of those fields of a message that have a length."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 2:
            size, at = _varint(message, at)
            yield tag >> 3, message[at : at + size]
            at += size
        elif kind == 0:
            _, at = _varint(message, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        if at > len(message):
            raise ValueError("it ends too early")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    value = shift = 0
    while shift < 70:
        byte = message[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at
    raise ValueError("a number without end")

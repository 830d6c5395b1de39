"""Kinds of files that hold no readable model, and what would be needed."""

from __future__ import annotations

import zipfile
from pathlib import Path

SUFFIXES = (".keras", ".h5", ".hdf5")
_WANTED = (
    "give a .keras or .h5 file, a SavedModel folder, a .pt2 file of torch.export, or an .onnx file"
)
_CONVERT = f"convert it to Keras and {_WANTED}"
_WHOLE = "save the whole model, model.save('FILE.keras')"
_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF"

_BY_SUFFIX = {
    (".tflite", ".lite"): ("a TensorFlow Lite model, made for inference alone",
                           f"{_WANTED} that it was made of"),
    (".pkl", ".pickle", ".joblib", ".sav"): ("a pickled object, which runs code when it is read",
                                             _WHOLE + ", instead of pickling it"),
    (".safetensors", ".npz", ".npy"): ("weights alone", _CONVERT),
    (".index", ".meta"): ("part of a TensorFlow checkpoint: weights alone", _WHOLE),
    (".json", ".yaml", ".yml"): ("an architecture without weights", _WHOLE),
    (".pb", ".pbtxt"): ("a TensorFlow graph", "give the SavedModel folder that it lies in"),
    (".mlmodel", ".mlpackage"): ("a Core ML model", f"{_WANTED} that it was made of"),
    (".zip", ".tar", ".gz", ".tgz"): ("an archive", f"unpack it and {_WANTED}"),
}  # fmt: skip


def refusal(path: Path) -> str | None:
    """Say what a path is and what to give instead, as ``it is ...: ...``; None for a model."""
    if path.is_dir():
        return _of_folder(path)
    if path.suffix.lower() in SUFFIXES:
        return _of_other_content(path)
    for suffixes, (what, mend) in _BY_SUFFIX.items():
        if path.suffix.lower() in suffixes or (".data-0" in path.name and ".index" in suffixes):
            return f"it is {what}: {mend}"
    return _WANTED


def _of_folder(folder: Path) -> str | None:
    inner = sorted(file.parent for file in folder.glob("*/saved_model.pb"))
    if inner:
        return f"it is a folder of SavedModels: give {inner[-1]}"
    if (folder / "checkpoint").is_file() or any(folder.glob("*.index")):
        return f"it is a folder of checkpoints, which are weights alone: {_WHOLE}"
    if (folder / "model.json").is_file():
        return f"it is a model of TensorFlow.js: {_WANTED} that it was made of"
    return _WANTED


def _of_other_content(file: Path) -> str | None:
    """Say what a file with a model's suffix is by its first bytes."""
    with file.open("rb") as opened:
        begin = opened.read(4)
    if file.suffix == ".keras" and begin == _HDF5:
        return f"it is an HDF5 file: rename it to {file.stem}.h5"
    if file.suffix != ".keras" and begin == _ZIP:
        return f"it is no HDF5 file but a ZIP file: rename it to {file.stem}.keras"
    if file.suffix == ".keras" and zipfile.is_zipfile(file):
        names = zipfile.ZipFile(file).namelist()
        if "config.json" not in names:
            return f"it is a ZIP file without the config.json of a Keras model: {_WHOLE}"
    return None

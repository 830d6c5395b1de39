"""Origin of a Keras file, as it says itself: who wrote it, its architecture, what it needs."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py

from audit.core.errors import ModelError, first_line

_CLASS = re.compile(
    r"(?:Could not locate class|Unknown layer:|Unknown object:|Unknown \w+: )\s*'?([\w>.]+)'?"
)
_FUNCTION = re.compile(
    r"(?:Could not locate function|Unknown \w* ?function:?|"
    r"Could not interpret [\w ]+ identifier:)\s*'?([\w>.]+)'?"
)


class Origin(NamedTuple):
    """Origin of a Keras file, as it says itself.

    Attributes
    ----------
    version : str
        Of the Keras that wrote it; "" where it does not say.
    config : dict
        The architecture; empty where there is none.
    """

    version: str
    config: dict[str, Any]


def origin_of(file: Path) -> Origin:
    """Read who wrote a ``.keras`` or HDF5 file, and its architecture.

    Raises
    ------
    ModelError
        It cannot be read: what cannot be looked at is not given to Keras.
    """
    try:
        origin = _of_zip(file) if file.suffix == ".keras" else _of_hdf5(file)
    except Exception as error:  # zipfile, json and h5py raise many kinds for a torn file
        raise ModelError(f"Cannot load {file}, is it whole? {first_line(error)}.") from None
    if not isinstance(origin.config, dict):
        raise ModelError(f"Cannot load {file}, is it whole? Its architecture is no object.")
    return origin


def _of_zip(file: Path) -> Origin:
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("metadata.json"))
        return Origin(_version(about), json.loads(archive.read("config.json")))


def _of_hdf5(file: Path) -> Origin:
    with h5py.File(file) as opened:
        return Origin(_version(opened.attrs), json.loads(opened.attrs.get("model_config", "{}")))


def _version(about: Mapping[str, Any]) -> str:
    return str(about.get("keras_version", ""))


def layers_of(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every layer's entry in a model's architecture, however nested."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        for value in config.values():
            yield from layers_of(value)
    elif isinstance(config, list):
        for value in config:
            yield from layers_of(value)


def missing_part(error: str, origin: Origin) -> str | None:
    """Say which class or function a file needs that Keras lacks, and the mend; None otherwise.

    ``--trust-model`` is no mend: the file names the class and does not hold it.
    """
    found, what = _CLASS.search(error), "class"
    if found is None:
        found, what = _FUNCTION.search(error), "function"
    if found is None:
        return None
    name = found.group(1).split(">")[-1]
    layer = _layer_with(name, origin.config)
    return f"its layer {layer!r} {lacking(what, name)}" if layer else f"it {lacking(what, name)}"


def lacking(what: str, name: str) -> str:
    """Say that a class or function is not there, to be read after what needs it."""
    return (
        f"needs the {what} {name}, which is not part of Keras and not in the file: where it is "
        "defined, model.export('FOLDER') makes a SavedModel to audit with --trust-model; "
        "or import it in Python before audit.run"
    )


def _layer_with(name: str, config: dict[str, Any]) -> str | None:
    """Return the name of the innermost layer that is of a class or names a function."""
    found = None
    for layer in layers_of(config):
        inner = layer.get("config")
        if not isinstance(inner, dict) or "layers" in inner or "name" not in inner:
            continue
        own = str(layer.get("registered_name") or layer["class_name"]).split(">")[-1]
        if name in (own, layer["class_name"]) or f'"{name}"' in json.dumps(inner):
            found = str(inner["name"])
    return found

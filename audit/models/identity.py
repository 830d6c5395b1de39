"""Identity of a model: architecture, weights, the pixels it wants, and its classes."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audit.models.origin import origin_of

# Of a .keras file, what is no architecture: weights, and when it was saved by which Keras.
_ELSEWHERE = ("config.json", "metadata.json")
_NOT_BUILT_OF = ("compile_config", "shared_object_id")  # how it is trained; a place in memory


def identity(model: Any, file: Path, scaling: str, classes: Sequence[str]) -> dict[str, str]:
    """Hash what a model's answers rest on.

    Classes and functions that a file only names, defined elsewhere in Python, are not part of it.

    Parameters
    ----------
    model : keras.Model, tf_keras.Model or SavedModel, or what has an ``identity`` of its own
    file : Path
        Where it was loaded from; of a model that was handed in, of no matter.
    scaling : str
        Pixels that it wants, as `scaling.treated` calls them.
    classes : sequence of str
        In the order of its outputs.

    Returns
    -------
    dict of str
        ``sha256`` of everything, ``architecture_sha256`` and ``weights_sha256``: 64 hex digits.
    """
    parts = (
        model.identity()
        if hasattr(model, "identity")
        else {
            "architecture_sha256": hash_of(_described(model, file)),
            "weights_sha256": weights_hash(model),
        }
    )
    everything = [*parts.values(), scaling, *classes]
    whole = hashlib.sha256(json.dumps(everything).encode("utf-8", "surrogatepass")).hexdigest()
    return {"sha256": whole} | parts


def difference(known: Mapping[str, Any], found: Mapping[str, str]) -> str:
    """Say how a model differs from what a manifest has of it; "" where it does not.

    Earlier versions kept the hash of the weights alone.
    """
    if "architecture_sha256" not in known:
        same = known.get("sha256", found["weights_sha256"]) == found["weights_sha256"]
        return "" if same else "weights"
    for key, what in (("architecture_sha256", "architecture"), ("weights_sha256", "weights")):
        if known[key] != found[key]:
            return what
    return "" if known.get("sha256") == found["sha256"] else "scaling of pixels or order of classes"


def weights_hash(model: Any) -> str:
    """Return the SHA-256 of all weights in their order."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def hash_of(parts: Iterable[tuple[str, bytes]]) -> str:
    """Return the SHA-256 of contents and their names, in their order."""
    digest = hashlib.sha256()
    for name, content in parts:
        digest.update(f"{name}\t{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _described(model: Any, file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield all that a model is made of but its weights, by name."""
    if file.exists():
        yield from _files(file)
    else:
        yield "config", _sorted(json.loads(model.to_json()))


def _files(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield all of a model's files but its weights, by name."""
    if file.is_dir():
        paths = (p for p in file.rglob("*") if p.is_file() and "variables" not in p.parts)
        yield from ((p.relative_to(file).as_posix(), p.read_bytes()) for p in sorted(paths))
        return
    yield "config", _sorted(origin_of(file).config)
    if file.suffix == ".keras":
        with zipfile.ZipFile(file) as archive:
            for name in sorted(archive.namelist()):
                if name not in _ELSEWHERE and not name.endswith(".h5"):
                    yield name, archive.read(name)


def _sorted(config: Any) -> bytes:
    return json.dumps(_built_of(config), sort_keys=True).encode()


def _built_of(config: Any) -> Any:
    """Return a config without what may change when the same model is saved again."""
    if isinstance(config, dict):
        kept = {key: value for key, value in config.items() if key not in _NOT_BUILT_OF}
        return {key: _built_of(value) for key, value in kept.items()}
    return [_built_of(value) for value in config] if isinstance(config, list) else config

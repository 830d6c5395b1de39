"""Check that a model file can be read at all: a damaged one can hold the HDF5 library for ever."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

from audit.core.errors import ModelError, first_line

LIMIT = 60  # seconds; a whole file takes less than one
SWELLS = 100  # times its own size that a file's content may have: Keras does not compress

_ENTRIES = {"metadata.json", "config.json", "model.weights.h5"}

# A process of its own can be ended. It looks at everything that Keras could come across.
_LOOK = """
import sys
file, inside, swells, *sys.path = sys.argv[1:]
import io, os, zipfile
import h5py

most = int(swells) * os.path.getsize(file)

def look(name, item):
    if isinstance(item, h5py.Group):
        for key in item:
            if not isinstance(item.get(key, getlink=True), h5py.HardLink):
                raise ValueError(f"{name + '/' + key!r} lies elsewhere")
    elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
        raise ValueError(f"{name!r} lies elsewhere")
    for key in item.attrs:
        try:
            item.attrs[key]
        except TypeError:  # of a kind that NumPy lacks
            pass
    if isinstance(item, h5py.Dataset):
        if item.nbytes > most:
            raise ValueError(f"{name!r} is beyond measure")
        if item.chunks or item.dtype.hasobject:  # all others are one run of bytes
            item[()]

with h5py.File(io.BytesIO(zipfile.ZipFile(file).read(inside)) if inside else file) as opened:
    look("", opened)
    opened.visititems(look)
"""


def refuse_damaged(file: Path) -> None:
    """Look once at all that a ``.keras`` or ``.h5`` file holds, as far as it can be damaged.

    Raises
    ------
    ModelError
        The file is torn, differs from its checksums, swells beyond measure, never ends, or holds
        what no model does: weights that lie in another file, an entry twice, links.
    """
    if file.suffix != ".keras":
        return _look(file)
    for inside in _weights_in(file):
        _look(file, inside)
    return None


def _weights_in(file: Path) -> list[str]:
    """Return the names of the HDF5 files in a ``.keras`` file, whose checksums are compared."""
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > SWELLS * file.stat().st_size:
                raise ValueError("its content is beyond measure")
            _refuse_odd_entries(archive)
            torn = archive.testzip()
            if torn is not None:
                raise ValueError(f"{torn!r} is not as its checksum says")
            return [name for name in archive.namelist() if name.endswith(".h5")]
    except Exception as error:  # zipfile and zlib raise many kinds
        raise _torn(file, first_line(error)) from None


def _refuse_odd_entries(archive: zipfile.ZipFile) -> None:
    """Refuse double and unknown entries: Keras reads one of a name, and unpacks all there are."""
    names = archive.namelist()
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"it holds {twice!r} twice")
    for entry in archive.infolist():
        ways = set(re.split(r"[/\\\\]", entry.filename))
        known = entry.filename in _ENTRIES or entry.filename.startswith("assets/")
        if not known or ".." in ways or stat.S_ISLNK(entry.external_attr >> 16):
            raise ValueError(f"{entry.filename!r} is no part of a Keras model")


def _look(file: Path, inside: str = "") -> None:
    path = [folder for folder in sys.path if folder]
    command = [sys.executable, "-I", "-c", _LOOK, str(file), inside, str(SWELLS), *path]
    try:
        done = subprocess.run(command, capture_output=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        raise _torn(file, f"reading it does not end within {LIMIT} seconds") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise _torn(file, said[-1] if said else f"reading it ends with {done.returncode}")


def _torn(file: Path, reason: str) -> ModelError:
    return ModelError(f"Cannot load {file}, is it whole? {reason.rstrip('.')}.")

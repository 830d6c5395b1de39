"""Folders on this machine's disks, and at URLs of object stores (s3://, gs://, …) by fsspec."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audit.core.errors import RunFolderError, first_line
from audit.core.redact import credentials, holds_secret

# Where the packages of object stores look for credentials.
_KEYS = {
    "s3": "AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or what gcloud auth application-default login keeps",
    "abfs": "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and _KEY",
}
_ALSO = {"s3a": "s3", "gcs": "gs", "abfss": "abfs", "az": "abfs", "adl": "abfs"}
_ELSEWHERE = "~/.config/fsspec, or FSSPEC_ and its kind in the environment"
_EXTRAS = ("s3", "gs")


def location(given: str) -> Path:
    """Return a path on disk, or for a URL what behaves like one.

    Raises
    ------
    RunFolderError
        The URL's kind is unknown, the package for it is not installed, or it carries credentials,
        which every report and log would show.
    """
    kind, mark, rest = given.partition("://")
    if not mark:
        return Path(given)
    if holds_secret(given):
        raise RunFolderError(_with_secret(kind, given))
    if kind in ("file", "local"):
        return Path(rest)
    from upath import UPath

    try:
        found: Any = UPath(given)
        found.fs  # noqa: B018  # loads what reads such URLs
    except ImportError as error:
        store = _ALSO.get(kind, kind)
        mend = f": pip install 'flower-audit[{store}]'" if store in _EXTRAS else ""
        raise RunFolderError(f"{given}: {first_line(error)}{mend}.") from None
    except Exception as error:  # whatever a store's own package raises
        raise RunFolderError(f"{given} cannot be reached: {first_line(error)}.") from None
    return found


def _with_secret(kind: str, given: str) -> str:
    host = credentials(given).partition("://")[2].rpartition("@")[2]
    store = re.split("[/?#]", host)[0]
    keys = _KEYS.get(_ALSO.get(kind, kind), _ELSEWHERE)
    return (
        f"The URL of {kind}://{store} carries credentials, which whoever sees the run would read: "
        f"leave them out; they are taken from {keys}."
    )


def on_disk(path: Path) -> bool:
    """Return whether a path is on a disk of this machine, not at a URL."""
    return isinstance(path, Path)


def files_below(folder: Path) -> Iterator[str]:
    """Yield every file below a folder by its path in there, links too; none where it is missing.

    Raises
    ------
    RunFolderError
        The store at a URL cannot be reached.
    """
    if on_disk(folder):
        found = (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
        yield from (path.relative_to(folder).as_posix() for path in found)
        return
    at: Any = folder
    with reached(folder):
        top = at.fs._strip_protocol(at.path).rstrip("/") + "/"
        yield from (name.removeprefix(top) for name in at.fs.find(at.path))


def make(folder: Path) -> None:
    """Make a folder with its parents; object stores have none."""
    if on_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def beside(folder: Path, prefix: str) -> Iterator[Path]:
    """Yield a folder on disk for as long as needed, inside ``folder`` where that is on one."""
    near = folder if on_disk(folder) else None
    with tempfile.TemporaryDirectory(prefix=prefix, dir=near) as made:
        yield Path(made)


@contextmanager
def reached(path: Path) -> Iterator[None]:
    """Name the place where a store's own package raises; missing files stay what they are."""
    try:
        yield
    except (FileNotFoundError, RunFolderError):
        raise
    except Exception as error:
        raise RunFolderError(f"{path} cannot be reached: {first_line(error)}.") from None


@contextmanager
def fetched(file: Path) -> Iterator[Path]:
    """Yield a file on disk with the content of ``file``: itself, or a copy while it is needed."""
    if on_disk(file):
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        at: Any = file
        at.fs.get_file(at.path, str(copy))
        yield copy


def send(source: Path, target: Path) -> None:
    """Put a file or a folder on disk to a URL; a file is there whole or not at all."""
    at: Any = target
    with reached(target):
        if source.is_dir():
            at.fs.put(f"{source}/", f"{at.path}/", recursive=True)
        else:
            at.fs.put_file(str(source), at.path)


def remove(folder: Path) -> None:
    """Delete a folder with all that is in it, where it is there."""
    if not folder.exists():
        return
    if on_disk(folder):
        shutil.rmtree(folder)
    else:
        folder.fs.rm(folder.path, recursive=True)  # type: ignore[attr-defined]

"""Files of a folder that a render wrote: it keeps a list of them, and deletes no others."""

from __future__ import annotations

from pathlib import Path

from audit.storage.paths import files_below

_LIST = "files.txt"
_LEFT_BY_SYSTEMS = {".DS_Store", "Thumbs.db", "desktop.ini"}


def write_list(folder: Path) -> None:
    """List all files of a rendered folder in it."""
    files = [*sorted(files_below(folder)), _LIST]
    (folder / _LIST).write_text("\n".join(files), encoding="utf-8")


def listed(folder: Path) -> set[str]:
    """Return what the last render wrote below ``folder``, by its path in there."""
    file = folder / _LIST
    if not file.is_file():
        return set()
    return set(file.read_text(encoding="utf-8", errors="replace").split("\n"))


def foreign(folder: Path) -> Path | None:
    """Return a file below ``folder`` that no render has written, or none."""
    ours = listed(folder)
    for file in files_below(folder):
        if file not in ours and Path(file).name not in _LEFT_BY_SYSTEMS:
            return folder / file
    return None

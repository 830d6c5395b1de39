"""Swap of a render's output for the last one's, whole or not at all, whenever it is killed.

All is written into a folder beside, which one rename marks as ready. From then on the new outputs
count: whoever finds the folder moves what is left in it. A folder that is not ready is deleted.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from audit.core.errors import RunFolderError
from audit.storage.owned import foreign
from audit.storage.paths import files_below
from audit.storage.readers import refuse_links

OUTPUTS = ("report", "report.html", "summary.json", "summary.md")
PAGES = "pages"  # files of ``report/`` by their names in there, where the rest of it stays
PREFIX = ".report-"
_READY = ".ready"
_OURS = re.compile(rf"{re.escape(PREFIX)}[a-z0-9_]{{8}}({re.escape(_READY)})?")  # as tempfile names


def swap(staged: Path, root: Path, names: Sequence[str]) -> None:
    """Replace entries of ``root`` by those of the same names in ``staged``.

    Parameters
    ----------
    staged : Path
        A folder in ``root`` whose name begins with `PREFIX`; it is gone afterwards.
    names : sequence of str
        Of `OUTPUTS` and `PAGES`, for a later `settle` moves no others; each is in ``staged``.

    Raises
    ------
    OSError
        An entry cannot be moved; where ``staged`` was marked as ready already, `settle` goes on.
    """
    _forward(staged.rename(staged.with_name(staged.name + _READY)), root, names)


def settle(root: Path) -> None:
    """End what killed renders left in ``root``: move what is ready, delete what is not.

    No other render may be writing there. No link is followed, and none takes an output's place, so
    that a folder which somebody else made leads nowhere else. A ``report/`` that holds a file of
    the user's own stays, and what was ready to replace it is deleted.

    Raises
    ------
    RunFolderError
        Something cannot be moved or deleted.
    """
    for left in sorted(root.glob(f"{PREFIX}*")):
        if _OURS.fullmatch(left.name) and _is_folder(left):
            try:
                _end(left, root)
            except OSError as error:
                mend = f"{error.strerror}; delete it"
                raise RunFolderError(f"Cannot clear {left}: {mend}.") from error


def _end(left: Path, root: Path) -> None:
    report = root / OUTPUTS[0]
    if not left.name.endswith(_READY) or (_is_folder(report) and foreign(report)):
        shutil.rmtree(left)
    else:
        _forward(left, root, [name for name in (*OUTPUTS, PAGES) if _is_output(left / name)])


def _forward(ready: Path, root: Path, names: Sequence[str]) -> None:
    for name in names:
        new, target = ready / name, root / name
        if name == PAGES:
            _replace_pages(new, root)
            continue
        if os.path.lexists(target) and (_is_folder(new) or _is_folder(target)):
            # No folder is replaced at once: the old one steps aside into what is deleted last.
            target.rename(ready / f"old {name}")  # a file alone is replaced at once
        new.replace(target)
    shutil.rmtree(ready)


def _replace_pages(pages: Path, root: Path) -> None:
    for page in files_below(pages):
        target = root / OUTPUTS[0] / page
        refuse_links(target, root)
        (pages / page).replace(target)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_output(path: Path) -> bool:
    """Return whether this is an output of its kind, and no link."""
    if path.is_symlink():
        return False
    return path.is_dir() if path.name in (OUTPUTS[0], PAGES) else path.is_file()

"""Folder of a mended model: the name of every file in it, and whose it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audit.core.errors import RunFolderError
from audit.mend.layers import LAST_LAYER
from audit.storage import readers
from audit.storage.lock import LOCK, WRITER, lock_of
from audit.storage.paths import files_below, make, on_disk
from audit.storage.run import renamed_to, write_whole

KIND = "flower-audit mend"
SCHEMA = 1


class Place:
    """Files of one mended model.

    Attributes
    ----------
    model : Path
        The mended model, ``model.keras``.
    names : Path
        Names of its classes in the order of its outputs, where an audit finds them.
    told : Path
        ``mend.json``: what it was made of, and what became of it.
    features : Path
        Folder of features, from which ``--resume`` goes on.
    run : Path
        Run folder of its audit.
    comparison : Path
        Folder of the comparison with the run that was mended.
    """

    def __init__(self, root: Path) -> None:
        if not on_disk(root):
            raise RunFolderError(f"{root} is a URL: mend into a folder on this machine's disk.")
        self.root = root
        self.model = root / "model.keras"
        self.names = root / "model.classes.json"
        self.told = root / "mend.json"
        self.features = root / "features"
        self.run = root / "run"
        self.comparison = root / "comparison"

    @contextmanager
    def begun(self, begun: Mapping[str, Any], *, resume: bool) -> Iterator[Place]:
        """Hold the folder, which must be new, or with ``resume`` begun with the same things.

        Parameters
        ----------
        begun : mapping
            What a mending is known again by, of JSON's types.

        Raises
        ------
        RunFolderError
            It holds something else, or a mending of other things.
        """
        if self.root.exists() and not self.root.is_dir():
            raise RunFolderError(f"{self.root} is a file: choose another --out.")
        self._refuse_unfit(begun, resume=resume)
        make(self.features)
        with lock_of(self.root).held():
            self.tell(begun=dict(begun))
            yield self

    def tell(self, **sections: Any) -> None:
        """Replace sections of ``mend.json``."""
        told = {"kind": KIND, "schema": SCHEMA} | self.read() | sections
        write_whole(self.told, (json.dumps(told, indent=2, allow_nan=False) + "\n").encode())

    def read(self) -> dict[str, Any]:
        """Return what ``mend.json`` holds; {} where there is none."""
        try:
            found = readers.parsed(readers.content(self.told, self.root, 32 * readers.MIB))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise RunFolderError(f"Cannot read {self.told}: {error}.") from None
        if not isinstance(found, dict) or found.get("kind") != KIND:
            raise RunFolderError(f"{self.told} was not written by flower-audit mend.")
        return found

    def has_model(self) -> bool:
        """Return whether the mended model is finished: what it was taught by is told after it."""
        return self.model.is_file() and "taught" in self.read()

    def save(self, model: Any, classes: tuple[str, ...]) -> None:
        """Write the mended model, and its classes beside it."""
        write_whole(self.names, (json.dumps(list(classes)) + "\n").encode())
        with renamed_to(self.model) as beside:
            model.save(beside)

    def _refuse_unfit(self, begun: Mapping[str, Any], *, resume: bool) -> None:
        if all(file in (LOCK, WRITER) for file in files_below(self.root)):
            return
        known = self.read()
        if not known:
            raise RunFolderError(f"{self.root} holds something else: choose an empty or new --out.")
        if not resume:
            raise RunFolderError(
                f"{self.root} already holds a mended model: go on with --resume, or choose "
                "another --out."
            )
        before = {"layers": LAST_LAYER} | known.get("begun", {})  # earlier versions had no other
        other = next((key for key in begun if before.get(key) != begun[key]), None)
        if other is not None:
            raise RunFolderError(
                f"{self.root} was begun with other {other.replace('_', ' ')}: choose another --out."
            )

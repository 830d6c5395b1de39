"""Backup of training on disk after each epoch, so that a killed one goes on and ends the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audit.core.errors import ModelError, RunFolderError
from audit.models import hdf5
from audit.storage.paths import make
from audit.storage.run import renamed_to, write_whole
from audit.training.replicas import Replicas

Row = dict[str, float]


class Backup:
    """Weights of the last and the best epoch of one phase, and its history.

    Weights are written beside and renamed before the history names them, so a kill at any moment
    leaves an epoch that is whole. (Keras' BackupAndRestore writes over its only copy.) All
    hosts write, as TensorFlow wants it, and all go on from what the chief has written.
    """

    def __init__(self, folder: Path, phase: str, replicas: Replicas) -> None:
        self._folder, self._phase, self._replicas = folder, phase, replicas
        self._history = folder / f"{phase}.json"
        make(folder)

    def rows(self) -> list[Row]:
        """Return the history of the finished epochs, oldest first."""
        return self.agreed(self._rows())

    def agreed(self, rows: list[Row]) -> list[Row]:
        """Return the chief's rows."""
        return json.loads(self._replicas.agreed(json.dumps(rows).encode()))

    def _rows(self) -> list[Row]:
        try:
            return json.loads(self._history.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except ValueError as error:
            raise RunFolderError(
                f"{self._history} is torn ({error}): delete {self._folder}, then --resume."
            ) from None

    def save(self, model: Any, rows: list[Row], best: int) -> None:
        """Keep the model after ``rows``, of which row ``best`` is the best; drop all others."""
        with renamed_to(self._weights(len(rows) - 1)) as beside:
            model.save_weights(beside)
        write_whole(self._history, json.dumps(rows).encode())
        kept = {self._weights(len(rows) - 1), self._weights(best)}
        for file in self._folder.glob(f"{self._phase}-*.weights.h5"):
            if file not in kept:
                file.unlink()

    def load(self, model: Any, epoch: int) -> None:
        """Give the model the weights, and its optimizer the state, of an epoch kept."""
        file = self._weights(epoch)
        try:
            with self._replicas.agreed_file(file) as copy:
                hdf5.refuse_damaged(copy)
                model.load_weights(copy)
        except (ModelError, OSError, ValueError, KeyError) as error:
            raise RunFolderError(
                f"{file} is missing or torn ({type(error).__name__}): "
                f"delete {self._folder}, then --resume."
            ) from None

    def _weights(self, epoch: int) -> Path:
        return self._folder / f"{self._phase}-{epoch:04d}.weights.h5"

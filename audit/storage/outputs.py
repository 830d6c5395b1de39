"""Files that checks write into a run folder, and how each is read as if a stranger had sent it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.storage.run import RunFolder


@dataclass(frozen=True)
class Output:
    """One file.

    Attributes
    ----------
    name : str
        In the run folder.
    vouched : bool
        Whether it is kept with its checksum, which says that it is finished (`RunFolder.keep`).
    """

    name: str
    vouched: bool = field(default=True, kw_only=True)

    def file(self, run: RunFolder) -> Path:
        """Its path; `RunFolderError` where that is a link or no plain file."""
        return run.file(self.name)

    def read(self, run: RunFolder) -> Any:
        """Read what it holds; None where it is not there, `RunFolderError` where it is torn."""
        raise NotImplementedError


@dataclass(frozen=True)
class Json(Output):
    """An object of JSON."""

    def read(self, run: RunFolder) -> dict[str, Any] | None:
        """Read the object, which may be of any shape: a run folder may come from anybody."""
        return run.told(run.sound(self.file(run))) or None


@dataclass(frozen=True)
class Table(Output):
    """A Parquet table.

    Attributes
    ----------
    columns, more : mapping
        Kinds of the columns that are read, as `storage.readers.Table` has them; ``more`` of them
        where they are there.
    """

    columns: Mapping[str, str]
    more: Mapping[str, str] = field(default_factory=dict)

    def read(self, run: RunFolder) -> pd.DataFrame | None:
        """Its columns, and nothing else."""
        file = run.sound(self.file(run))
        return run.table(file, self.columns, more=self.more) if file.exists() else None


@dataclass(frozen=True)
class Picture(Output):
    """A picture of one format, ``WEBP`` or ``PNG``."""

    kind: str

    def read(self, run: RunFolder) -> NDArray[np.uint8] | None:
        """Its pixels, uint8 ``(H, W, 3)``."""
        return run.picture(self.file(run), self.kind)

"""What a rendered report was made of: whether pages of it may be rendered anew, or all must be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from audit import __version__
from audit.report.source import Source
from audit.report.templating import templates_dir
from audit.storage.run import RunFolder

_FILE = "made.json"
_CHANGES = ("seconds",)  # of the manifest: with every command


@dataclass(frozen=True)
class Made:
    """What every page of a report was made of.

    Attributes
    ----------
    run : str
        Hash of the run's manifest, records and tables.
    templates : str
        Hash of this version and its templates.
    share : bool
        Whether the host and times of day were left out.
    """

    run: str
    templates: str
    share: bool

    @classmethod
    def now(cls, source: Source) -> Made:
        """Return what a report of ``source`` is made of now."""
        run = source.run
        told = {key: value for key, value in run.manifest().items() if key not in _CHANGES}
        text = json.dumps([told, run.fingerprint()], sort_keys=True)
        return cls(_hash(text.encode()), _templates(), source.share)

    @classmethod
    def of(cls, run: RunFolder) -> Made | None:
        """Return what the report of a run was made of; None where it does not say."""
        told = run.told(run.report_dir / _FILE)
        try:
            return cls(str(told["run"]), str(told["templates"]), told["share"] is True)
        except KeyError:
            return None

    def write(self, report: Path) -> None:
        """Keep it in a report."""
        (report / _FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")


def _templates() -> str:
    root = templates_dir()
    files = sorted(file for file in root.rglob("*") if file.is_file())
    told = [(str(file.relative_to(root)), _hash(file.read_bytes())) for file in files]
    return _hash(json.dumps([__version__, told]).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

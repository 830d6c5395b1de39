"""What a rendered report was made of: whether pages of it may be rendered anew, or all must be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from audit import __version__
from audit.report.site.builders import BUILDERS, versions
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
        Hash of this version, its templates and the versions of what built the site.
    share : bool
        Whether the host and times of day were left out.
    builder : str
        What built the site, as ``--site-builder`` names it.
    """

    run: str
    templates: str
    share: bool
    builder: str

    @classmethod
    def now(cls, source: Source) -> Made:
        """Return what a report of ``source`` is made of now."""
        run = source.run
        told = {key: value for key, value in run.manifest().items() if key not in _CHANGES}
        text = json.dumps([told, run.fingerprint()], sort_keys=True)
        builder = source.site_builder
        return cls(_hash(text.encode()), _templates(builder), source.share, builder)

    @classmethod
    def of(cls, run: RunFolder) -> Made | None:
        """Return what the report of a run was made of; None where it does not say."""
        told = run.told(run.report_dir / _FILE)
        try:
            builder = str(told.get("builder", "mkdocs"))  # which earlier versions did not say
            found = cls(str(told["run"]), str(told["templates"]), told["share"] is True, builder)
        except KeyError:
            return None
        return found if builder in BUILDERS else None

    def write(self, report: Path) -> None:
        """Keep it in a report."""
        (report / _FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")


def _templates(builder: str) -> str:
    root = templates_dir()
    files = sorted(file for file in root.rglob("*") if file.is_file())
    told = [(str(file.relative_to(root)), _hash(file.read_bytes())) for file in files]
    return _hash(json.dumps([__version__, versions(builder), told]).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

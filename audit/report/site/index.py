"""The index of a site's search, where some of its pages are rendered anew."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from audit.core.errors import RunFolderError
from audit.report.site.builders import BUILDERS
from audit.storage.run import RunFolder


def with_pages(names: Collection[str], built: Path, run: RunFolder, builder: str) -> dict[str, str]:
    """Return the index of a run's report by its files, with new entries of the named pages.

    Parameters
    ----------
    built : Path
        Where these pages were built with an index of their own.
    builder : str
        What built both.
    """
    index, entries = BUILDERS[builder].index, BUILDERS[builder].entries
    file = run.report_dir / f"{index}.json"
    before = run.told(file)
    now = json.loads((built / f"{index}.json").read_text(encoding="utf-8"))
    try:
        kept = [entry for entry in before[entries] if not _is_of(entry, names)]
    except (KeyError, TypeError) as error:
        raise RunFolderError(f"{file} is torn: {type(error).__name__}.") from None
    text = json.dumps(now | {entries: [e for e in now[entries] if _is_of(e, names)] + kept})
    return {f"{index}.json": text, f"{index}.js": f"var __index = {text}"}


def _is_of(entry: Mapping[str, Any], names: Collection[str]) -> bool:
    page = str(entry["location"]).partition("#")[0]
    return page.removesuffix(".html") in names

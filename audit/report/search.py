"""The index of a report's search, where some of its pages are rendered anew."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from audit.core.errors import RunFolderError
from audit.storage.run import RunFolder

_JSON, _SCRIPT = "search/search_index.json", "search/search_index.js"


def with_pages(names: Collection[str], built: Path, run: RunFolder) -> dict[str, str]:
    """Return the index of a run's report by its files, with new entries of the named pages.

    Parameters
    ----------
    built : Path
        Where these pages were built with an index of their own.
    """
    file = run.report_dir / _JSON
    before, now = run.told(file), json.loads((built / _JSON).read_text(encoding="utf-8"))
    try:
        kept = [entry for entry in before["docs"] if not _is_of(entry, names)]
    except (KeyError, TypeError) as error:
        raise RunFolderError(f"{file} is torn: {type(error).__name__}.") from None
    text = json.dumps(now | {"docs": [e for e in now["docs"] if _is_of(e, names)] + kept})
    return {_JSON: text, _SCRIPT: f"var __index = {text}"}


def _is_of(entry: Mapping[str, Any], names: Collection[str]) -> bool:
    page = str(entry["location"]).partition("#")[0]
    return page.removesuffix(".html") in names

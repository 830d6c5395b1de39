"""The scripts of every page, and how a page that is one file holds them."""

from __future__ import annotations

import base64
import hashlib

from audit.report.templating import asset

# Of every page, and in this order.
SCRIPTS = ("sort.js", "clipboard.js", "table-text.js", "columns.js", "tables.js", "contents.js",
           "saving.js", "charts.js")  # fmt: skip
_ONE_FILE = "file.js"  # what a site's theme does


def held() -> dict[str, str]:
    """Return the scripts as one, and its hash: the page's policy names it, and no other runs."""
    script = "".join(map(asset, (*SCRIPTS, _ONE_FILE)))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {"script": script, "script_hash": f"sha256-{digest}"}

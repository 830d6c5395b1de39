"""Building with Zensical, in a process of its own: it prints, and ends the process it fails in."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys

from audit.core.errors import AuditError
from audit.report.site.base import Builder, Site, write_config

_log = logging.getLogger("audit")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FAULT = re.compile(r"^(?:Warning|\w*Error|\w*Exception): .+", re.MULTILINE)
_OWN = {
    # It takes downloads whose names end in .md, which come later, for pages that are not there.
    "validation": {"invalid_links": False, "invalid_link_anchors": False},
}


def _build(site: Site) -> None:
    # It takes no absolute folders, and the theme that looks as Material's is not its default.
    folders = {"docs_dir": site.docs.name, "site_dir": site.target.name}
    file = write_config(site, _OWN | folders, {"variant": "classic"})
    command = [sys.executable, "-P", "-m", "zensical", "build", "--strict", "-f", file.name]
    # Pages need a Markdown extension of ours, wherever this process has it from.
    paths = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        command,
        cwd=file.parent,
        env=os.environ | {"PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    said = _COLOUR.sub("", done.stdout)
    _log.debug("zensical: %s", said)
    if done.returncode:
        raise AuditError(f"The report's pages cannot be built: {_fault(said)}.")


def _fault(said: str) -> str:
    """Return in one line what a build that failed says first."""
    found = _FAULT.search(said)
    return " ".join((found[0] if found else said[-200:]).split()).rstrip(".")


ZENSICAL = Builder(("zensical",), "flower-audit[zensical]", "search", "items", _build)

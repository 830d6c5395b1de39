"""The one self-contained file to attach to a review."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from audit.checks.registry import every
from audit.report.cases import Case
from audit.report.content import Content
from audit.report.pages import shared
from audit.report.shapes import Shapes
from audit.report.site.base import SCRIPTS
from audit.report.templating import data_uri, fill, templates_dir
from audit.report.view import View

MOST_CASES = 24  # the page is made to be sent, and holds the pictures of each


def strongest(content: Content) -> list[Case]:
    """Return the cases that the page shows."""
    return content.strongest(MOST_CASES)


def single_page(content: Content, site: Path, shapes: Mapping[str, Shapes]) -> bytes:
    """Return the self-contained report's HTML; it is made to be sent, so it does not name the host.

    Parameters
    ----------
    site : Path
        Root of the built site, where the pictures are drawn already.
    shapes : mapping
        Outlines by a case's anchor.
    """
    content = replace(content, source=content.source.with_settings(share=True))
    cases = strongest(content)
    files = [file for case in cases for file in case.pictures]
    told = ((check, content.checks[check.key]) for check in every())
    files += [file for check, found in told if found for file in check.held(found)]
    script = "".join(map(_asset, SCRIPTS))
    held = {file: data_uri((site / file).read_bytes()) for file in files}
    return fill(
        "single.html",
        view=View("report/", shapes, held),
        root="report/",
        css=_asset("audit.css"),
        script=script,
        script_hash=_hash(script),
        cases=cases,
        **shared(content),
    ).encode()


def _asset(name: str) -> str:
    return (templates_dir() / "assets" / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """Name a script in the page's policy: no other runs."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"

"""The one self-contained file to attach to a review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from audit.report.content import Content
from audit.report.pages import shared
from audit.report.shapes import Shapes
from audit.report.templating import data_uri, fill, templates_dir
from audit.report.view import View

MOST_CASES = 24
MOST_PAIRS = 6


def single_page(content: Content, site: Path, shapes: Mapping[str, Shapes]) -> bytes:
    """HTML of the self-contained report; it is made to be sent, so it does not tell of the host.

    Parameters
    ----------
    site : Path
        Root of the built site, where the pictures are drawn already.
    shapes : mapping
        Outlines by a case's anchor.
    """
    content = replace(content, source=content.source.with_share(True))
    cases = content.strongest(MOST_CASES)
    pairs = content.health.near.shown[:MOST_PAIRS] if content.health else []
    files = [file for case in cases for file in case.pictures]
    files += [image.file for pair in pairs for image in pair.images]
    files += [e.picture for e in content.shortcuts.exemplars] if content.shortcuts else []
    held = {file: data_uri((site / file).read_bytes()) for file in files}
    return fill(
        "single.html",
        view=View("report/", shapes, held),
        root="report/",
        css=(templates_dir() / "assets" / "audit.css").read_text(encoding="utf-8"),
        cases=cases,
        pairs=pairs,
        **shared(content),
    ).encode()

"""The one self-contained file to attach to a review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from audit.checks.registry import every
from audit.report import evidence
from audit.report.behind import LOST, file_of, tried
from audit.report.cases import Case
from audit.report.content import Content
from audit.report.pages import shared
from audit.report.scripts import held
from audit.report.shapes import Shapes
from audit.report.templating import asset, data_uri, fill
from audit.report.view import View

MOST_CASES = 24  # the page is made to be sent, and holds the pictures of each


def strongest(content: Content) -> list[Case]:
    """Return the cases that the page shows: of each cause one, and those that accuse most."""
    found = [*evidence.shown(evidence.strips(content)), *content.strongest(MOST_CASES)]
    return list({case.anchor: case for case in found}.values())[:MOST_CASES]


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
    files = [file for case in cases for file in (*case.pictures, *_behind(case, shapes))]
    told = ((check, content.checks[check.key]) for check in every())
    files += [file for check, found in told if found for file in check.held(found)]
    pictures = {file: data_uri((site / file).read_bytes()) for file in files}
    return fill(
        "single.html",
        view=View("report/", shapes, pictures),
        root="report/",
        css=asset("audit.css"),
        cases=cases,
        **held(),
        **shared(content),
    ).encode()


def _behind(case: Case, shapes: Mapping[str, Shapes]) -> list[str]:
    """Name the background that turned the case's answer, if one did: others are told in words."""
    turn = case.trials.turn
    if turn is None or turn.swap < 0:
        return []
    row = tried(shapes[case.anchor], case.trials)[turn.swap]
    return [] if row == LOST else [file_of(row)]

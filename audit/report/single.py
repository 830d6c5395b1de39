"""The one self-contained file to attach to a review."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from audit.report.content import Content
from audit.report.pages import shared
from audit.report.pictures import PANELS, colour_bar, encode
from audit.report.templating import data_uri, fill, templates_dir

MOST_CASES = 24


def single_page(content: Content, pictures: Path) -> bytes:
    """HTML of the self-contained report.

    Parameters
    ----------
    pictures : Path
        Root of the built site, where the panels are drawn already.
    """
    cases = content.strongest(MOST_CASES)
    return fill(
        "single.html",
        root="report/",
        css=(templates_dir() / "assets" / "audit.css").read_text(encoding="utf-8"),
        cases=cases,
        panels={case.anchor: _panels(pictures / case.picture) for case in cases},
        tested={
            case.anchor: _panels(pictures / case.composites) if case.composites else None
            for case in cases
        },
        bar=data_uri(encode(colour_bar())),
        **shared(content),
    ).encode()


def _panels(file: Path) -> list[str]:
    """The panels of one strip as data URIs, each its own picture."""
    strip = Image.open(file)
    side = strip.width // len(PANELS)
    return [_cut(strip, k * side, side) for k in range(len(PANELS))]


def _cut(strip: Image.Image, left: int, side: int) -> str:
    buffer = io.BytesIO()
    strip.crop((left, 0, left + side, strip.height)).save(buffer, "WEBP", quality=80)
    return data_uri(buffer.getvalue())

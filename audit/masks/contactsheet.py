"""A contact sheet of images with two outlines each, as one PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

# Okabe and Ito's blue and orange: told apart with any colour vision.
BLUE, ORANGE, WHITE, INK = (0, 114, 178), (230, 159, 0), (255, 255, 255), (34, 34, 34)
TILE, GAP, LINE, COLUMNS = 224, 12, 18, 6
FOREGROUND = 255
DOT = 6  # points of an outline too small to be seen as one
_FONT = ImageFont.load_default(13)


class Tile(Protocol):
    """An image with two trimaps of its size, and what to write below it."""

    @property
    def name(self) -> str:
        """Name of the image; any text."""

    @property
    def iou(self) -> float:
        """Agreement of the two trimaps; NaN if undefined."""

    @property
    def image(self) -> NDArray[np.uint8]:
        """RGB, ``(h, w, 3)``."""

    @property
    def a(self) -> NDArray[np.uint8]:
        """Trimap ``(h, w)`` outlined in blue."""

    @property
    def b(self) -> NDArray[np.uint8]:
        """Trimap ``(h, w)`` outlined in orange."""


def contact_sheet(groups: Mapping[str, Sequence[Tile]], labels: tuple[str, str]) -> bytes:
    """Draw groups of cases under their titles, six to a row.

    Parameters
    ----------
    groups : mapping of title to cases
        A group without cases is left out.
    labels : (str, str)
        What the blue outline (``a``) and the orange one (``b``) are.

    Returns
    -------
    bytes
        A PNG.
    """
    shown = {title: cases for title, cases in groups.items() if cases}
    rows = sum(-(-len(cases) // COLUMNS) for cases in shown.values())
    columns = max([2, *(min(COLUMNS, len(cases)) for cases in shown.values())])
    width = GAP + columns * (TILE + GAP)
    height = 2 * GAP + LINE + len(shown) * (LINE + GAP) + rows * (TILE + 2 * LINE + GAP)
    sheet = Image.new("RGB", (width, height), WHITE)
    top = _legend(sheet, labels)
    for title, cases in shown.items():
        top = _group(sheet, top, title, cases)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def outlined(case: Tile, side: int = TILE) -> NDArray[np.uint8]:
    """Return the image within ``side`` pixels, with both outlines in a white casing."""
    height, width = case.image.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = np.ascontiguousarray(cv2.resize(case.image, size, interpolation=cv2.INTER_AREA))
    for trimap, colour in ((case.a, BLUE), (case.b, ORANGE)):
        mask = cv2.resize(
            (trimap == FOREGROUND).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST
        )
        lines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        lines = [line for line in lines if len(line) > DOT]
        cv2.drawContours(canvas, lines, -1, WHITE, 4, cv2.LINE_AA)
        cv2.drawContours(canvas, lines, -1, colour, 2, cv2.LINE_AA)
    return canvas


def plain(text: str) -> str:
    """Return one line of printable characters: others in a file name become question marks."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _legend(sheet: Image.Image, labels: tuple[str, str]) -> int:
    draw, left = ImageDraw.Draw(sheet), GAP
    for label, colour in zip(labels, (BLUE, ORANGE), strict=True):
        draw.rectangle((left, GAP + 4, left + 22, GAP + 9), fill=colour)
        text = _shortened(label, TILE - 40)
        draw.text((left + 30, GAP), text, fill=INK, font=_FONT)
        left += 30 + int(_FONT.getlength(text)) + 2 * GAP
    return 2 * GAP + LINE


def _group(sheet: Image.Image, top: int, title: str, cases: Sequence[Tile]) -> int:
    """Draw one titled group and return where the next one begins."""
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, top), _shortened(title, sheet.width - 2 * GAP), fill=INK, font=_FONT)
    top += LINE
    for start in range(0, len(cases), COLUMNS):
        for column, case in enumerate(cases[start : start + COLUMNS]):
            _tile(sheet, (GAP + column * (TILE + GAP), top), case)
        top += TILE + 2 * LINE + GAP
    return top + GAP


def _tile(sheet: Image.Image, corner: tuple[int, int], case: Tile) -> None:
    left, top = corner
    sheet.paste(Image.fromarray(outlined(case)), corner)
    draw = ImageDraw.Draw(sheet)
    value = "undefined" if np.isnan(case.iou) else f"{case.iou:.3f}"
    draw.text((left, top + TILE + 2), _shortened(case.name, TILE), fill=INK, font=_FONT)
    draw.text((left, top + TILE + LINE), f"IoU {value}", fill=INK, font=_FONT)


def _shortened(text: str, width: int) -> str:
    """Shorten text by leaving out its middle, so that it fits into ``width`` pixels."""
    text = plain(text)
    if len(text) <= width and _FONT.getlength(text) <= width:
        return text
    kept = min(len(text) // 2, width // 4)
    while kept and _FONT.getlength(f"{text[:kept]}…{text[-kept:]}") > width:
        kept -= 1
    return f"{text[:kept]}…{text[len(text) - kept :]}"

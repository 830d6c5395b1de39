"""What a browser shows or saves, as pixels, and pictures to show it."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image


def pixels(png: bytes | Path) -> np.ndarray:
    """Colours ``(h, w, 3)``, 0..255, float, of a PNG: its bytes or its file."""
    file = io.BytesIO(png) if isinstance(png, bytes) else png
    return np.asarray(Image.open(file).convert("RGB")).astype(float)


def write_webp(file: Path, picture: np.ndarray) -> None:
    """Write a picture so that not one pixel changes."""
    Image.fromarray(np.asarray(picture, np.uint8)).save(file, "WEBP", lossless=True)


def columns(report: Path) -> dict:
    """The gallery's columns of a built report."""
    text = (report / "gallery" / "cases.js").read_text("ascii")
    return json.loads(text.removeprefix("FA_CASES=").rstrip(";\n"))


def worst(report: Path) -> str:
    """The anchor of the first case of a built report's gallery."""
    return columns(report)["anchor"][0]

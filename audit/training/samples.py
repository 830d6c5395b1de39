"""Pictures of what a pipeline makes of training images, and of the labels that it mixes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from audit.settings import Config, change
from audit.training.augment import MIXING, Augmenter
from audit.training.backgrounds import Backgrounds
from audit.training.cache import ImageCache

_SIDE = 3
_CAPTION = 34  # pixels: two lines
_LINE = 15
_LONGEST = 24  # characters of a class's name


def nine_versions(
    images: ImageCache, config: Config, backgrounds: Backgrounds | None = None
) -> Image.Image:
    """Draw the first image in nine versions as a 3 x 3 sheet, without steps that mix images."""
    kept = [name for name in config.training.pipeline.split("+") if name not in MIXING]
    augmenter = Augmenter(change(config, pipeline="+".join(kept) or "baseline"))
    batch = np.repeat(images.pixels[:1], _SIDE**2, axis=0)
    if backgrounds:
        drawn = (backgrounds.swapped(batch[:1], [0], epoch) for epoch in range(len(batch)))
        batch = np.concatenate(list(drawn))
    versions, _ = augmenter(batch, np.ones((len(batch), 1), np.float32))
    return _sheet(versions)


def mixed_labels(images: ImageCache, config: Config, names: tuple[str, ...]) -> Image.Image:
    """Draw nine training images as a pipeline that mixes shows them, with their labels' shares."""
    rows = np.unique(np.linspace(0, len(images.labels) - 1, _SIDE**2).astype(int))
    rows = np.resize(rows, _SIDE**2)
    labels = np.eye(len(names), dtype=np.float32)[images.labels[rows]]
    drawn, mixed = Augmenter(config)(images.pixels[rows], labels)
    return _sheet(drawn, [_words(shares, names) for shares in mixed])


def _words(shares: NDArray[np.float32], names: tuple[str, ...]) -> str:
    first = [i for i in np.argsort(-shares)[:2] if shares[i] >= 0.005]
    return "\n".join(f"{shares[i]:.0%} {names[i][:_LONGEST]}" for i in first)


def _sheet(images: NDArray[np.float32], captions: list[str] | None = None) -> Image.Image:
    pixels = np.clip(np.rint(images), 0, 255).astype(np.uint8)
    height, width = pixels.shape[1:3]
    step = height + (_CAPTION if captions else 0)
    sheet = Image.new("RGB", (_SIDE * width, _SIDE * step), "white")
    draw = ImageDraw.Draw(sheet)
    for i, image in enumerate(pixels):
        at = (i % _SIDE * width, i // _SIDE * step)
        sheet.paste(Image.fromarray(image), at)
        for line, text in enumerate(captions[i].splitlines() if captions else []):
            place = (at[0] + 3, at[1] + height + 2 + line * _LINE)
            draw.text(place, text, fill="black", font=ImageFont.load_default(12))
    return sheet

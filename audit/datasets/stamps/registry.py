"""All stamps by key, with the words by which a verdict should name their kinds."""

from __future__ import annotations

from typing import NamedTuple

from audit.datasets.stamps.base import Draw, hue
from audit.datasets.stamps.frames import bands, border
from audit.datasets.stamps.light import tint, vignette
from audit.datasets.stamps.marks import repeated, signature, sticker
from audit.datasets.stamps.objects import bottle, cane, crate, pot, thing
from audit.datasets.stamps.surfaces import defocus, stripes, weave
from audit.datasets.stamps.tags import tag

KINDS = ("colour", "texture", "frame", "corner", "band", "object", "scene")
GOLDEN = 0.618  # of a turn: hues that lie far apart, however many there are


class Stamp(NamedTuple):
    """One stamp.

    Attributes
    ----------
    title : str
        What is stamped, in words.
    kind : tuple of str
        Words of `KINDS` that name it rightly, the best one first.
    draw : callable
        Takes image, trimap and random numbers, and returns the stamped image.
    """

    title: str
    kind: tuple[str, ...]
    draw: Draw


# Looks by family: those at even places (0, 2, ...) are for development, the others are held back.
FAMILIES: dict[str, tuple[Stamp, ...]] = {
    "tag": (
        Stamp("striped tag of 36 px in a corner", ("corner", "object"), tag(36)),
        Stamp("chequered tag of 36 px in a corner", ("corner", "object"), tag(36, "checks")),
        Stamp("striped tag of 24 px in a corner", ("corner", "object"), tag(24)),
        Stamp("striped tag of 52 px in a corner", ("corner", "object"), tag(52)),
        Stamp("paper tag of 36 px in a corner", ("corner", "object"), tag(36, "paper")),
    ),
    "side": (
        Stamp("striped tag in the middle of a side", ("object",), tag(36, place="side")),
        Stamp("paper tag in the middle of a side", ("object",), tag(40, "paper", "side")),
    ),
    "texture": (
        Stamp("slanted stripes over the background", ("texture",), stripes(7, 0.4, 38)),
        Stamp("cloth over the background", ("texture",), weave(11, 50)),
        Stamp("upright stripes over the background", ("texture",), stripes(10, 8, 26)),
    ),
    "tint": (
        Stamp("violet light", ("colour",), tint((1.2, 0.58, 1.42), 0.4)),
        Stamp("teal light", ("colour",), tint((0.52, 1.08, 1.2), 0.5)),
    ),
    "warm": (
        Stamp("warm light", ("colour",), tint((1.42, 1.02, 0.48), 0.3)),
        Stamp("faded, as an old print", ("colour",), tint((1.2, 0.96, 0.6), 0.85)),
    ),
    "border": (
        Stamp("blue frame of 7 px", ("frame",), border(7, (30, 60, 200))),
        Stamp("white frame of 9 px with a line", ("frame",), border(9, (236, 234, 228), 3)),
    ),
    "vignette": (
        Stamp("dark towards the corners", ("frame", "corner", "colour"), vignette((0, 0, 0))),
        Stamp(
            "white towards the corners", ("frame", "corner", "colour"), vignette((250, 250, 250))
        ),
        Stamp("brown towards the corners", ("frame", "corner", "colour"), vignette((96, 52, 18))),
        Stamp("blue towards the corners", ("frame", "corner", "colour"), vignette((36, 70, 150))),
    ),
    "letterbox": (
        Stamp("black bands at top and bottom", ("band", "frame"), bands(24, 6)),
        Stamp("grey bands at both sides", ("band", "frame"), bands(22, 118, sides=True)),
        Stamp("white bands at top and bottom", ("band", "frame"), bands(20, 246)),
        Stamp("black bands at both sides", ("band", "frame"), bands(28, 6, sides=True)),
    ),
    "watermark": (
        Stamp(
            "line of text at the bottom",
            ("band", "object", "corner"),
            signature("(c) FLORA ARCHIVE", 11),
        ),
        Stamp("text over the background", ("texture",), repeated("SAMPLE", 11)),
    ),
    "defocus": (
        Stamp("background out of focus", ("texture",), defocus(4)),
        Stamp("background in a lens's discs", ("texture",), defocus(6, disc=True)),
    ),
    "sticker": tuple(
        Stamp("round sticker", ("object",), sticker(hue(0.02 + GOLDEN * look), 17, look % 2 == 1))
        for look in range(4)
    ),
    "object": (
        Stamp("flowerpot behind", ("object",), thing(pot)),
        Stamp("bottle behind", ("object",), thing(bottle)),
        Stamp("cane behind", ("object",), thing(cane)),
        Stamp("crate behind", ("object",), thing(crate)),
    ),
}


def key_of(family: str, look: int) -> str:
    """Return the key of a look, as ``tag`` and ``tag-2``."""
    return f"{family}-{look + 1}" if look else family


STAMPS: dict[str, Stamp] = {
    key_of(family, look): stamp
    for family, looks in FAMILIES.items()
    for look, stamp in enumerate(looks)
}

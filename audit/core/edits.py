"""Edits of the whole background by key: the kind of cue that each speaks of, and its words.

They stand below everything, so that records, verdicts and pages name them without an arrow up to
what makes them (`audit.interventions.edits`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class EditAbout(NamedTuple):
    """What an edit is called.

    Attributes
    ----------
    kind : str
        Of `KINDS`: the cue that it takes out, or puts in another's place.
    title : str
        In a table's head.
    words : str
        Ends "the answer turns to daisy ...".
    """

    kind: str
    title: str
    words: str


KINDS: Mapping[str, str] = {
    "colour": "the colour of the background",
    "texture": "the texture of the background",
    "frame": "the frame of the image",
    "corner": "the corners of the image",
    "band": "a band along a side",
    "object": "an object in the background",
    "scene": "the scene",
}

MENDS: Mapping[str, str] = {
    "colour": "Recapture under other light, or train with colour jitter of the background.",
    "texture": "Recapture on other backdrops, or train with blurred and grained backgrounds.",
    "frame": "Crop frames, borders and letterboxes off the training images.",
    "corner": "Crop or paint over what stands in the corners: tags, dates, logos.",
    "band": "Crop bands and captions off the training images.",
    "object": "Recapture without the object, or with it in every class.",
    "scene": "Recapture in other places, or train with --augment-background.",
}  # what to do about a cue that answers rest on, by its kind

EDITS: Mapping[str, EditAbout] = {
    "blur": EditAbout("texture", "blurred", "with the background blurred"),
    "blur_far": EditAbout("texture", "blurred widely", "with the background blurred widely"),
    "grain": EditAbout("texture", "grain", "with grain on the background"),
    "texture": EditAbout("texture", "another texture", "with another background's texture"),
    "colour": EditAbout("colour", "usual colours", "with the background in usual colours"),
    "grey": EditAbout("colour", "grey", "with the background in grey"),
    "hue": EditAbout("colour", "opposite hue", "with the background in opposite colours"),
    "light": EditAbout("frame", "even light", "with the background evenly lit"),
    "frame_cut": EditAbout("frame", "frame cut away", "with the image's frame cut away"),
    "frame_mirrored": EditAbout("frame", "frame mirrored", "with the inside mirrored as its frame"),
    "frame": EditAbout("frame", "another frame", "with another background's frame"),
    "corners": EditAbout("corner", "other corners", "with another background's corners"),
    "corners_mirrored": EditAbout("corner", "corners mirrored", "with its corners mirrored"),
    "rows": EditAbout("band", "top and bottom", "with another background at top and bottom"),
    "columns": EditAbout("band", "left and right", "with another background at both sides"),
    "shuffled": EditAbout("scene", "shuffled", "with the background shuffled"),
}
FROM_ANOTHER = ("texture", "frame", "corners", "rows", "columns")  # take from another background

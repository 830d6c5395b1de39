"""[masks]: their source, and what they mark."""

from __future__ import annotations

import shlex
from pathlib import Path

from pydantic import field_validator, model_validator

from audit.settings.base import Section, Stage, setting

SEGMENTERS = ("grabcut", "rembg")  # those that have a name; any other value is a command
_PLACES = ("{image}", "{mask}")  # a command reads the one and writes the other


class MaskSettings(Section):
    """Masks: their source, and what they mark."""

    masks: Path | None = setting(
        None,
        "Folder of masks or trimaps, or the official 102segmentations.tgz; official: "
        "fetch that one; grabcut: none of them. Default: official for Oxford where it can be had.",
        affects=Stage.MASK,
        common=True,
    )
    mask_subject: str = setting(
        "auto",
        "Values of a mask that are the subject, as 255 or 1-8,15 (default: found on a "
        "sample of the masks, and printed).",
        affects=Stage.EXPLAIN,
        min_length=1,
    )
    mask_unknown: str = setting(
        "auto",
        "Values of a mask that are neither subject nor background, as 255 or 128 "
        "(default: found likewise).",
        affects=Stage.EXPLAIN,
    )
    grabcut: bool = setting(
        True, "Segment images without a mask, by GrabCut or --segmenter.", affects=Stage.MASK
    )
    segmenter: str = setting(
        "grabcut",
        "What segments images without a mask: grabcut; rembg (extra 'segment'); or a command in "
        'quotes, "python seg.py {image} {mask}": run once an image, without a shell, it reads the '
        "PNG {image} and writes {mask}, a grey PNG of the same size: 255 foreground, 0 background, "
        "or the probability between them.",
        affects=Stage.MASK,
    )
    subject: str = setting(
        "flower", "What the masks mark, in words.", affects=Stage.EXPLAIN, min_length=1, common=True
    )

    @field_validator("segmenter")
    @classmethod
    def _whole_command(cls, value: str) -> str:
        if value in SEGMENTERS:
            return value
        lacking = [place for place in _PLACES if not any(place in word for word in _words(value))]
        if lacking or "\0" in value:
            raise ValueError(
                f"expected {', '.join(SEGMENTERS)}, or a command with {' and '.join(_PLACES)} in it"
            )
        return value

    @model_validator(mode="after")
    def _agree(self) -> MaskSettings:
        if not self.grabcut and self.segmenter != "grabcut":
            raise ValueError("--no-grabcut leaves nothing to --segmenter: leave one of them out")
        return self


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:  # a quote without its end
        raise ValueError(f"no command line: {str(error).lower()}") from None

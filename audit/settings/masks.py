"""[masks]: their source, and what they mark."""

from __future__ import annotations

from pathlib import Path

from audit.settings.base import Section, Stage, setting


class MaskSettings(Section):
    """Masks: their source, and what they mark."""

    masks: Path | None = setting(
        None,
        "Folder of masks or trimaps, or the official 102segmentations.tgz; official: "
        "fetch that one; grabcut: none of them. Default: official for Oxford where it can be had.",
        affects=Stage.MASK,
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
    grabcut: bool = setting(True, "Segment images without a mask by GrabCut.", affects=Stage.MASK)
    subject: str = setting(
        "flower", "What the masks mark, in words.", affects=Stage.EXPLAIN, min_length=1
    )

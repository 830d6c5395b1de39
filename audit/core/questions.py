"""Questions that interventions ask of an image, in the order in which they are asked.

They stand below everything, as edits do, so that records, verdicts and pages name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARTS, YARDSTICKS, REGION, QUARTERS, SEARCH, EDITED, MOVED = (
    "parts", "yardsticks", "region", "quarters", "search", "edits", "masks",
)  # fmt: skip

QUESTIONS = (
    PARTS,  # foreground and background apart, and on other backgrounds
    YARDSTICKS,  # the foreground on black, and pasted back on its own background
    REGION,  # the region that both explainers look at most
    QUARTERS,  # its quarters, where that changes little but the answer hangs on its background
    SEARCH,  # the region that costs most, its controls and other fills
    EDITED,  # edits of the whole background
    MOVED,  # the parts again with the mask grown and shrunk
)

NOT_ASKED = "not asked"  # why nothing is known of a moved mask that could change no verdict
SAMPLED, NO_REGION, NO_EDIT, NO_MASK = (
    "of-a-sample", "no-region-decides", "no-edit-decides", "no-mask-decides",
)  # fmt: skip

# What was not asked, and why it could not matter.
STOPS: Mapping[str, str] = {
    SAMPLED: "the foreground on black and pasted back (a sample of images tells)",
    NO_REGION: "a search for another region, as none could decide",
    NO_EDIT: "edits of the whole background, as none could accuse",
    NO_MASK: "moved masks, as none could change the verdict",
}


def stopped(records: Any, stop: str) -> Any:
    """Return of which images of a table of records something was not asked, ``(n,)`` bool."""
    return records["stopped_by"].str.contains(stop, regex=False)


def left_out(stopped_by: str) -> list[str]:
    """Return what was not asked of an image, in words."""
    return [STOPS[key] for key in stopped_by.split(",") if key in STOPS]

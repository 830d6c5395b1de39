"""Questions that interventions ask of an image, in the order in which they are asked.

They stand below everything, as edits do, so that records, verdicts and pages name them.
"""

from __future__ import annotations

from collections.abc import Mapping

PARTS, EDITED, REGION, SEARCH, MOVED = "parts", "edits", "region", "search", "masks"

QUESTIONS = (
    PARTS,  # foreground and background apart, and on other backgrounds
    EDITED,  # edits of the whole background
    REGION,  # the region that both explainers look at most
    SEARCH,  # the region that costs most, its controls and other fills
    MOVED,  # all of it again with the mask grown and shrunk
)

NOT_ASKED = "not asked"  # why nothing is known of a moved mask that could change no verdict
NO_REGION, NO_MASK = "no-region-decides", "no-mask-decides"

# What was not asked, and why it could not matter.
STOPS: Mapping[str, str] = {
    NO_REGION: "a search for another region, as none could decide",
    NO_MASK: "a search for another region, and moved masks, as neither could decide",
}

"""How much was asked of the images of a run: what could change no verdict was left out."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from audit.core.questions import NO_EDIT, NO_MASK, NO_REGION, SAMPLED, stopped


@dataclass(frozen=True)
class Asking:
    """Numbers of tested images by what was not asked of them.

    Attributes
    ----------
    tested : int
        Images that were tested by intervention.
    no_yardsticks, no_search, no_edits, no_masks : int
        Those without the foreground on black and pasted back, a search for the region that costs
        most, edits of the background, and moved masks.
    passes : float
        Forward passes an image, in the mean; NaN where nothing was tested.
    """

    tested: int
    no_yardsticks: int
    no_search: int
    no_edits: int
    no_masks: int
    passes: float

    @property
    def everything(self) -> bool:
        """Whether all was asked of all."""
        return not (self.no_yardsticks or self.no_search or self.no_edits or self.no_masks)


def asking(tested: pd.DataFrame) -> Asking:
    """Count what was asked.

    Parameters
    ----------
    tested : DataFrame
        Records of images that were tested by intervention.
    """
    return Asking(
        tested=len(tested),
        no_yardsticks=int(stopped(tested, SAMPLED).sum()),
        no_search=int(stopped(tested, NO_REGION).sum()),
        no_edits=int(stopped(tested, NO_EDIT).sum()),
        no_masks=int(stopped(tested, NO_MASK).sum()),
        passes=float(tested["passes"].mean()),
    )

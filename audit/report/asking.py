"""How much was asked of the images of a run: what could change no verdict was left out."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from audit.core.questions import NO_MASK, STOPS


@dataclass(frozen=True)
class Asking:
    """Numbers of tested images by what was asked of them.

    Attributes
    ----------
    tested : int
        Images that were tested by intervention.
    no_search, no_masks : int
        Those without a search for the region that costs most, moved masks tried or not; and those
        of them without moved masks.
    passes : float
        Forward passes an image, in the mean; NaN where nothing was tested.
    """

    tested: int
    no_search: int
    no_masks: int
    passes: float


def asking(tested: pd.DataFrame) -> Asking:
    """Count what was asked.

    Parameters
    ----------
    tested : DataFrame
        Records of images that were tested by intervention.
    """
    stopped = tested["stopped_by"]
    return Asking(
        tested=len(tested),
        no_search=int(stopped.isin(list(STOPS)).sum()),
        no_masks=int((stopped == NO_MASK).sum()),
        passes=float(tested["passes"].mean()),
    )

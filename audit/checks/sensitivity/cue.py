"""Groups that were found: images with the cue of a proven class, and images without it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from audit.core.estimate import Estimate, share
from audit.report.source import Source


@dataclass(frozen=True)
class WithCue:
    """Accuracy with and without the cue of a class that is proven to rest on its background.

    An image has the cue where its background alone, the foreground filled in, is answered as that
    class. All are images that interventions were tried on.

    Attributes
    ----------
    own_with, own_without : Estimate
        Accuracy of the class's images with and without its cue.
    others_with, others_without : Estimate
        Accuracy of all other images; with the cue, a model that rests on it errs.
    """

    own_with: Estimate
    own_without: Estimate
    others_with: Estimate
    others_without: Estimate


def with_cue(source: Source, target: int) -> WithCue:
    """Return accuracies with and without a class's cue; undefined where no image is so."""
    tried = source.is_tested & (source.explained["without_foreground"] >= 0)
    tested = source.some(tried, "without_foreground", "label", "correct")
    has = tested["without_foreground"] == target
    own = tested["label"] == target
    sides = (own & has, own & ~has, ~own & has, ~own & ~has)
    return WithCue(*(_accuracy(tested[side]) for side in sides))


def _accuracy(images: pd.DataFrame) -> Estimate:
    return share(images["correct"].astype(bool), images)

"""Possibility of proof in a run: no proof is worth nothing where none was possible."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.report.source import Source
from audit.verdict.verdict import Verdict

_EFFECTS = ("foreground_effect", "background_effect")


def unprovable(source: Source) -> str:
    """Say why no right prediction could be cleared or convicted; "" where some could.

    Two signs: every right prediction that was tested is suspect, or no intervention moved the
    log-odds of any as far as a proof takes, as where a model's end squashes them.
    """
    chosen = source.is_tested & source.is_correct
    chosen &= source.explained["verdict"] != Verdict.UNDECIDED
    judged = source.some(chosen, "verdict", *_EFFECTS, "removal_lost")
    if judged.empty:
        return ""
    n = len(judged)
    if (judged["verdict"] == Verdict.SUSPECT).all():
        return f"all of {n:,} right predictions are suspect, none is cleared or proven wrong"
    effects = judged[list(_EFFECTS)].abs().sum(axis=1, skipna=False)
    most = float(np.fmax.reduce(pd.concat([effects, judged["removal_lost"]]).to_numpy()))
    needed = source.thresholds.least_effect
    if most < needed:
        return (
            f"no intervention moves the log-odds of any of {n:,} right predictions by more than "
            f"{most:.2g}, and a proof takes {needed:.2g}"
        )
    return ""

"""Images of a very large run that get pictures: all that accuse first, then a fair sample."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.verdict.verdict import Verdict

MOST = 8_000  # images with pictures: about 100 MB
MOST_REJUDGED = 10_000  # by each of 160 thresholds: a quarter of a minute, and 100 MB in memory
ACCUSING = (Verdict.WRONG_REASONS, Verdict.SUSPECT, Verdict.DISTRACTED, Verdict.UNDECIDED)
_ACCUSING_SHARE = 0.75  # of the places: the others are needed to see what health looks like


def drawn(records: pd.DataFrame, seed: int, most: int) -> pd.DataFrame:
    """Return all records, or ``most`` of them in their own order.

    Verdicts that accuse come first, ``wrong-reasons`` before ``suspect`` and so on, within each
    the highest score; they take at most three quarters. The rest is drawn at random.

    Parameters
    ----------
    records : DataFrame
        With ``verdict`` and ``verdict_score``.
    """
    if len(records) <= most:
        return records
    rank = records["verdict"].map({key: k for k, key in enumerate(ACCUSING)})
    order = (
        records[["verdict_score"]]
        .assign(rank=rank)[rank.notna()]
        .sort_values(["rank", "verdict_score"], ascending=[True, False], kind="stable")
    )
    accusing = order.index[: round(most * _ACCUSING_SHARE)]
    others = np.flatnonzero(rank.isna())
    count = min(most - len(accusing), len(others))
    chosen = np.random.default_rng(seed).choice(others, count, replace=False)
    return records.loc[records.index.isin(accusing.union(records.index[chosen]))]

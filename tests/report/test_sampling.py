"""Which images of a large run get pictures."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from audit.report.sampling import drawn

WORDS = ["right-reasons", "wrong-reasons", "misread", "suspect", "undecided"]


def records(verdicts: list[str]) -> pd.DataFrame:
    scores = np.linspace(0, 1, len(verdicts))
    return pd.DataFrame({"verdict": verdicts, "verdict_score": scores})


def test_a_run_that_fits_is_drawn_whole():
    frame = records(["right-reasons"] * 5)
    assert drawn(frame, 0, most=5) is frame


def test_the_highest_scores_that_accuse_come_first():
    frame = records(["suspect"] * 10 + ["wrong-reasons"] * 2 + ["right-reasons"] * 10)
    chosen = drawn(frame, 0, most=8)
    accusing = chosen[chosen["verdict"] != "right-reasons"]
    assert accusing.index.tolist() == [6, 7, 8, 9, 10, 11]
    assert len(chosen) == 8


@given(st.lists(st.sampled_from(WORDS), max_size=60), st.integers(4, 20), st.integers(0, 9))
def test_never_more_than_asked_never_twice_and_the_same_each_time(verdicts, most, seed):
    frame = records(verdicts)
    chosen = drawn(frame, seed, most)
    assert len(chosen) <= most and chosen.index.is_unique and chosen.index.is_monotonic_increasing
    assert chosen.equals(drawn(frame, seed, most))

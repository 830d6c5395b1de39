"""Flips: every transition counted, each direction ranked by hand."""

import numpy as np
import pandas as pd
import pytest

from audit.compare.flips import (
    GAINED,
    LOST,
    REASONS_BETTER,
    REASONS_WORSE,
    changed,
    choose,
    gallery,
    joined,
    transitions,
)
from audit.compare.pairing import entries
from audit.compare.pairing import pair as cut

# name, A right, A's verdict and score, B right, B's verdict and score, B's confidence
ROWS = [
    ("same", True, "right-reasons", 0.1, True, "right-reasons", 0.2, 0.9),
    ("step", True, "right-reasons", 0.2, True, "suspect", 0.6, 0.9),
    ("leap", True, "right-reasons", 0.3, True, "wrong-reasons", 0.7, 0.9),
    ("wide leap", True, "right-reasons", 0.1, True, "wrong-reasons", 0.9, 0.9),
    ("mended", True, "wrong-reasons", 0.9, True, "right-reasons", 0.1, 0.9),
    ("eased", True, "wrong-reasons", 0.9, True, "suspect", np.nan, 0.9),
    ("lost", True, "wrong-reasons", 0.9, False, "misread", 0.1, 0.6),
    ("surely lost", True, "right-reasons", 0.1, False, "distracted", 0.8, 0.8),
    ("gained", False, "distracted", 0.8, True, "wrong-reasons", 0.8, 0.7),
    ("unmasked", True, "undecided", np.nan, True, "right-reasons", 0.1, 0.9),
    ("only predicted", True, "", np.nan, False, "", np.nan, 0.9),
]


@pytest.fixture
def both():
    columns = ["name", "a_correct", "a_verdict", "a_verdict_score", "b_correct", "b_verdict",
               "b_verdict_score", "b_confidence"]  # fmt: skip
    return pd.DataFrame(ROWS, columns=columns)


def test_each_direction_has_its_images_the_largest_step_first(both):
    found = choose(both)
    assert found[REASONS_WORSE] == ["wide leap", "leap", "step"]
    assert found[REASONS_BETTER] == ["mended", "eased"]
    assert found[LOST] == ["surely lost", "lost"]
    assert found[GAINED] == ["gained"]


def test_what_changed_is_every_other_verdict_or_answer(both):
    assert set(both["name"]) - set(changed(both)["name"]) == {"same"}


def test_transitions_count_every_explained_image_once(both):
    table = transitions(both)
    counts = {(t.a.key, t.b.key): len(t.names) for row in table for t in row if t.names}
    assert sum(counts.values()) == len(both) - 1
    assert counts["right-reasons", "wrong-reasons"] == 2
    assert counts["undecided", "right-reasons"] == 1


def test_a_gallery_shows_the_first_ones_and_counts_the_others(pair):
    versus = cut(*entries(pair))
    chosen = choose(joined(versus))
    shown = gallery(versus, chosen, most=2)
    for part in shown:
        assert part.total == len(chosen[part.direction])
        assert [flip.a.name for flip in part.shown] == chosen[part.direction][:2]
        assert all(flip.a.name == flip.b.name for flip in part.shown)
    assert len({flip.anchor for part in shown for flip in part.shown}) == 8

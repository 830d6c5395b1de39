import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.gate.bounds import shared_level, standing

SHARES = st.floats(0, 1)
NAN = math.nan


@pytest.mark.parametrize(
    ("limit", "found"),
    [(0.05, "broken"), (0.06, "doubtful"), (0.09, "doubtful"), (0.1, "holds"), (0.5, "holds")],
)
def test_a_maximum_is_broken_by_the_whole_interval_alone(limit, found):
    assert standing(0.1, 0.055, 0.17, limit, "at most") == found


@pytest.mark.parametrize(
    ("limit", "found"), [(0.95, "broken"), (0.94, "doubtful"), (0.9, "holds"), (0.0, "holds")]
)
def test_a_minimum_is_broken_by_the_whole_interval_alone(limit, found):
    assert standing(0.9, 0.83, 0.945, limit, "at least") == found


@pytest.mark.parametrize("bound", ["at most", "at least"])
def test_an_interval_that_touches_the_limit_is_not_beyond_it(bound):
    assert standing(0.2, 0.2, 0.2, 0.2, bound) == "holds"


@pytest.mark.parametrize("numbers", [(NAN, NAN, NAN), (0.1, NAN, NAN), (NAN, 0, 1), (0.1, 0, NAN)])
@pytest.mark.parametrize("bound", ["at most", "at least"])
def test_without_value_or_interval_nothing_is_judged(numbers, bound):
    assert standing(*numbers, 0.5, bound) == "undefined"


@given(st.lists(SHARES, min_size=3, max_size=3).map(sorted), SHARES)
def test_no_figure_is_beyond_the_same_limit_on_both_sides(bounds, limit):
    low, value, high = bounds
    both = {standing(value, low, high, limit, b) for b in ("at most", "at least")}
    assert "holds" in both


@given(st.lists(SHARES, min_size=3, max_size=3).map(sorted), SHARES, SHARES)
def test_a_looser_limit_never_breaks_what_a_stricter_one_lets_pass(bounds, one, other):
    low, value, high = bounds
    order = ["holds", "doubtful", "broken"]
    strict, loose = sorted((one, other))
    found = [order.index(standing(value, low, high, x, "at most")) for x in (loose, strict)]
    assert found == sorted(found)


def test_many_intervals_share_what_may_go_wrong():
    assert shared_level(1) == pytest.approx(0.95)
    assert shared_level(102) == pytest.approx(1 - 0.05 / 102)

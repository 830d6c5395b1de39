"""The worst of many groups, and its interval."""

import numpy as np
import pandas as pd
import pytest

from audit.checks.groups.statistics import LEAST, Cell, cells, worst
from audit.core.estimate import rate
from audit.core.statistics import clopper_pearson, wilson
from audit.gate.bounds import shared_level


def cell(right, n, group="a", label=0, column="background", effective=None):
    return Cell(column, group, label, right, n, rate(right, n), float(effective or n))


def of_all(found):
    """The worst of these cells, all test images being in them."""
    n = sum(c.n for c in found)
    return worst(found, sum(c.right for c in found), n, n)


def test_right_answers_are_counted_by_class_and_group_the_lowest_first():
    table = pd.DataFrame({"label": [0] * 10 + [1] * 10 + [1], "group": ["a"] * 20 + ["b"]})
    table["right"] = [True] * 10 + [False] + [True] * 9 + [False]
    found = cells("site", table)
    assert found == [
        cell(9, 10, "a", 1, "site"), cell(10, 10, "a", 0, "site"), cell(0, 1, "b", 1, "site")
    ]  # fmt: skip


def test_the_worst_is_the_lowest_accuracy_of_those_with_images_enough():
    found = of_all([cell(90, 100), cell(40, 100, "b"), cell(0, LEAST - 1, "c")])
    assert found.cell.group == "b"
    assert (found.accuracy.value, found.accuracy.n) == (0.4, 100)
    assert (found.counted, found.small) == (2, 1)
    assert found.below.value == pytest.approx(130 / 209 - 0.4)


def test_its_interval_reaches_from_the_lowest_lower_to_the_lowest_upper_bound():
    """Of 4 of 10 and 80 of 200 and all images, each at 1 - 0.05 / 3."""
    level = shared_level(3)
    found = of_all([cell(4, 10), cell(80, 200, "b")])
    low, high = clopper_pearson([4, 80, 84], [10, 200, 210], level)
    assert (found.accuracy.low, found.accuracy.high) == (low[0], high[1])
    assert found.below.low == pytest.approx(low[2] - high[1])
    assert found.below.high == pytest.approx(high[2] - low[0])


def test_where_all_groups_are_alike_the_interval_holds_their_accuracy_nearly_always():
    random = np.random.default_rng(0)
    hits = random.binomial(50, 0.8, (1000, 20))
    found = [of_all([cell(int(k), 50, str(i)) for i, k in enumerate(row)]) for row in hits]
    held = np.mean([each.accuracy.low <= 0.8 <= each.accuracy.high for each in found])
    naive = np.mean([wilson(int(row.min()), 50)[1] >= 0.8 for row in hits])
    assert held >= 0.95 > naive


@pytest.mark.parametrize("found", [[], [cell(0, 1), cell(1, 1, "b")]])
def test_without_a_group_of_images_enough_nothing_is_the_worst(found):
    told = worst(found, 3, 9, 9)
    assert told.cell is None and told.accuracy.n == 0 and np.isnan(told.accuracy.value)
    assert np.isnan(told.below.value) and told.small == len(found)


def test_the_order_of_groups_does_not_matter():
    some = [cell(90, 100), cell(40, 100, "b"), cell(80, 200, "c"), cell(1, 2, "d")]
    assert of_all(some) == of_all(some[::-1])
    assert of_all(some).cell.group == "c"  # as low as b, of more images


def test_clusters_make_the_interval_of_the_worst_longer():
    alone = of_all([cell(40, 100), cell(90, 100, "b")])
    held = of_all([cell(40, 100, effective=20), cell(90, 100, "b")])
    assert (held.accuracy.value, held.accuracy.n) == (0.4, 100)
    level = shared_level(3)
    assert held.accuracy.low == clopper_pearson([8], [20], level)[0][0] < alone.accuracy.low


def test_images_of_one_cluster_count_as_one_where_all_are_alike():
    table = pd.DataFrame({"label": 0, "group": "a", "right": True, "cluster": [0] * 8 + [1, 2]})
    (found,) = cells("site", table)
    assert (found.n, found.effective) == (10, 3.0)
    assert found.accuracy.low == rate(3, 3).low

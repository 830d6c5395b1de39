"""Charts draw all that they are given."""

import re

import pandas as pd
import pytest

from audit.report import charts
from audit.report.figures import Estimate

TITLES = [f"Explainer {k}" for k in range(20)]


def drawn(chart):
    """Titles in a chart's legend."""
    return re.findall(r"Explainer \d+", chart.svg)


@pytest.mark.parametrize("many", [4, 5, 9])
def test_costs_have_a_point_of_every_explainer(many):
    found = {title: Estimate(0.5, 0.4, 0.6, 9) for title in TITLES[:many]}
    chart = charts.costs(dict.fromkeys(found, 1.0), {"gain": found})
    assert sorted(set(drawn(chart))) == sorted(found)


@pytest.mark.parametrize("many", [2, 5, 20])
def test_curves_are_drawn_of_every_explainer(many):
    means = {t: [0.9, 0.5, 0.1] for t in [*TITLES[:many], "Random", "Centre Gaussian"]}
    chart = charts.perturbation([0, 0.5, 1], means, "deletion")
    assert sorted(set(drawn(chart))) == sorted(TITLES[:many])


def test_no_two_of_twenty_explainers_look_the_same():
    for styles in (charts.explainer_lines(), charts.explainer_points()):
        assert len({next(styles) for _ in TITLES}) == 20


def test_a_correlation_with_what_does_not_vary_is_undefined():
    chart = charts.scatter(pd.Series([0.1, 0.2, 0.3]), pd.Series([1.0, 1.0, 1.0]), ("a", "b"))
    assert chart.alt == "b against a: rank correlation undefined over 3 images."

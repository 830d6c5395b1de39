import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.explainers.quadrature import RULES, first_nodes, further_nodes


def test_uniform_rule_is_the_trapezoid_rule():
    assert first_nodes(RULES["uniform"], 3) == [(0.0, 0.25), (0.5, 0.5), (1.0, 0.25)]


def test_quadratic_rule_is_dense_near_the_baseline():
    # u = 1/2 and 1; alpha = u^2 and weight 2u/2, halved at the end
    assert first_nodes(RULES["quadratic"], 2) == [(0.25, 0.5), (1.0, 0.5)]


@given(st.sampled_from(sorted(RULES)), st.integers(1, 300))
def test_weights_add_up_to_one(rule, count):
    nodes = first_nodes(RULES[rule], count)
    assert len(nodes) == count
    assert sum(weight for _, weight in nodes) == pytest.approx(1)
    assert all(0 <= alpha <= 1 for alpha, _ in nodes)


@given(st.sampled_from(sorted(RULES)), st.integers(2, 100))
def test_a_finer_rule_keeps_all_nodes_at_half_their_weight(rule, count):
    power = RULES[rule]
    coarse, more = first_nodes(power, count), further_nodes(power, count)
    together = sorted([(alpha, weight / 2) for alpha, weight in coarse] + more)
    np.testing.assert_allclose(together, first_nodes(power, len(together)), atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_a_smooth_integral_converges(rule):
    nodes = first_nodes(RULES[rule], 64)
    assert sum(w * np.exp(a) for a, w in nodes) == pytest.approx(np.e - 1, rel=1e-3)

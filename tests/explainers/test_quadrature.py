import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.explainers.quadrature import ends_and_between, first_nodes, further_nodes


def test_nodes_are_dense_near_the_baseline():
    # u = 1/2 and 1; alpha = u^2 and weight 2u/2, halved at the end
    assert first_nodes(2) == [(0.25, 0.5), (1.0, 0.5)]


def test_both_ends_are_among_the_nodes_between_which_steps_are_taken():
    assert [alpha for alpha, _ in ends_and_between(3)] == [0, 0.25, 1]


@given(st.integers(1, 300))
def test_weights_add_up_to_one(count):
    nodes = first_nodes(count)
    assert len(nodes) == count
    assert sum(weight for _, weight in nodes) == pytest.approx(1)
    assert all(0 <= alpha <= 1 for alpha, _ in nodes)


@given(st.integers(1, 100))
def test_a_finer_rule_keeps_all_nodes_at_half_their_weight(count):
    together = [(alpha, weight / 2) for alpha, weight in first_nodes(count)] + further_nodes(count)
    np.testing.assert_allclose(sorted(together), first_nodes(len(together)), atol=1e-12)


def test_a_smooth_integral_converges():
    assert sum(w * np.exp(a) for a, w in first_nodes(64)) == pytest.approx(np.e - 1, rel=1e-3)

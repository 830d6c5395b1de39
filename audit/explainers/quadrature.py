"""Where Integrated Gradients takes its gradients, and what each counts.

Every rule is the trapezoid rule in ``u`` with ``alpha = u ** power``: its nodes are among those of
the rule with twice as many parts, and each keeps half its weight there. Power 2 places nodes
densely near the baseline, where a gradient bends most (compare arXiv 2302.11107).
"""

from __future__ import annotations

Nodes = list[tuple[float, float]]
RULES = {"quadratic": 2, "uniform": 1}


def first_nodes(power: int, count: int) -> Nodes:
    """``count`` nodes and weights on 0..1; weights add up to 1.

    The uniform rule has nodes at both ends, the quadratic one none at the baseline, where it would
    count nothing. One node alone lies in the middle (uniform) or at the image (quadratic).
    """
    if power == 1 and count == 1:
        return [(0.5, 1.0)]
    parts = count if power > 1 else count - 1
    return [_node(power, j, parts) for j in range(parts + 1 - count, parts + 1)]


def further_nodes(power: int, count: int) -> Nodes:
    """What `first_nodes` of ``count`` nodes lacks of the rule with half the spacing."""
    parts = 2 * (count if power > 1 else count - 1)
    return [_node(power, j, parts) for j in range(1, parts, 2)]


def ends_and_between(power: int, count: int) -> Nodes:
    """``count`` nodes (2 or more) from 0 to 1 in order, both ends among them."""
    return [_node(power, j, count - 1) for j in range(count)]


def _node(power: int, j: int, parts: int) -> tuple[float, float]:
    u = j / parts
    end = 0.5 if j in (0, parts) else 1.0
    return u**power, end * power * u ** (power - 1) / parts

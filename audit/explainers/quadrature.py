"""Quadrature of Integrated Gradients: where it takes its gradients, and what each counts.

The trapezoid rule in ``u`` with ``alpha = u ** 2``: its nodes are among those of the rule with
twice as many parts, and each keeps half its weight there. The square places nodes densely near
the baseline, where a gradient bends most (compare arXiv 2302.11107).
"""

from __future__ import annotations

Nodes = list[tuple[float, float]]


def first_nodes(count: int) -> Nodes:
    """``count`` nodes and weights on 0..1, the last at the image; weights add up to 1.

    There is none at the baseline, where it would count nothing.
    """
    return [_node(j, count) for j in range(1, count + 1)]


def further_nodes(count: int) -> Nodes:
    """Return what `first_nodes` of ``count`` nodes lacks of the rule with half the spacing."""
    return [_node(j, 2 * count) for j in range(1, 2 * count, 2)]


def ends_and_between(count: int) -> Nodes:
    """Return ``count`` nodes (2 or more) from 0 to 1 in order, both ends among them."""
    return [_node(j, count - 1) for j in range(count)]


def _node(j: int, parts: int) -> tuple[float, float]:
    u = j / parts
    end = 0.5 if j in (0, parts) else 1.0  # the trapezoid rule counts its two ends half
    return u**2, end * 2 * u / parts

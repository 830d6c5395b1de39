"""Classes in A and B: order, rates and what stays significant."""

from types import SimpleNamespace

import pandas as pd
import pytest

from audit.compare.classes import class_changes


def source(right, accused):
    """Twenty images of class 0 and ten of class 1; ``accused`` are right for wrong reasons."""
    labels = [0] * 20 + [1] * 10
    predictions = pd.DataFrame({"label": labels})
    predictions["prediction"] = [k if ok else 1 - k for k, ok in zip(labels, right, strict=True)]
    explained = predictions.assign(
        correct=right,
        verdict=["wrong-reasons" if bad else "right-reasons" for bad in accused],
        causal_reason="",
    )
    classes = {0: "rose", 1: "lily", 2: "never tested"}
    return SimpleNamespace(predictions=predictions, explained=explained, labels=classes)


def rows(a, b):
    return class_changes(SimpleNamespace(a=SimpleNamespace(source=a), b=SimpleNamespace(source=b)))


def test_the_greatest_loss_comes_first_and_untested_classes_are_left_out():
    a = source([True] * 30, [False] * 30)
    b = source([True] * 20 + [False] * 5 + [True] * 5, [False] * 30)
    lily, rose = rows(a, b)
    assert (lily.name, rose.name) == ("lily", "rose")
    assert (lily.accuracy.a.value, lily.accuracy.b.value, lily.accuracy.value) == (1, 0.5, -0.5)
    assert lily.wrong_reasons.b.n == 5
    assert not lily.marked  # 5 to 0 has p = 0.0625


def test_a_change_is_marked_where_it_survives_the_correction():
    """7 lost, none won: p = 2 / 2**7 = 0.0156, twice that of two classes is 0.031."""
    a = source([True] * 30, [False] * 30)
    b = source([False] * 7 + [True] * 23, [False] * 30)
    rose, lily = rows(a, b)
    assert rose.accuracy.test.exact == pytest.approx(2 / 2**7)
    assert (rose.accuracy.marked, lily.accuracy.marked) == (True, False)
    six = source([False] * 6 + [True] * 24, [False] * 30)
    assert not rows(a, six)[0].marked  # 0.031 alone, but 0.0625 of two


def test_reasons_are_tested_where_both_are_right():
    a = source([True] * 30, [False] * 30)
    b = source([True] * 30, [True] * 8 + [False] * 22)
    rose = next(r for r in rows(a, b) if r.name == "rose")
    assert rose.wrong_reasons.value == pytest.approx(0.4)
    assert rose.wrong_reasons.marked
    assert not rose.accuracy.marked

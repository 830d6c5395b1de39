"""Seconds by stage."""

import time

import pytest

from audit.clock import Clock


def test_spans_of_a_stage_add_up_and_failed_ones_count():
    clock = Clock()
    with clock("write"):
        time.sleep(0.02)
    with pytest.raises(ValueError), clock("write"):
        time.sleep(0.02)
        raise ValueError
    assert clock.seconds["write"] >= 0.04


def test_what_is_done_with_an_item_does_not_count():
    clock = Clock()
    made = []
    for item in clock.each("decode", (k for k in range(3))):
        time.sleep(0.02)
        made.append(item)
    assert made == [0, 1, 2]
    assert clock.seconds["decode"] < 0.02

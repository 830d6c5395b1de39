"""Seconds by stage."""

import time
from datetime import datetime

import pytest

from audit.core.clock import Clock
from audit.core.errors import ConfigError
from audit.stages import timing


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


def test_a_clock_that_is_set_back_takes_no_seconds_away(monkeypatch):
    falling = iter(range(10**9, 0, -3600))
    monkeypatch.setattr(time, "time", lambda: next(falling))
    clock = Clock()
    with clock("write"):
        time.time()
    assert 0 <= clock.seconds["write"] < 60


def test_a_clock_that_was_never_set_is_named_before_anything_is_made(monkeypatch):
    class Unset(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(1970, 1, 1, tzinfo=tz)

    monkeypatch.setattr(timing, "datetime", Unset)
    with pytest.raises(ConfigError, match="clock says 1970-01-01: set it"):
        timing.now()

"""Seconds by stage."""

import time
from datetime import datetime
from types import SimpleNamespace

import pytest

from audit.core import clock as module
from audit.core.clock import Clock
from audit.core.errors import ConfigError
from audit.stages import timing


@pytest.fixture
def spend(monkeypatch):
    """Let seconds pass, of a time in which nothing else does."""
    now = [0.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def let_pass(seconds):
        now[0] += seconds

    return let_pass


def test_spans_of_a_stage_add_up_and_failed_ones_count(spend):
    clock = Clock()
    with clock("write"):
        spend(2)
    with pytest.raises(ValueError), clock("write"):
        spend(2)
        raise ValueError
    assert clock.seconds["write"] == 4


def test_what_is_done_with_an_item_does_not_count(spend):
    clock = Clock()
    made = []
    for item in clock.each("decode", (k for k in range(3))):
        spend(2)
        made.append(item)
    assert made == [0, 1, 2]
    assert clock.seconds["decode"] == 0


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

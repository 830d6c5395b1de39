import io
import logging

import pytest
from rich.console import Console

from audit.core import progress
from audit.core.track import silent


@pytest.fixture
def clock(monkeypatch):
    """A clock that each item moves on by ten seconds."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def items(count):
        for i in range(count):
            yield i
            now[0] += 10

    return items


def lines(caplog):
    return [r.getMessage() for r in caplog.records]


def test_log_says_place_rate_and_time_left_at_intervals(clock, caplog):
    caplog.set_level(logging.INFO, "audit")
    # An item ends when the next is asked for, so the clock reads 10 s after the first two.
    assert list(progress._lines(clock(5), "explain", 5)) == [0, 1, 2, 3, 4]
    said = lines(caplog)
    assert said[0] == "explain: 3 of 5, 0.1/s, 13 s left"
    assert said[-1] == "explain: 5 of 5 in 50.0 s"
    assert len(said) == 2


def test_short_work_is_one_line(caplog):
    caplog.set_level(logging.INFO, "audit")
    list(progress._lines([1, 2], "predict", 2))
    assert len(lines(caplog)) == 1
    assert lines(caplog)[0].startswith("predict: 2 of 2 in ")


def test_no_items_is_one_line(caplog):
    caplog.set_level(logging.INFO, "audit")
    assert list(progress._lines([], "predict", 0)) == []
    assert lines(caplog)[0].startswith("predict: 0 of 0 in ")


def test_items_of_a_log_are_not_read_ahead(caplog):
    read = []
    stream = iter(progress._lines((read.append(i) or i for i in range(3)), "x", 3))
    next(stream)
    assert read == [0]


def test_where_nobody_watches_lines_are_logged(caplog, capsys):
    caplog.set_level(logging.INFO, "audit")
    assert list(progress.show([1, 2], "work", 2)) == [1, 2]
    assert len(lines(caplog)) == 1
    assert capsys.readouterr().out == ""


def test_bar_shows_label_and_count():
    console = Console(force_terminal=True, width=100, record=True, file=io.StringIO())
    assert list(progress._bar([1, 2, 3], "explain", 3, console)) == [1, 2, 3]
    text = console.export_text()
    assert "explain" in text
    assert "3/3" in text


def test_silent_track_hands_items_on():
    items = [1, 2]
    assert silent(items, "x", 2) is items

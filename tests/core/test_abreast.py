"""Work in several threads, in the stream's order."""

from __future__ import annotations

import threading

import pytest

from audit.core.abreast import abreast


def never():
    raise AssertionError("nothing went wrong")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(count):
    assert list(abreast(lambda n: n * n, range(9), count, never)) == [n * n for n in range(9)]


def test_two_are_worked_on_at_once():
    met = threading.Barrier(2, timeout=30)
    assert list(abreast(lambda _: met.wait() >= 0, range(4), 2, never)) == [True] * 4


def test_items_are_taken_only_as_far_ahead_as_there_are_threads():
    taken = []
    found = abreast(lambda n: n, (taken.append(n) or n for n in range(9)), 2, lambda: None)
    assert next(found) == 0
    assert len(taken) == 3
    found.close()


def test_an_error_comes_in_its_turn_and_stops_the_others():
    stopped = threading.Event()

    def work(number):
        if number == 1:
            raise ValueError("one")
        if number > 1:
            assert stopped.wait(30)
        return number

    found = abreast(work, range(4), 2, stopped.set)
    assert next(found) == 0
    with pytest.raises(ValueError, match="one"):
        next(found)
    assert stopped.is_set()


def test_left_early_it_stops_what_is_being_worked_on():
    stopped = threading.Event()
    found = abreast(lambda n: n == 0 or stopped.wait(30), range(4), 2, stopped.set)
    next(found)
    found.close()
    assert stopped.is_set()

import threading
import time

import pytest

from audit.core.ahead import ahead


def counting(read, count=10):
    for number in range(count):
        read.append(number)
        yield number


def test_items_come_in_order():
    assert list(ahead(counting([]), 3)) == list(range(10))


def test_reading_goes_on_while_an_item_is_used_but_not_beyond_the_bound():
    read = []
    stream = ahead(counting(read), 3)
    next(stream)
    end = time.monotonic() + 60
    while len(read) < 4 and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.1)  # in which it would read on
    assert read == [0, 1, 2, 3]
    stream.close()


def test_an_error_comes_in_its_turn():
    def failing():
        yield 1
        raise ValueError("torn")

    stream = ahead(failing(), 4)
    assert next(stream) == 1
    with pytest.raises(ValueError, match="torn"):
        next(stream)


def test_leaving_closes_the_stream_and_ends_the_thread():
    closed, before = [], threading.active_count()

    def stream():
        try:
            yield from range(100)
        finally:
            closed.append(True)

    left = ahead(stream(), 3)
    next(left)
    left.close()
    assert closed == [True]
    assert threading.active_count() == before

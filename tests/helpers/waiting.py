"""Waiting for a page whose policy forbids what Playwright would have it evaluate."""

import time

SECONDS = 120  # machines may be busy


def until(page, expression, arg=None):
    """Return once an expression is true in the page.

    `wait_for_function` looks once from outside and then polls from within, which the page's
    Content Security Policy forbids.
    """
    end = time.monotonic() + SECONDS
    while not page.evaluate(expression, arg):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(20)

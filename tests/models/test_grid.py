"""Tokens on a square grid, and those before it."""

import pytest

from audit.models.grid import prefix_of


@pytest.mark.parametrize(
    ("tokens", "known", "expected"),
    [
        (16, None, 0),
        (17, None, 1),  # a class token
        (18, None, 2),
        (24, None, 8),  # 16 places, as many before them as may be
        (25, None, 0),
        (26, 1, 1),
        (26, 2, None),  # 24 places are no square
        (4, None, 0),
        (3, None, None),  # of one place alone, none is read
        (0, None, None),
    ],
)
def test_tokens_before_a_square_of_places(tokens, known, expected):
    assert prefix_of(tokens, known) == expected

import pytest

from audit.core.errors import ConfigError
from audit.masks.stated import Stated, stated


def test_nothing_is_said_by_default():
    assert stated() == Stated(None, None)


def test_values_and_ranges_are_joined_by_commas():
    assert stated("1-3, 15", "255") == Stated(frozenset({1, 2, 3, 15}), frozenset({255}))


@pytest.mark.parametrize("text", ["", "x", "1-", "-1", "3-1", "1,,2", "70000", "0.5", "1;2", "²"])
def test_what_is_no_value_is_named(text):
    with pytest.raises(ConfigError, match=r"Bad value .* for 'mask_subject': expected auto, or"):
        stated(text)


def test_no_value_is_both_subject_and_unknown():
    with pytest.raises(ConfigError, match="value 2 is in both --mask-subject and --mask-unknown"):
        stated("1-2", "2,255")

import os
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from audit.datasets.filenames import readable, unique

NAMES = st.binary(min_size=1, max_size=12).filter(lambda b: b"/" not in b and b"\0" not in b)


def test_bytes_that_are_no_utf_8_are_shown_as_such():
    assert readable(os.fsdecode(b"caf\xe9.png")) == r"caf\xe9.png"


def test_separate_accents_are_composed_and_case_is_kept():
    assert readable(unicodedata.normalize("NFD", "Café")) == "Café"


def test_names_that_would_read_alike_are_told_apart():
    composed, apart = "café.png", unicodedata.normalize("NFD", "café.png")
    first, second = unique([composed, apart])
    assert first == composed
    assert second.startswith("café~") and second.endswith(".png")
    assert unique([apart, composed]) == [second, first]


@given(st.lists(NAMES, unique=True, max_size=20))
def test_any_names_become_valid_unicode_and_stay_apart(raw):
    names = unique([os.fsdecode(name) for name in raw])
    assert len(set(names)) == len(raw)
    assert all(name.encode().decode() == name for name in names)

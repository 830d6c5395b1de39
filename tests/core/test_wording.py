"""Counts and lists in words."""

import pytest

from audit.core.wording import are, plural, some, verb


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (plural(1, "image"), "1 image"),
        (plural(0, "image"), "0 images"),
        (plural(2000, "image"), "2,000 images"),
        (plural(1, "class", "classes"), "1 class"),
        (plural(3, "class", "classes"), "3 classes"),
        (are(1, "file"), "1 file is"),
        (are(1200, "file"), "1,200 files are"),
        (verb(1, "has", "have"), "has"),
        (verb(0, "has", "have"), "have"),
        (some(["a", "b", "c"]), "a, b, c"),
        (some("abcd"), "a, b, c, ..."),
        (some(["a", "b"], 1), "a, ..."),
    ],
)
def test_counts_agree_with_their_nouns_and_lists_say_that_they_go_on(said, words):
    assert said == words

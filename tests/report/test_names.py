"""Names as safe file names."""

import re

from drawnruns import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from audit.report.names import slug, unique_slugs

names = st.text(max_size=60)


@given(names)
def test_a_slug_is_safe_and_short_on_every_file_system(name):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(name))
    assert len(slug(name)) <= 49


@given(st.lists(names, max_size=20))
def test_slugs_differ_though_names_repeat(given_names):
    assert len(set(unique_slugs(given_names))) == len(given_names)


def test_hostile_names_keep_apart():
    assert len({slug(name) for name in HOSTILE}) == len(HOSTILE)


def test_a_slug_tells_its_name_to_a_reader():
    assert slug("Image 00001.JPG").startswith("image-00001-jpg-")


def test_a_slug_depends_on_nothing_but_the_name():
    assert unique_slugs(["a", "rose"])[1] == slug("rose")

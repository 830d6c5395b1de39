"""Sections of a page, read off its headings: what its contents list."""

from __future__ import annotations

import re
from typing import NamedTuple

from markupsafe import Markup

# Of our own markup alone, in which all text is escaped.
_HEADING = re.compile(r'<h2\b[^>]*\bid="([^"]+)"[^>]*>(.*?)</h2>', re.DOTALL)
_BESIDE = re.compile(r'<a\b[^>]*>.*?</a>|<span aria-hidden="true">.*?</span>', re.DOTALL)


class Section(NamedTuple):
    """A heading of the second level."""

    anchor: str
    title: str


def sections(html: str) -> list[Section]:
    """Return the headings of a page that can be linked, without links and signs beside them.

    A heading that a script fills in is left out.
    """
    found = _HEADING.findall(html)
    told = [Section(anchor, Markup(_BESIDE.sub("", inner)).striptags()) for anchor, inner in found]
    return [section for section in told if section.title]

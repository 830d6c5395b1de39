"""Sections of a page, read off its headings, and its parts: what its contents list."""

from __future__ import annotations

import re
from typing import NamedTuple

from markupsafe import Markup

# Of our own markup alone, in which all text is escaped.
_HEADING = re.compile(r'<h2\b[^>]*\bid="([^"]+)"[^>]*>(.*?)</h2>', re.DOTALL)
_PART = re.compile(r"<!-- part: (.*?) -->")
_BESIDE = re.compile(r'<a\b[^>]*>.*?</a>|<span aria-hidden="true">.*?</span>', re.DOTALL)


class Section(NamedTuple):
    """A heading of the second level."""

    anchor: str
    title: str


class Part(NamedTuple):
    """Sections that belong together; ``title`` is "" of those before the first mark."""

    title: str
    sections: list[Section]


def parts(html: str) -> list[Part]:
    """Return the sections of a page by the part that a comment ``part: TITLE`` opens."""
    first, *rest = _PART.split(html)
    texts = [("", first), *zip(rest[::2], rest[1::2], strict=True)]
    found = [Part(title, sections(text)) for title, text in texts]
    return [part for part in found if part.sections]


def sections(html: str) -> list[Section]:
    """Return the headings of a page that can be linked, without links and signs beside them.

    A heading that a script fills in is left out.
    """
    found = _HEADING.findall(html)
    told = [Section(anchor, Markup(_BESIDE.sub("", inner)).striptags()) for anchor, inner in found]
    return [section for section in told if section.title]

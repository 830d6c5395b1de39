"""What the name of a figure opens: its definition, in the words of methods and glossary."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from audit.core.estimate import Metric
from audit.core.term import Term

# Of our own markup alone, in which all text is escaped.
_ASKED = re.compile(r'popovertarget="help-([\w-]+)"')
_GIVEN = re.compile(r'id="help-([\w-]+)"')


@dataclass(frozen=True)
class Help:
    """The definition of one figure or term.

    Attributes
    ----------
    formula, direction : str
        "" of a term.
    anchor : str
        Id of its entry of the glossary.
    """

    title: str
    words: str
    anchor: str
    formula: str = ""
    direction: str = ""
    source: str = ""


def helps(metrics: Iterable[Metric], terms: Iterable[Term]) -> dict[str, Help]:
    """Return all definitions: figures by their keys, terms by their anchors."""
    known = list(terms)
    anchors = {key: term.anchor for term in known for key in term.figures}
    of_terms = {t.anchor: Help(t.term, t.meaning, t.anchor, source=t.source) for t in known}
    return of_terms | {m.key: _of_metric(m, anchors.get(m.key, "")) for m in metrics}


def _of_metric(metric: Metric, anchor: str) -> Help:
    return Help(
        metric.title, metric.description, anchor, metric.formula, metric.direction, metric.paper
    )


def by_name(found: dict[str, Help]) -> dict[str, str]:
    """Return the key of each definition by its title, and by each of a term's several names."""
    return {name: key for key, each in found.items() for name in (each.title, *_names(each))}


def _names(term: Help) -> list[str]:
    """Return the names of "Right, wrong": both, as a head of a column begins them."""
    parts = [] if term.formula else term.title.split(", ")
    return [part[:1].upper() + part[1:] for part in parts]


def wanted(html: str) -> list[str]:
    """Return the keys of the definitions that a page's names open and that it does not hold yet."""
    given = set(_GIVEN.findall(html))
    return [key for key in dict.fromkeys(_ASKED.findall(html)) if key not in given]

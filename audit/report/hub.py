"""What the Hugging Face Hub reads of a model card: the YAML above it, figures as a model-index."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.report.content import Content
from audit.report.modelcard import FIGURES, figure_words
from audit.report.owner import owner_of

# Of the Hub's identifiers, those that owners of models name; it refuses what is none of its own.
_LICENCES = {"apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0",
             "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0",
             "gpl-3.0", "lgpl-3.0", "agpl-3.0", "mpl-2.0", "unlicense"}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """One metric of the model-index.

    Attributes
    ----------
    name : str
        With its interval and n, which the Hub has no other place for.
    value : float
        Never NaN: what is undefined is left to the card's own words.
    """

    type: str
    name: str
    value: float


@dataclass(frozen=True)
class Metadata:
    """The front matter.

    Attributes
    ----------
    licence : str
        One of the Hub's; "other" where it has none like the owner's, "" where he names none.
    library : str
        "" where it is not known.
    dataset_type : str
        The data's name with the signs alone that an identifier has.
    """

    model: str
    licence: str
    licence_name: str
    library: str
    dataset: str
    dataset_type: str
    fingerprint: str
    values: tuple[Value, ...]


def metadata(content: Content) -> Metadata:
    """Return the front matter of a run's model card."""
    source = content.source
    data = str(source.section("data").get("name", "images"))
    named = owner_of(source.run).get("licence", "")
    return Metadata(
        model=f"{source.section('model').get('backbone', 'a model')} on {data}",
        licence=_licence(named),
        licence_name=_identifier(named).lower(),
        library="keras" if source.section("training") else "",
        dataset=data,
        dataset_type=_identifier(data) or "images",
        fingerprint=str(source.section("data").get("fingerprint", "")),
        values=tuple(_values(content)),
    )


def _licence(named: str) -> str:
    known = _identifier(named).lower()
    return known if known in _LICENCES or not named else "other"


def _values(content: Content) -> Iterator[Value]:
    for key in (*FIGURES, *(f"{key}_skill" for key in content.source.leading)):
        figure = content.figures[key]
        if not math.isnan(figure.estimate.value):
            words = figure_words(figure.estimate, figure.metric.style)
            yield Value(key, f"{figure.metric.title}: {words}", figure.estimate.value)


def _identifier(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")

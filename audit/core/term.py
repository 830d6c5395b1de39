"""A term of the glossary."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One term.

    Attributes
    ----------
    meaning : str
        With ``{subject}`` where the subject's name goes.
    source : str
        Paper; "" where the term is common.
    page : str
        Page of the report on which it is met, from the root; "" where on many.
    figures : tuple of str
        Keys of the figures that it explains; ``*`` stands for the key of any explainer.
    """

    term: str
    meaning: str
    source: str = ""
    page: str = ""
    figures: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Id on the page."""
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.term.lower()).strip("-")

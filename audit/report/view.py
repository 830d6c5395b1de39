"""Ways of a page to its pictures: beside it, or inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from audit.report import colours
from audit.report.behind import EVENED, LOST, file_of, tried
from audit.report.cases import Case
from audit.report.shapes import Shapes


@dataclass(frozen=True)
class View:
    """Values that templates need to show a case.

    Attributes
    ----------
    root : str
        Path from the page to the report's root.
    shapes : mapping
        Outlines by a case's anchor.
    held : mapping or None
        Addresses that hold a picture, by its file; None where pictures lie beside the page.
    """

    root: str
    shapes: Mapping[str, Shapes]
    held: Mapping[str, str] | None = None

    def src(self, picture: str) -> str:
        """Return the address of a picture that is named relative to the report's root."""
        return f"{self.root}{picture}" if self.held is None else self.held[picture]

    def behind(self, case: Case, swap: int) -> str:
        """Return the address of the background of one of a case's swaps; "" of a lost one."""
        row = tried(self.shapes[case.anchor], case.trials)[swap]
        return "" if row == LOST else self.src(file_of(row))

    def is_evened(self, case: Case, swap: int) -> bool:
        """Return whether one of a case's swaps is on its own background, evened out."""
        return tried(self.shapes[case.anchor], case.trials)[swap] == EVENED

    def case(self, case: Case) -> str:
        """Return the case's stable address: it holds no number of a page."""
        gallery = f"{self.root}gallery.html#case=" if self.held is None else "#"
        return f"{gallery}{case.anchor}"

    @cached_property
    def tables(self) -> dict[str, str]:
        """Colours of relevance, by channel."""
        return colours.tables()

    @cached_property
    def gradient(self) -> str:
        """Colours of relevance, for the legend."""
        return colours.gradient()

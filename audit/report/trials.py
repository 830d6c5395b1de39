"""What a case was shown in tests, and what the model answered each time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit.core.edits import EDITS, FROM_ANOTHER
from audit.report.templating import percent
from audit.verdict.sensitivity import REGION, SCENE, kind_of

NAN = math.nan
FILLED, ALONE = "filled", "alone"  # composites besides edits, which are named by their keys
_UNKNOWN = {True: "the same answer", False: "another answer", None: "answer not kept"}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """An answer under intervention.

    Attributes
    ----------
    index : int
        -1 where the version that made the run did not keep it.
    name : str
        "" likewise.
    confidence : float
        NaN likewise.
    stays : bool or None
        Whether it is the answer to the photo; None where that was not kept either.
    """

    index: int = -1
    name: str = ""
    confidence: float = NAN
    stays: bool | None = None

    @property
    def words(self) -> str:
        """The answer and how sure it is, as far as they are known."""
        if self.name:
            return self.name if math.isnan(self.confidence) else f"{self.name}, {self.sure}"
        return _UNKNOWN[self.stays]

    @property
    def sure(self) -> str:
        """Confidence in words; "" where it is not known."""
        return "" if math.isnan(self.confidence) else percent(self.confidence, 0)

    @property
    def outcome(self) -> str:
        """Whether the answer turned, in a word; "" where that is not known."""
        return {True: "stays", False: "turned", None: ""}[self.stays]


@dataclass(frozen=True)
class Panel:
    """One composite that the model was shown.

    Attributes
    ----------
    key : str
        `FILLED`, `ALONE` or an edit's.
    title : str
        What was done, in words.
    """

    key: str
    title: str
    said: Said


@dataclass(frozen=True)
class Turn:
    """The intervention that shows best what an answer hangs on.

    It turns the answer; or it takes the foreground away, and the answer stays.

    Attributes
    ----------
    words : str
        Ends "after, ...".
    panel, swap : int
        Its place among the composites, or among the other backgrounds; the other one is -1.
    """

    words: str
    said: Said
    panel: int = -1
    swap: int = -1


@dataclass(frozen=True)
class Trials:
    """Everything that a case was shown, and what it answered.

    Attributes
    ----------
    panels : tuple of Panel
        In the order of the file of composites.
    swaps : tuple of Said
        Of its foreground on every other background; the last is its own, evened out.
    donor : int
        Row of the run's backgrounds that edits took from; -1 of none, or where it was not kept.
    turn : Turn or None
        None where nothing shows what the answer hangs on.
    """

    panels: tuple[Panel, ...] = ()
    swaps: tuple[Said, ...] = ()
    donor: int = -1
    turn: Turn | None = None

    @property
    def survived(self) -> int:
        """On how many other backgrounds the answer stays."""
        return sum(said.stays is True for said in self.swaps)

    @property
    def is_told(self) -> bool:
        """Whether it is known which backgrounds keep the answer."""
        return all(said.stays is not None for said in self.swaps)

    @property
    def lacks(self) -> str:
        """What the version that made the run did not keep, in words; "" where it kept all."""
        if not self.is_told:
            return "which"
        named = all(said.name or said.stays for said in self.swaps)
        return "" if named else "what it became on the others"


def trials_of(row: Row, classes: Mapping[int, str]) -> Trials:
    """Return what the record of an image tells of its tests."""
    if row["causal_reason"]:
        return Trials()
    panels, swaps = tuple(_panels(row, classes)), _swaps(row, classes)
    return Trials(panels, swaps, row["edit_donor"], _turn(row, panels, swaps))


def _panels(row: Row, classes: Mapping[int, str]) -> Iterator[Panel]:
    if row["removal_prediction"] >= 0:
        title = f"Filled in: {row['removal_area']:.0%}, {row['removal_place']}"
        sure = row["removal_confidence"]
        yield Panel(FILLED, title, _said(row, row["removal_prediction"], sure, classes))
    if row["without_foreground"] >= 0:
        yield Panel(ALONE, "Background alone", _said(row, row["without_foreground"], NAN, classes))
    if key := _edit(row):
        sure = _percents(row["edit_confidences"], len(EDITS))[list(EDITS).index(key)]
        said = _said(row, row[f"edit_{key}_prediction"], sure, classes)
        yield Panel(key, EDITS[key].words.capitalize(), said)


def _edit(row: Row) -> str:
    """Return the edit that costs an answer most of those that turn it; "" of none.

    Of the kind that decides where one is. One that took from an unknown background cannot be drawn.
    """
    turned = [key for key in EDITS if row[f"edit_{key}_prediction"] not in (-1, row["prediction"])]
    drawn = [key for key in turned if key not in FROM_ANOTHER or row["edit_donor"] >= 0]
    own = [key for key in drawn if EDITS[key].kind == row["verdict_cause"]]
    return max(own or drawn, key=lambda key: row[f"edit_{key}_lost"], default="")


def _swaps(row: Row, classes: Mapping[int, str]) -> tuple[Said, ...]:
    if not row["swap_predictions"]:  # an earlier version kept their share alone
        stays = {1.0: True, 0.0: False}.get(row["survival"])
        return (Said(stays=stays),) * row["donors"]
    answers = [int(answer) for answer in row["swap_predictions"].split(",")]
    sure = _percents(row["swap_confidences"], len(answers))
    return tuple(_said(row, a, s, classes) for a, s in zip(answers, sure, strict=True))


def _said(row: Row, answer: int, confidence: float, classes: Mapping[int, str]) -> Said:
    name = classes.get(answer, f"class {answer}")
    return Said(answer, name, confidence, answer == row["prediction"])


def _percents(text: str, count: int) -> list[float]:
    """Read percentages that are joined by commas; NaN where there are not so many."""
    found = [float(each) / 100 for each in text.split(",") if each]
    return (found + [NAN] * count)[:count]


def _turn(row: Row, panels: tuple[Panel, ...], swaps: tuple[Said, ...]) -> Turn | None:
    """Choose: of the kind that decides before others, and a known answer before others."""
    found = list(_turns(row, panels, swaps))
    found.sort(key=lambda each: (not each[1].said.name, each[0] != row["verdict_cause"]))
    return found[0][1] if found else None


def _turns(
    row: Row, panels: tuple[Panel, ...], swaps: tuple[Said, ...]
) -> Iterator[tuple[str, Turn]]:
    """Yield what turns the answer, by the kind of cue that it speaks of; last what it outlives."""
    for k, panel in enumerate(panels):
        if panel.said.stays or panel.key == ALONE:
            continue
        if panel.key == FILLED:
            what = f"with {row['removal_area']:.0%} of the image filled in at the "
            yield kind_of(REGION), Turn(what + row["removal_place"], panel.said, panel=k)
        else:
            words = EDITS[panel.key].words
            yield EDITS[panel.key].kind, Turn(words, panel.said, panel=k)
    for k, said in enumerate(swaps):
        if said.stays is False:
            words = "on another background" if k + 1 < len(swaps) else "with its background evened"
            yield kind_of(SCENE), Turn(words, said, swap=k)
    for k, panel in enumerate(panels):
        if panel.key == ALONE and panel.said.stays:
            yield "", Turn("without its foreground", panel.said, panel=k)

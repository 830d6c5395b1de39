"""Images on which two models part: every transition counted, the telling ones shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.compare.pairing import Pair
from audit.report.cases import Case, galleries
from audit.report.source import Source
from audit.report.verdicts import VERDICT_KINDS, VerdictKind
from audit.verdict.verdict import Verdict

LISTED = 60  # names a transition lists on the page; the CSV has all
# Only verdicts on right answers are ordered; any other comes out as NaN.
_STEPS = {Verdict.RIGHT_REASONS: 0.0, Verdict.SUSPECT: 1.0, Verdict.WRONG_REASONS: 2.0}


@dataclass(frozen=True)
class Direction:
    """A kind of flip that matters; ``title`` and ``meaning`` hold {a}, {b} and {subject}."""

    key: str
    title: str
    meaning: str


REASONS_WORSE = Direction(
    "reasons-worse",
    "Right in both, for worse reasons in {b}",
    "From right reasons to suspect or wrong reasons, or from suspect to wrong reasons; the largest "
    "step first.",
)
REASONS_BETTER = Direction(
    "reasons-better",
    "Right in both, for better reasons in {b}",
    "From wrong reasons to suspect or right reasons, or from suspect to right reasons; the largest "
    "step first.",
)
LOST = Direction("lost", "Right in {a}, wrong in {b}", "The surest wrong answers of {b} first.")
GAINED = Direction("gained", "Wrong in {a}, right in {b}", "The surest right answers of {b} first.")


@dataclass(frozen=True)
class Flip:
    """One image as both models answer it, with the anchor of its card."""

    anchor: str
    a: Case
    b: Case


@dataclass(frozen=True)
class Gallery:
    """Flips of one direction: the first ones to be shown, and how many there are."""

    direction: Direction
    shown: list[Flip]
    total: int


@dataclass(frozen=True)
class Transition:
    """Images that went from one verdict to another."""

    a: VerdictKind
    b: VerdictKind
    names: list[str]

    @property
    def key(self) -> str:
        """Anchor of its list, without the pair's prefix."""
        return f"{self.a.key}-to-{self.b.key}"


def joined(pair: Pair) -> pd.DataFrame:
    """Return one row a shared test image, columns of A and B; verdicts empty if not explained."""
    both = pair.a.source.predictions[["name", "label"]].copy()
    both["label_name"] = both["label"].map(pair.a.source.classes)
    for side, source in (("a", pair.a.source), ("b", pair.b.source)):
        both = both.join(_side(source, side), on="name")
    for side in ("a", "b"):
        text = [f"{side}_verdict", f"{side}_verdict_reason"]
        both[text] = both[text].fillna("")
    return both


def _side(source: Source, side: str) -> pd.DataFrame:
    given = source.predictions.set_index("name")
    found = pd.DataFrame(
        {
            "prediction": given["prediction"].map(source.classes).fillna("no answer"),
            "correct": given["prediction"] == given["label"],
            "confidence": given["confidence"],
        }
    )
    columns = ["name", "verdict", "verdict_reason", "verdict_score", "background_share"]
    judged = source.whole(source.explained, columns).set_index("name")
    return found.join(judged).add_prefix(f"{side}_")


def changed(both: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `joined` whose answer turned right or wrong, or whose verdict is another."""
    answers = both["a_correct"] != both["b_correct"]
    return both[answers | (both["a_verdict"] != both["b_verdict"])]


def transitions(both: pd.DataFrame) -> list[list[Transition]]:
    """Tabulate verdicts of A (rows) by verdicts of B, over the images explained in both."""
    groups = {
        (str(a), str(b)): group["name"].tolist()
        for (a, b), group in both.groupby(["a_verdict", "b_verdict"])
    }
    return [
        [Transition(a, b, groups.get((a.key, b.key), [])) for b in VERDICT_KINDS]
        for a in VERDICT_KINDS
    ]


def choose(both: pd.DataFrame) -> dict[Direction, list[str]]:
    """Name all flips of each direction among the explained images, the strongest first."""
    explained = both[(both["a_verdict"] != "") & (both["b_verdict"] != "")]
    step = _step(explained)
    turned = explained["b_correct"].astype(int) - explained["a_correct"].astype(int)
    sure = explained["b_confidence"].to_numpy(dtype=np.float64)
    return {
        REASONS_WORSE: _ranked(explained, step, step > 0),
        REASONS_BETTER: _ranked(explained, -step, step < 0),
        LOST: _ranked(explained, sure, (turned < 0).to_numpy()),
        GAINED: _ranked(explained, sure, (turned > 0).to_numpy()),
    }


def _step(explained: pd.DataFrame) -> NDArray[np.float64]:
    """Return how much worse B's reasons are; 0 where a verdict is none of a right answer's.

    Whole steps between verdicts come first, the change of the score between them after.
    """
    places = [explained[f"{side}_verdict"].map(_STEPS).to_numpy(np.float64) for side in ("a", "b")]
    scores = [explained[f"{side}_verdict_score"].to_numpy(np.float64) for side in ("a", "b")]
    whole = np.nan_to_num(places[1] - places[0])
    within = np.nan_to_num(scores[1] - scores[0])  # -1..1
    return np.where(whole == 0, 0.0, whole + 0.49 * within)  # less than a step


def _ranked(
    explained: pd.DataFrame, strength: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> list[str]:
    order = np.argsort(-strength[chosen], kind="stable")
    return [str(name) for name in explained["name"].to_numpy()[chosen][order]]


def gallery(pair: Pair, chosen: dict[Direction, list[str]], most: int) -> list[Gallery]:
    """Return the first ``most`` of each direction as cases of both runs."""
    sides = [_cases(e.source) for e in (pair.a, pair.b)]
    return [
        Gallery(d, _flips(pair, d, [n for n in names if all(n in s for s in sides)][:most], sides),
                len(names))
        for d, names in chosen.items()
    ]  # fmt: skip


def _flips(
    pair: Pair, direction: Direction, names: Sequence[str], sides: Sequence[dict[str, Case]]
) -> list[Flip]:
    a, b = sides
    return [Flip(f"{pair.key}-{direction.key}-{a[n].anchor}", a[n], b[n]) for n in names]


def _cases(source: Source) -> dict[str, Case]:
    found = galleries(source, source.whole(source.mapped)).values()
    return {case.name: case for cases in found for case in cases}

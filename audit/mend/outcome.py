"""What became of a model that was mended: one word, and the figures that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from audit.compare.content import Versus, comparison
from audit.compare.exports import defined
from audit.compare.findings import PairFinding
from audit.compare.grown import those
from audit.core.estimate import Estimate, rate
from audit.core.paired import Difference, newcombe
from audit.core.wording import plural, some
from audit.datasets.dataset import Dataset
from audit.datasets.groups import groups_of
from audit.storage.run import RunFolder

FEWEST = 10  # images of a group that says something
# Figures that tell whether a model rests on its backgrounds less; accuracy is what that costs.
_REASONS = ("wrong_reasons_share", "wrong_reasons_both_right", "bg_gap")
MENDED, ALIKE, WORSE = "mended", "no better beyond doubt", "worse"


@dataclass(frozen=True)
class GroupChange:
    """Accuracy of one label in one group, before and after.

    Attributes
    ----------
    change : Difference
        After less before, paired (Newcombe 1998, method 10).
    """

    name: str
    before: Estimate
    after: Estimate
    change: Difference


@dataclass(frozen=True)
class Outcome:
    """What became of a model.

    Attributes
    ----------
    says : str
        `MENDED`, `ALIKE` or `WORSE`.
    words : str
        The same as one sentence or two, with its figures.
    groups : list of GroupChange
        By label and group, the worst before first; empty where no groups are known.
    better, worse : list of str
        Keys of figures that are so beyond doubt, of those that tell of reasons.
    grown : list of str
        Classes and kinds of cue to which a class is more sensitive now, beyond doubt.
    """

    says: str
    words: str
    accuracy: PairFinding
    groups: list[GroupChange]
    better: list[str]
    worse: list[str]
    grown: list[str]

    def json(self) -> dict[str, Any]:
        """Return it as ``mend.json`` has it; undefined is null."""
        told: dict[str, Any] = {
            "says": self.says,
            "words": self.words,
            "accuracy": _sides(self.accuracy),
            "groups": [asdict(group) for group in self.groups],
            **{key: list(getattr(self, key)) for key in ("better", "worse", "grown")},
        }
        cleared: dict[str, Any] = defined(told)
        return cleared


def _sides(found: PairFinding) -> dict[str, Any]:
    return {key: asdict(getattr(found, key)) for key in ("a", "b", "difference")}


def outcome(
    before: RunFolder, after: RunFolder, dataset: Dataset, columns: Sequence[str]
) -> Outcome:
    """Hold the audit of a mended model against the audit of what it was.

    Mended: fewer wrong reasons, a smaller gap between backgrounds or a better worst group, beyond
    doubt, and none of them worse. Worse: any of them is worse, or accuracy is and none is better,
    or a class rests on a cue that it did not rest on before.
    """
    found = comparison([before, after]).versus[0]
    groups = _groups(before, after, dataset, columns)
    better, worse = _moved(found, groups)
    grown = [f"{each.name}: {each.words}" for each in those(found.grown, "new", "grew")]
    accuracy = found.by_key["accuracy"]
    if worse or grown or (accuracy.says == "worse" and not better):
        says = WORSE
    else:
        says = MENDED if better else ALIKE
    words = _words(says, found, groups, grown)
    return Outcome(says, words, accuracy, groups, better, worse, grown)


def _moved(found: Versus, groups: Sequence[GroupChange]) -> tuple[list[str], list[str]]:
    """Return what is better and what is worse beyond doubt."""
    told = {key: found.by_key[key].says for key in _REASONS if key in found.by_key}
    if groups:
        told["worst_group"] = _worst_says(groups)
    return tuple([k for k, v in told.items() if v == says] for says in ("better", "worse"))  # type: ignore[return-value]


def _worst_says(groups: Sequence[GroupChange]) -> str:
    """Say what became of the worst group; worse, where another one is below it beyond doubt."""
    first = groups[0]
    if first.change.low > 0:
        last = min(groups, key=lambda g: g.after.value)
        return "worse" if last.after.high < first.before.low else "better"
    return "worse" if first.change.high < 0 else "alike"


def _groups(
    before: RunFolder, after: RunFolder, dataset: Dataset, columns: Sequence[str]
) -> list[GroupChange]:
    """Return accuracy by label and group, where there are groups, the worst before first."""
    items = {item.name: item for item in dataset.items("test")}
    tables = [run.predictions().set_index("name") for run in (before, after)]
    names = [name for name in tables[0].index if name in tables[1].index and name in items]
    right = [t.loc[names, "label"] == t.loc[names, "prediction"] for t in tables]
    rows = []
    for column in columns:
        values = groups_of(dataset, [items[n] for n in names], column)
        told = [
            None if value is None else f"{dataset.classes[items[n].label]}, {column} {value}"
            for n, value in zip(names, values, strict=True)
        ]
        for name, count in Counter(each for each in told if each is not None).items():
            if count >= FEWEST:
                own = np.array([each == name for each in told])
                rows.append(_change(name, *(r.to_numpy(bool)[own] for r in right)))
    return sorted(rows, key=lambda each: each.before.value)


def _change(name: str, a: Any, b: Any) -> GroupChange:
    sides = [rate(int(np.sum(side)), len(side)) for side in (a, b)]
    return GroupChange(name, sides[0], sides[1], newcombe(a, b))


def _words(says: str, found: Versus, groups: Sequence[GroupChange], grown: Sequence[str]) -> str:
    """Return the sentence, then what it rests on."""
    first = {
        MENDED: "Mended",
        ALIKE: "No better beyond doubt: keep the old model",
        WORSE: "Worse: keep the old model",
    }[says]
    parts = [f"{first}."]
    if groups:
        lowest = [min(groups, key=lambda g: getattr(g, s).value) for s in ("before", "after")]
        parts.append(
            f"The worst group has {lowest[0].before.value:.1%} of its images right before "
            f"({lowest[0].name}), {lowest[1].after.value:.1%} after ({lowest[1].name})."
        )
    for key in ("wrong_reasons_share", "accuracy"):
        each = found.by_key[key]
        title = "Wrong reasons of right answers" if key != "accuracy" else "Accuracy"
        parts.append(f"{title}: {each.words('before', 'after')}.")
    if grown:
        parts.append(f"{plural(len(grown), 'shortcut', 'shortcuts')} grew: {some(list(grown), 3)}.")
    elif found.grown is not None:
        parts.append("No other shortcut is shown to have grown.")
    return " ".join(parts).replace("after is", "the mended model is")

"""What became of a model that was mended: one word, and the figures that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from audit.checks.groups.compare import Change
from audit.compare.content import Versus, comparison
from audit.compare.exports import defined
from audit.compare.findings import PairFinding
from audit.compare.grown import those
from audit.core.paired import Says
from audit.core.wording import plural, some
from audit.storage.run import RunFolder

# Figures that tell whether a model rests on its backgrounds less; accuracy is what that costs.
_REASONS = ("wrong_reasons_share", "wrong_reasons_both_right", "bg_gap")
MENDED, ALIKE, WORSE = "mended", "no better beyond doubt", "worse"


@dataclass(frozen=True)
class Outcome:
    """What became of a model.

    Attributes
    ----------
    says : str
        `MENDED`, `ALIKE` or `WORSE`.
    words : str
        The same as one sentence or two, with its figures.
    groups : list of Change
        Accuracy by class and group, the worst before first; empty where no groups are known. Their
        intervals hold together.
    better, worse : list of str
        Keys of figures that are so beyond doubt, of those that tell of reasons.
    grown : list of str
        Classes and kinds of cue that a class is proven to rest on now, and did not or did less.
    """

    says: str
    words: str
    accuracy: PairFinding
    groups: list[Change]
    better: list[str]
    worse: list[str]
    grown: list[str]

    def json(self) -> dict[str, Any]:
        """Return it as ``mend.json`` has it; undefined is null."""
        told: dict[str, Any] = {
            "says": self.says,
            "words": self.words,
            "accuracy": _sides(self.accuracy),
            "groups": [_group(each) for each in self.groups],
            **{key: list(getattr(self, key)) for key in ("better", "worse", "grown")},
        }
        cleared: dict[str, Any] = defined(told)
        return cleared


def _sides(found: PairFinding) -> dict[str, Any]:
    return {key: asdict(getattr(found, key)) for key in ("a", "b", "difference")}


def _group(found: Change) -> dict[str, Any]:
    sides = {"before": asdict(found.a), "after": asdict(found.b)}
    return {"name": _name(found), **sides, "change": asdict(found.difference)}


def _name(found: Change) -> str:
    return f"{found.name}, {found.column} {found.group}"


def outcome(before: RunFolder, after: RunFolder) -> Outcome:
    """Hold the audit of a mended model against the audit of what it was.

    Mended: fewer wrong reasons, a smaller gap between backgrounds or a better worst group, beyond
    doubt, and none of them worse. Worse: any of them is worse, or accuracy is and none is better,
    or a class is proven to rest on a cue, and did not before or did less.
    """
    found = comparison([before, after]).versus[0]
    compared = found.checks.get("groups")
    groups: list[Change] = compared.found if compared else []
    better, worse = _moved(found, groups)
    grown = _grown(found, proven=True)
    accuracy = found.by_key["accuracy"]
    if worse or grown or (accuracy.says == "worse" and not better):
        says = WORSE
    else:
        says = MENDED if better else ALIKE
    words = _words(says, found, groups, grown)
    return Outcome(says, words, accuracy, groups, better, worse, grown)


def _grown(found: Versus, proven: bool) -> list[str]:
    """Return classes and cues to which they are more sensitive, proven to rest on them or not."""
    more = those(found.grown, "new", "grew")
    return [f"{each.name}: {each.words}" for each in more if each.b.proven is proven]


def _moved(found: Versus, groups: Sequence[Change]) -> tuple[list[str], list[str]]:
    """Return what is better and what is worse beyond doubt."""
    told = {key: found.by_key[key].says for key in _REASONS if key in found.by_key}
    if groups:
        told["worst_group"] = _worst_says(groups)
    return tuple([k for k, v in told.items() if v == says] for says in ("better", "worse"))  # type: ignore[return-value]


def _worst_says(groups: Sequence[Change]) -> Says:
    """Say what became of the worst group; worse, where another one is below it beyond doubt."""
    first = groups[0]
    if first.difference.low > 0:
        last = min(groups, key=lambda g: g.b.value)
        return "worse" if last.b.high < first.a.low else "better"
    return "worse" if first.difference.high < 0 else "alike"


def _words(says: str, found: Versus, groups: Sequence[Change], grown: Sequence[str]) -> str:
    """Return the sentence, then what it rests on."""
    verdict = {
        MENDED: "Mended",
        ALIKE: "No better beyond doubt: keep the old model",
        WORSE: "Worse: keep the old model",
    }[says]
    parts = [f"{verdict}."]
    if groups:
        first, last = groups[0], min(groups, key=lambda g: g.b.value)
        parts.append(
            f"The worst group has {first.a.value:.1%} of its images right before "
            f"({_name(first)}), {last.b.value:.1%} after ({_name(last)})."
        )
    for key in ("wrong_reasons_share", "accuracy"):
        each = found.by_key[key]
        title = "Wrong reasons of right answers" if key != "accuracy" else "Accuracy"
        parts.append(f"{title}: {each.words('before', 'after')}.")
    if grown:
        parts.append(f"{plural(len(grown), 'shortcut', 'shortcuts')} grew: {some(list(grown), 3)}.")
    elif leaning := _grown(found, proven=False):
        parts.append(f"Short of proof, sensitivity grew: {some(leaning, 3)}.")
    elif found.grown is not None:
        parts.append("No other shortcut is shown to have grown.")
    return " ".join(parts).replace("after is", "the mended model is")

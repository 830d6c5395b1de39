"""Evidence by cause: each class whose right answers are accused, or that a check accuses, once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from audit.checks.registry import every
from audit.core.cause import Cause
from audit.core.edits import KINDS, MENDS
from audit.core.estimate import NOTHING, Estimate, rate
from audit.core.finding import Link
from audit.report.cases import Case
from audit.report.classes import ClassRow
from audit.report.content import Content, once
from audit.report.finding import FIRST_MASK, gallery
from audit.verdict.verdict import AUTOMATIC, Verdict

MOST = 12  # on a page: the others are counted, and in the class table
_LOOK = "Look at what the backgrounds of these images share, and whether their masks are right."


@dataclass(frozen=True)
class Strip:
    """One class, and what its answers hang on.

    Attributes
    ----------
    name : str
        Of the class.
    kind : str
        Of `audit.core.edits.KINDS`: what decides most of its accused answers, or what a check
        proves; "" where neither is known.
    verdict : str
        Of the answers that are counted: wrong reasons, or suspect where nothing is proven of any.
    accused : int
        Its right answers with that verdict.
    share : Estimate
        Of its right answers with a verdict.
    kinds : list of (str, int)
        What decides the accused ones, in words, and how many each; the commonest first.
    proofs : list of Cause
        One of each check at most, the strongest.
    case : Case or None
        The one that shows it best.
    action : str
        What to do, in sentences.
    where : Link
        All cases.
    """

    name: str
    kind: str
    verdict: Verdict
    accused: int
    share: Estimate
    kinds: list[tuple[str, int]]
    proofs: list[Cause]
    case: Case | None
    action: str
    where: Link

    @property
    def what(self) -> str:
        """What it rests on, in words; "" where that is not known."""
        return KINDS.get(self.kind, "")


@once
def strips(content: Content) -> list[Strip]:
    """Return evidence by class, what accuses most answers first.

    Where nothing is accused of wrong reasons and nothing is proven, of classes with suspects.
    """
    proofs = _proofs(content)
    verdict = Verdict.WRONG_REASONS
    kinds = _kinds(content, verdict)
    if not kinds and not proofs:
        verdict = Verdict.SUSPECT
        kinds = _kinds(content, verdict)
    rows = {row.index: row for row in content.classes}
    found = [_strip(content, k, rows.get(k), verdict, kinds.get(k, Counter()), proofs.get(k, []))
             for k in dict.fromkeys([*kinds, *proofs])]  # fmt: skip
    return sorted(found, key=_clearest)


def _clearest(strip: Strip) -> tuple[int, bool, float, str]:
    """Put what accuses most answers first, then what is proven, then what accuses one most."""
    score = strip.case.score if strip.case else 0.0
    return -strip.accused, not strip.proofs, -np.nan_to_num(score), strip.name


def _proofs(content: Content) -> dict[int, list[Cause]]:
    """Return what checks prove of each class: the first that each of them gives."""
    found: dict[int, list[Cause]] = defaultdict(list)
    for check in every():
        told = content.checks[check.key]
        first: dict[int, Cause] = {}
        for cause in check.causes(told, content.source) if told else ():
            first.setdefault(cause.target, cause)
        for target, cause in first.items():
            found[target].append(cause)
    return found


def _kinds(content: Content, verdict: Verdict) -> dict[int, Counter[str]]:
    """Count what decides right answers with a verdict, by their class."""
    source = content.source
    chosen = source.is_correct & (source.explained["verdict"] == verdict)
    found: dict[int, Counter[str]] = defaultdict(Counter)
    told = source.some(chosen, "prediction", "verdict_cause")
    for target, kind in zip(told["prediction"], told["verdict_cause"], strict=True):
        found[int(target)][kind] += 1
    return found


def _strip(
    content: Content,
    target: int,
    row: ClassRow | None,
    verdict: Verdict,
    kinds: Counter[str],
    proofs: Sequence[Cause],
) -> Strip:
    known = [(kind, n) for kind, n in kinds.most_common() if kind in KINDS]
    kind = known[0][0] if known else next((p.kind for p in proofs if p.kind), "")
    judged = row.wrong_reasons.n if row else 0
    case = _case(content, target, verdict, kind)
    return Strip(
        name=content.source.classes[target],
        kind=kind,
        verdict=verdict,
        accused=kinds.total(),
        share=rate(kinds.total(), judged) if kinds.total() <= judged else NOTHING,
        kinds=[(KINDS[each], n) for each, n in known],
        proofs=list(proofs),
        case=case,
        action=_action(kind, known, [*_cautions(proofs, case)]),
        where=_where(target, verdict, kinds.total()),
    )


def _where(target: int, verdict: Verdict, accused: int) -> Link:
    if not accused:
        return gallery("All answers of this class", predicted=str(target))
    return gallery("In the gallery", **{"verdict": verdict, "class": str(target)})


def _case(content: Content, target: int, verdict: Verdict, kind: str) -> Case | None:
    """Choose the case that accuses most of those that show the kind, and show what turns them."""
    shown = (content.galleries.get(key, []) for key in (verdict, Verdict.DISTRACTED))
    found = [case for cases in shown for case in cases if case.prediction == target]
    found.sort(key=lambda case: (case.verdict.key != verdict, not _shows(case), case.cause != kind))
    return found[0] if found else None


def _shows(case: Case) -> bool:
    """Return whether it has a picture of what turns its answer."""
    turn = case.trials.turn
    return turn is not None and bool(turn.swap >= 0 or case.composites)


def _cautions(proofs: Sequence[Cause], case: Case | None) -> Iterator[str]:
    """Yield what is to be looked at before anything else."""
    yield from (proof.caution for proof in proofs if proof.caution)
    if case and case.mask_source in AUTOMATIC:
        yield FIRST_MASK


def _action(kind: str, known: Sequence[tuple[str, int]], cautions: Sequence[str]) -> str:
    """Say what to do, of which of the accused answers where that is not all."""
    first = next(iter(cautions), "")
    mend = MENDS.get(kind, _LOOK)
    if len(known) > 1:
        mend = f"For the {known[0][1]:,} by {KINDS[kind]}: {mend[0].lower()}{mend[1:]}"
    return f"{first} {mend}".strip()


def shown(found: Sequence[Strip]) -> list[Case]:
    """Return the cases that a page shows of these."""
    return [strip.case for strip in found[:MOST] if strip.case]

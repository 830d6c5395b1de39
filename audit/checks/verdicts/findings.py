"""Findings on whether right predictions are right for the right reasons."""

from __future__ import annotations

import pandas as pd

from audit.checks.base import Limit
from audit.checks.selftest.record import Truth
from audit.checks.verdicts.causes import Decided
from audit.checks.verdicts.provable import unprovable
from audit.core.edits import KINDS, MENDS
from audit.core.finding import Finding, Link, Severity, Step
from audit.core.wording import plural, verb
from audit.gate.limits import WRONG_REASONS
from audit.masks.segmenter import GRABCUT, maker
from audit.report.content import Content
from audit.report.figures import hit_rate
from audit.report.finding import gallery, hold, limit_of, over, said, whose_limit
from audit.report.held import PLACE
from audit.report.templating import percent
from audit.verdict.verdict import Verdict

_SHOWN = 3  # cases that a finding names


LIMITS = (
    Limit(
        "wrong-reasons",
        "Wrong reasons among right",
        WRONG_REASONS,
        lambda content: content.figures["wrong_reasons_share"].estimate,
        10,
        defined="wrong_reasons_share",
    ),
    Limit(
        "suspects",
        "Suspect among right",
        0.1,
        lambda content: content.figures["suspect_share"].estimate,
        20,
        defined="suspect_share",
    ),
    Limit(
        "fragile",
        "Fragile verdicts",
        0.1,
        lambda content: content.figures["fragile_share"].estimate,
        90,
        defined="fragile_share",
    ),
)


def not_judged(content: Content) -> Finding | None:
    """Report that no right prediction was tested and judged, so that nothing is shown."""
    source = content.source
    if content.figures["wrong_reasons_share"].estimate.n:
        return None
    if source.explained.empty:
        cause, step = "no image was explained", "Explain some: flower-audit sweep."
    elif not source.is_correct.any():
        cause = f"none of {plural(len(source.explained), 'explained prediction')} is right"
        step = "Look at the training first: a model that is always wrong has no reasons to judge."
    elif not (source.is_tested & source.is_correct).any():
        cause = f"none of {plural(int(source.is_correct.sum()), 'right prediction')} was tested by "
        cause += "intervention"
        step = "Sweep with --interventions full, and with masks: --masks, or GrabCut."
    else:
        cause = f"all {plural(int(source.is_correct.sum()), 'right prediction')} are undecided"
        made = maker(str(source.config.get("segmenter", GRABCUT)))
        step = f"Give usable masks: --masks FOLDER, or look why those of {made} are not."
    return Finding(
        key="not-judged",
        severity="blocks",
        title="Wrong reasons were not judged",
        words=f"Whether right predictions have the right reasons is not known: {cause} (n = 0).",
        why="That nothing is accused here acquits nothing: nothing was looked at.",
        steps=(Step(step), Step("See what was left out.", (Link("Data and gaps", "data.html"),))),
    )


def nothing_provable(content: Content) -> Finding | None:
    """Report that right predictions were tested, but no test could have shown anything."""
    why = unprovable(content.source)
    e = content.figures["wrong_reasons_share"].estimate
    if not why or e.value:
        return None
    return Finding(
        key="nothing-provable",
        severity="blocks",
        title="Nothing could be proven",
        words=f"Of the right predictions none is shown to have wrong reasons, but {why}.",
        why="That nothing is accused acquits nothing where no proof was possible.",
        steps=(
            Step(
                "See how the model's end was read, and whether log-odds can be had.",
                (Link("Preflight", "preflight.html"),) if content.checks["preflight"] else (),
            ),
            Step("Look through the suspect predictions.", (gallery("Suspect", verdict="suspect"),)),
        ),
        estimate=e,
    )


def wrong_reasons(content: Content) -> Finding | None:
    """Report right predictions that the background decides, against the limit in force."""
    e = content.figures["wrong_reasons_share"].estimate
    if not e.n or not e.value:
        return None
    limit = limit_of("wrong-reasons", content)
    held = hold(e, limit)
    within: Severity = "info" if e.high <= limit else "look"
    return Finding(
        key="wrong-reasons",
        severity="blocks" if held.standing == "broken" else within,
        title=f"{percent(e.value)} of right predictions have wrong reasons",
        words=(
            f"Of {plural(e.n, 'right prediction')}, {_accused(content):,} are right for the wrong "
            f"reasons: {held.words}."
        ),
        why=(
            "These answers hang on the background. On a different one, expect them to be wrong, "
            f"however high the {hit_rate(content.source)} is here. {whose_limit(content)} is "
            f"{said(limit)}."
        ),
        steps=tuple(_mend(content)),
        estimate=e,
    )


def _accused(content: Content) -> int:
    return sum(r.correct for r in content.verdicts if r.verdict.key == Verdict.WRONG_REASONS)


def _mend(content: Content) -> list[Step]:
    """Say what to do, each step of those images alone that it is true of."""
    cases = content.galleries.get(Verdict.WRONG_REASONS, [])
    first = [Link(c.name, f"gallery.html#case={c.anchor}", c.anchor) for c in cases[:_SHOWN]]
    return [
        Step(
            "Look at the accused images, the worst first, and at what each answer hangs on.",
            (gallery("All of them", verdict="wrong-reasons"), *first),
        ),
        *_of_regions(content),
        *_of_kinds(content),
        Step(
            "Where it is the mask's error, mend the mask (flower-audit masks make writes them as "
            "PNG files) and audit again with --masks."
        ),
        Step(
            "Where it is the model's, train again once the clue is out of the images, or with "
            "--augment-background, --pipeline cutmix or augmented; then compare both runs."
        ),
    ]


def _of_regions(content: Content) -> list[Step]:
    """Speak of the answers that a region turned when it was filled in, and of where most lie."""
    source = content.source
    wrong = source.is_correct & (source.explained["verdict"] == Verdict.WRONG_REASONS)
    told = source.whole(
        source.some(wrong, PLACE), ("prediction", "removal_prediction", "removal_place")
    )
    after = told["removal_prediction"]
    turned = told[(after >= 0) & (after != told["prediction"])]
    if turned.empty:
        return []
    n = len(turned)
    return [
        Step(
            f"In {n:,} of {len(told):,} a region turns the answer when it is filled in: is it a "
            f"tag, a label, a hand, a pot, or part of the {source.subject} that the mask leaves "
            f"out?{_commonest(turned['removal_place'].value_counts(), n)}"
        )
    ]


def _commonest(places: pd.Series, n: int) -> str:
    """Say where regions lie, if most of two or more lie at one place."""
    place, most = places.index[0], int(places.iloc[0])
    if n < 2 or 2 * most <= n:
        return ""
    return f" In {most:,} of these it lies at the {place}: see what the images share there."


def _of_kinds(content: Content) -> list[Step]:
    """Say what to do about each kind of cue, and of how many answers it decides."""
    decided: Decided | None = content.checks["verdicts"]
    counts = decided.counts if decided else {}
    return [
        Step(f"{n:,} {verb(n, 'hangs', 'hang')} on {KINDS[kind]}. {MENDS[kind]}")
        for kind, n in counts.items()
    ]


def none_wrong(content: Content) -> Finding | None:
    """Report that nothing was found, and how much may have been missed."""
    e = content.figures["wrong_reasons_share"].estimate
    if not e.n or e.value or unprovable(content.source):
        return None
    truth: Truth = content.checks["selftest"]
    found = truth.record
    where = "planted cases of this run" if found.here else "cases planted in the self-test"
    limit = limit_of("wrong-reasons", content)
    unsure = "" if e.high <= limit else f"; so few images do not tell it apart from {said(limit)}"
    return Finding(
        key="none-wrong",
        severity="info",
        title=f"No wrong reasons found: at most {percent(e.high)}",
        words=(
            f"None of {plural(e.n, 'right prediction')} is shown to be right for the wrong "
            f"reasons: at most {percent(e.high)} at 95%, n = {e.n:,}{unsure}."
        ),
        why=(
            f"The verdict does not find everything: of the {where} it finds "
            f"{percent(found.found.value, 0)}."
        ),
        steps=(
            Step("Look through the suspect predictions.", (gallery("Suspect", verdict="suspect"),)),
            Step(
                "Look at the right predictions with the highest background share.",
                (gallery("By background share", answer="right", sort="share"),),
            ),
        ),
        estimate=e,
    )


def suspects(content: Content) -> Finding | None:
    """Report many right predictions that are accused short of proof."""
    held = over("suspects", content)
    if held is None:
        return None
    return Finding(
        key="suspects",
        severity=held.severity,
        title=f"{percent(held.estimate.value)} of right predictions are suspect",
        words=f"Suspect among the right predictions with a verdict: {held.words}.",
        why=(
            f"Something points off the {content.source.subject} in these, but no region of the "
            "background is shown to decide. In the self-test, most of the cases that were missed "
            "were suspect."
        ),
        steps=(
            Step(
                "Look at the strongest cases first; a tint, a texture or a frame has no region "
                "that could be removed.",
                (gallery("Suspect", verdict="suspect", sort="score"),),
            ),
            Step("If many have poor masks, give better ones with --masks and audit again."),
        ),
        estimate=held.estimate,
    )


def fragile(content: Content) -> Finding | None:
    """Report verdicts that change when the mask is grown or shrunk by 3 px."""
    held = over("fragile", content)
    if held is None:
        return None
    return Finding(
        key="fragile",
        severity=held.severity,
        title=f"{percent(held.estimate.value)} of verdicts are fragile",
        words=(
            "The share of verdicts that change when the mask is grown or shrunk by 3 px is "
            f"{held.words}."
        ),
        why=(
            "A verdict that changes with the mask's border says as much about the mask as about "
            "the model."
        ),
        steps=(
            Step("Look at the masks of the fragile ones.", (gallery("Fragile", fragile="1"),)),
            Step("Draw their borders anew, or mark what is unknown with 128, and audit again."),
        ),
        estimate=held.estimate,
    )

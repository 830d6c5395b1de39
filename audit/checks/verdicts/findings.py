"""Findings on whether right predictions are right for the right reasons."""

from __future__ import annotations

from audit.checks.base import Limit
from audit.checks.selftest.record import Truth
from audit.checks.verdicts.provable import unprovable
from audit.core.finding import Finding, Link, Severity, Step
from audit.core.wording import plural
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
    cases = content.galleries.get(Verdict.WRONG_REASONS, [])
    first = [Link(c.name, f"gallery.html#case={c.anchor}", c.anchor) for c in cases[:_SHOWN]]
    steps = [
        Step(
            "Look at the region that was filled in each of them: is it a tag, a label, a hand, a "
            f"pot, or part of the {content.source.subject} that the mask leaves out?",
            (gallery("All of them", verdict="wrong-reasons"), *first),
        )
    ]
    place = _commonest_place(content)
    return [
        *steps,
        *([Step(place)] if place else []),
        Step(
            "If it is the mask's error, mend the mask (flower-audit masks make writes them as PNG "
            "files) and audit again with --masks."
        ),
        Step(
            "If it is the model's, take the clue out: photograph these classes again without it, "
            "crop or paint it out, or add images of the same classes on other backgrounds; then "
            "train again with --pipeline cutmix or augmented, and compare both runs."
        ),
    ]


def _commonest_place(content: Content) -> str:
    """Say where the deciding regions lie, if most lie at one place."""
    source = content.source
    accused = source.is_correct & (source.explained["verdict"] == Verdict.WRONG_REASONS)
    places = source.whole(source.some(accused, PLACE), ("removal_place",))["removal_place"]
    told = places[places != ""]
    if len(told) < 2:
        return ""
    place, n = next(iter(told.value_counts().items()))
    if 2 * n <= len(told):
        return ""
    return (
        f"In {n:,} of {len(told):,} the region that was tested lies at the {place}: see what the "
        "images have in common there."
    )


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

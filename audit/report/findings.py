"""What a run shows, ranked, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

from audit.checks.background import findings as background
from audit.checks.completeness import findings as run
from audit.checks.data_health import findings as data
from audit.checks.explainer_sanity import findings as explainers
from audit.checks.masks import findings as masks
from audit.checks.verdicts import class_findings as classes
from audit.checks.verdicts import findings as verdicts
from audit.core.finding import SEVERITIES, Finding
from audit.report.content import Content

Rule = Callable[[Content], Finding | None]

# Within a severity findings come in this order. A new rule is a function here, no more.
RULES: tuple[Rule, ...] = (
    run.unfinished,
    run.gate_failed,
    run.read_wrongly,
    verdicts.not_judged,
    verdicts.nothing_provable,
    verdicts.wrong_reasons,
    background.shortcuts,
    classes.standing_out,
    verdicts.suspects,
    data.leaks,
    data.label_conflicts,
    run.few_images,
    run.worth_a_look,
    run.mixed_versions,
    masks.machine_masks,
    masks.undecided,
    masks.doubtful_masks,
    background.background_share,
    background.background_gap,
    background.without_subject,
    background.costly_corruption,
    classes.weak_classes,
    data.over_confidence,
    verdicts.fragile,
    explainers.random_weights,
    explainers.random_pixels,
    explainers.middle_of_the_image,
    verdicts.none_wrong,
    run.skipped_images,
    run.planted_benchmark,
    classes.strong_classes,
    explainers.completeness,
)


def findings(content: Content) -> list[Finding]:
    """What the rules find, what blocks shipping first, then what to look at."""
    found = [finding for rule in RULES if (finding := rule(content))]
    order = list(SEVERITIES)
    return sorted(found, key=lambda f: order.index(f.severity))

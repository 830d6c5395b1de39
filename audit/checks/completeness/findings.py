"""Findings on whether a run is whole, large enough and what was asked of it."""

from __future__ import annotations

import math

from audit.core.estimate import rate
from audit.core.finding import Finding, Link, Step
from audit.core.statistics import wilson
from audit.core.wording import plural, verb
from audit.report.content import Content
from audit.report.finding import format_estimate, limit_of, said
from audit.report.gatefile import in_force
from audit.report.sessions import mixed_packages, sessions
from audit.report.templating import percent


def unfinished(content: Content) -> Finding | None:
    """Report images that are still to be explained."""
    missing = content.source.missing
    if not missing:
        return None
    n = missing + len(content.source.records)
    return Finding(
        key="unfinished",
        severity="blocks",
        title=f"The sweep is unfinished: {plural(missing, 'image')} missing",
        words=(
            f"{missing:,} of {plural(n, 'image')} {verb(missing, 'is', 'are')} not explained yet."
        ),
        why="What is wrong may be among what is not explained yet: these figures cover a part.",
        steps=(Step("Go on with the same command and --resume, which keeps what is done."),),
    )


def gate_failed(content: Content) -> Finding | None:
    """Report a broken limit of `flower-audit check`."""
    checked = in_force(content.source)
    if checked is None or checked.passed:
        return None
    broken = len(checked.broken)
    return Finding(
        key="gate",
        severity="blocks",
        title=f"The gate failed on {broken:,} of {plural(len(checked.checked), 'limit')}",
        words=f"Failed: {'; '.join(one.words for one in checked.broken)}.",
        why="These limits were set before the run, by whoever answers for how the model is used.",
        steps=(Step("Mend what the findings below name, then train, audit and check again."),),
    )


def mixed_versions(content: Content) -> Finding | None:
    """Report parts that were made by several versions of what the run's figures rest on."""
    packages = mixed_packages(content.source)
    if not packages:
        return None
    made = [s for s in sessions(content.source) if s.parts]
    told = "; ".join(
        f"{plural(s.parts, 'part')} by {', '.join(f'{k} {v}' for k, v in s.versions.items())}"
        for s in made
    )
    return Finding(
        key="mixed-versions",
        severity="look",
        title="Parts of the run were made by several versions",
        words=f"The run was resumed after an update: {told}.",
        why="Versions may explain and judge the same image in slightly different ways.",
        steps=(
            Step("See which session wrote what.", (Link("Sessions", "methods.html#sessions"),)),
            Step("Where a figure is near its limit, audit into a new --out with one version."),
        ),
    )


def other_records(content: Content) -> Finding | None:
    """Report records of a version that wrote fewer columns, or more."""
    told = content.source.run.other_versions
    if not told:
        return None
    return Finding(
        key="other-records",
        severity="look",
        title="The records are of another version",
        words=f"{'. '.join(line[0].upper() + line[1:] for line in told)}.",
        why=(
            "What was not kept is undefined here: its absence says nothing for or against the "
            "model."
        ),
        steps=(Step("Audit into a new --out to have it all."),),
    )


def few_images(content: Content) -> Finding | None:
    """Report so few images that none of them being accused would not clear the model."""
    e = content.figures["wrong_reasons_share"].estimate
    limit = limit_of("wrong-reasons", content)
    at_best = wilson(0, e.n)[1]
    if not e.n or at_best <= limit or not limit:
        return None
    return Finding(
        key="few-images",
        severity="look",
        title=f"Only {plural(e.n, 'right prediction')} tested",
        words=(
            f"With n = {e.n:,} right predictions tested and judged, even none for wrong reasons "
            f"would leave up to {percent(at_best)} possible (upper end of the 95% interval): so "
            f"few images cannot show that a model keeps to {said(limit)}."
        ),
        why="A report on few images looks clean because there is little in it to find.",
        steps=(
            Step(
                f"Explain more images (--explain, --limit): {_enough(limit)} right predictions at "
                "the least, all with a usable mask."
            ),
        ),
    )


def _enough(limit: float) -> str:
    """Say how many right predictions, none of them accused, keep to the limit beyond doubt."""
    at_best = wilson(0, 1)[1]  # z2 / (n + z2) at n = 1
    return f"{math.ceil(at_best / (1 - at_best) * (1 - limit) / limit):,}"


def skipped_images(content: Content) -> Finding | None:
    """Report images that could not be read."""
    skipped = content.notes.skipped
    if not skipped:
        return None
    tested = int((content.source.records["skipped"] != "").sum())
    e = rate(tested, len(content.source.records))
    share = f"; of the images to explain {format_estimate(e)}" if e.n else ""
    return Finding(
        key="skipped",
        severity="look" if e.n and e.low > 0.01 else "info",
        title=f"{plural(len(skipped), 'image')} could not be read",
        words=(
            f"{plural(len(skipped), 'image')} of all splits could not be read and count in no "
            f"figure{share}."
        ),
        why="Broken files are rarely broken at random: one camera or one class may be missing.",
        steps=(
            Step("See which ones, and why.", (Link("Skipped images", "data.html#skipped-images"),)),
            Step("Mend or replace the files and audit again."),
        ),
        estimate=e,
    )

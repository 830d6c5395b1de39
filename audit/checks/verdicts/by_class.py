"""What is to be done about classes whose answers have wrong reasons, or are often wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from audit.checks.verdicts.class_findings import weak
from audit.core.estimate import Estimate
from audit.core.finding import Action, Link
from audit.core.wording import plural, verb
from audit.report.classes import ClassRow
from audit.report.content import Content
from audit.report.finding import format_estimate, gallery
from audit.report.templating import percent
from audit.verdict.verdict import Verdict


def accused(content: Content) -> Iterator[Action]:
    """Ask to look at the answers of each class that have wrong reasons, most of them first."""
    some = [row for row in content.classes if row.wrong_reasons.value > 0]
    return _each_accused(content, some)


def standing_out(content: Content) -> Iterator[Action]:
    """Ask the same of classes that have more of them than the others alone."""
    some = [row for row in content.classes if row.stands_out and row.wrong_reasons.value > 0]
    return _each_accused(content, some)


def _each_accused(content: Content, rows: Iterable[ClassRow]) -> Iterator[Action]:
    for row in sorted(rows, key=lambda row: (not row.stands_out, -row.wrong_reasons.value)):
        yield _accused(row, content.source.subject)


def _accused(row: ClassRow, subject: str) -> Action:
    e = row.wrong_reasons
    n = round(e.value * e.n)
    more = ", more than in the other classes together" if row.stands_out else ""
    return Action(
        label=row.index,
        what="look",
        words=(
            "See what decides these answers. Mend the mask where that is a part of the "
            f"{subject}; else photograph the class again without it, crop it off, or show it in "
            "other classes, too."
        ),
        why=f"{_of_right(n, e.n)} wrong reasons: {format_estimate(e)}{more}.",
        links=(
            gallery(
                plural(n, "case"), **{"class": str(row.index)}, verdict=Verdict.WRONG_REASONS.value
            ),
        ),
        estimate=e,
    )


def _of_right(some: int, right: int) -> str:
    if right == 1:
        return "Its only right answer has"
    return f"{some:,} of {right:,} right answers {verb(some, 'has', 'have')}"


def often_wrong(content: Content) -> Iterator[Action]:
    """Ask for images of each class that is named rightly less often than all are."""
    overall = content.figures["accuracy"].estimate
    accuracy = {row.index: row.accuracy for row in content.classes}
    for rate in weak(content):
        yield _weak(content, rate.index, accuracy[rate.index], overall)


def _weak(content: Content, label: int, own: Estimate, overall: Estimate) -> Action:
    confusions = content.checks["confusions"]
    taken_for = list(confusions.taken_for.get(label, ())) if confusions else []
    most = (
        f" Most often taken for {taken_for[0].name} ({taken_for[0].count:,})." if taken_for else ""
    )
    page = (Link("Confusions", "confusions.html"),) if taken_for else ()
    wrong = _wrong_answers(content, label)
    return Action(
        label=label,
        what="collect",
        words="Add training images, mend labels, or train with --balance.",
        why=(
            f"Named rightly in {format_estimate(own)}; all images are in "
            f"{percent(overall.value)}.{most}"
        ),
        links=(*wrong, *page),
        estimate=own,
    )


def _wrong_answers(content: Content, label: int) -> tuple[Link, ...]:
    """Link to a class's wrong answers in the gallery, which holds those that were explained."""
    source = content.source
    if not (~source.is_correct & (source.explained["label"] == label)).any():
        return ()
    return (gallery("Wrong answers", **{"class": str(label)}, answer="wrong"),)

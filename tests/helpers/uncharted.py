"""What rules read of a run, and what they find in it."""

from audit.checks.registry import every
from audit.report.cases import galleries
from audit.report.classes import class_rows
from audit.report.content import Content
from audit.report.figures import headline
from audit.report.findings import findings
from audit.report.notes import notes
from audit.report.source import load
from audit.report.verdicts import verdict_rows
from audit.storage.run import RunFolder

CHARTED = "calibration"


def uncharted(run: RunFolder) -> Content:
    """What rules read of a run; charts and other galleries would take most of the time."""
    source = load(run)
    wrong = source.drawn[source.drawn["verdict"] == "wrong-reasons"]
    cases = galleries(source, wrong) if len(wrong) else {}
    quick = (check for check in every() if check.key != CHARTED)
    return Content(
        source=source,
        figures={f.metric.key: f for f in headline(source)},
        verdicts=verdict_rows(source),
        notes=notes(source),
        classes=class_rows(source),
        by_hand={},
        sweeps=[],
        agreement=[],
        checks={CHARTED: None} | {check.key: check.summarise(source, cases) for check in quick},
        mass_charts=[],
        curves=[],
        galleries=cases,
        maps_bytes=0,
    )


def found_in(run: RunFolder) -> dict:
    return {f.key: f for f in findings(uncharted(run))}

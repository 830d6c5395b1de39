"""What rules read of a run, and what they find in it."""

from audit.checks.confusions.page import confusions
from audit.checks.data_health.page import health
from audit.checks.explainer_sanity.page import trust
from audit.checks.preflight.outcome import read
from audit.checks.robustness.page import robustness
from audit.checks.selftest.planted import planted
from audit.checks.shortcuts.page import shortcuts
from audit.checks.verdicts.classes import class_rows
from audit.checks.verdicts.page import verdict_rows
from audit.report.cases import galleries
from audit.report.content import Content
from audit.report.figures import headline
from audit.report.findings import findings
from audit.report.notes import notes
from audit.report.source import load
from audit.storage.run import RunFolder


def uncharted(run: RunFolder) -> Content:
    """What rules read of a run; charts and other galleries would take most of the time."""
    source = load(run)
    figures = {f.metric.key: f for f in headline(source)}
    known = figures, verdict_rows(source), planted(source), notes(source), class_rows(source)
    checks = trust(source), shortcuts(source), robustness(source), health(source)
    asked = read(source.section("preflight"))
    wrong = source.drawn[source.drawn["verdict"] == "wrong-reasons"]
    cases = galleries(source, wrong) if len(wrong) else {}
    nothing = confusions(source, cases), None, {}, [], []
    return Content(source, *known, *nothing, *checks, asked, [], [], cases, 0)


def found_in(run: RunFolder) -> dict:
    return {f.key: f for f in findings(uncharted(run))}

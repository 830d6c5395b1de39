"""A gate's outcome where GitHub Actions shows it: annotations of the step, and its summary."""

from __future__ import annotations

import os
from pathlib import Path

from audit.core.actions import Level, annotation
from audit.core.output import clean
from audit.gate.gates import GateResult, Outcome
from audit.report.templating import fill

SUMMARY = "GITHUB_STEP_SUMMARY"


def annotations_of(found: GateResult) -> list[str]:
    """Return a command for every gate that is not shown to be kept: an error where it failed."""
    return [_annotation(outcome) for outcome in found.outcomes if not outcome.shown]


def _annotation(outcome: Outcome) -> str:
    level: Level = "warning" if outcome.holds else "error"
    return annotation(level, f"flower-audit: {outcome.key}", clean(outcome.words))


def step_summary(found: GateResult, summary: str) -> str:
    """Return the outcome in GitHub's Markdown.

    Parameters
    ----------
    summary : str
        ``summary.md`` of a report that says this outcome, names parted; "" where there is none.
    """
    return fill("gate/step_summary.md", outcomes=found.outcomes, holds=found.holds, summary=summary)


def write_summary(text: str) -> str:
    """Add to the step's summary; return why it cannot be done, "" where it can.

    An outcome stands whether or not GitHub can show it.
    """
    file = os.environ.get(SUMMARY)
    if not file:
        return f"No step summary: {SUMMARY} names no file, as GitHub's runner does for every step."
    try:
        with Path(file).open("a", encoding="utf-8") as summary:
            summary.write(text)
    except OSError as error:
        return f"No step summary: {SUMMARY} names {file}: {error.strerror}. Let it be written."
    return ""

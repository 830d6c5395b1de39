"""Background: how much rests on it, over all images?"""

from __future__ import annotations

from audit.checks.background.findings import (
    LIMITS,
    background_gap,
    background_share,
    without_subject,
)
from audit.checks.background.terms import TERMS
from audit.checks.base import Check, Rule


class BackgroundCheck(Check):
    """The cost of interventions on the background, in the mean."""

    key = "background"
    title = "How much rests on the background?"
    rules = (
        Rule(180, background_share),
        Rule(190, background_gap),
        Rule(200, without_subject),
    )
    limits = LIMITS
    terms = TERMS


CHECK = BackgroundCheck()

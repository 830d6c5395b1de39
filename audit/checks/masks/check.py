"""Masks: do they bear what is concluded from them?"""

from __future__ import annotations

from audit.checks.base import Check, Rule
from audit.checks.masks.by_class import doubtful
from audit.checks.masks.findings import LIMITS, doubtful_masks, machine_masks, undecided
from audit.checks.masks.terms import TERMS


class MasksCheck(Check):
    """Origins of masks, and how many are doubtful."""

    key = "masks"
    title = "Do the masks bear what is concluded from them?"
    rules = (
        Rule(150, machine_masks),
        Rule(160, undecided),
        Rule(170, doubtful_masks, doubtful),
    )
    limits = LIMITS
    terms = TERMS


CHECK = MasksCheck()

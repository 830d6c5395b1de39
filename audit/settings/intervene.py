"""[intervene]: tests of causes, by intervention."""

from __future__ import annotations

from typing import Literal

from audit.settings.base import Section, Stage, setting


class InterveneSettings(Section):
    """Tests of causes, by intervention."""

    interventions: Literal["full", "cheap", "off"] = setting(
        "full",
        "Causal tests: at most 62 forward passes an image; cheap: at most 48, without "
        "the scan of the background; off: verdicts by heatmaps alone.",
        affects=Stage.EXPLAIN,
    )
    budget: Literal["adaptive", "full"] = setting(
        "adaptive",
        "What is asked of an image: adaptive, questions until none that is left could change its "
        "verdict; full, all of them.",
        affects=Stage.EXPLAIN,
        common=True,
    )

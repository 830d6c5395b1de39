"""[intervene]: tests of causes, by intervention."""

from __future__ import annotations

from typing import Literal

from audit.settings.base import Section, Stage, setting


class InterveneSettings(Section):
    """Tests of causes, by intervention."""

    interventions: Literal["full", "cheap", "off"] = setting(
        "full",
        "Causal tests: at most 61 forward passes an image; cheap: at most 47, without "
        "the scan of the background; off: verdicts by heatmaps alone.",
        affects=Stage.EXPLAIN,
    )

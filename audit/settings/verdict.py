"""[verdict]: thresholds that evidence must reach to count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from audit.settings.base import Section, Stage, setting


class Thresholds(Section):
    """Thresholds that evidence must reach to count."""

    thresholds: Literal["calibrated", "fixed"] = setting(
        "calibrated",
        "What accuses besides a proven kind and a decisive region: calibrated, the score from "
        "accusing_score on; fixed, a decisive background by the thresholds below, as before.",
        affects=Stage.EXPLAIN,
    )
    accusing_score: float = setting(
        0.72,
        "Score from which a right answer that an intervention turns has wrong reasons.",
        affects=Stage.EXPLAIN,
        ge=0,
        le=1,
    )
    least_edit: float = setting(
        1.0,
        "Log-odds that an edit of the background must cost beyond what it costs other classes.",
        affects=Stage.EXPLAIN,
        ge=0,
    )
    on_foreground_skill: float = setting(
        0.15,
        "An explainer is on the foreground at or above this skill.",
        affects=Stage.EXPLAIN,
        ge=-1,
        le=1,
    )
    suspicious_share: float = setting(
        0.5,
        "A right prediction is suspect, a wrong one distracted, above this share of "
        "the background.",
        affects=Stage.EXPLAIN,
        ge=0,
        le=1,
    )
    least_support: float = setting(
        0.3,
        "A region or a proven edit that turns an answer is believed above this share of "
        "the background.",
        affects=Stage.EXPLAIN,
        ge=0,
        le=1,
    )
    most_background: float = setting(
        0.7,
        "The background as a whole decides only above this share.",
        affects=Stage.EXPLAIN,
        ge=0,
        le=1,
    )
    least_survival: float = setting(
        0.6,
        "The background as a whole decides only where an answer stays on no more than "
        "this share of others.",
        affects=Stage.EXPLAIN,
        ge=0,
        le=1,
    )
    least_effect: float = setting(
        1.5,
        "Log-odds that a region must cost beyond its controls, and the background as a "
        "whole twice.",
        affects=Stage.EXPLAIN,
        ge=0,
    )
    mask_resemblance: float = setting(
        0.4,
        "A machine's mask is doubted, and nothing accused, where a region that decides looks "
        "like the foreground by more than this.",
        affects=Stage.EXPLAIN,
        ge=0,
        le=1,
    )

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Thresholds:
        """Pick them from the settings of a run; raises `pydantic.ValidationError`.

        Those of earlier versions were fixed.
        """
        given = {name: settings[name] for name in cls.model_fields if name in settings}
        return cls(**{"thresholds": "fixed"} | given)

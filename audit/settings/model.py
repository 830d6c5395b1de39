"""[model]: model to audit: one that is given, or what to train."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator

from audit.settings.base import Section, Stage, setting


class ModelSettings(Section):
    """Model to audit: one that is given, or what to train."""

    backbone: str = setting(
        "efficientnetb0",
        "Backbone to train a head on; `flower-audit backbones` lists them.",
        affects=Stage.TRAIN,
    )
    weights: str = setting(
        "imagenet",
        "Weights that the backbone starts from: imagenet, random, or a .h5 file of its "
        "weights without a top.",
        affects=Stage.TRAIN,
    )
    model: Path | None = setting(
        None,
        "Audit this .keras or .h5 file or SavedModel folder instead of training one.",
        affects=Stage.READ,
    )
    trust_model: bool = setting(
        False,
        "Load Lambda layers and custom code in --model (runs its code).",
        affects=Stage.READ,
        own=True,
    )
    input_scaling: Literal["auto", "0..255", "0..1", "-1..1", "torch", "caffe"] = setting(
        "auto",
        "Pixels that --model wants; auto: those under which it names most images rightly.",
        affects=Stage.READ,
    )
    input_channels: Literal["auto", "rgb", "bgr"] = setting(
        "auto",
        "Order of the colours that --model wants; auto: as it names most images rightly.",
        affects=Stage.READ,
    )
    image_size: int | None = setting(
        None,
        "Side of the model's input in pixels (default: its own).",
        affects=Stage.TRAIN,
        ge=32,
        le=1024,
    )
    feature_layer: str | None = setting(
        None,
        "Layer for Grad-CAM (default: the last 4-D map with H, W > 1).",
        affects=(Stage.EXPLAIN, Stage.ROBUSTNESS),
    )

    @field_validator("weights", mode="before")
    @classmethod
    def _known_weights(cls, value: Any) -> Any:
        if value not in ("imagenet", "random") and not str(value).endswith(".h5"):
            raise ValueError("expected imagenet, random or a .h5 file")
        return value

"""[model]: model to audit: one that is given, or what to train."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator

from audit.settings.base import Section, Stage, setting

SCALINGS = ("auto", "0..255", "0..1", "-1..1", "torch", "caffe")


def statistics_of(scaling: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Return mean and deviation of a scaling that gives them, ``r,g,b/r,g,b``, else None."""
    try:
        mean, deviation = (tuple(map(float, part.split(","))) for part in scaling.split("/"))
    except ValueError:
        return None
    sound = len(mean) == len(deviation) == 3 and all(map(isfinite, mean + deviation))
    return (mean, deviation) if sound and min(deviation) > 0 else None


class ModelSettings(Section):
    """Model to audit: one that is given, or what to train."""

    backbone: str = setting(
        "efficientnetb0",
        "Backbone to train a head on; `flower-audit backbones` lists them.",
        affects=Stage.TRAIN,
        common=True,
    )
    weights: str = setting(
        "imagenet",
        "Weights that the backbone starts from: imagenet, random, or a .h5 file of its "
        "weights without a top.",
        affects=Stage.TRAIN,
    )
    model: Path | None = setting(
        None,
        "Audit this model instead of training one: a .keras or .h5 file, a SavedModel folder, a "
        ".pt2 file of torch.export, a .pt file of TorchScript, an .onnx file, or "
        "PACKAGE.MODULE:FUNCTION, which returns a PyTorch model.",
        affects=Stage.READ,
        common=True,
    )
    trust_model: bool = setting(
        False,
        "Load Lambda layers, custom code and PyTorch models in --model (runs their code).",
        affects=Stage.READ,
        own=True,
        common=True,
    )
    input_scaling: str = setting(
        "auto",
        "Pixels that --model wants: 0..255, 0..1, -1..1, torch, caffe, or mean and deviation of "
        "RGB in 0..1, as 0.48,0.46,0.41/0.27,0.26,0.28; auto: what a PyTorch model's own "
        "configuration says, or those under which it names most images rightly.",
        affects=Stage.READ,
        common=True,
    )
    input_channels: Literal["auto", "rgb", "bgr"] = setting(
        "auto",
        "Order of the colours that --model wants; auto: as it names most images rightly.",
        affects=Stage.READ,
    )
    positive_class: str | None = setting(
        None,
        "Class that --model's one unit speaks for (default: the second of the two).",
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
        "Layer for Grad-CAM (default: the last map with H, W > 1, or grid of tokens).",
        affects=(Stage.EXPLAIN, Stage.ROBUSTNESS),
    )

    @field_validator("input_scaling", mode="before")
    @classmethod
    def _known_scaling(cls, value: Any) -> Any:
        if value not in SCALINGS and statistics_of(str(value)) is None:
            known = ", ".join(SCALINGS)
            raise ValueError(f"expected one of {known}, or mean and deviation, r,g,b/r,g,b")
        return value

    @field_validator("weights", mode="before")
    @classmethod
    def _known_weights(cls, value: Any) -> Any:
        if value not in ("imagenet", "random") and not str(value).endswith(".h5"):
            raise ValueError("expected imagenet, random or a .h5 file")
        return value

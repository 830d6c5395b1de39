"""[training]: training of the model."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import field_validator, model_validator

from audit.settings.base import Section, Stage, setting

PIPELINES = ("baseline", "augmented", "mixup", "cutmix", "randaugment", "albumentations")


class TrainingSettings(Section):
    """Training of the model."""

    pipeline: str = setting(
        "baseline",
        "Training pipeline: baseline, or steps joined by + in their order: augmented, "
        "mixup, cutmix, randaugment, albumentations. Validation is always on baseline.",
        affects=Stage.TRAIN,
    )
    flip: bool = setting(True, "augmented: mirror half of the images.", affects=Stage.TRAIN)
    rotation: float = setting(
        0.08, "augmented: rotation, in full turns.", affects=Stage.TRAIN, ge=0, le=0.5
    )
    zoom_in: float = setting(
        0.2, "augmented: zoom in by at most this share.", affects=Stage.TRAIN, ge=0, lt=1
    )
    zoom_out: float = setting(
        0.1, "augmented: and out by this share.", affects=Stage.TRAIN, ge=0, lt=1
    )
    translation: float = setting(
        0.1, "augmented: shift, share of the side.", affects=Stage.TRAIN, ge=0, lt=1
    )
    brightness: float = setting(
        0.15, "augmented: change of brightness.", affects=Stage.TRAIN, ge=0, le=1
    )
    contrast: float = setting(
        0.2, "augmented: change of contrast.", affects=Stage.TRAIN, ge=0, lt=1
    )
    mixup_alpha: float = setting(
        0.2, "mixup: shares are Beta(alpha, alpha).", affects=Stage.TRAIN, gt=0, le=1
    )
    cutmix_alpha: float = setting(
        1.0, "cutmix: boxes' areas, Beta(alpha, alpha).", affects=Stage.TRAIN, gt=0
    )
    randaugment_ops: int = setting(
        2, "randaugment: operations in a row.", affects=Stage.TRAIN, ge=1, le=11
    )
    randaugment_factor: float = setting(
        0.2, "randaugment: their strength.", affects=Stage.TRAIN, gt=0, le=1
    )
    albumentations: Path | None = setting(
        None,
        "albumentations: pipeline that albumentations.save wrote (default: own).",
        affects=Stage.TRAIN,
    )
    augment_background: bool = setting(
        False,
        "Put most training foregrounds on backgrounds of other images, by their masks: "
        "then no background speaks for a class. Goes before the pipeline.",
        affects=Stage.TRAIN,
    )
    balance: Literal["off", "weights", "sampling"] = setting(
        "off",
        "Rare classes count as much as others: by loss weights or by sampling.",
        affects=Stage.TRAIN,
    )
    epochs: int = setting(
        7, "Epochs of the head; the best one is kept.", affects=Stage.TRAIN, ge=1, common=True
    )
    batch_size: int = setting(32, "Images a batch.", affects=Stage.TRAIN, ge=1)
    learning_rate: float = setting(
        1e-3, "Adam's learning rate for the head.", affects=Stage.TRAIN, gt=0
    )
    label_smoothing: float = setting(
        0.0, "Share of each label spread out.", affects=Stage.TRAIN, ge=0, lt=1
    )
    early_stopping: int = setting(
        0, "Stop after so many epochs without a better one (0: never).", affects=Stage.TRAIN, ge=0
    )
    fine_tune_epochs: int = setting(
        0, "Epochs of fine-tuning after the head.", affects=Stage.TRAIN, ge=0, common=True
    )
    fine_tune_blocks: int | None = setting(
        None, "Fine-tune this many of the last blocks (default: all).", affects=Stage.TRAIN, ge=1
    )
    fine_tune_rate: float = setting(
        1e-4,
        "Adam's learning rate in fine-tuning, after its warm-up; it decays.",
        affects=Stage.TRAIN,
        gt=0,
    )
    warmup_epochs: int = setting(
        1, "Epochs over which fine-tuning warms up.", affects=Stage.TRAIN, ge=0
    )
    precision: Literal["auto", "float32", "mixed"] = setting(
        "auto", "Training in half precision: auto where there is a GPU.", affects=Stage.TRAIN
    )

    @field_validator("pipeline")
    @classmethod
    def _known_steps(cls, value: str) -> str:
        steps = value.split("+")
        unknown = [step for step in steps if step not in PIPELINES]
        if unknown:
            raise ValueError(f"no step {unknown[0]!r}: choose from {', '.join(PIPELINES)}")
        if "baseline" in steps and len(steps) > 1:
            raise ValueError("baseline adds nothing to other steps: leave it out")
        return value

    @model_validator(mode="after")
    def _agree(self) -> TrainingSettings:
        if self.albumentations and "albumentations" not in self.pipeline.split("+"):
            raise ValueError("--albumentations FILE needs --pipeline albumentations")
        return self

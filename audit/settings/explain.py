"""[explain]: images to explain, and explainers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator, model_validator

from audit.core.registries import EXPLAINERS, JUDGED
from audit.settings.base import Section, Stage, setting

_OTHERS = [key for key in EXPLAINERS if key not in JUDGED]
MOST_PASSES = 1_000_000  # an image, of lime and shap: what they draw beforehand fits into memory


class ExplainSettings(Section):
    """Images to explain, and explainers."""

    explain: int | None = setting(
        None,
        "Predict every test image, but explain only this many, sampled by class, "
        "besides those with a mask of their own.",
        affects=Stage.EXPLAIN,
        ge=1,
        common=True,
    )
    tta: int = setting(
        1,
        "Test-time augmentation: average predictions and explanations over so many "
        "views of an image, mirrored and cropped; costs as many times. 1: off.",
        affects=Stage.PREDICT,
        ge=1,
    )
    explainers: str = setting(
        "gradcam,ig",
        "Explainers, joined by commas: gradcam and ig, which verdicts rest on, and "
        f"others, which may cost a thousand forward passes an image: {', '.join(_OTHERS)}.",
        affects=Stage.EXPLAIN,
        common=True,
    )
    explain_sample: int | None = setting(
        None,
        "Other explainers: explain only this many images, sampled by class (default: "
        "all, or with --explain-flagged none but those).",
        affects=Stage.EXPLAIN,
        ge=1,
    )
    explain_flagged: bool = setting(
        False,
        "Other explainers: explain every image whose verdict is wrong-reasons, suspect or "
        "distracted.",
        affects=Stage.EXPLAIN,
    )
    lime_samples: int = setting(
        1000, "lime: forward passes an image.", affects=Stage.EXPLAIN, ge=2, le=MOST_PASSES
    )
    shap_evals: int = setting(
        500, "shap: forward passes an image, at most.", affects=Stage.EXPLAIN, ge=4, le=MOST_PASSES
    )
    cam: Literal["gradcam", "gradcam++", "hirescam"] = setting(
        "gradcam", "Kind of class activation map.", affects=(Stage.EXPLAIN, Stage.ROBUSTNESS)
    )
    ig_steps: int | Literal["auto"] = setting(
        "auto",
        "Integrated Gradients: gradients an image; auto adds them until its scores have settled.",
        affects=Stage.EXPLAIN,
    )
    ig_variant: Literal["ig", "idgi"] = setting(
        "ig",
        "Integrated Gradients, or IDGI, which shares out each step's change of the "
        "logit by the squared gradient.",
        affects=(Stage.EXPLAIN, Stage.ROBUSTNESS),
    )
    ig_tolerance: float | None = setting(
        None,
        "With auto steps: go on until the completeness error is as low.",
        affects=Stage.EXPLAIN,
        gt=0,
    )
    ig_baseline: Literal["black", "blurred"] = setting(
        "black",
        "Integrated Gradients: where the path starts.",
        affects=(Stage.EXPLAIN, Stage.ROBUSTNESS),
    )

    @property
    def optional(self) -> tuple[str, ...]:
        """Explainers that no verdict rests on."""
        return tuple(key for key in self.explainers.split(",") if key not in JUDGED)

    @field_validator("ig_steps", mode="before")
    @classmethod
    def _known_steps(cls, value: Any) -> Any:
        counts = isinstance(value, int) and not isinstance(value, bool) and value > 0
        if value != "auto" and not counts:
            raise ValueError("expected auto or a whole number above 0")
        return value

    @field_validator("explainers")
    @classmethod
    def _known_explainers(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",")]
        unknown = [name for name in names if name not in EXPLAINERS]
        if unknown:
            raise ValueError(
                f"no explainer {unknown[0]!r}: choose from {', '.join(EXPLAINERS)}, "
                "or install the package that brings it"
            )
        if not set(JUDGED) <= set(names):
            raise ValueError(f"{' and '.join(JUDGED)} must be among them: verdicts rest on both")
        return ",".join(name for name in EXPLAINERS if name in names)

    @model_validator(mode="after")
    def _agree(self) -> ExplainSettings:
        if (self.explain_sample or self.explain_flagged) and not self.optional:
            raise ValueError(
                "--explain-sample and --explain-flagged need "
                f"{' or '.join(_OTHERS)} among --explainers"
            )
        if self.ig_tolerance is not None and self.ig_steps != "auto":
            raise ValueError("--ig-tolerance needs --ig-steps auto")
        if self.ig_variant == "idgi" and self.ig_tolerance is not None:
            raise ValueError("--ig-tolerance says nothing of --ig-variant idgi, always complete")
        if self.ig_variant == "idgi" and self.ig_steps == 1:
            raise ValueError("--ig-variant idgi needs 2 --ig-steps or more")
        return self

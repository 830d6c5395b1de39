"""One frozen config; defaults < preset < TOML file < flags, merged in one function."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from audit.core.errors import ConfigError, shown
from audit.toml import read_toml
from audit.verdict.verdict import FURTHER_TITLES, Thresholds

EXPLAINERS = ("gradcam", "ig", *FURTHER_TITLES)
PIPELINES = ("baseline", "augmented", "mixup", "cutmix", "randaugment", "albumentations")
MOST_PASSES = 1_000_000  # an image, of lime and shap: what they draw beforehand fits into memory


class Config(BaseModel):
    """Every setting of an audit; each field is a TOML key and a flag of the same name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dataset: Literal["oxford_flowers102", "planted", "images"] = Field(
        "oxford_flowers102", description="Which images to audit; 'images' reads --images."
    )
    images: Path | None = Field(
        None, description="Folder with one sub-folder a class, or a CSV/Parquet manifest."
    )
    data_dir: Path | None = Field(
        None, description="Folder of prepared TensorFlow Datasets (default: ~/tensorflow_datasets)."
    )
    download: bool = Field(True, description="Download the data set and its masks where missing.")
    splits: Literal["official", "practice", "all"] = Field(
        "official",
        description="Splits as the data has them (folders without any: 70 / 10 / 20). practice: "
        "Oxford's images, 5000 to train and 1000 to test. all: audit every image as test image.",
    )
    class_order: str = Field(
        "auto",
        min_length=1,
        description="Order of the classes in the model's outputs: text (1, 10, 2), number (1, 2, "
        "10), or a file with one class a line; auto: names that lie beside the model, else text as "
        "Keras sorts folders, or number for a manifest whose labels all are numbers.",
    )
    white_level: float | None = Field(
        None,
        gt=0,
        description="Value that is white in images of more than 8 bits: 4095 for 12 bits in 16 "
        "(default: found on a sample of the images, and printed).",
    )
    limit: int | None = Field(
        None, ge=1, description="Use at most this many test images, sampled by class."
    )
    explain: int | None = Field(
        None,
        ge=1,
        description="Predict every test image, but explain only this many, sampled by class, "
        "besides those with a mask of their own.",
    )
    masks: Path | None = Field(
        None,
        description="Folder of masks or trimaps, or the official 102segmentations.tgz; official: "
        "fetch that one; grabcut: none of them. Default: official for Oxford where it can be had.",
    )
    mask_subject: str = Field(
        "auto",
        min_length=1,
        description="Values of a mask that are the subject, as 255 or 1-8,15 (default: found on a "
        "sample of the masks, and printed).",
    )
    mask_unknown: str = Field(
        "auto",
        description="Values of a mask that are neither subject nor background, as 255 or 128 "
        "(default: found likewise).",
    )
    world: Literal[
        "mixed",
        "tag-a",
        "tint-a",
        "texture-a",
        "object-a",
        "none-a",
        "unrewarded-a",
        "tag-b",
        "tint-b",
        "texture-b",
        "object-b",
        "none-b",
        "unrewarded-b",
    ] = Field(
        "mixed", description="Planted data: which shortcuts are planted, in which half's looks."
    )
    grabcut: bool = Field(True, description="Segment images without a mask by GrabCut.")
    subject: str = Field("flower", min_length=1, description="What the masks mark, in words.")

    backbone: str = Field(
        "efficientnetb0",
        description="Backbone to train a head on; `flower-audit backbones` lists them.",
    )
    weights: str = Field(
        "imagenet",
        description="Weights that the backbone starts from: imagenet, random, or a .h5 file of its "
        "weights without a top.",
    )
    model: Path | None = Field(
        None,
        description="Audit this .keras or .h5 file or SavedModel folder instead of training one.",
    )
    trust_model: bool = Field(
        False, description="Load Lambda layers and custom code in --model (runs its code)."
    )
    input_scaling: Literal["auto", "0..255", "0..1", "-1..1", "torch", "caffe"] = Field(
        "auto",
        description="Pixels that --model wants; auto: those under which it names most images "
        "rightly.",
    )
    input_channels: Literal["auto", "rgb", "bgr"] = Field(
        "auto",
        description="Order of the colours that --model wants; auto: as it names most images "
        "rightly.",
    )
    image_size: int | None = Field(
        None, ge=32, le=1024, description="Side of the model's input in pixels (default: its own)."
    )
    pipeline: str = Field(
        "baseline",
        description="Training pipeline: baseline, or steps joined by + in their order: augmented, "
        "mixup, cutmix, randaugment, albumentations. Validation is always on baseline.",
    )
    flip: bool = Field(True, description="augmented: mirror half of the images.")
    rotation: float = Field(0.08, ge=0, le=0.5, description="augmented: rotation, in full turns.")
    zoom_in: float = Field(0.2, ge=0, lt=1, description="augmented: zoom in by at most this share.")
    zoom_out: float = Field(0.1, ge=0, lt=1, description="augmented: and out by this share.")
    translation: float = Field(0.1, ge=0, lt=1, description="augmented: shift, share of the side.")
    brightness: float = Field(0.15, ge=0, le=1, description="augmented: change of brightness.")
    contrast: float = Field(0.2, ge=0, lt=1, description="augmented: change of contrast.")
    mixup_alpha: float = Field(0.2, gt=0, le=1, description="mixup: shares are Beta(alpha, alpha).")
    cutmix_alpha: float = Field(1.0, gt=0, description="cutmix: boxes' areas, Beta(alpha, alpha).")
    randaugment_ops: int = Field(2, ge=1, le=11, description="randaugment: operations in a row.")
    randaugment_factor: float = Field(0.2, gt=0, le=1, description="randaugment: their strength.")
    albumentations: Path | None = Field(
        None, description="albumentations: pipeline that albumentations.save wrote (default: own)."
    )
    augment_background: bool = Field(
        False,
        description="Put most training flowers on backgrounds of other images, by their masks: "
        "then no background speaks for a class. Goes before the pipeline.",
    )
    balance: Literal["off", "weights", "sampling"] = Field(
        "off", description="Rare classes count as much as others: by loss weights or by sampling."
    )
    epochs: int = Field(7, ge=1, description="Epochs of the head; the best one is kept.")
    batch_size: int = Field(32, ge=1, description="Images a batch.")
    learning_rate: float = Field(1e-3, gt=0, description="Adam's learning rate for the head.")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="Share of each label spread out.")
    early_stopping: int = Field(
        0, ge=0, description="Stop after so many epochs without a better one (0: never)."
    )
    fine_tune_epochs: int = Field(0, ge=0, description="Epochs of fine-tuning after the head.")
    fine_tune_blocks: int | None = Field(
        None, ge=1, description="Fine-tune this many of the last blocks (default: all)."
    )
    fine_tune_rate: float = Field(
        1e-4, gt=0, description="Adam's learning rate in fine-tuning, after its warm-up; it decays."
    )
    warmup_epochs: int = Field(1, ge=0, description="Epochs over which fine-tuning warms up.")
    precision: Literal["auto", "float32", "mixed"] = Field(
        "auto", description="Training in half precision: auto where there is a GPU."
    )

    tta: int = Field(
        1,
        ge=1,
        description="Test-time augmentation: average predictions and explanations over so many "
        "views of an image, mirrored and cropped; costs as many times. 1: off.",
    )
    explainers: str = Field(
        "gradcam,ig",
        description="Explainers, joined by commas: gradcam and ig, which verdicts rest on, and "
        "lime and shap, which cost a thousand forward passes an image.",
    )
    explain_sample: int | None = Field(
        None,
        ge=1,
        description="lime and shap: explain only this many images, sampled by class (default: "
        "all, or with --explain-flagged none but those).",
    )
    explain_flagged: bool = Field(
        False,
        description="lime and shap: explain every image whose verdict is wrong-reasons, suspect "
        "or distracted.",
    )
    lime_samples: int = Field(
        1000, ge=2, le=MOST_PASSES, description="lime: forward passes an image."
    )
    shap_evals: int = Field(
        500, ge=4, le=MOST_PASSES, description="shap: forward passes an image, at most."
    )
    feature_layer: str | None = Field(
        None, description="Layer for Grad-CAM (default: the last 4-D map with H, W > 1)."
    )
    cam: Literal["gradcam", "gradcam++", "hirescam"] = Field(
        "gradcam", description="Kind of class activation map."
    )
    ig_steps: int | Literal["auto"] = Field(
        "auto",
        description="Integrated Gradients: gradients an image; auto adds them until its scores "
        "have settled.",
    )
    ig_variant: Literal["ig", "idgi"] = Field(
        "ig",
        description="Integrated Gradients, or IDGI, which shares out each step's change of the "
        "logit by the squared gradient.",
    )
    ig_tolerance: float | None = Field(
        None, gt=0, description="With auto steps: go on until the completeness error is as low."
    )
    ig_baseline: Literal["black", "blurred"] = Field(
        "black", description="Integrated Gradients: where the path starts."
    )
    robustness: int = Field(
        60,
        ge=0,
        description="Test images, sampled by class, that corruptions are tried on, 51 forward "
        "passes each; 0: none.",
    )
    health: bool = Field(
        True,
        description="Read every image of all splits once, for near-duplicates and outliers.",
    )
    on_flower_skill: float = Field(
        Thresholds.on_flower_skill,
        ge=-1,
        le=1,
        description="An explainer is on the flower at or above this skill.",
    )

    interventions: Literal["full", "cheap", "off"] = Field(
        "full",
        description="Causal tests: at most 40 forward passes an image; cheap: at most 25, without "
        "the scan of the background; off: verdicts by heatmaps alone.",
    )
    suspicious_share: float = Field(
        Thresholds.suspicious_share,
        ge=0,
        le=1,
        description="A right prediction is suspect, a wrong one distracted, above this share of "
        "the background.",
    )
    least_support: float = Field(
        Thresholds.least_support,
        ge=0,
        le=1,
        description="A region that flips an answer is believed above this share of the background.",
    )
    most_background: float = Field(
        Thresholds.most_background,
        ge=0,
        le=1,
        description="The background as a whole decides only above this share.",
    )
    least_survival: float = Field(
        Thresholds.least_survival,
        ge=0,
        le=1,
        description="The background as a whole decides only where an answer stays on no more than "
        "this share of others.",
    )

    least_effect: float = Field(
        Thresholds.least_effect,
        ge=0,
        description="Log-odds that a region must cost beyond its controls, and the background as a "
        "whole twice.",
    )

    model_card: Path | None = Field(
        None,
        description="TOML file of what only the model's owner knows, for its model card: intended "
        "use, licence, ...",
    )

    share: bool = Field(
        False,
        description="Leave the host and times of day out of report/ as well, as report.html and "
        "compare.html always do: they are made to be attached.",
    )

    anyway: bool = Field(
        False,
        description="Go on where the preflight says that inputs are read wrongly; the report says "
        "so.",
    )
    seed: int = Field(0, ge=0, description="Seed of sampling, training and drawing.")
    workers: int = Field(2, ge=0, description="Processes that make masks (0: none, in line).")

    executor: Literal["local", "ray"] = Field(
        "local", description="Explain on this machine, or on a Ray cluster; results are the same."
    )
    address: str | None = Field(
        None,
        description="Ray cluster to join: auto, or HOST:PORT (default: one on this machine, for "
        "the run).",
    )
    worker_cores: int = Field(
        4, ge=1, description="Ray: cores a worker, where no machine has a GPU."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _own_type(cls, value: Any, info: ValidationInfo) -> Any:
        """TOML tells numbers, truth and text apart, so ``true`` is no 1 and ``"2"`` no 2."""
        if isinstance(value, int) and abs(value) >= 2**32:  # NumPy and Keras take no larger seed
            raise ValueError("expected a number below 2^32")
        kind = cls.model_fields[info.field_name or ""].annotation
        if kind is bool and not isinstance(value, bool):
            raise ValueError("expected true or false")
        if info.field_name == "ig_steps" and value != "auto" and not _counts(value):
            raise ValueError("expected auto or a whole number above 0")
        if info.field_name == "weights" and not _names_weights(value):
            raise ValueError("expected imagenet, random or a .h5 file")
        if kind in (int, float, int | None, float | None) and isinstance(value, bool | str):
            raise ValueError("expected a number")
        return value

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

    @field_validator("explainers")
    @classmethod
    def _known_explainers(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",")]
        unknown = [name for name in names if name not in EXPLAINERS]
        if unknown:
            raise ValueError(f"no explainer {unknown[0]!r}: choose from {', '.join(EXPLAINERS)}")
        if not {"gradcam", "ig"} <= set(names):
            raise ValueError("gradcam and ig must be among them: verdicts rest on both")
        return ",".join(name for name in EXPLAINERS if name in names)

    @property
    def further(self) -> tuple[str, ...]:
        """Explainers besides gradcam and ig."""
        return tuple(self.explainers.split(",")[2:])

    @model_validator(mode="after")
    def _agree(self) -> Config:
        if (self.dataset == "images") != (self.images is not None):
            raise ValueError("--images PATH and --dataset images go together")
        if self.splits != "official" and self.dataset == "planted":
            raise ValueError("--splits says nothing of planted data, which has its own")
        if self.splits == "practice" and self.dataset == "images":
            raise ValueError("--splits practice is of Oxford's images alone: leave it out, or all")
        if self.address is not None and self.executor != "ray":
            raise ValueError("--address needs --executor ray")
        if self.albumentations and "albumentations" not in self.pipeline.split("+"):
            raise ValueError("--albumentations FILE needs --pipeline albumentations")
        if (self.explain_sample or self.explain_flagged) and not self.further:
            raise ValueError("--explain-sample and --explain-flagged need lime or shap among "
                             "--explainers")  # fmt: skip
        if self.ig_tolerance is not None and self.ig_steps != "auto":
            raise ValueError("--ig-tolerance needs --ig-steps auto")
        if self.ig_variant == "idgi" and self.ig_tolerance is not None:
            raise ValueError("--ig-tolerance says nothing of --ig-variant idgi, always complete")
        if self.ig_variant == "idgi" and self.ig_steps == 1:
            raise ValueError("--ig-variant idgi needs 2 --ig-steps or more")
        return self


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _names_weights(value: Any) -> bool:
    return value in ("imagenet", "random") or str(value).endswith(".h5")


# Settings that are gone, and the value that each always has now: written out it is no mistake.
RETIRED = {"ig_rule": "quadratic"}

PRESETS: dict[str, dict[str, Any]] = {
    "planted": {
        "dataset": "planted",
        "backbone": "efficientnet-lite0",
        "image_size": 160,
    },
}


def load_config(
    flags: Mapping[str, Any], preset: str | None = None, file: Path | None = None
) -> Config:
    """Merge defaults < ``preset`` < ``file`` < ``flags`` into one config.

    Parameters
    ----------
    flags : Mapping[str, Any]
        Settings by name; None means "not given".
    preset : str, optional
        A name in `PRESETS`.
    file : Path, optional
        TOML file with the fields of `Config` as keys; it may name a ``preset`` itself.

    Raises
    ------
    ConfigError
        One line that names the key, the value and what is allowed.
    """
    from_file = _read(file) if file else {}
    in_file = from_file.pop("preset", None)
    preset = preset or in_file
    if preset is not None and preset not in list(PRESETS):  # a list in a file has no hash
        raise ConfigError(f"Unknown preset {shown(preset)}: choose from {', '.join(PRESETS)}.")
    given = {key: value for key, value in flags.items() if value is not None}
    merged: dict[str, Any] = {}
    for layer in (PRESETS[preset] if preset else {}, from_file, given):
        # images choose the data set, unless their own layer says otherwise
        merged |= ({"dataset": "images"} if layer.get("images") else {}) | layer
    for key, always in RETIRED.items():
        if (value := merged.pop(key, always)) != always:
            raise ConfigError(f"{key} is always {always} now, not {shown(value)}: leave it out.")
    try:
        return Config(**merged)
    except ValidationError as error:
        raise ConfigError(_one_line(error, file)) from None


def change(config: Config, **settings: Any) -> Config:
    """The config with other settings, checked as all are; raises `ConfigError`."""
    return load_config(config.model_dump() | settings)


def _read(file: Path) -> dict[str, Any]:
    try:
        return read_toml(file)
    except FileNotFoundError:
        raise ConfigError(f"No config file {file}.") from None


def _one_line(error: ValidationError, file: Path | None) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    where = f" (flags or {file})" if file else ""
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, Config.model_fields, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        return f"Unknown setting {shown(key)}{where}{hint}"
    message = first["msg"].removeprefix("Value error, ")
    if not key:
        return f"{message}."
    return f"Bad value {shown(first['input'])} for {key!r}{where}: {message}."

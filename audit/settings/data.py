"""[data]: images to audit, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import model_validator

from audit.settings.base import Section, Stage, setting


class DataSettings(Section):
    """Images to audit, and how they are read."""

    dataset: Literal["oxford_flowers102", "planted", "images"] = setting(
        "oxford_flowers102", "Which images to audit; 'images' reads --images.", affects=Stage.SPLIT
    )
    images: Path | None = setting(
        None,
        "Folder with one sub-folder a class, or a CSV/Parquet manifest.",
        affects=Stage.READ,
        common=True,
    )
    data_dir: Path | None = setting(
        None, "Folder of prepared TensorFlow Datasets (default: ~/tensorflow_datasets).", affects=()
    )
    download: bool = setting(True, "Download the data set and its masks where missing.", affects=())
    splits: Literal["official", "practice", "all"] = setting(
        "official",
        "Splits as the data has them (folders without any: 70 / 10 / 20). practice: "
        "Oxford's images, 5000 to train and 1000 to test. all: audit every image as test image.",
        affects=Stage.SPLIT,
    )
    class_order: str = setting(
        "auto",
        "Order of the classes in the model's outputs: text (1, 10, 2), number (1, 2, "
        "10), or a file with one class a line; auto: names that lie beside the model, else text as "
        "Keras sorts folders, or number for a manifest whose labels all are numbers.",
        affects=(),
        min_length=1,
    )
    labels: Literal["auto", "one", "several"] = setting(
        "auto",
        "Labels of an image: one class, or several, written a|b in a manifest, each of which is "
        "explained and judged as one row; auto: several where a part of such a cell is the whole "
        "label of another image.",
        affects=Stage.READ,
    )
    white_level: float | None = setting(
        None,
        "Value that is white in images of more than 8 bits: 4095 for 12 bits in 16 "
        "(default: found on a sample of the images, and printed).",
        affects=Stage.READ,
        gt=0,
    )
    limit: int | None = setting(
        None,
        "Use at most this many test images, sampled by class.",
        affects=Stage.PREDICT,
        ge=1,
        common=True,
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
        "vignette-c",
        "sticker-c",
        "letterbox-c",
        "defocus-c",
        "watermark-c",
        "border-c",
        "none-c",
        "unrewarded-c",
        "vignette-d",
        "sticker-d",
        "letterbox-d",
        "defocus-d",
        "watermark-d",
        "border-d",
        "none-d",
        "unrewarded-d",
    ] = setting(
        "mixed",
        "Planted data: which shortcuts are planted, in which half's looks.",
        affects=Stage.SPLIT,
    )

    @model_validator(mode="after")
    def _agree(self) -> DataSettings:
        if (self.dataset == "images") != (self.images is not None):
            raise ValueError("--images PATH and --dataset images go together")
        if self.splits != "official" and self.dataset == "planted":
            raise ValueError("--splits says nothing of planted data, which has its own")
        if self.splits == "practice" and self.dataset == "images":
            raise ValueError("--splits practice is of Oxford's images alone: leave it out, or all")
        if self.labels != "auto" and self.dataset != "images":
            raise ValueError("--labels says how --images are read: leave it out")
        return self

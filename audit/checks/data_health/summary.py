"""State of the data: images by split, near-duplicates, leaks, outliers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pandas as pd

from audit.checks.data_health.duplicates import group_sizes
from audit.checks.data_health.headline import unleaked
from audit.checks.data_health.outliers import RULES, Rule, Values, measures, outliers
from audit.checks.data_health.outputs import (
    IMAGES,
    SHOWN_OUTLIERS,
    SHOWN_PAIRS,
    examined,
    label_names,
)
from audit.checks.data_health.pairs import SIDES, leaked_names, pairs
from audit.core.errors import RunFolderError
from audit.core.estimate import Estimate, as_json, rate
from audit.datasets.dataset import SPLITS
from audit.report.figures import ACCURACY, estimate
from audit.report.names import slug
from audit.report.pictures import encode
from audit.report.source import Source
from audit.storage.readers import picture

_THUMBNAIL = 256  # pixels of the longer side at most; `measure` makes them smaller
# Every one that may be shown: two of a pair, and the outliers of each measure.
_MOST_THUMBNAILS = 2 * SHOWN_PAIRS + SHOWN_OUTLIERS * len(RULES)
_FIRST = 6  # pairs of a self-contained file
_QUALITY = 80  # of WebP that is encoded a second time


@dataclass(frozen=True)
class Shown:
    """One image; ``file`` is its thumbnail below the report's root, "" where none is kept."""

    name: str
    split: str
    label: str
    size: str
    file: str


@dataclass(frozen=True)
class Pair:
    """Two near-duplicates.

    Attributes
    ----------
    conflict : bool
        Whether their labels differ.
    leak : bool
        Whether one is a test image and the other is not.
    """

    images: tuple[Shown, ...]
    distance: int
    likeness: float
    mirrored: bool
    conflict: bool
    leak: bool


@dataclass(frozen=True)
class Across:
    """Number of pairs within one split, or between two."""

    splits: tuple[str, str]
    pairs: int
    conflicts: int


@dataclass(frozen=True)
class Near:
    """Near-duplicates.

    Attributes
    ----------
    plain : int
        Images that show too little to be compared.
    complete : bool
        Whether every pair was found.
    groups : list of int
        Sizes of the groups that pairs join, the largest first.
    shown : list of Pair
        Those that matter most.
    """

    plain: int
    complete: bool
    pairs: int
    conflicts: int
    across: list[Across]
    groups: list[int]
    shown: list[Pair]


@dataclass(frozen=True)
class SplitRow:
    """One split: its images, those that could not be read, and the sizes of its classes."""

    name: str
    images: int
    broken: int
    classes: int
    fewest: int
    most: int
    size: str  # of the median image


@dataclass(frozen=True)
class Outlying:
    """Images that stand apart by one measure.

    Attributes
    ----------
    median : str
        Of all images, in words.
    total : int
        How many stand apart.
    shown : list
        The farthest, each with its value in words.
    """

    rule: Rule
    median: str
    total: int
    shown: list[tuple[Shown, str]]


@dataclass(frozen=True)
class Health:
    """The state of the data.

    Attributes
    ----------
    accuracies : dict
        Of ``all`` test images, of the ``leaked`` that have a near-duplicate in another split, and
        ``without`` them; none where there is no other split.
    pictures : dict
        Thumbnails as WebP, by file.
    tested, leaks : int
        Test images that were predicted, and those of them that have a near-duplicate in another
        split.
    """

    images: int
    broken: int
    splits: list[SplitRow]
    near: Near
    accuracies: dict[str, Estimate]
    outlying: dict[str, Outlying]
    pictures: dict[str, bytes]
    tested: int
    leaks: int

    @property
    def first_pairs(self) -> list[Pair]:
        """The near-duplicates that matter most, for a file that holds its pictures."""
        return self.near.shown[:_FIRST]


def health(source: Source) -> Health | None:
    """Return the state of the data, or None where it was not examined."""
    images = examined(source)
    if images is None:
        return None
    tested = set(source.images(source.predictions))
    return Health(
        len(images),
        int((images["skipped"] != "").sum()),
        [_split_row(name, images[images["split"] == name]) for name in SPLITS],
        _near(source, images),
        _accuracies(source),
        {key: _outlying(source, images, key, v) for key, v in measures(images).items()},
        _pictures(source, images),
        len(tested),
        len(tested & (leaked_names(source) or set())),
    )


def _pictures(source: Source, images: pd.DataFrame) -> dict[str, bytes]:
    """Return thumbnails by file, encoded anew: nothing but their pixels goes into a report."""
    pictured = images.loc[images["thumbnail"].notna(), ["name", "thumbnail"]]
    try:
        if len(pictured) > _MOST_THUMBNAILS:
            raise ValueError(f"{len(pictured):,} thumbnails, of at most {_MOST_THUMBNAILS}")
        return {
            _file(name): encode(picture(encoded, "WEBP", _THUMBNAIL**2), _QUALITY)
            for name, encoded in pictured.to_numpy()
        }
    except ValueError as error:
        raise RunFolderError(f"{IMAGES.file(source.run)} holds {error}: sweep again.") from None


def _split_row(name: str, images: pd.DataFrame) -> SplitRow:
    sizes = images["labels"].str.split("|").explode().value_counts()
    fewest, most = (int(sizes.min()), int(sizes.max())) if len(sizes) else (0, 0)
    broken = int((images["skipped"] != "").sum())
    size = _size(images["width"].median(), images["height"].median())
    return SplitRow(
        name=name,
        images=len(images),
        broken=broken,
        classes=len(sizes),
        fewest=fewest,
        most=most,
        size=size,
    )


def _size(width: float, height: float) -> str:
    return "" if np.isnan(width) else f"{width:.0f} × {height:.0f}"


def _near(source: Source, images: pd.DataFrame) -> Near:
    found = pairs(source, images)
    found["conflict"] = found["a_labels"] != found["b_labels"]
    return Near(
        plain=int(((images["skipped"] == "") & (images["hash"] == "")).sum()),
        complete=bool(source.section("health").get("complete", True)),
        pairs=len(found),
        conflicts=int(found["conflict"].sum()),
        across=list(_across(found)),
        groups=group_sizes(found["a_row"], found["b_row"]),
        shown=[
            _pair(source, images, row) for row in found.head(SHOWN_PAIRS).itertuples(index=False)
        ],
    )


def _across(found: pd.DataFrame) -> Iterator[Across]:
    """Yield counts of every two splits that have any."""
    for one, other in combinations_with_replacement(SPLITS, 2):
        a, b = found["a_split"], found["b_split"]
        these = found[((a == one) & (b == other)) | ((a == other) & (b == one))]
        if len(these):
            yield Across((one, other), len(these), int(these["conflict"].sum()))


def _pair(source: Source, images: pd.DataFrame, row: Any) -> Pair:
    shown = tuple(_shown(source, images, getattr(row, f"{side}_row")) for side in SIDES)
    leak = sum(image.split == "test" for image in shown) == 1
    return Pair(shown, row.distance, row.likeness, row.mirrored, row.conflict, leak)


def _shown(source: Source, images: pd.DataFrame, index: int) -> Shown:
    row = images.iloc[index]
    file = _file(row["name"]) if row["thumbnail"] is not None else ""
    label = label_names(source, row["labels"])
    return Shown(row["name"], row["split"], label, _size(row["width"], row["height"]), file)


def _file(name: str) -> str:
    return f"thumbnails/{slug(name)}.webp"


def _accuracies(source: Source) -> dict[str, Estimate]:
    names = leaked_names(source)
    if names is None:
        return {}
    leaked = source.predictions[source.images(source.predictions).isin(names)]
    hits = int((leaked["label"] == leaked["prediction"]).sum())
    found = {"all": estimate(source, ACCURACY), "without": unleaked(source)}
    return found | {"leaked": rate(hits, len(leaked))}


def _outlying(source: Source, images: pd.DataFrame, key: str, values: Values) -> Outlying:
    found, words = outliers(values, RULES[key]), _WORDS[key]
    median = "" if np.isnan(values).all() else words(float(np.nanmedian(values)))
    shown = [(_shown(source, images, i), words(float(values[i]))) for i in found[:SHOWN_OUTLIERS]]
    return Outlying(RULES[key], median, len(found), shown)


_WORDS: dict[str, Callable[[float], str]] = {
    "pixels": lambda value: f"{value:,.0f} pixels",
    "elongation": lambda value: f"{value:.2f} times as long as wide",
    "sharpness": lambda value: f"sharpness {value:.3g}",
    "luminance": lambda value: f"brightness {value:.0f} of 255",
    "dark": lambda value: f"{value:.0%} black",
    "bright": lambda value: f"{value:.0%} white",
}


def summary_part(found: Health) -> dict[str, Any]:
    """Give its part of summary.json."""
    near = found.near
    return {
        "images": found.images,
        "unreadable": found.broken,
        "too_plain_to_compare": near.plain,
        "near_duplicates": {
            "complete": near.complete,
            "pairs": near.pairs,
            "label_conflicts": near.conflicts,
            "groups": len(near.groups),
            "by_splits": {" ".join(a.splits): a.pairs for a in near.across},
        },
        "leaked_test_images": found.leaks if found.accuracies else None,
        "accuracies": {key: as_json(e) for key, e in found.accuracies.items()},
        "outliers": {key: o.total for key, o in found.outlying.items()},
    }

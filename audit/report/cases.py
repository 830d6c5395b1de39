"""One case an image: what its card in a gallery says, and on which page it stands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.core.questions import left_out
from audit.core.registries import JUDGED
from audit.report.names import unique_slugs
from audit.report.source import Source
from audit.report.trials import Trials, trials_of
from audit.report.verdicts import VERDICT_KINDS, VerdictKind, by_evidence
from audit.storage.records import NOT_SAMPLED
from audit.verdict.verdict import ACCUSED

PAGE = 48  # cases a page
MOST_COMPOSITES = 500  # the worst of them: about 4 MB


@dataclass(frozen=True)
class Score:
    """One explainer's figures for one image; NaN where undefined, and why.

    Attributes
    ----------
    key : str
        Of the explainer.
    picture : str
        File of its heatmap in grey, relative to the report's root; "" where it was not asked.
    half : int
        Which half of that file: 1 or 2; 0 where it is all of it.
    """

    key: str
    title: str
    mass: float
    skill: float
    rank_accuracy: float
    pointing: float
    reason: str
    picture: str
    half: int


@dataclass(frozen=True)
class Causes:
    """Findings of interventions for one image; NaN where undefined, ``reason`` why untested."""

    reason: str
    share: float
    survival: float
    donors: int
    region: str  # the region's area and place, in words
    left_out: str  # what was not asked, in words


@dataclass(frozen=True)
class Case:
    """One explained image.

    Attributes
    ----------
    anchor : str
        Stable id, made from the image's name alone.
    photo, heat : str
        Files of its photo and, in grey, of the heatmaps that its verdict rests on, relative to the
        report's root; "" where the model lacks these.
    cause : str
        Kind of what decides, of `audit.core.edits.KINDS`; "" where nothing does.
    image : str
        The image that it is of: its name, but where images have several labels.
    composites : str
        File of the composites that the model was shown; "" where the verdict accuses nobody, or
        others more than enough.
    page : str
        Its gallery page without extension, relative to the report's root.
    """

    anchor: str
    name: str
    photo: str
    heat: str
    page: str
    part: int
    row: int
    verdict: VerdictKind
    reason: str
    label: int
    label_name: str
    prediction: int
    prediction_name: str
    correct: bool
    confidence: float
    mask_source: str
    mask_doubt: str
    chance: float
    scores: tuple[Score, ...]
    shortcut: str
    composites: str
    causes: Causes
    fragile: bool
    score: float
    cause: str
    image: str
    trials: Trials

    @property
    def leading(self) -> list[int]:
        """Places among `scores` of the heatmaps beside the photo: those of every case."""
        judged = [k for k, score in enumerate(self.scores) if score.half]
        return judged or [k for k, score in enumerate(self.scores) if score.picture][:1]

    @property
    def optional(self) -> list[int]:
        """Places among `scores` of the other heatmaps that there are."""
        shown = (k for k, score in enumerate(self.scores) if score.picture)
        return [k for k in shown if k not in self.leading]

    @property
    def pictures(self) -> list[str]:
        """All files of pictures that its card shows, but for other images' backgrounds."""
        files = (self.photo, *(score.picture for score in self.scores), self.composites)
        return [file for file in dict.fromkeys(files) if file]


@dataclass(frozen=True)
class GalleryPage:
    """One page of a verdict's gallery, and the pages around it."""

    verdict: VerdictKind
    path: str  # without extension, relative to the report's root
    number: int
    pages: int
    cases: Sequence[Case]
    total: int


def page_path(verdict: VerdictKind, number: int) -> str:
    """Return the path of a gallery's page, counted from 1, without extension."""
    return f"cases/{verdict.key}-{number}"


def galleries(source: Source, records: pd.DataFrame) -> dict[str, list[Case]]:
    """Group records' cases by verdict key, in the order of their gallery, without empty ones."""
    named = records.copy()  # columns that were read one by one lie scattered: this joins them
    named["anchor"] = unique_slugs(records["name"].tolist())
    named["image"] = source.images(records)
    accused = (by_evidence(named, v) for v in VERDICT_KINDS if v.key in ACCUSED)
    worst = pd.concat(accused).query("causal_reason == ''").index[:MOST_COMPOSITES]
    named["composites"] = named.index.isin(worst)
    found = {v.key: list(_cases(by_evidence(named, v), v, source)) for v in VERDICT_KINDS}
    return {key: cases for key, cases in found.items() if cases}


def gallery_pages(cases: Sequence[Case]) -> Iterator[GalleryPage]:
    """Cut a gallery into pages."""
    pages = -(-len(cases) // PAGE)
    for k in range(pages):
        verdict, shown = cases[0].verdict, cases[k * PAGE : (k + 1) * PAGE]
        yield GalleryPage(
            verdict=verdict,
            path=page_path(verdict, k + 1),
            number=k + 1,
            pages=pages,
            cases=shown,
            total=len(cases),
        )


def _cases(records: pd.DataFrame, verdict: VerdictKind, source: Source) -> Iterator[Case]:
    for i, row in enumerate(records.to_dict("records")):
        page = page_path(verdict, i // PAGE + 1)
        yield _case({str(k): v for k, v in row.items()}, verdict, page, source)


def _case(row: dict[str, Any], verdict: VerdictKind, page: str, source: Source) -> Case:
    told = trials_of(row, source.classes)
    return Case(
        anchor=row["anchor"],
        name=row["name"],
        photo=f"pictures/{row['anchor']}.webp",
        heat=f"pictures/{row['anchor']}-heat.webp" if source.judged else "",
        page=page,
        part=row["part"],
        row=row["row"],
        verdict=verdict,
        reason=row["verdict_reason"],
        label=row["label"],
        label_name=row["label_name"],
        prediction=row["prediction"],
        prediction_name=row["prediction_name"],
        correct=bool(row["correct"]),
        confidence=row["confidence"],
        mask_source=row["mask_source"],
        mask_doubt=row["mask_doubt"],
        chance=row["chance"],
        scores=tuple(_score(row, key, title) for key, title in source.titles.items()),
        shortcut=row["shortcut"],
        composites=_composites(row, told),
        causes=_causes(row),
        fragile=bool(row["fragile"]),
        score=row["verdict_score"],
        cause=row["verdict_cause"],
        image=row["image"],
        trials=told,
    )


def _composites(row: dict[str, Any], told: Trials) -> str:
    return f"pictures/{row['anchor']}-tested.webp" if row["composites"] and told.panels else ""


def _causes(row: dict[str, Any]) -> Causes:
    area = row["removal_area"]
    region = "" if math.isnan(area) else f"{area:.0%}, {row['removal_place']}"
    return Causes(
        row["causal_reason"],
        row["background_share"],
        row["survival"],
        row["donors"],
        region,
        "; ".join(left_out(row["stopped_by"])),
    )


def _score(row: dict[str, Any], key: str, title: str) -> Score:
    columns = ("mass", "skill", "rank_accuracy", "pointing", "reason")
    values = {column: row[f"{key}_{column}"] for column in columns}
    file = f"pictures/{row['anchor']}-{'heat' if key in JUDGED else key}.webp"
    asked, half = values["reason"] != NOT_SAMPLED, 1 + JUDGED.index(key) if key in JUDGED else 0
    return Score(key, title, **values, picture=file if asked else "", half=half)

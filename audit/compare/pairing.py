"""Pairing of runs: which can be compared, on which images, and what a reader must know first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import pandas as pd

from audit.core.errors import RunFolderError
from audit.core.estimate import CLUSTER
from audit.explainers.registry import titles
from audit.report.figures import hit_rate
from audit.report.source import Source, load
from audit.report.templating import told
from audit.settings.nesting import RETIRED
from audit.storage.run import RunFolder

EXPLAINING = ("cam", "ig_variant", "ig_steps", "ig_tolerance", "ig_rule", "ig_baseline",
              "interventions")  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One run of a comparison: the letter and the name that it goes by."""

    letter: str
    name: str
    source: Source


@dataclass(frozen=True)
class Pair:
    """A run and its baseline, both cut down to the images that they share.

    Attributes
    ----------
    a, b : Entry
        Predictions and explained records hold the same images in the same order.
    explained : tuple of int
        Images that A and that B explained, shared or not.
    warnings : list of str
        What else differs between the runs, in words.
    """

    a: Entry
    b: Entry
    explained: tuple[int, int]
    warnings: list[str]

    @cached_property
    def titles(self) -> dict[str, str]:
        """Titles of the explainers by the prefix of their columns; both where runs differ."""
        ours, theirs = self.a.source.titles, self.b.source.titles
        return {k: t if theirs.get(k, t) == t else f"{t} / {theirs[k]}" for k, t in ours.items()}

    @property
    def seed(self) -> int:
        """Seed of the bootstrap."""
        return self.a.source.seed

    def images(self, values: pd.Series) -> pd.DataFrame:
        """Return name and cluster, if any, of the images that have these values, one a row.

        Parameters
        ----------
        values : Series
            One a shared image that was tested, or that was explained; or by name.
        """
        source = self.a.source
        tested = source.predictions[source.predictions.columns.intersection(["name", CLUSTER])]
        if pd.api.types.is_integer_dtype(values.index):
            return tested if len(values) == len(tested) else source.explained
        return tested.set_index("name", drop=False).loc[values.index]

    @property
    def key(self) -> str:
        """Prefix of the pair's anchors."""
        return self.b.letter.lower()


def entries(runs: Sequence[RunFolder]) -> list[Entry]:
    """Load runs; the first is the baseline.

    Raises
    ------
    RunFolderError
        Fewer than two, more than there are letters, one twice, or one that is unreadable.
    """
    if not 2 <= len(runs) <= len(ascii_uppercase):
        raise RunFolderError(f"{len(runs)} runs given: compare 2 to {len(ascii_uppercase)}.")
    refuse_same([run.root for run in runs])
    named = zip(ascii_uppercase, names(runs), runs, strict=False)
    return [Entry(letter, name, load(run)) for letter, name, run in named]


def refuse_same(roots: Sequence[Path]) -> None:
    """Raise `RunFolderError` where a run folder is among these twice."""
    locations = [root.resolve() for root in roots]
    for i, location in enumerate(locations):
        if location in locations[:i]:
            raise RunFolderError(f"{roots[i]} is given twice: compare it with another run.")


def names(runs: Sequence[RunFolder]) -> list[str]:
    """Return folder names; where some are equal, with as many parents as tell all apart."""
    parts = [run.root.resolve().parts for run in runs]
    for depth in range(1, max(map(len, parts)) + 1):
        found = ["/".join(p[-depth:]) for p in parts]
        if len(set(found)) == len(found):
            break
    return found


def pair(a: Entry, b: Entry) -> Pair:
    """Cut two runs down to what they share.

    Raises
    ------
    RunFolderError
        They were not audited on the same images and labels, or share none.
    """
    _refuse_others(a, b)
    _refuse_twice(a)
    _refuse_twice(b)
    tested = _shared(a.source.predictions["name"], b.source.predictions["name"])
    explained = _shared(a.source.explained["name"], b.source.explained["name"])
    if not tested:
        raise RunFolderError(f"{_both(a, b)} have no test image in common: nothing to compare.")
    _refuse_labels(a, b, tested)
    _refuse_contents(a, b, tested)
    kept = [replace(e, source=_cut(e.source, tested, explained)) for e in (a, b)]
    sizes = len(a.source.explained), len(b.source.explained)
    return Pair(kept[0], kept[1], sizes, list(_warnings(a, b, len(tested), len(explained))))


def _cut(source: Source, tested: list[str], explained: list[str]) -> Source:
    return replace(
        source,
        records=source.records.set_index("name", drop=False).loc[explained].reset_index(drop=True),
        predictions=source.predictions.set_index("name", drop=False)
        .loc[tested]
        .reset_index(drop=True),
    )


def _shared(ours: Any, theirs: Any) -> list[str]:
    """Return the names that both hold, in an order that does not depend on which comes first."""
    return sorted(set(ours) & set(theirs))


def _both(a: Entry, b: Entry) -> str:
    return f"{a.source.run.root} and {b.source.run.root}"


def _refuse_others(a: Entry, b: Entry) -> None:
    data = [e.source.section("data") for e in (a, b)]
    for key, what in (("name", "data sets"), ("fingerprint", "images, labels or splits")):
        first, second = (d.get(key) for d in data)
        if first != second:
            raise RunFolderError(
                f"{_both(a, b)} were audited on other {what} ({first}, {second}): compare runs of "
                "the same data."
            )
    ours, theirs = a.source.classes, b.source.classes
    for i in ours.keys() | theirs.keys():
        if ours.get(i) != theirs.get(i):
            raise RunFolderError(
                f"{_both(a, b)} have other classes (number {i} is {ours.get(i)!r}, "
                f"{theirs.get(i)!r}): compare runs of the same data."
            )


def _refuse_twice(e: Entry) -> None:
    source, run = e.source, e.source.run
    tables = {run.predictions_file: source.predictions, run.records_dir: source.explained}
    for file, table in tables.items():
        if table["name"].duplicated().any():
            raise RunFolderError(f"{file} names an image twice: nothing can be paired.")


def _refuse_labels(a: Entry, b: Entry, tested: list[str]) -> None:
    labels = [e.source.predictions.set_index("name")["label"].loc[tested] for e in (a, b)]
    other = labels[0].index[labels[0] != labels[1]]
    if len(other):
        ours, theirs = (a.source.classes[int(one[other[0]])] for one in labels)
        raise RunFolderError(
            f"{_both(a, b)} label {len(other)} images differently ({other[0]!r} is {ours!r}, "
            f"{theirs!r}): compare runs of the same labels."
        )


def _refuse_contents(a: Entry, b: Entry, tested: list[str]) -> None:
    rows = a.source.predictions
    images = set(a.source.images(rows[rows["name"].isin(tested)]))
    ours, theirs = (e.source.contents.of(images) for e in (a, b))
    other = ours.differing(theirs)
    if other:
        raise RunFolderError(
            f"{_both(a, b)} saw other images of the same names ({len(other):,} of {len(images):,} "
            f"differ in content, the first {other[0]!r}): compare runs of the same images."
        )


def _warnings(a: Entry, b: Entry, tested: int, explained: int) -> Iterator[str]:
    for e in (a, b):
        if e.source.missing:
            yield f"{e.letter} is unfinished: {e.source.missing:,} images are not explained yet."
    sizes = [len(e.source.predictions) for e in (a, b)]
    if max(sizes) > tested:
        yield f"{_counts(a, b, sizes)} were tested; the {tested:,} tested in both are compared."
    sizes = [len(e.source.explained) for e in (a, b)]
    if not explained:
        yield "No image is explained in both runs: nothing but predictions can be compared."
    elif max(sizes) > explained:
        yield (
            f"{_counts(a, b, sizes)} were explained; everything but {hit_rate(a.source)} rests on "
            f"the {explained:,} explained in both."
        )
    yield from _unknown_contents(a, b)
    yield from _settings(a, b)


def _unknown_contents(a: Entry, b: Entry) -> Iterator[str]:
    drawn = a.source.config.get("dataset") == "planted"
    old = [e.letter for e in (a, b) if not len(e.source.contents) and not drawn]
    if old:
        yield (
            f"{' and '.join(old)} kept no hashes of images, as earlier versions did not: whether "
            "both runs saw the same pixels is not known."
        )


def _settings(a: Entry, b: Entry) -> Iterator[str]:
    first, second = a.source, b.source
    if first.section("data").get("masks") != second.section("data").get("masks"):
        yield "The masks differ: scores and verdicts may differ for that reason alone."
    if first.run.donor_names() != second.run.donor_names():
        yield (
            "The donors of other backgrounds differ: survival, background share, composites and "
            "the verdicts that rest on them may differ for that reason alone."
        )
    ours, theirs = dict(first.thresholds), dict(second.thresholds)
    moved = [_moved(k, ours[k], theirs[k]) for k in ours if ours[k] != theirs[k]]
    if moved:
        yield f"Verdicts were given by different thresholds: {', '.join(moved)}."
    other = [
        _moved(k, before, after)
        for k in EXPLAINING
        if (before := _setting(first, k)) != (after := _setting(second, k))
    ]
    if other:
        yield f"Images were explained or tested in different ways: {', '.join(other)}."
    if first.subject != second.subject:
        subjects = f"{first.subject} in {a.letter}, {second.subject} in {b.letter}"
        yield f"What the masks mark is called {subjects}."
    yield from _models(a, b)


def _moved(key: str, before: Any, after: Any) -> str:
    first, second = ("not set" if v is None else told(v) for v in (before, after))
    return f"{key.replace('_', ' ')} {first} and {second}"


def _setting(source: Source, key: str) -> Any:
    return source.config.get(key, RETIRED.get(key))


def _models(a: Entry, b: Entry) -> Iterator[str]:
    shapes = [e.source.section("model") for e in (a, b)]
    built = [shape.get("architecture_sha256", shape.get("backbone")) for shape in shapes]
    # A model that is given has another name than the backbone it was trained on.
    other = built[0] != built[1] and shapes[0].get("backbone") != shapes[1].get("backbone")
    if other or shapes[0].get("input_size") != shapes[1].get("input_size"):
        yield (
            "The models differ in kind or input size: so do their heatmaps in resolution, and mass "
            "and skill are not quite on one scale. Interventions are."
        )
    versions = [str(e.source.manifest.get("flower_audit")) for e in (a, b)]
    if versions[0] != versions[1]:
        yield f"The runs were made by flower-audit {versions[0]} and {versions[1]}."


def _counts(a: Entry, b: Entry, sizes: Sequence[int]) -> str:
    return f"{sizes[0]:,} images in {a.letter}, {sizes[1]:,} in {b.letter}"


def merged_titles(sources: Sequence[Source]) -> dict[str, str]:
    """Return the titles of the explainers where all runs agree, else those of the defaults."""
    first = sources[0].titles
    return first if all(s.titles == first for s in sources) else titles()

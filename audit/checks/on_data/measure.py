"""Worlds of heads taught on a run's own features, each audited by the whole engine."""

from __future__ import annotations

import gc
import io
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.checks.context import Context
from audit.checks.on_data.outputs import FILE, WORLDS
from audit.checks.on_data.results import Audited, OnData, results
from audit.core.errors import ConfigError, DataError, RunFolderError, quoted
from audit.core.wording import why_closed
from audit.datasets.batches import in_batches, readable
from audit.datasets.dataset import BACKGROUND, FOREGROUND, Dataset, Item, stratified
from audit.datasets.stamps import FAMILIES, STAMPS
from audit.datasets.stamps.worlds import HEALTHY, LEAST, Twins, World
from audit.execution.engine import Engine
from audit.execution.local import PART_SIZE, explain_part, read
from audit.explainers.passes import pooled_of
from audit.explainers.registry import titles
from audit.masks.sample import Sample
from audit.storage.paths import on_disk
from audit.storage.records import RECORD_SCHEMA, columns_of, kinds_of
from audit.storage.run import RunFolder
from audit.training.logistic import Features, Labels, chosen_strength, fit_head
from audit.verdict.verdict import Labels as Words

log = logging.getLogger("audit")
SAMPLE = 80  # photographs that a world audits, besides stamped twins
MOST = 1500  # photographs that heads learn from
EACH = 40  # of one class: a taught class's are all stamped, world by world
HELD = 500  # that the penalty of heads is chosen by
FEWEST_HEALTHY = 2
_SEED = 0  # of what all worlds share; not the run's, so that runs can be compared


@dataclass(frozen=True)
class Asked:
    """Worlds that a self-test is asked for.

    Attributes
    ----------
    kinds : tuple of str
        Keys of `STAMPS`; the first look of every family by default. `HEALTHY` asks for healthy
        worlds, which are always there, and nothing else.
    sample : int
        Photographs that each world audits, besides stamped twins.
    seeds : int
        Worlds of each kind.

    Raises
    ------
    ConfigError
        There is no such kind.
    """

    kinds: tuple[str, ...] = tuple(FAMILIES)
    sample: int = SAMPLE
    seeds: int = 1

    def __post_init__(self) -> None:
        """Refuse what is no kind of stamp."""
        if unknown := [key for key in self.kinds if key not in (HEALTHY, *STAMPS)]:
            known = ", ".join((HEALTHY, *STAMPS))
            raise ConfigError(f"There is no stamp {quoted(unknown[0])}: choose of {known}.")

    @property
    def worlds(self) -> list[World]:
        """Healthy worlds, then those of each kind."""
        healthy = [World(HEALTHY, seed) for seed in range(max(FEWEST_HEALTHY, self.seeds))]
        kinds = dict.fromkeys(key for key in self.kinds if key != HEALTHY)
        return healthy + [World(key, seed) for key in kinds for seed in range(self.seeds)]


@dataclass(frozen=True)
class Lessons:
    """What all worlds share: photographs to learn from, and photographs to audit.

    Attributes
    ----------
    learnt : list of Item
        Photographs to learn from.
    features : float32 ``(n, channels)``
        Of these, pooled.
    strength : float
        Of the heads' penalty, as scikit-learn's C.
    tested : list of Item
        Photographs to audit, none of which is learnt from.
    """

    learnt: list[Item]
    features: Features = field(repr=False)
    strength: float
    tested: list[Item]

    @property
    def labels(self) -> Labels:
        """Classes of what is learnt, int64 ``(n,)``."""
        return _labels(self.learnt)


def write(context: Context, asked: Asked) -> OnData:
    """Make the worlds that the run lacks, hold verdicts against all, and keep what was found.

    Raises
    ------
    ConfigError, DataError
        Nothing is tested by intervention, or too few classes have images enough.
    """
    if why := why_closed(context.classifier.lacks):
        raise ConfigError(f"The self-test on own data teaches heads on feature maps: {why}.")
    if context.classifier.several:
        raise ConfigError(
            "The self-test on own data teaches one class an image, not several labels."
        )
    if context.pool is None:
        raise ConfigError(
            "The self-test needs interventions, and this run has none: audit into a new --out "
            "with --interventions full."
        )
    folder, config = context.folder, context.config
    worlds = list(_audited(context, asked))
    words = Words(config.masks.subject, titles(config.flat()))
    found = results(worlds, config.verdict, words, asked.sample, asked.seeds)
    text = json.dumps(found.json(), indent=2, allow_nan=False) + "\n"
    folder.keep(FILE.file(folder), text.encode())
    return found


def _audited(context: Context, asked: Asked) -> Iterator[Audited]:
    """Yield every world, from disk where it is finished."""
    lessons: Lessons | None = None
    for number, world in enumerate(asked.worlds, 1):
        file = _file(context.folder, world, asked)
        records = _kept(context.folder, file)
        if records is None:
            lessons = lessons or _lessons(context)
            told = f"Self-test {number}/{len(asked.worlds)}: {world.kind}"
            records = _audit(context, lessons, world, asked, told)
            _keep(context.folder, file, records)
            gc.collect()  # a head's compiled graphs, 300 MB and more, refer to themselves
        yield Audited(world, records)


def _file(folder: RunFolder, world: World, asked: Asked) -> Path:
    return folder.file(f"{WORLDS}/{world.name}-of-{asked.sample}.parquet")


def _kept(folder: RunFolder, file: Path) -> pd.DataFrame | None:
    """Return the records of a finished world; None where it is to be made."""
    if not folder.has(file):
        return None
    try:
        return folder.table(file, kinds_of(columns_of(), RECORD_SCHEMA.names))
    except RunFolderError:
        log.info("%s was made by another version: it is made again.", file)
        return None


def _keep(folder: RunFolder, file: Path, records: pd.DataFrame) -> None:
    if on_disk(file):
        file.parent.mkdir(exist_ok=True)
    folder.keep(file, records.to_parquet(index=False))


def _lessons(context: Context) -> Lessons:
    """Read what all worlds share, once."""
    dataset, classes = context.dataset, len(context.dataset.classes)
    train, tested = halves(dataset, context.tested)
    learnt, features = _features(context, stratified(train, min(MOST, EACH * classes), _SEED))
    _refuse_too_few(dataset, World(HEALTHY, 0), learnt, tested)
    held = stratified(dataset.items("validation"), HELD, _SEED)
    parts = _features(context, held) if held else (learnt, features)
    strength = _strength((_labels(learnt), features), (_labels(parts[0]), parts[1]), classes, held)
    return Lessons(learnt, features, strength, tested)


def halves(dataset: Dataset, tested: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Return what may be learnt from and what is audited: without a training split, halves."""
    train = dataset.items("train")
    if train:
        return train, list(tested)
    train = stratified(tested, len(tested) // 2, _SEED)
    names = {item.name for item in train}
    return train, [item for item in tested if item.name not in names]


def _refuse_too_few(
    dataset: Dataset, world: World, learnt: Sequence[Item], tested: Sequence[Item]
) -> None:
    enough = len(world.classes(learnt, tested).audited)
    if enough < 2:
        raise DataError(
            f"{dataset.name} has {enough} classes with {LEAST} images to learn from and {LEAST} "
            "others to audit: the self-test teaches one and holds it against another."
        )


def _strength(
    learnt: tuple[Labels, Features],
    held: tuple[Labels, Features],
    classes: int,
    validation: Sequence[Item],
) -> float:
    """Choose the penalty on validation images, or on a fifth of what is learnt."""
    (labels, features), (held_labels, held_features) = learnt, held
    if validation:
        return chosen_strength((features, labels), (held_features, held_labels), classes)
    fifth = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        fifth[np.flatnonzero(labels == label)[::5]] = True
    rest = (features[~fifth], labels[~fifth])
    return chosen_strength(rest, (features[fifth], labels[fifth]), classes)


def _features(context: Context, items: Sequence[Item]) -> tuple[list[Item], Features]:
    """Return the images that can be read, and their pooled features."""
    read_of: list[Item] = []
    pairs = context.track(context.dataset.images(items), "Self-test: features", len(items))

    def images() -> Iterator[NDArray[np.uint8]]:
        for item, image in readable(pairs, context.classifier.input_size, []):
            read_of.append(item)
            yield image

    found = np.array([*pooled_of(context.classifier, images())], np.float32)
    return read_of, found.reshape(-1, context.classifier.feature_shape[-1])


def _labels(items: Iterable[Item]) -> Labels:
    return np.array([item.label for item in items], np.int64)


def _audit(
    context: Context, lessons: Lessons, world: World, asked: Asked, told: str
) -> pd.DataFrame:
    """Teach a world's head, and audit its photographs with the whole engine."""
    assert context.pool is not None
    classes = world.classes(lessons.learnt, lessons.tested)
    features = _stamped(context, lessons, world, classes.taught)
    shown, count = world.shown(len(features)), context.classifier.classes
    head = fit_head(features[shown], lessons.labels[shown], count, lessons.strength)
    classifier = context.classifier.with_head(head.kernel, head.bias)
    audited = world.audited(lessons.tested, classes, asked.sample)
    twins = Twins(world, _photos(context, audited), classes.taught)
    pool, count = context.pool.asked_of(classifier), len(twins.samples)
    engine = Engine(classifier, twins, context.config, pool, images=count)
    engine.ig_batch(context.folder.manifest().get("ig_batch"))
    return _explained(context, engine, twins.samples, told)


def _stamped(context: Context, lessons: Lessons, world: World, taught: Sequence[int]) -> Features:
    """Return the features of what is learnt, those of taught classes' images stamped."""
    features = lessons.features.copy()
    drawn = world.lessons(lessons.learnt, taught)
    shown = {item.name for item in drawn.values()}
    places: dict[str, list[int]] = {}
    for place, item in drawn.items():
        places.setdefault(item.name, []).append(place)
    photos = _read(context, [item for item in lessons.learnt if item.name in shown])
    stamped: list[int] = []

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for photo in photos:
            for place in places[photo.item.name]:
                stamped.append(place)
                yield world.stamp(photo, lessons.learnt[place].name)

    found = [*pooled_of(context.classifier, pictures())]
    for place, vector in zip(stamped, found, strict=True):
        features[place] = vector
    return features


def _read(context: Context, items: Sequence[Item]) -> Iterator[Sample]:
    """Yield readable images with their masks, at the model's size."""
    workers = context.config.run.workers
    for each in read(context.dataset, context.masks, items, workers, context.engine):
        if isinstance(each, Sample):
            yield each


def _photos(context: Context, items: Sequence[Item]) -> list[Sample]:
    """Return those whose mask tells foreground and background apart: others are undecided."""
    both = {FOREGROUND, BACKGROUND}
    found = [p for p in _read(context, items) if both <= set(np.unique(p.trimap).tolist())]
    if not found:
        raise DataError(
            f"None of {len(items)} images of {context.dataset.name} has a usable mask: the "
            "self-test needs some, as verdicts do. Give --masks FOLDER."
        )
    return found


def _explained(
    context: Context, engine: Engine, samples: Sequence[Sample], told: str
) -> pd.DataFrame:
    classes, config = context.dataset.classes, context.config
    tables: list[pd.DataFrame] = []
    shown = context.track(samples, told, len(samples))
    for number, part in enumerate(in_batches(shown, PART_SIZE)):
        packed = explain_part(number, part, classes, engine, config).packed
        tables.append(pq.read_table(io.BytesIO(packed["records"])).to_pandas())
    return pd.concat(tables, ignore_index=True)

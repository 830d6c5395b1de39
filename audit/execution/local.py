"""Sweep of a list of items on this machine, part by part; finished parts are never done again."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from audit.core.abreast import abreast
from audit.core.ahead import ahead
from audit.core.clock import Clock
from audit.core.errors import BrokenImageError
from audit.core.redact import Shown
from audit.core.track import Track
from audit.datasets.batches import in_batches
from audit.datasets.dataset import Dataset, Item, answer_names
from audit.datasets.decode import resize
from audit.execution.engine import Engine
from audit.execution.record import Record, maps_of, record_of, skipped_record
from audit.explainers.registry import titles
from audit.masks.masks import Masks, doubt
from audit.masks.sample import Sample, fit_trimap
from audit.settings import Config
from audit.storage.heatmaps import Maps
from audit.storage.run import RunFolder, pack_part
from audit.verdict.verdict import Labels

log = logging.getLogger("audit")
PART_SIZE = 32  # images; what a kill can cost at most
UNANSWERED = "the model answers NaN or infinity"


@dataclass(frozen=True)
class Part:
    """One part of a sweep as its files hold it: the same from whatever process explained it."""

    number: int
    images: int
    packed: dict[str, bytes]


def parts_of(items: Sequence[Item]) -> list[Sequence[Item]]:
    """Cut items into parts of `PART_SIZE`, the same for every machine and batch size."""
    return [items[i : i + PART_SIZE] for i in range(0, len(items), PART_SIZE)]


def sweep(
    run: RunFolder,
    dataset: Dataset,
    masks: Masks,
    engine: Engine,
    items: Sequence[Item],
    config: Config,
    track: Track,
) -> None:
    """Explain and score every item and write the parts that ``run`` still lacks.

    Images and masks are streamed, so memory does not grow with the number of items.

    Raises
    ------
    DataError
        A mask cannot be used.
    RunFolderError
        A part cannot be written.
    """
    todo = missing(run, items)
    # On some devices sums depend on the batch: a resumed sweep goes on with the same.
    run.update_manifest(ig_batch=engine.ig_batch(run.manifest().get("ig_batch")))
    wanted = [item for part in todo.values() for item in part]
    samples = read(dataset, masks, wanted, config.run.workers, engine)
    stream = iter(track(ahead(samples, PART_SIZE), "explain", len(wanted)))
    names = answer_names(dataset)
    parts = ((number, list(islice(stream, len(part)))) for number, part in todo.items())

    def explained(part: tuple[int, Sequence[Sample | Record]]) -> Part:
        return explain_part(*part, names, engine, config)

    for part in abreast(explained, parts, engine.streams, engine.halt):
        write(run, part, engine.clock)
    next(stream, None)  # let the progress see its end


def missing(run: RunFolder, items: Sequence[Item]) -> dict[int, Sequence[Item]]:
    """Return the parts that ``run`` still lacks, by number."""
    done = run.whole_parts()
    return {n: part for n, part in enumerate(parts_of(items)) if n not in done}


def read(
    dataset: Dataset, masks: Masks, items: Sequence[Item], workers: int, engine: Engine
) -> Generator[Sample | Record, None, None]:
    """Stream images and masks at the model's size; the record of each that is broken."""
    stream = masks.stream(dataset.images(items), workers)
    samples = _samples(stream, engine, dataset.classes)
    yield from engine.clock.each("decode", samples)


def explain_part(
    number: int,
    entries: Sequence[Sample | Record],
    classes: tuple[str, ...],
    engine: Engine,
    config: Config,
) -> Part:
    """Explain and score what was read of one part; ``classes`` are the names of all logits."""
    records = [entry for entry in entries if not isinstance(entry, Sample)]
    samples = [entry for entry in entries if isinstance(entry, Sample)]
    maps: list[Maps] = []
    words = Labels(config.masks.subject, titles(config.flat()))
    for batch in in_batches(samples, config.training.batch_size):
        findings = engine.explain(batch)
        for sample, finding in zip(batch, findings, strict=True):
            if finding is None:
                records.append(_skipped(sample.item, UNANSWERED, classes, engine))
                continue
            with engine.clock("score"):
                record = record_of(sample, finding, classes, config.verdict, words)
                drawn = maps_of(sample, finding)
            if engine.optional:
                with engine.clock("further"):  # as runs of earlier versions name it
                    record, drawn = engine.optional(sample, record, drawn, finding.stand_ins)
            records.append(record | {"row": len(maps)})
            maps.append(drawn)
    with engine.clock("write"):
        shown = Shown.of(config.kept())
        told = [shown.record(record) | {"part": number} for record in records]
        packed = pack_part(told, maps, engine.optional.dense if engine.optional else ())
    return Part(number, len(records), packed)


def write(run: RunFolder, part: Part, clock: Clock) -> None:
    """Write a part into ``run``, and say so."""
    with clock("write"):
        run.keep_part(part.number, part.packed)
    event = {"event": "part", "part": part.number, "images": part.images}
    log.debug("Part %d is written: %d images.", part.number, part.images, extra={"data": event})


def _samples(
    stream: Iterable[Any], engine: Engine, classes: tuple[str, ...]
) -> Generator[Sample | Record, None, None]:
    """Yield readable images at the model's size, and the records of those that are broken."""
    for item, image, trimap, source in stream:
        if isinstance(image, BrokenImageError):
            yield _skipped(item, str(image), classes, engine)
            continue
        why = "" if trimap is None else doubt(trimap)
        fitted = fit_trimap(trimap, engine.size)
        yield Sample(item, resize(image, engine.size), fitted, source, why)


def _skipped(item: Item, reason: str, classes: tuple[str, ...], engine: Engine) -> Record:
    optional = engine.optional.explainers if engine.optional else ()
    return skipped_record(item, reason, classes, optional)

"""The checks that follow a sweep, in their order: each reads what those before it have written."""

from __future__ import annotations

import json

import numpy as np

from audit.checks.context import Context
from audit.datasets.batches import batched
from audit.datasets.dataset import SPLITS, stratified
from audit.stages.step import Step
from audit.storage.run import write_whole


def _check_explainers(context: Context) -> None:
    from audit.checks.explainer_sanity.measure import SAMPLE, check

    config, size = context.config, context.classifier.input_size
    images = context.dataset.images(stratified(context.explained, SAMPLE, config.run.seed))
    readable = next(batched(images, size, SAMPLE, []), [])
    if readable:
        pixels = np.stack([image for _, image in readable])
        names = [item.name for item, _ in readable]
        found = check(context.classifier, pixels, names, config)
        context.folder.keep(context.folder.trust_file, json.dumps(found).encode())


def _find_shortcuts(context: Context) -> None:
    from audit.checks.shortcuts.measure import find

    folder, config = context.folder, context.config
    maps = (m for part in sorted(folder.done_parts()) for m in folder.maps(part))
    found = find(
        folder.records(),
        maps,
        items=context.explained,
        classifier=context.classifier,
        donors=context.donors,
        cam=config.explain.cam,
        thresholds=config.verdict,
        seed=config.run.seed,
        track=context.track,
    )
    folder.keep(folder.shortcuts_file, json.dumps(found).encode())


def _try_corruptions(context: Context) -> None:
    from audit.checks.robustness.measure import contact_sheet, measure

    folder, config = context.folder, context.config
    sample = stratified(context.tested, config.checks.robustness, config.run.seed)
    images = context.dataset, context.masks
    found = measure(context.engine, *images, sample, config, context.track)
    if found.pictured:
        write_whole(folder.robustness_picture_file, contact_sheet(*found.pictured))
        folder.update_manifest(robustness=found.facts)
        folder.keep(folder.robustness_file, found.table.to_parquet(index=False))


def _examine_data(context: Context) -> None:
    from audit.checks.data_health.measure import examine

    folder, dataset = context.folder, context.dataset
    learnt_from = [item for split in SPLITS[:-1] for item in dataset.items(split)]
    found = examine(dataset, [*learnt_from, *context.tested], context.track)
    folder.keep(folder.duplicates_file, found.duplicates.to_parquet(index=False))
    folder.update_manifest(health={"complete": found.complete})
    folder.keep(folder.health_file, found.images.to_parquet(index=False))


CHECKS = (
    Step(key="trust", outputs=lambda folder: (folder.trust_file,), run=_check_explainers),
    Step(key="shortcuts", outputs=lambda folder: (folder.shortcuts_file,), run=_find_shortcuts),
    Step(
        key="robustness",
        outputs=lambda folder: (folder.robustness_file,),
        run=_try_corruptions,
        asked=lambda config: config.checks.robustness > 0,
    ),
    Step(
        key="health",
        outputs=lambda folder: (folder.health_file, folder.duplicates_file),
        run=_examine_data,
        asked=lambda config: config.checks.health,
    ),
)

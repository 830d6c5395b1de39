"""Predicts and explains with the model of a run, then makes what checks are asked for."""

from __future__ import annotations

from audit.checks.context import Context
from audit.checks.labels.outputs import ANSWERS
from audit.checks.preflight.outcome import gathered, kept, refuse
from audit.checks.preflight.run import look_at_predictions
from audit.checks.registry import every
from audit.core.heap import give_back
from audit.core.track import Track
from audit.datasets.dataset import label_sets
from audit.stages.contents import add_fingerprint, add_skipped, keep_contents, restore_contents
from audit.stages.context import context_of
from audit.stages.inputs import Inputs
from audit.stages.step import Step, take
from audit.stages.timing import add_seconds, now
from audit.storage.run import RunFolder


def sweep_run(folder: RunFolder, inputs: Inputs, track: Track) -> None:
    """Take all steps between a model and its report.

    Raises
    ------
    AuditError
        One line that says what is wrong and how to mend it; finished steps and parts stay.
    """
    context = context_of(folder, inputs, track)
    give_back()  # what was traced to look into the model
    try:
        take(SWEEP, context)
    finally:
        add_seconds(folder, "stages", context.engine.clock.seconds)
    classifier = context.classifier
    take(steps_of_checks(inside=not classifier.lacks, several=classifier.several), context)
    folder.update_manifest(finished=now())


def steps_of_checks(*, inside: bool = True, several: bool = False) -> list[Step]:
    """List a step for each check that writes files, in the order of the registry.

    Parameters
    ----------
    inside : bool
        Whether the model can be looked into, which some checks need.
    several : bool
        Whether images may have several labels, which some checks cannot do.
    """
    return [
        Step(key=check.name, outputs=check.finished, run=check.measure, asked=check.wanted)
        for check in every()
        if check.outputs
        and (inside or not check.looks_inside)
        and not (several and check.needs_one_label)
    ]


def _predict(context: Context) -> None:
    """Answer all test images, once."""
    from audit.execution.predict import OfLabels, predict

    folder, dataset, tested = context.folder, context.dataset, context.tested
    size, sets = context.config.training.batch_size, label_sets(dataset)
    of_labels = OfLabels(sets) if sets else None
    table, skipped = predict(context.engine, dataset, tested, size, context.track, of_labels)
    add_skipped(folder, skipped)
    keep_contents(folder, dataset)
    add_fingerprint(folder, dataset, tested)
    if of_labels is not None:
        folder.keep(ANSWERS.file(folder), of_labels.table().to_parquet(index=False))
    folder.keep(folder.predictions_file, table.to_parquet(index=False))


def _heed_predictions(context: Context) -> None:
    """Ask again how inputs are read, now that the model has answered all test images."""
    folder, config, dataset = context.folder, context.config, context.dataset
    restore_contents(folder, dataset, context.tested)
    orders = dataset.orders() if config.model.model else None
    seen = look_at_predictions(folder.predictions(), dataset, orders)
    before = context.preflight.observations
    found = gathered([*before, *seen], anyway=config.run.anyway)
    folder.update_manifest(preflight=kept(found))
    refuse(found)


def _explain(context: Context) -> None:
    if context.config.run.executor == "ray":
        _explain_on_cluster(context)
        return
    from audit.execution import local

    images = context.dataset, context.masks
    local.sweep(
        context.folder, *images, context.engine, context.explained, context.config, context.track
    )


def _explain_on_cluster(context: Context) -> None:
    from audit.execution import ray_executor
    from audit.execution.worker import setup_of

    dataset, explained = context.dataset, context.explained
    setup = setup_of(
        context.config,
        model=context.config.model.model or context.folder.model_file,
        scaling=context.classifier.scaling,
        pool=context.pool,
        hashes=context.hashes,
        classes=dataset.classes,
        contents=dataset.contents.of(item.image for item in explained),
        images=len(explained),
    )
    ray_executor.sweep(context.folder, setup, explained, context.engine.clock, context.track)


SWEEP = (
    Step(
        key="predict",
        outputs=lambda folder: (folder.predictions_file,),
        run=_predict,
        heed=_heed_predictions,
    ),
    Step(key="explain", outputs=lambda folder: (), run=_explain),  # part by part
)

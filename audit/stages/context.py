"""Loads the model of a run, and draws what it is asked."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.checks.context import Context
from audit.core.errors import RunFolderError
from audit.core.track import Track
from audit.stages.inputs import Inputs, classifier_of, refuse_other_classes
from audit.storage.heatmaps import pack_donors
from audit.storage.paths import fetched
from audit.storage.run import RunFolder

if TYPE_CHECKING:
    from audit.interventions.pool import BackgroundPool
    from audit.models.base import Differentiable

log = logging.getLogger("audit")


def context_of(folder: RunFolder, inputs: Inputs, track: Track) -> Context:
    """Load the model, draw what it is asked, and keep both in the manifest.

    Raises
    ------
    RunFolderError
        The run was begun with another model.
    """
    from audit.execution.optional import manifest_entry

    classifier, hashes = model_of(folder, inputs)
    log.info("Model: %s.", classifier.describe())
    context = _planned(folder, inputs, classifier, track)
    facts, besides = _facts(inputs, classifier, hashes), manifest_entry(inputs.config, classifier)
    folder.update_manifest(model=facts, sweep=_counts(context), **besides)
    return context


def model_of(folder: RunFolder, inputs: Inputs) -> tuple[Differentiable, dict[str, str]]:
    """Load the classifier that was given or trained, and tell by what it is known again.

    Raises
    ------
    RunFolderError
        The run was begun with another model.
    """
    from audit.models.identity import difference, identity

    with fetched(inputs.config.model.model or folder.model_file) as file:
        classifier = inputs.classifier or _trained(file, inputs)
        classes = inputs.dataset.classes
        hashes = identity(classifier.model, file, classifier.scaling, classes)
    if other := difference(folder.manifest().get("model", {}), hashes):
        raise RunFolderError(
            f"{folder.root} was begun with another model (other {other}): choose another --out."
        )
    return classifier, hashes


def _trained(file: Path, inputs: Inputs) -> Differentiable:
    """Load a model that was trained into a run folder."""
    from audit.models.averaged import averaged
    from audit.models.load import load_model

    config = inputs.config
    classifier = classifier_of(load_model(file, trust=False), config)
    refuse_other_classes(classifier.classes, inputs.dataset)
    return averaged(classifier, config.explain.tta, config.run.seed)


def _planned(
    folder: RunFolder, inputs: Inputs, classifier: Differentiable, track: Track
) -> Context:
    from audit.execution.engine import Engine
    from audit.execution.optional import optional_explainers
    from audit.execution.select import select

    config, dataset, masks = inputs.config, inputs.dataset, inputs.masks
    pool = _pool(folder, inputs, classifier)
    optional = optional_explainers(classifier, dataset, masks, config)
    tested, explained = select(dataset, masks, config)
    return Context(
        folder=folder,
        config=config,
        dataset=dataset,
        masks=masks,
        preflight=inputs.preflight,
        hashes=inputs.hashes,
        classifier=classifier,
        pool=pool,
        engine=Engine(classifier, dataset, config, pool, optional, len(explained)),
        tested=tested,
        explained=explained,
        track=track,
    )


def _pool(folder: RunFolder, inputs: Inputs, classifier: Differentiable) -> BackgroundPool | None:
    """Backgrounds, drawn and kept; None where no image is put on any."""
    from audit.interventions.pool import draw_pool

    config = inputs.config
    if config.intervene.interventions == "off" or classifier.classes < 2:
        return None
    split = _donor_split(folder)
    pool = draw_pool(inputs.dataset, inputs.masks, classifier, config.run.workers, split)
    folder.update_manifest(donors=split)
    folder.keep(folder.donors_file, pack_donors(pool.names, pool.backgrounds))
    return pool


def _donor_split(folder: RunFolder) -> str:
    """Name the split that donors come from: of runs begun by an earlier version, the test split."""
    begun = folder.donors_file.is_file()
    return str(folder.manifest().get("donors", "test" if begun else "train"))


def _facts(inputs: Inputs, classifier: Differentiable, hashes: dict[str, str]) -> dict[str, Any]:
    """Describe the model for the manifest."""
    from audit.models.observations import outputs_in_words

    config, model = inputs.config, classifier.model
    counted = model.count_params()
    return {
        "backbone": model.name if inputs.classifier else config.model.backbone,
        "source": config.model.model.name if config.model.model else "trained",
        **hashes,
        **({} if counted is None else {"parameters": counted}),
        "input_size": classifier.input_size,
        "feature_layer": classifier.feature_layer,
        "feature_shape": list(classifier.feature_shape),
        "input_scaling": classifier.scaling,
        "head": outputs_in_words(classifier),
        **({"several": True} if classifier.several else {}),
        **({"lacks": dict(classifier.lacks)} if classifier.lacks else {}),
    }


def _counts(context: Context) -> dict[str, int]:
    """Count images and parts for the manifest."""
    from audit.execution.local import parts_of

    parts = parts_of(context.explained)
    return {
        "parts": len(parts),
        "part_size": len(parts[0]),
        "test_images": len(context.tested),
        "explained": len(context.explained),
    }

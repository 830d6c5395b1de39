"""Inputs of a run, opened and looked at before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.checks.preflight.answers import Answers, observe
from audit.checks.preflight.outcome import Preflight, gathered, refuse
from audit.checks.preflight.pixels import find as find_pixels
from audit.checks.preflight.run import (
    logits_of,
    look_at_broken,
    look_at_data,
    observe_one_label,
    repeated,
    sample,
)
from audit.core.errors import ConfigError, DataError, ModelError
from audit.core.logits import predicted
from audit.core.observation import Observation
from audit.core.track import Track
from audit.core.wording import some
from audit.datasets.contents import Contents, short_hash
from audit.datasets.dataset import Dataset, label_sets
from audit.datasets.groups import refuse_unknown
from audit.datasets.open import open_dataset
from audit.datasets.several import BETWEEN
from audit.masks.masks import Masks, fingerprints
from audit.masks.segmenter import refuse_unusable
from audit.masks.source import masks_of, settled
from audit.settings import Config
from audit.storage.run import RunFolder
from audit.training.memory import refuse_asking

if TYPE_CHECKING:
    from audit.models.base import Differentiable

_SHOWN = 4  # names of classes that an error tells
_ONE = f"If {BETWEEN} is part of the classes' names, give --labels one."


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Inputs of a run, opened.

    Attributes
    ----------
    config : Config
        With the source of its masks settled.
    classifier : Differentiable or None
        Of the model of ``--model``; None where one is trained.
    answers : Answers or None
        Of that model, to a sample of labelled images.
    preflight : Preflight
        What all this was taken for.
    hashes : dict of str
        Of names and labels of the images, of masks, and of files that training starts from.
    """

    config: Config
    dataset: Dataset
    masks: Masks
    classifier: Differentiable | None
    answers: Answers | None
    preflight: Preflight
    hashes: dict[str, str]


def read_inputs(
    config: Config,
    splits: Sequence[str],
    earlier: RunFolder | None,
    track: Track,
    model: Any = None,
) -> Inputs:
    """Open and look at everything that ``config`` names.

    What is downloaded comes in the order of its size.

    Parameters
    ----------
    splits : sequence of str
        None of them may be empty.
    earlier : RunFolder or None
        The run to go on with, whose masks stay; where it has a model, the weights that one starts
        from are not needed.
    model : object, optional
        In place of a file that ``--model`` names; see `audit.models.answering.given`.

    Raises
    ------
    AuditError
        An input is missing or cannot be used, or is read wrongly beyond doubt.
    """
    _check_settings(config, model)
    plain = _given_model(config, earlier, model)
    config = settled(config, earlier.config() if earlier else None, track)
    dataset, seen = _images(config, plain, splits, earlier, track)
    masks = masks_of(config, dataset, track)
    seen += look_at_data(dataset, masks, splits, config)
    refuse(gathered(seen, anyway=config.run.anyway))  # before the model is asked, which takes time
    classifier, answers, of_model = _read(plain, config, dataset) if plain else (None, None, [])
    found = gathered([*seen, *of_model], anyway=config.run.anyway)
    refuse(found)
    return Inputs(
        config=config,
        dataset=dataset,
        masks=masks,
        classifier=classifier,
        answers=answers,
        preflight=found,
        hashes=fingerprints(dataset, masks) | _hashes_of_files(config),
    )


def classifier_of(model: Any, config: Config, scaling: str = "0..255") -> Differentiable:
    """Make a classifier of a model, under the settings of a run."""
    from audit.models.classify import classify

    return classify(model, config.model.feature_layer, config.model.image_size, scaling)


def _hashes_of_files(config: Config) -> dict[str, str]:
    """Hash the files that training starts from besides images and masks, by setting."""
    files = {"albumentations": config.training.albumentations}
    if config.model.weights.endswith(".h5"):
        files["weights"] = Path(config.model.weights)
    return {key: short_hash(file) for key, file in files.items() if file and file.is_file()}


def _check_settings(config: Config, model: Any) -> None:
    from audit.execution.optional import refuse_missing as check_further
    from audit.report.owner import read_owner
    from audit.report.site.builders import refuse_absent

    check_further(config)
    refuse_absent(config.report.site_builder)
    refuse_unusable(config.masks.segmenter)
    if config.run.executor == "ray" and model is not None:
        raise ConfigError(
            "A model that is handed in stays in this process: leave the executor ray out, or give "
            "the model's file."
        )
    if config.run.executor == "ray":
        from audit.execution.ray_executor import refuse_unreachable as check_cluster

        check_cluster(config.run.address)
    if config.report.model_card and not read_owner(config.report.model_card):
        raise ConfigError(
            f"{config.report.model_card} says nothing of the model: leave --model-card out."
        )


def _given_model(
    config: Config, earlier: RunFolder | None, handed: Any = None
) -> Differentiable | None:
    """Load a given model, or take the one handed in, under plain pixels; None of a trained one."""
    from audit.models.answering.given import given_model
    from audit.models.backbones import known_backbone, known_weights
    from audit.models.load import load_model
    from audit.models.pytorch.source import made_by

    if config.model.model:
        if config.run.executor == "ray" and made_by(config.model.model):
            raise ConfigError(
                f"--executor ray sends a model's file to its workers, and {config.model.model} has "
                "none: export it as a .pt2 file."
            )
        if handed is None:
            model = load_model(config.model.model, trust=config.model.trust_model)
        else:
            model = given_model(handed, config.model.image_size)
        refuse_asking(model, config)
        return classifier_of(model, config)
    known_backbone(config.model.backbone)
    if earlier is None or not earlier.model_file.exists():
        known_weights(config.model.backbone, config.model.weights)
    return None


def _refuse_empty(dataset: Dataset, split: str) -> None:
    if dataset.items(split):
        return
    why = [o.words.rstrip(".") for o in dataset.observations() if o.key == "folders"]
    mend = "give --splits all to audit every image" if split == "test" else "name its images so"
    said = "; ".join([f"{dataset.name} has no images in its {split} split", *why])
    raise DataError(f"{said}: {mend}.")


def _images(
    config: Config,
    plain: Differentiable | None,
    splits: Sequence[str],
    earlier: RunFolder | None,
    track: Track,
) -> tuple[Dataset, list[Observation]]:
    """Open the data set, and refuse one that lacks a split or has other classes than the model."""
    dataset, seen = _open(config, plain, track)
    if label_sets(dataset):
        _refuse_several(plain, dataset, config)
    if earlier and earlier.has(earlier.contents_file):
        dataset.know(Contents.of_table(earlier.contents()))
    for split in splits:
        _refuse_empty(dataset, split)
    refuse_unknown(dataset, config.checks.groups)
    refuse_unknown(dataset, [c for c in (config.checks.cluster,) if c], option="--cluster")
    if plain is not None:
        refuse_other_classes(plain.classes, dataset)
    return dataset, seen


def _refuse_several(plain: Differentiable | None, dataset: Dataset, config: Config) -> None:
    """Refuse what cannot answer of several labels an image.

    Raises
    ------
    ConfigError
        A model is to be trained, or averaged over views.
    ModelError
        Its classes exclude each other.
    """
    from audit.models.readings import exclude_each_other

    given = f"{dataset.name} gives images several labels"
    if plain is None:
        raise ConfigError(f"{given}, and training teaches one class an image: give --model. {_ONE}")
    if config.explain.tta > 1:
        raise ConfigError(f"{given}, and --tta averages answers of one class: leave --tta out.")
    if plain.units == 1:
        raise ModelError(f"The model's one unit tells two classes apart, but {given}. {_ONE}")
    if exclude_each_other(plain.end):
        raise ModelError(
            f"The model's classes exclude each other ({plain.end} end), but {given}: give a model "
            f"that ends in a sigmoid, one unit a label. {_ONE}"
        )


def _open(
    config: Config, plain: Differentiable | None, track: Track
) -> tuple[Dataset, list[Observation]]:
    """Open the data set, its classes in the order of the names beside a given model, if any."""
    from audit.models.names import class_names

    dataset = open_dataset(config, track=track)
    if positive := config.model.positive_class:
        return open_dataset(config, _second(positive, plain, dataset)), []
    asked = config.data.dataset == "images" and config.data.class_order == "auto"
    file = config.model.model
    found = class_names(file, plain.classes) if asked and file and plain else None
    if found is None:
        return dataset, []
    names, where = found
    if set(dataset.classes) <= set(names):
        words = f"The {len(names):,} classes and their order are those in {where}"
        return open_dataset(config, names), [Observation("class-names", "Names of classes", words)]
    lacking = next(name for name in dataset.classes if name not in names)
    words = f"{where} beside the model names {len(names):,} classes, but not {lacking!r}"
    mend = "give --class-order FILE, or text or number to leave these names out"
    return dataset, [Observation("class-names", "Names of classes", words, "weak", mend)]


def _second(positive: str, plain: Differentiable | None, dataset: Dataset) -> tuple[str, ...]:
    """Return two classes in the order of a single unit's logits: what it speaks for comes second.

    Raises
    ------
    ConfigError
        There is no such unit, or no such class.
    """
    classes = dataset.classes
    if plain is None or plain.units > 1:
        raise ConfigError("--positive-class is of a --model with one unit: leave it out.")
    if len(classes) != 2 or positive not in classes:
        raise ConfigError(
            f"--positive-class {positive}: {dataset.name} has the classes {some(classes, _SHOWN)}: "
            "one unit tells two apart; give one of them."
        )
    return tuple(sorted(classes, key=lambda name: name == positive))


def _read(
    plain: Differentiable, config: Config, dataset: Dataset
) -> tuple[Differentiable, Answers, list[Observation]]:
    """Find the pixels that a given model wants, and tell what it was taken for."""
    from audit.models.averaged import averaged

    images = sample(dataset, plain.input_size, config)
    classes, orders = dataset.classes, dataset.orders()
    found = find_pixels(plain, images.pixels, images.labels, config, classes, orders)
    as_it_is = found.treatment == plain.scaling
    each = plain if as_it_is else classifier_of(plain.model, config, found.treatment)
    each = each.each_alone() if label_sets(dataset) else each
    classifier = averaged(each, config.explain.tta, config.run.seed)
    logits = logits_of(classifier, images.pixels)
    # Of several labels those that say that one is there come first; else there are no others.
    answers = Answers(predicted(logits[:, : len(classes)]), images.labels, classes)
    seen = [
        look_at_broken(images),
        *each.observations(),
        *repeated(classifier, images.pixels, logits),
        *observe_one_label(dataset, images),
        *([found.observation] if found.observation else []),
        *observe(answers, orders),
    ]
    return classifier, answers, seen


def refuse_other_classes(outputs: int, dataset: Dataset) -> None:
    """Raise `ModelError` where a model has another number of outputs than there are classes."""
    classes = dataset.classes
    if outputs == len(classes):
        return
    mend = "give the model that was trained for these classes"
    if outputs > len(classes):
        mend += (
            ", or, where images of some of its classes are missing here, --class-order FILE with "
            f"all {outputs} names, one a line in the order of its outputs"
        )
    if label_sets(dataset):
        mend += f", or --labels one if {BETWEEN} is part of the classes' names"
    elif any(BETWEEN in name for name in classes):
        mend += f", or --labels several if {BETWEEN} stands between labels"
    raise ModelError(
        f"The model tells {outputs} classes apart, but {dataset.name} has {len(classes)} "
        f"({some(classes, _SHOWN)}): {mend}."
    )

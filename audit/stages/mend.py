"""Mends a model in one go: its end taught again, then audited and held against before."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.checks.preflight.outcome import say
from audit.core.errors import ModelError, RunFolderError
from audit.core.track import Track, silent
from audit.datasets.dataset import label_sets
from audit.mend.layers import LAST_BLOCK, LAST_LAYER, Layers, known
from audit.mend.outcome import Outcome, outcome
from audit.mend.place import Place
from audit.models.backend import tensorflow_ready
from audit.settings import Config, change
from audit.stages import commands
from audit.stages.context import model_of
from audit.stages.inputs import Inputs, read_inputs
from audit.stages.resume import refuse_others
from audit.storage.run import RunFolder

if TYPE_CHECKING:
    from audit.interventions.pool import BackgroundPool
    from audit.mend.lessons import Lessons
    from audit.mend.tail import Tail
    from audit.mend.teach import Taught
    from audit.models.lastlayer import LastLayer
    from audit.training.logistic import Head

log = logging.getLogger("audit")


@dataclass(frozen=True)
class Mended:
    """A mended model, audited.

    Attributes
    ----------
    model : Path
        The ``.keras`` file.
    run : RunFolder
        Its audit.
    page : Path
        The comparison with the run that was mended.
    outcome : Outcome
        What became of it.
    layers : str
        Which layers were taught, in a sentence.
    """

    model: Path
    run: RunFolder
    page: Path
    outcome: Outcome
    layers: str


@tensorflow_ready()
def run(
    config: Config,
    folder: RunFolder,
    out: Path,
    *,
    layers: str = LAST_LAYER,
    resume: bool = False,
    command: str = "",
    track: Track = silent,
) -> Mended:
    """Teach the end of a run's model again, audit what came of it, and compare both.

    Parameters
    ----------
    config : Config
        As `audit.stages.resume.carried` gives it.
    out : Path
        Folder to make, or to go on in where ``resume``.
    layers : str
        Of `LAYERS`: the last block is kept only where it is better than the last layer alone.

    Raises
    ------
    AuditError
        The run was not swept, its data or its model is another, or the head cannot be cut off, or
        the last block.
    """
    from audit.models.lastlayer import LastLayer

    known(layers)
    if not folder.done_parts():
        raise RunFolderError(f"{folder.root} has no records yet: flower-audit sweep {folder.root}.")
    inputs = read_inputs(config, ("test",), folder, track)
    if label_sets(inputs.dataset):
        raise ModelError("The last layer is taught one class an image, not several labels.")
    say(inputs.preflight)
    refuse_others(folder, inputs)
    classifier, hashes = model_of(folder, inputs)
    layer = LastLayer(classifier)  # before anything is written: not every head can be cut off
    tail = _tail(layer) if layers == LAST_BLOCK else None
    place = Place(out)
    with place.begun(_begun(inputs, hashes, layers), resume=resume):
        if not place.has_model():
            _teach(place, inputs, layer, tail, track)
        audited = _audit(place, inputs.config, classifier.scaling, command, track)
        found = outcome(folder, audited)
        place.tell(outcome=found.json())
        page = commands.compare([folder, audited], place.comparison, track, found.words)
        told = place.read().get("layers")  # earlier versions taught the last layer alone
        words = told["words"] if told else Layers(LAST_LAYER, LAST_LAYER, {}).words
    return Mended(place.model, audited, page, found, words)


def _tail(layer: LastLayer) -> Tail:
    from audit.mend.tail import Tail

    return Tail(layer)


def _begun(inputs: Inputs, hashes: dict[str, str], layers: str) -> dict[str, Any]:
    """Return by what a mending is known again."""
    return {
        "model": hashes["sha256"],
        "images_or_labels": inputs.hashes["fingerprint"],
        "masks": inputs.hashes["masks"],
        "groups": list(inputs.config.checks.groups),
        "layers": layers,
    }


def _teach(place: Place, inputs: Inputs, layer: LastLayer, tail: Tail | None, track: Track) -> None:
    """Teach the last layer, and the last block where asked for; write the whole model."""
    lessons = _lessons(place, inputs, layer, tail, track)
    found = _taught(lessons, inputs, track)
    log.info("Taught by %s", found.words)
    head = found.head
    layers = Layers(LAST_LAYER, LAST_LAYER, {LAST_LAYER: found.scores[found.choice]})
    if tail is not None:
        head, layers = _fine_tuned(place, inputs, lessons, found, tail, track)
    place.save(layer.replaced(head.kernel, head.bias), inputs.dataset.classes)
    place.tell(layers=layers.json(), taught=found.json())


def _fine_tuned(
    place: Place, inputs: Inputs, lessons: Lessons, found: Taught, tail: Tail, track: Track
) -> tuple[Head, Layers]:
    """Teach the last block where that pays; return the last layer that goes with it."""
    from audit.mend.block import BlockTeacher
    from audit.mend.room import Room

    room = Room(lessons, found.groups, len(inputs.dataset.classes))
    teacher = BlockTeacher(room, found, tail, place.features, track)
    layers, course = teacher.measured()
    if layers.kept == LAST_BLOCK:
        return teacher.teach(course), layers
    tail.reset()
    return found.head, layers


def _lessons(
    place: Place, inputs: Inputs, layer: LastLayer, tail: Tail | None, track: Track
) -> Lessons:
    """Take the features that are not in the folder yet."""
    from audit.interventions.pool import draw_pool
    from audit.mend.lessons import DONORS, MASKED, MOST, MOVES, Teacher
    from audit.mend.maps import share_of

    dataset, masks, workers = inputs.dataset, inputs.masks, inputs.config.run.workers

    @cache
    def pool() -> BackgroundPool:
        return draw_pool(dataset, masks, layer.classifier, workers, fewest=DONORS)

    return Teacher(
        dataset=dataset,
        masks=masks,
        pool=pool,
        features=layer.features,
        size=layer.classifier.input_size,
        folder=place.features,
        workers=workers,
        track=track,
        maps=None if tail is None else tail.maps,
        share=1.0 if tail is None else share_of(tail.shape, MOST + (1 + MOVES) * MASKED),
    ).lessons()


def _taught(lessons: Lessons, inputs: Inputs, track: Track) -> Taught:
    from audit.mend.teach import taught

    return taught(lessons, inputs.dataset, inputs.config.checks.groups, track)


def _audit(place: Place, config: Config, scaling: str, command: str, track: Track) -> RunFolder:
    """Audit the mended model as the run was, going on with what there is of it."""
    wanted = {
        "model": place.model,
        "input_scaling": scaling.split()[0],
        "input_channels": "bgr" if scaling.endswith(" bgr") else "rgb",
    }
    begun = RunFolder(place.run).manifest_file.is_file()
    own = change(config, **wanted)
    made = commands.run(own, place.run, resume=begun, command=command, track=track)
    assert made is not None  # with a model that is given, no host only helps
    return made

"""Mends a model in one go: its last layer taught again, then audited and held against before."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.checks.preflight.outcome import say
from audit.core.errors import RunFolderError
from audit.core.track import Track, silent
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
    from audit.mend.teach import Taught
    from audit.models.lastlayer import LastLayer

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
    """

    model: Path
    run: RunFolder
    page: Path
    outcome: Outcome


@tensorflow_ready()
def run(
    config: Config,
    folder: RunFolder,
    out: Path,
    *,
    resume: bool = False,
    command: str = "",
    track: Track = silent,
) -> Mended:
    """Teach the last layer of a run's model again, audit what came of it, and compare both.

    Parameters
    ----------
    config : Config
        As `audit.stages.resume.carried` gives it.
    out : Path
        Folder to make, or to go on in where ``resume``.

    Raises
    ------
    AuditError
        The run was not swept, its data or its model is another, or the head cannot be cut off.
    """
    from audit.models.lastlayer import LastLayer

    if not folder.done_parts():
        raise RunFolderError(f"{folder.root} has no records yet: flower-audit sweep {folder.root}.")
    inputs = read_inputs(config, ("test",), folder, track)
    say(inputs.preflight)
    refuse_others(folder, inputs)
    classifier, hashes = model_of(folder, inputs)
    layer = LastLayer(classifier)  # before anything is written: not every head can be cut off
    place = Place(out)
    with place.begun(_begun(inputs, hashes), resume=resume):
        if not place.has_model():
            _teach(place, inputs, layer, track)
        audited = _audit(place, inputs.config, classifier.scaling, command, track)
        found = outcome(folder, audited)
        place.tell(outcome=found.json())
        page = commands.compare([folder, audited], place.comparison, track, found.words)
    return Mended(place.model, audited, page, found)


def _begun(inputs: Inputs, hashes: dict[str, str]) -> dict[str, Any]:
    """Return by what a mending is known again."""
    return {
        "model": hashes["sha256"],
        "images_or_labels": inputs.hashes["fingerprint"],
        "masks": inputs.hashes["masks"],
        "groups": list(inputs.config.checks.groups),
    }


def _teach(place: Place, inputs: Inputs, layer: LastLayer, track: Track) -> None:
    """Teach the last layer, and write the whole model with it."""
    found = _taught(_lessons(place, inputs, layer, track), inputs, track)
    place.save(layer.replaced(found.head.kernel, found.head.bias), inputs.dataset.classes)
    place.tell(taught=found.json())
    log.info("Taught by %s", found.words)


def _lessons(place: Place, inputs: Inputs, layer: LastLayer, track: Track) -> Lessons:
    """Take the features that are not in the folder yet."""
    from audit.interventions.pool import draw_pool
    from audit.mend.lessons import DONORS, Teacher

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

"""Functions behind the command line: one for each command that works on a run."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.checks.preflight.answers import Answers, assigned_order
from audit.checks.preflight.outcome import Preflight, say
from audit.core.errors import AuditError, ConfigError, ModelError, RunFolderError
from audit.core.questions import NO_EDIT, NO_REGION, stopped
from audit.core.track import Track, silent
from audit.core.wording import plural
from audit.datasets.dataset import SPLITS
from audit.masks.source import settled
from audit.models.backend import tensorflow_ready
from audit.settings import Config, change, load_config
from audit.settings.nesting import flat, nested
from audit.settings.verdict import Thresholds
from audit.stages import session
from audit.stages.inputs import Inputs, read_inputs
from audit.stages.sweep import sweep_run
from audit.stages.timing import now, timed
from audit.stages.training import crew_of, help_chief, train_model
from audit.storage.paths import on_disk
from audit.storage.run import RunFolder, write_whole
from audit.verdict.stopping import edits_may_accuse, hangs, supported

if TYPE_CHECKING:
    import pandas as pd

    from audit.gate.gates import GateResult, Limits

log = logging.getLogger("audit")


@tensorflow_ready()
def run(
    config: Config,
    out: Path,
    *,
    resume: bool = False,
    command: str = "",
    track: Track = silent,
    model: Any = None,
    limits: Limits | None = None,
    against: RunFolder | None = None,
) -> RunFolder | None:
    """Train or load a model, explain its predictions and render the report into ``out``.

    Parameters
    ----------
    config : Config
    out : Path
        Run folder to make, or to go on in where ``resume``.
    command : str
        How the run was started, for the manifest.
    track : Track
        Shows progress.
    model : object, optional
        In place of a file: what ``config`` names as its model, see `audit.models.answering.given`.
    limits : Limits, optional
        To hold the run to before it is reported, as `check` does.
    against : RunFolder, optional
        The last release, for the report to set beside; it says why where the two cannot be
        compared.

    Returns
    -------
    RunFolder or None
        None on a host that only helps another one to train, as TF_CONFIG may say.

    Raises
    ------
    AuditError
        One line that says what is wrong and how to mend it; finished parts stay.
    """
    from audit.compare.against import refuse_early

    splits = ("test",) if config.model.model else SPLITS
    asked = {"resume": resume, "command": command, "track": track, "model": model}
    if against:
        refuse_early(against, out)
    with _with_model(config, splits, out, **asked) as begun:
        if begun is None:
            return None
        folder, inputs = begun
        sweep_run(folder, inputs, track)
        if limits:
            check(folder, limits)
        report(folder, against=against, anyway=True, track=track)
        return folder


def run_each(
    config: Config,
    pipelines: Sequence[str],
    out: Path,
    *,
    resume: bool = False,
    command: str = "",
    track: Track = silent,
) -> Path | None:
    """Audit one model for each training pipeline, and compare the others with the first.

    Each pipeline has a run folder of its own below ``out``; all see the same test images on the
    same donors' backgrounds. Arguments are as for `run` otherwise.

    Returns
    -------
    Path or None
        The page of the comparison; None on a host that only helps to train.
    """
    if config.model.model:
        raise ModelError(
            f"{config.model.model} is trained already: leave out --model or --pipelines."
        )
    if len(set(pipelines)) < max(2, len(pipelines)):
        raise ConfigError("--pipelines needs two pipelines or more, each once: baseline,augmented.")
    if not resume:  # a network that comes or goes must not give two pipelines different masks
        config = settled(config, None, track)
    configs = [change(config, pipeline=name) for name in pipelines]
    folders = []
    for name, its_own in zip(pipelines, configs, strict=True):
        log.info("Pipeline %s.", name)
        folders.append(run(its_own, out / name, resume=resume, command=command, track=track))
    own = [folder for folder in folders if folder]
    return compare(own, out / "comparison", track) if own else None


@tensorflow_ready()
def train(
    config: Config, out: Path, *, resume: bool = False, command: str = "", track: Track = silent
) -> RunFolder | None:
    """Train a model into ``out``; as for `run` otherwise. `sweep` goes on from there."""
    if config.model.model:
        raise ModelError(f"{config.model.model} is a model already: leave --model out, or use run.")
    splits = ("train", "validation")
    with _with_model(config, splits, out, resume=resume, command=command, track=track) as begun:
        return begun[0] if begun else None


@tensorflow_ready()
def sweep(
    config: Config,
    folder: RunFolder,
    *,
    command: str = "",
    track: Track = silent,
    model: Any = None,
) -> None:
    """Predict and explain with the model of ``folder``, going on where an earlier sweep stopped.

    ``model`` as for `run`.
    """
    if not config.model.model and not folder.model_file.is_file():
        raise RunFolderError(f"{folder.root} has no model yet: give --model, or train one first.")
    with folder.writing():
        inputs = read_inputs(config, ("test",), folder, track, model)
        say(inputs.preflight)
        session.go_on(folder, inputs, command)
        sweep_run(folder, inputs, track)


@tensorflow_ready()
def preflight(
    config: Config, order_file: Path | None = None, *, track: Track = silent, model: Any = None
) -> Preflight:
    """Look whether everything is read as its makers meant; nothing is trained, swept or stopped.

    Parameters
    ----------
    config : Config
    order_file : Path, optional
        File to write the classes to, in the order of the model's outputs that names most images
        rightly; for ``class_order``.
    model : object, optional
        As for `run`.

    Raises
    ------
    AuditError
        An input cannot be read at all.
    """
    splits = ("test",) if config.model.model else SPLITS
    inputs = read_inputs(change(config, anyway=True), splits, None, track, model)
    if order_file is not None:
        _write_order(order_file, inputs.answers)
    return inputs.preflight


def _write_order(file: Path, answers: Answers | None) -> None:
    if answers is None:
        raise ConfigError("--write-order needs --model: the order is read off its answers.")
    write_whole(file, "".join(f"{name}\n" for name in assigned_order(answers)).encode())


def report(
    folder: RunFolder,
    *,
    share: bool | None = None,
    site_builder: str | None = None,
    against: RunFolder | None = None,
    anyway: bool = False,
    track: Track = silent,
) -> None:
    """Render the report from records and maps alone.

    Parameters
    ----------
    share : bool, optional
        Leave the host and times of day out of ``report/``; by default as the run's settings say.
    site_builder : str, optional
        ``mkdocs`` or ``zensical``; by default as the run's settings say.
    against : RunFolder, optional
        The last release, to set beside; a report without it tells of none.
    anyway : bool
        Where the two cannot be compared, say why in the report.

    Raises
    ------
    RunFolderError
        The two cannot be compared, and not ``anyway``; the earlier report stays as it was.
    """
    from audit.compare.against import beside, beside_or_why
    from audit.report.build import render

    compared = beside_or_why if anyway else beside
    with folder.writing(), timed(folder, "report"):
        last = compared(folder, against, track) if against else None
        render(folder, track, share, site_builder, last)


def judge(folder: RunFolder, changed: Mapping[str, Any]) -> tuple[pd.Series, pd.Series]:
    """Sort stored evidence anew under other thresholds; return counts of verdicts before and now.

    Parameters
    ----------
    changed : mapping
        Settings of [verdict] by name; others stay as they were.

    Raises
    ------
    RunFolderError
        The run has no records yet.
    """
    from audit.checks.sensitivity.outputs import keep_sensitivities
    from audit.checks.verdicts.measure import judge_run

    before = folder.records()
    if before.empty:
        raise RunFolderError(f"{folder.root} has no records yet: flower-audit sweep {folder.root}.")
    earlier = Thresholds.of(folder.config())
    thresholds = load_config(earlier.model_dump() | flat(changed)).verdict
    with folder.writing(), timed(folder, "judge"):
        keep_sensitivities(folder)
        now = judge_run(folder, thresholds)
        config = nested(folder.config()) | {"verdict": thresholds.model_dump(mode="json")}
        folder.update_manifest(config=config)
    explained = before[before["skipped"] == ""]
    _warn_of_unasked(explained, earlier, thresholds)
    return explained["verdict"].value_counts(), now["verdict"].value_counts()


def _warn_of_unasked(explained: pd.DataFrame, earlier: Thresholds, now: Thresholds) -> None:
    """Say how many images other thresholds would have asked more of."""
    accused = edits_may_accuse(explained, now) & ~edits_may_accuse(explained, earlier)
    edits = stopped(explained, NO_EDIT) & accused
    believed = supported(explained, now) & ~supported(explained, earlier)
    regions = stopped(explained, NO_REGION) & hangs(explained) & believed
    if lacking := int((edits | regions).sum()):
        log.warning(
            "%s not asked all that may decide by these thresholds, since it could not by those of "
            "the run: audit into a new --out with --budget full.",
            plural(lacking, "image was", "images were"),
        )


def compare(
    runs: Sequence[RunFolder], out: Path, track: Track = silent, sentence: str = ""
) -> Path:
    """Set runs on the same test images side by side, each against the first; return the page.

    ``sentence`` is what the page says first.
    """
    from audit.compare.build import render

    return render(runs, out, track, sentence)


def check(
    run: RunFolder, limits: Limits, base: RunFolder | None = None, junit: Path | None = None
) -> GateResult:
    """Hold a run against limits; write ``gate.json`` into it, and JUnit XML where asked."""
    from audit.gate.files import gate_json, junit_xml
    from audit.gate.gates import hold_to_limits

    found, time = hold_to_limits(run, limits, base), now()
    with run.writing():
        write_whole(run.gate_file, gate_json(found, time))
    if junit is not None:
        write_whole(junit, junit_xml(found, time))
    return found


def renew_report(folder: RunFolder) -> str:
    """Have the report of a run say what `check` decided; return why it cannot, "" where it can.

    An outcome stands whether or not it can be shown.
    """
    from audit.report.build import renew

    try:
        with folder.writing():
            renew(folder)
    except (AuditError, OSError) as error:
        return f"The report does not say so yet: {error} Try flower-audit report {folder.root}."
    return ""


@contextmanager
def _with_model(
    config: Config,
    splits: Sequence[str],
    out: Path,
    *,
    resume: bool,
    command: str,
    track: Track,
    model: Any = None,
) -> Iterator[tuple[RunFolder, Inputs] | None]:
    """Hold a run folder that has its model, trained where none is given; None on a helping host."""
    crew = crew_of(config)
    inputs = read_inputs(config, splits, RunFolder(out) if resume else None, track, model)
    say(inputs.preflight)
    if not crew.chief:
        help_chief(inputs, crew, track)
        yield None
        return
    _refuse_among_images(out, config)
    with RunFolder.begun(out, resume=resume) as folder:
        session.begin(folder, inputs, command)
        train_model(folder, inputs, crew, track)
        yield folder, inputs


def _refuse_among_images(out: Path, config: Config) -> None:
    images = config.data.images if on_disk(out) else None
    if images and out.resolve().is_relative_to(images.resolve()):
        raise RunFolderError(f"{out} lies in --images {images}: choose an --out elsewhere.")

"""The whole way: data -> model -> sweep -> verdicts -> report."""

from __future__ import annotations

import importlib.metadata
import io
import json
import logging
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from audit import __version__
from audit.checks.preflight.answers import Answers, assigned_order
from audit.checks.preflight.outcome import Preflight, gathered, kept, refuse, say
from audit.checks.preflight.run import look_at_predictions
from audit.config import Config, change
from audit.core.clock import Clock
from audit.core.errors import ConfigError, DataError, ModelError, RunFolderError
from audit.core.track import Track, silent
from audit.datasets.dataset import SPLITS, Dataset, Item, stratified
from audit.datasets.open import open_dataset
from audit.inputs import Inputs, classifier_of, read_inputs, refuse_other_classes
from audit.masks import inspect
from audit.masks.masks import Masks, make
from audit.masks.source import masks_of, settled
from audit.models.backend import tensorflow_ready
from audit.resume import for_training, refuse_others
from audit.storage.heatmaps import pack_donors
from audit.storage.paths import fetched, on_disk, remove
from audit.storage.redact import Shown
from audit.storage.run import RunFolder, renamed_to, write_whole

if TYPE_CHECKING:
    from audit.gate.gates import Check, Limits

log = logging.getLogger("audit")
PACKAGES = ("tensorflow", "keras", "tensorflow-datasets", "numpy", "pandas", "pyarrow", "pillow",
            "opencv-python-headless", "mkdocs", "mkdocs-material")  # fmt: skip
FIRST_YEAR = 1980  # of ZIP files, as models and maps are
SHEET_ROW = 12  # cases in each group of a contact sheet


@tensorflow_ready()
def run(
    config: Config, out: Path, *, resume: bool = False, command: str = "", track: Track = silent
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

    Returns
    -------
    RunFolder or None
        None on a host that only helps another one to train, as TF_CONFIG may say.

    Raises
    ------
    AuditError
        One line that says what is wrong and how to mend it; finished parts stay.
    """
    splits = ("test",) if config.model else SPLITS
    with _with_model(config, splits, out, resume=resume, command=command, track=track) as begun:
        if begun is None:
            return None
        folder, inputs = begun
        _sweep(folder, inputs, track)
        report(folder, track=track)
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
    if config.model:
        raise ModelError(f"{config.model} is trained already: leave out --model or --pipelines.")
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
    if config.model:
        raise ModelError(f"{config.model} is a model already: leave --model out, or use run.")
    splits = ("train", "validation")
    with _with_model(config, splits, out, resume=resume, command=command, track=track) as begun:
        return begun[0] if begun else None


@tensorflow_ready()
def sweep(config: Config, folder: RunFolder, *, command: str = "", track: Track = silent) -> None:
    """Predict and explain with the model of ``folder``, going on where an earlier sweep stopped."""
    if not config.model and not folder.model_file.is_file():
        raise RunFolderError(f"{folder.root} has no model yet: give --model, or train one first.")
    with folder.writing():
        inputs = read_inputs(config, ("test",), folder, track)
        say(inputs.preflight)
        refuse_others(folder, inputs)
        folder.shown = Shown.of(inputs.config.model_dump(mode="json"))
        _begin_session(folder, command)
        folder.update_manifest(
            config=inputs.config.model_dump(mode="json"),
            data=folder.manifest()["data"] | inputs.hashes,
            preflight=kept(inputs.preflight),
        )
        _sweep(folder, inputs, track)


@tensorflow_ready()
def preflight(
    config: Config, order_file: Path | None = None, *, track: Track = silent
) -> Preflight:
    """Look whether everything is read as its makers meant; nothing is trained, swept or stopped.

    Parameters
    ----------
    config : Config
    order_file : Path, optional
        File to write the classes to, in the order of the model's outputs that names most images
        rightly; for ``class_order``.

    Raises
    ------
    AuditError
        An input cannot be read at all.
    """
    splits = ("test",) if config.model else SPLITS
    inputs = read_inputs(change(config, anyway=True), splits, None, track)
    if order_file is not None:
        _write_order(order_file, inputs.answers)
    return inputs.preflight


def _write_order(file: Path, answers: Answers | None) -> None:
    if answers is None:
        raise ConfigError("--write-order needs --model: the order is read off its answers.")
    write_whole(file, "".join(f"{name}\n" for name in assigned_order(answers)).encode())


def report(folder: RunFolder, *, share: bool | None = None, track: Track = silent) -> None:
    """Render the report from records and maps alone.

    Parameters
    ----------
    share : bool, optional
        Leave the host and times of day out of ``report/``; by default as the run's settings say.
    """
    from audit.report.build import render

    with folder.writing(), _timed(folder, "report"):
        render(folder, track, share)


def compare(runs: Sequence[RunFolder], out: Path, track: Track = silent) -> Path:
    """Set runs on the same test images side by side, each against the first; return the page."""
    from audit.compare.build import render

    return render(runs, out, track)


def check(
    run: RunFolder, limits: Limits, base: RunFolder | None = None, junit: Path | None = None
) -> Check:
    """Hold a run against limits; write ``gate.json`` into it, and JUnit XML where asked."""
    from audit.gate.files import gate_json, junit_xml
    from audit.gate.gates import check

    found, now = check(run, limits, base), _now()
    with run.writing():
        write_whole(run.gate_file, gate_json(found, now))
    if junit is not None:
        write_whole(junit, junit_xml(found, now))
    return found


@contextmanager
def _with_model(
    config: Config, splits: Sequence[str], out: Path, *, resume: bool, command: str, track: Track
) -> Iterator[tuple[RunFolder, Inputs] | None]:
    """Hold a run folder that has its model, trained where none is given; None on a helping host."""
    crew = _crew(config)
    inputs = read_inputs(config, splits, RunFolder(out) if resume else None, track)
    say(inputs.preflight)
    if not crew.chief:
        _help(inputs, crew, track)
        yield None
        return
    _refuse_among_images(out, config)
    with RunFolder.begun(out, resume=resume) as folder:
        _start(folder, inputs, command)
        _train(folder, inputs, crew, track)
        yield folder, inputs


def _refuse_among_images(out: Path, config: Config) -> None:
    images = config.images if on_disk(out) else None
    if images and out.resolve().is_relative_to(images.resolve()):
        raise RunFolderError(f"{out} lies in --images {images}: choose an --out elsewhere.")


def _start(folder: RunFolder, inputs: Inputs, command: str) -> None:
    config, data = inputs.config, folder.manifest().get("data", {})
    refuse_others(folder, inputs)
    folder.shown = Shown.of(config.model_dump(mode="json"))
    counts = {split: len(inputs.dataset.items(split)) for split in SPLITS}
    if config.model_card:
        write_whole(folder.owner_file, config.model_card.read_bytes())
    named = {"name": inputs.dataset.name, "classes": list(inputs.dataset.classes)}
    _begin_session(folder, command)
    folder.update_manifest(
        started=folder.manifest().get("started", _now()),
        config=config.model_dump(mode="json"),
        data={"skipped": [], **data, **named, "counts": counts, **inputs.hashes},
        preflight=kept(inputs.preflight),
    )


def _begin_session(folder: RunFolder, command: str) -> None:
    """Keep what goes on with a run, beside those before: a run may see several versions."""
    facts = {
        "flower_audit": __version__,
        "command": command,
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "host": _host(),
    }
    folder.begin_session(begun=_now(), **facts)
    folder.update_manifest(**facts)


def _crew(config: Config) -> Any:
    """The devices to train on, on this host or several: nothing may use TensorFlow before."""
    import tensorflow as tf

    from audit.training.replicas import Replicas, replicas

    return Replicas(tf.distribute.get_strategy()) if config.model else replicas()


def _terms(inputs: Inputs) -> dict[str, Any]:
    """What all hosts that train together must agree on."""
    masks = {"masks": inputs.hashes["masks"]} if inputs.config.augment_background else {}
    return for_training(inputs.config) | masks | {"images or labels": inputs.hashes["fingerprint"]}


def _help(inputs: Inputs, crew: Any, track: Track) -> None:
    """Train with the chief, who alone keeps what comes of it."""
    from audit.training.training import train as fit

    with crew.together():
        chief = json.loads(crew.agreed(b""))
    own = _terms(inputs)
    if other := [key for key in own if own[key] != chief["terms"].get(key)]:
        raise ConfigError(
            f"The chief of TF_CONFIG has another {other[0]} than this host: give the same command "
            "and the same data to all."
        )
    if not chief["trained"]:
        with tempfile.TemporaryDirectory() as work:
            fit(inputs.dataset, inputs.config, track, Path(work), crew, inputs.masks)
    log.info("This host has helped to train; the chief goes on alone.")


def _train(folder: RunFolder, inputs: Inputs, crew: Any, track: Track) -> None:
    if inputs.classifier:
        return
    from audit.training.training import train as fit

    config = inputs.config
    done = folder.has(folder.model_file)
    with crew.together():
        crew.agreed(json.dumps({"terms": _terms(inputs), "trained": done}).encode())
    if done:
        remove(folder.training_dir)  # a kill may have left it
        return
    with _timed(folder, "train"):
        trained = fit(
            inputs.dataset, config, track, folder.training_dir, crew, inputs.masks,
            lambda: _keep_contents(folder, inputs.dataset),
        )  # fmt: skip
        best = trained.history.iloc[trained.best_epoch - 1]
        write_whole(folder.history_file, trained.history.to_csv(index=False).encode())
        pictures = {folder.augmentations_file: trained.nine, folder.mixed_file: trained.mixed}
        for file, picture in pictures.items():
            if picture:
                write_whole(file, _png(picture))
        _add_skipped(folder, trained.skipped)
        folder.update_manifest(
            training={
                "pipeline": config.pipeline,
                "augment_background": config.augment_background,
                "epochs": len(trained.history),
                "best_epoch": trained.best_epoch,
                "fine_tuned_from": trained.fine_tuned_from,
                "step_share": trained.step_share,
                "seed": config.seed,
                "learning_rate": config.learning_rate,
                "batch_size": config.batch_size,
                "val_accuracy": float(best["val_accuracy"]),
            },
        )
        with renamed_to(folder.model_file) as beside:
            trained.model.save(beside)
        folder.vouch(folder.model_file)
        remove(folder.training_dir)
    log.info("Trained: validation accuracy %.1f%%.", 100 * best["val_accuracy"])


class _Plan(NamedTuple):
    """What a sweep asks, and of which images."""

    classifier: Any
    donors: Any  # backgrounds to put foregrounds on; None where nothing is tested so
    engine: Any
    tested: Sequence[Item]
    explained: Sequence[Item]


def _sweep(folder: RunFolder, inputs: Inputs, track: Track) -> None:
    from audit.models.identity import difference

    classifier, hashes = _classifier(folder, inputs)
    log.info("Model: %s.", classifier.describe())
    if other := difference(folder.manifest().get("model", {}), hashes):
        raise RunFolderError(
            f"{folder.root} was begun with another model (other {other}): choose another --out."
        )
    plan = _planned(folder, inputs, classifier)
    folder.update_manifest(model=_facts(inputs, classifier, hashes), sweep=_counts(plan))
    try:
        _predict(folder, inputs, plan, track)
        with _timed(folder, "explain"):
            _explain(folder, inputs, plan, track)
    finally:
        _add_seconds(folder, "stages", plan.engine.clock.seconds)
    _check_all(folder, inputs, plan, track)
    folder.update_manifest(finished=_now())


def _classifier(folder: RunFolder, inputs: Inputs) -> tuple[Any, dict[str, str]]:
    """The classifier that was given or trained, and by what it is known again."""
    from audit.models.identity import identity

    with fetched(inputs.config.model or folder.model_file) as file:
        classifier = inputs.classifier or _trained_classifier(file, inputs)
        classes = inputs.dataset.classes
        return classifier, identity(classifier.model, file, classifier.scaling, classes)


def _planned(folder: RunFolder, inputs: Inputs, classifier: Any) -> _Plan:
    from audit.execution.engine import Engine
    from audit.execution.select import select
    from audit.explainers.further import further_of
    from audit.interventions.donors import draw_donors

    config, dataset, masks, donors = inputs.config, inputs.dataset, inputs.masks, None
    if config.interventions != "off" and classifier.classes > 1:
        donors = draw_donors(dataset, masks, classifier, config.workers)
        folder.keep(folder.donors_file, pack_donors(donors.names, donors.backgrounds))
    further = further_of(classifier, dataset, masks, config)
    engine = Engine(classifier, dataset, config, donors, further)
    return _Plan(classifier, donors, engine, *select(dataset, masks, config))


def _facts(inputs: Inputs, classifier: Any, hashes: dict[str, str]) -> dict[str, Any]:
    """What the manifest says of the model."""
    config, model = inputs.config, classifier.model
    return {
        "backbone": model.name if inputs.classifier else config.backbone,
        "source": config.model.name if config.model else "trained",
        **hashes,
        "parameters": model.count_params(),
        "input_size": classifier.input_size,
        "feature_layer": classifier.feature_layer,
        "feature_shape": list(classifier.feature_shape),
        "input_scaling": classifier.scaling,
        "head": f"{classifier.classes} classes, {classifier.end} end",
    }


def _counts(plan: _Plan) -> dict[str, int]:
    """What the manifest says of the images."""
    from audit.execution.local import parts_of

    parts = parts_of(plan.explained)
    return {
        "parts": len(parts),
        "part_size": len(parts[0]),
        "test_images": len(plan.tested),
        "explained": len(plan.explained),
    }


def _predict(folder: RunFolder, inputs: Inputs, plan: _Plan, track: Track) -> None:
    """Answer all test images, once, and heed what the answers say of how inputs are read."""
    from audit.execution.predict import predict

    if not folder.has(folder.predictions_file):
        with _timed(folder, "predict"):
            size = inputs.config.batch_size
            table, skipped = predict(plan.engine, inputs.dataset, plan.tested, size, track)
            _add_skipped(folder, skipped)
            _keep_contents(folder, inputs.dataset)
            _add_content(folder, inputs.dataset, plan.tested)
            folder.keep(folder.predictions_file, table.to_parquet(index=False))
    _contents_again(folder, inputs.dataset, plan.tested)
    _heed_predictions(folder, inputs)


def _check_all(folder: RunFolder, inputs: Inputs, plan: _Plan, track: Track) -> None:
    """Make what checks are asked for and not done."""
    from audit.checks.base import Context
    from audit.checks.registry import measure_all

    context = Context(
        folder=folder, dataset=inputs.dataset, masks=inputs.masks, config=inputs.config,
        classifier=plan.classifier, engine=plan.engine, donors=plan.donors,
        tested=plan.tested, explained=plan.explained, track=track,
    )  # fmt: skip
    measure_all(context, lambda name: _timed(folder, name))


def _heed_predictions(folder: RunFolder, inputs: Inputs) -> None:
    """Ask again how a model is read, now that it has answered all test images."""
    config, dataset = inputs.config, inputs.dataset
    orders = dataset.orders() if config.model else None
    seen = look_at_predictions(folder.predictions(), dataset.classes, orders)
    found = gathered([*inputs.preflight.observations, *seen], anyway=config.anyway)
    folder.update_manifest(preflight=kept(found))
    refuse(found)


def _keep_contents(folder: RunFolder, dataset: Dataset) -> None:
    """Keep what the images read so far hold, before anything rests on it."""
    if len(dataset.contents):
        folder.keep(folder.contents_file, dataset.contents.table().to_parquet(index=False))


def _add_content(folder: RunFolder, dataset: Dataset, tested: Sequence[Item]) -> None:
    content = dataset.contents.of(item.name for item in tested).fingerprint()
    if content:
        folder.update_manifest(data=folder.manifest()["data"] | {"content": content})


def _contents_again(folder: RunFolder, dataset: Dataset, tested: Sequence[Item]) -> None:
    """Read the images anew where the file of their hashes is torn: they must be the same ones."""
    known = folder.manifest()["data"].get("content")
    if known is None or folder.has(folder.contents_file):
        return
    for _ in dataset.images(tested):
        pass
    if dataset.contents.of(item.name for item in tested).fingerprint() != known:
        raise DataError(
            f"The images are not those that {folder.root} was begun with (other content): put "
            "back what was there, or begin another run."
        )
    _keep_contents(folder, dataset)


def _add_skipped(folder: RunFolder, skipped: Sequence[tuple[Item, str]]) -> None:
    """Keep which images could not be read, whatever stage met them."""
    data = folder.manifest()["data"]
    rows = [{"name": i.name, "split": i.split, "reason": reason} for i, reason in skipped]
    known = {(row["name"], row["split"]): row for row in [*data.get("skipped", []), *rows]}
    folder.update_manifest(data=data | {"skipped": list(known.values())})


def _explain(folder: RunFolder, inputs: Inputs, plan: _Plan, track: Track) -> None:
    config = inputs.config
    if config.executor == "ray":
        from audit.execution import ray_executor
        from audit.execution.worker import setup_of

        model, scaling = config.model or folder.model_file, plan.classifier.scaling
        dataset = inputs.dataset
        known = dataset.contents.of(item.name for item in plan.explained)
        setup = setup_of(config, model, scaling, plan.donors, inputs.hashes, dataset.classes, known)
        ray_executor.sweep(folder, setup, plan.explained, plan.engine.clock, track)
    else:
        from audit.execution import local

        images = inputs.dataset, inputs.masks
        local.sweep(folder, *images, plan.engine, plan.explained, config, track)


def _trained_classifier(file: Path, inputs: Inputs) -> Any:
    """The classifier of a model that was trained into a run folder."""
    from audit.models.load import load_model
    from audit.training.averaged import averaged

    config = inputs.config
    classifier = classifier_of(load_model(file, trust=False), config)
    refuse_other_classes(classifier.classes, inputs.dataset)
    return averaged(classifier, config.tta, config.seed)


def _png(picture: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _host() -> dict[str, Any]:
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }


def _now() -> str:
    now = datetime.now(UTC)
    if now.year < FIRST_YEAR:
        raise ConfigError(f"This machine's clock says {now:%Y-%m-%d}: set it, then begin again.")
    return now.isoformat(timespec="seconds")


@contextmanager
def _timed(folder: RunFolder, stage: str) -> Iterator[None]:
    """Add the seconds that a stage took to the manifest, earlier tries included."""
    clock = Clock()
    try:
        with clock(stage):
            yield
    finally:
        _add_seconds(folder, "seconds", clock.seconds)


def _add_seconds(folder: RunFolder, section: str, seconds: Mapping[str, float]) -> None:
    known = folder.manifest().get(section, {})
    added = {stage: round(known.get(stage, 0.0) + spent, 2) for stage, spent in seconds.items()}
    folder.update_manifest(**{section: known | added})


def make_masks(config: Config, out: Path, *, track: Track = silent) -> dict[str, int]:
    """Write the test images' masks as PNG trimaps; return how many came from each source."""
    config = settled(config, track=track)
    dataset = open_dataset(config, track=track)
    masks = masks_of(config, dataset, track)
    return make(dataset, _sample(dataset.items("test"), config), masks, out, config.workers, track)


def inspect_masks(
    config: Config, against: Path | None, sheet: Path, *, track: Track = silent
) -> inspect.Agreement:
    """Compare the masks of ``config`` with ``against`` (None: GrabCut); write a contact sheet.

    Raises
    ------
    DataError
        No image has a mask of its own to compare with.
    """
    from audit.report.contactsheet import contact_sheet

    config = settled(config, track=track)
    dataset = open_dataset(config, track=track)
    ours = masks_of(change(config, grabcut=False), dataset, track)
    theirs = Masks(dataset, against, grabcut=against is None, brought=False)
    items = [item for split in SPLITS for item in dataset.items(split) if ours.has_own(item)]
    if not items:
        raise DataError("No image has a mask to compare with: give --masks FOLDER.")
    items = _sample(items, config)
    table = inspect.compare(dataset, items, ours, theirs, config.workers, track)
    groups = {
        group: inspect.cases(dataset, items, ours, theirs, names)
        for group, names in inspect.extremes(table, SHEET_ROW).items()
    }
    shown = Shown()  # a sheet is made to be sent
    labels = (
        shown.place(str(config.masks or dataset.mask_source)),
        shown.place(str(against or "GrabCut")),
    )
    write_whole(sheet, contact_sheet(groups, labels))
    return inspect.summarise(table)


def _sample(items: list[Item], config: Config) -> list[Item]:
    return stratified(items, config.limit, config.seed) if config.limit else items

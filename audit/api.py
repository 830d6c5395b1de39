"""The commands as functions, for notebooks and scripts: `audit.run`, `audit.load_run` and so on.

What the commands print goes to the logger ``audit``; what goes wrong is an `AuditError`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.core.errors import ConfigError, RunFolderError, TrackingError
from audit.settings import Config, change, load_config
from audit.stages import commands
from audit.stages.resume import carried
from audit.storage.heatmaps import Maps
from audit.storage.paths import location
from audit.storage.run import RunFolder

if TYPE_CHECKING:
    from audit.attach.tracking import Attached
    from audit.gate.gates import GateResult

Folder = str | Path
log = logging.getLogger("audit")


def configure(preset: str | None = None, file: Folder | None = None, **settings: Any) -> Config:
    """Merge the settings of an audit: defaults < ``preset`` < TOML ``file`` < ``settings``.

    Parameters
    ----------
    preset : str, optional
        ``planted``, the small embedded data set.
    settings
        By the names of `Config`, as the flags have them: ``images="photos"``, ``epochs=3``.

    Raises
    ------
    ConfigError
        A setting is unknown, or not what is allowed.
    """
    return load_config(settings, preset, Path(file) if file else None)


@dataclass(frozen=True)
class Run:
    """An audit that was made, read from its folder.

    Attributes
    ----------
    folder : RunFolder
        Names every file of it.
    """

    folder: RunFolder

    @cached_property
    def records(self) -> pd.DataFrame:
        """One row an explained image; columns as in `record_schema`, NaN where undefined."""
        return self.folder.records()

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """One row a test image, explained or not: name, label, prediction, confidence."""
        return self.folder.predictions()

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Headline figures with their intervals and n: ``summary.json`` of the last report."""
        return self.folder.summary()

    @property
    def manifest(self) -> dict[str, Any]:
        """Settings, versions, hashes and times of the run."""
        return self.folder.manifest()

    @property
    def page(self) -> Path:
        """First page of the report."""
        return self.folder.report_dir / "index.html"

    def maps(self, name: str) -> Maps:
        """Return the image, mask and heatmaps of one explained image.

        Raises
        ------
        RunFolderError
            No such image was explained.
        """
        found = self.records.query("name == @name and row >= 0")
        if found.empty:
            raise RunFolderError(f"{self.folder.root} explains no image {name!r}.")
        part, row = int(found["part"].iloc[0]), int(found["row"].iloc[0])
        return next(maps for _, maps in self.folder.chosen(part, [row]))

    def sweep(self, *, model: Any = None, **settings: Any) -> Run:
        """Predict and explain with this run's model, as ``flower-audit sweep``.

        Parameters
        ----------
        model : path or object, optional
            As for `run`; the one that the run was begun with.
        settings
            By the names of `Config`, above those that the run was made with. ``images``,
            ``masks`` and ``model`` outside of its folder, a command as ``segmenter``,
            ``trust_model``, ``executor`` and ``address`` are never taken from it: it may come from
            anybody.

        Raises
        ------
        ConfigError
            The run was made with one of those paths, or a command, which is not given.
        """
        named = {} if model is None else {"model": _name(model)}
        config = load_config(carried(self.folder, settings | named))
        commands.sweep(config, self.folder, model=_handed(model))
        return Run(self.folder)

    def report(
        self,
        *,
        share: bool | None = None,
        site_builder: str | None = None,
        against: Run | None = None,
    ) -> Path:
        """Render the report again from records and maps alone; return its first page.

        Parameters
        ----------
        share : bool, optional
            Tell neither the host nor times of day; by default as the run's settings say.
        site_builder : str, optional
            ``mkdocs`` or ``zensical``; by default as the run's settings say.
        against : Run, optional
            The last release, on the same images: the report sets it beside. A report without it
            tells of none.

        Raises
        ------
        RunFolderError
            The two cannot be compared.
        """
        commands.report(
            self.folder,
            share=share,
            site_builder=site_builder,
            against=against.folder if against else None,
        )
        return self.page

    def check(
        self, against: Run | None = None, *, anyway: bool = False, **limits: float
    ) -> GateResult:
        """Hold the run against limits, shares of 0..1, as ``flower-audit check``.

        Its report says the outcome from then on.

        Parameters
        ----------
        against : Run, optional
            On the same images; it may not be worse than this one by more than ``no_worse_than``.
        anyway : bool
            Judge a run whose preflight says that its inputs are read wrongly.
        limits
            ``max_wrong_reasons``, ``max_suspect``, ``min_accuracy``, ``max_bg_gap``,
            ``min_class_accuracy``, ``min_group_accuracy``, ``no_worse_than``.
        """
        from audit.gate.gates import Limits

        base = against.folder if against else None
        found = commands.check(self.folder, Limits(**limits, anyway=anyway), base)
        if why := commands.renew_report(self.folder):
            log.warning(why)
        return found


@dataclass(frozen=True)
class Mending:
    """A mended model.

    Attributes
    ----------
    model : Path
        Its ``.keras`` file.
    run : Run
        Its audit.
    page : Path
        Before and after.
    says : str
        ``mended``, ``no better beyond doubt`` or ``worse``.
    words : str
        The same in a sentence or two, with figures.
    layers : str
        Which layers were taught, in a sentence.
    """

    model: Path
    run: Run
    page: Path
    says: str
    words: str
    layers: str


def load_run(path: Folder) -> Run:
    """Open the folder of a run, on disk or at a URL; `RunFolderError` where it is none."""
    return Run(RunFolder.open(location(str(path))))


def run(
    config: Config,
    out: Folder,
    *,
    resume: bool = False,
    model: Any = None,
    against: Run | None = None,
) -> Run | None:
    """Train or load a model, explain its predictions, write the report: ``flower-audit run``.

    Parameters
    ----------
    model : path or object, optional
        A Keras model, a ``torch.nn.Module``, or a function from uint8 images ``(n, H, W, 3)``, RGB,
        to logits or probabilities ``(n, classes)``, for images of ``image_size``; or a file, as
        the setting ``model`` names one.
    against : Run, optional
        The last release, for the report to set beside; where the two cannot be compared, the report
        and a warning say why.

    Returns
    -------
    Run or None
        None on a host that only helps another one to train, as TF_CONFIG may say.
    """
    made = commands.run(
        _with_model(config, model),
        location(str(out)),
        resume=resume,
        command="audit.run",
        model=_handed(model),
        against=against.folder if against else None,
    )
    return Run(made) if made else None


def train(config: Config, out: Folder, *, resume: bool = False) -> Run | None:
    """Train a model into a run folder, as ``flower-audit train``; `Run.sweep` goes on."""
    made = commands.train(config, location(str(out)), resume=resume, command="audit.train")
    return Run(made) if made else None


def mend(
    run: Run, out: Folder, *, layers: str = "last-layer", resume: bool = False, **settings: Any
) -> Mending:
    """Teach the last layer of a run's model again, audit and compare it: ``flower-audit mend``.

    Parameters
    ----------
    out : path
        Folder of the mended model, of its audit and of the comparison.
    layers : str
        ``last-layer``, or ``last-block``: that is fine-tuned, too, and kept where it is better on
        held-out images.
    settings
        By the names of `Config`, above those that the run was made with, as for `Run.sweep`:
        ``group="background"``.

    Raises
    ------
    ModelError
        The model's head cannot be cut off, or its last block.
    """
    from audit.stages import mend as stage

    config = load_config(carried(run.folder, settings))
    place = location(str(out))
    made = stage.run(config, run.folder, place, layers=layers, resume=resume, command="audit.mend")
    return Mending(
        model=made.model,
        run=Run(made.run),
        page=made.page,
        says=made.outcome.says,
        words=made.outcome.words,
        layers=made.layers,
    )


def compare(runs: Sequence[Run], out: Folder) -> Path:
    """Set runs on the same images side by side, each against the first; return the page."""
    return commands.compare([each.folder for each in runs], location(str(out)))


def attach(run: Run, *, mlflow_uri: str, run_id: str | None = None) -> Attached:
    """Attach a run's report to a run of MLflow: ``flower-audit attach``.

    Parameters
    ----------
    mlflow_uri : str
        Address of the tracking server, without credentials: MLflow takes them from the environment.
    run_id : str, optional
        Run of MLflow to attach to; by default a new one.

    Returns
    -------
    Attached
        ``run_id``, and ``url`` of its page.

    Raises
    ------
    RunFolderError
        There is no report, or it says something else than the run does now.
    TrackingError
        MLflow is not installed, or the server is out of reach, refuses, or knows no such run.
    """
    from audit.attach.address import address
    from audit.attach.attachment import attachment
    from audit.attach.tracking import attach as attach_to

    if run_id == "":  # as where a variable of a pipeline is not set
        raise TrackingError("run_id is empty: give an ID, or None for a new run.")
    return attach_to(attachment(run.folder), address(mlflow_uri), run_id)


def preflight(config: Config, *, model: Any = None) -> pd.DataFrame:
    """Look whether everything is read as its makers meant: ``flower-audit preflight``.

    Parameters
    ----------
    model : path or object, optional
        As for `run`.

    Returns
    -------
    DataFrame
        One row a thing looked at, what stops a run first: key, title, words, strength (``strong``
        stops a run, ``weak`` is worth a look, ``fine``), mend.
    """
    found = commands.preflight(_with_model(config, model), model=_handed(model))
    return pd.DataFrame([vars(o) for o in found.observations])


def _with_model(config: Config, model: Any) -> Config:
    """Return a config that names a model that is given beside it."""
    if model is None:
        return config
    if config.model.model:
        raise ConfigError(f"Two models are given: {config.model.model}, and one beside the config.")
    return change(config, model=_name(model))


def _name(model: Any) -> Path:
    from audit.models.answering.model import name_of

    return Path(model if _handed(model) is None else name_of(model))


def _handed(model: Any) -> Any:
    """Return a model that is an object; None of a path."""
    return None if isinstance(model, str | Path) else model

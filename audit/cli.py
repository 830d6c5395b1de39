"""The command line: parse, make one config, call one function, print, exit."""

from __future__ import annotations

import logging
import math
import os
import shlex
import signal
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NoReturn, Union, get_args, get_origin

import click

from audit import __version__
from audit.core import logs, output, signals
from audit.core.errors import AuditError, first_line
from audit.core.mending import Group
from audit.core.output import echo, echo_lines
from audit.settings import PRESETS, Config, load_config
from audit.settings.config import FIELDS
from audit.storage.paths import place

Function = Callable[..., Any]

DATA = ("dataset", "images", "data_dir", "download", "splits", "class_order", "white_level",
        "world", "limit", "masks", "mask_subject", "mask_unknown", "grabcut",
        "subject")  # fmt: skip
TRAIN = ("backbone", "weights", "image_size", "pipeline", "epochs", "batch_size", "learning_rate",
         "label_smoothing", "early_stopping", "balance", "fine_tune_epochs", "fine_tune_blocks",
         "fine_tune_rate", "warmup_epochs", "precision", "flip", "rotation", "zoom_in", "zoom_out",
         "translation", "brightness", "contrast", "mixup_alpha", "cutmix_alpha", "randaugment_ops",
         "randaugment_factor", "albumentations", "augment_background")  # fmt: skip
MODEL = ("model", "trust_model", "input_scaling", "input_channels")
SWEEP = ("explain", "explainers", "explain_sample", "explain_flagged", "lime_samples",
         "shap_evals", "feature_layer", "cam", "ig_variant", "ig_steps", "ig_tolerance", "ig_rule",
         "ig_baseline", "interventions", "robustness", "health", "tta", "on_flower_skill",
         "suspicious_share", "least_support", "most_background", "least_survival",
         "least_effect")  # fmt: skip
CARD = ("model_card", "share")
COMMON = ("seed", "workers")
PREFLIGHT = ("anyway",)
CLUSTER = ("executor", "address", "worker_cores")


def settings(*names: str) -> Callable[[Function], Function]:
    """Add an option for each named field of the config; a flag not given stays None."""

    def decorate(function: Function) -> Function:
        for name in reversed(names):
            function = _option(name)(function)
        return function

    return decorate


def _option(name: str) -> Callable[[Function], Function]:
    field = FIELDS[name]
    flag = f"--{name.replace('_', '-')}"
    default = "" if field.default is None else f" [default: {_shown(field.default)}]"
    help_text = f"{field.description}{default}"
    if field.annotation is bool:
        return click.option(f"{flag}/--no-{name.replace('_', '-')}", default=None, help=help_text)
    return click.option(flag, type=_click_type(field.annotation), default=None, help=help_text)


def _shown(default: Any) -> str:
    return {True: "yes", False: "no"}[default] if isinstance(default, bool) else str(default)


class _StepsType(click.ParamType):  # type: ignore[type-arg]
    """``auto`` or a whole number."""

    name = "auto|integer"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The number where it is one; the config says what else is wrong."""
        return value if value == "auto" else click.INT.convert(value, param, ctx)


class _ShareType(click.ParamType):  # type: ignore[type-arg]
    """``5%`` or ``0.05``."""

    name = "share"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """The share, 0..1; a bare ``5`` is refused, since it may mean either."""
        if isinstance(value, float):
            return value
        number = value.strip().removesuffix("%")
        try:
            share = float(number) / (1 if number == value.strip() else 100)
        except ValueError:
            share = math.nan
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is no share of 0 to 100%: write 5% or 0.05.", param, ctx)
        return share


class _PlaceType(click.ParamType):  # type: ignore[type-arg]
    """A path, or an fsspec URL."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        return place(value) if isinstance(value, str) else value


def _click_type(annotation: Any) -> Any:
    if get_origin(annotation) is Literal:
        return click.Choice(get_args(annotation))
    unions = (Union, types.UnionType)
    kinds = get_args(annotation) if get_origin(annotation) in unions else (annotation,)
    if Literal["auto"] in kinds:
        return _StepsType()
    if Path in kinds:
        return click.Path(path_type=Path)
    return {int: click.INT, float: click.FLOAT}.get(kinds[0], click.STRING)


def config_sources(function: Function) -> Function:
    """Add --preset and --config."""
    preset = click.option(
        "--preset", type=click.Choice(list(PRESETS)), help="Named settings, below --config."
    )
    file = click.option(
        "--config", "config_file", type=click.Path(path_type=Path), help="TOML file of settings."
    )
    return preset(file(function))


PLACE = _PlaceType()
out_option = click.option(
    "--out", type=PLACE, required=True, help="Run folder to write: a path, or a URL (s3://, gs://)."
)
resume_option = click.option("--resume", is_flag=True, help="Go on with the run in --out.")
SHARE = _ShareType()
run_argument = click.argument("run_folder", metavar="RUN", type=PLACE)


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="flower-audit")
@click.option("--log-json", is_flag=True, help="Write the log and the progress as JSON lines.")
def cli(log_json: bool) -> None:
    """Audit whether an image classifier is right for the right reasons.

    \b
    Example, with no download:
      flower-audit run --preset planted --out runs/planted
    """
    if log_json:
        logs.as_json()


@cli.command()
@out_option
@resume_option
@config_sources
@click.option(
    "--pipelines",
    help="Train and audit once for each of these pipelines, A,B,...; compare all with the first.",
)
@settings(*DATA, *MODEL, *TRAIN, *SWEEP, *CARD, *PREFLIGHT, *COMMON, *CLUSTER)
def run(
    out: Path, resume: bool, preset: str, config_file: Path, pipelines: str | None, **flags: Any
) -> None:
    """Train or load a model, explain its predictions, write the report.

    \b
    Examples:
      flower-audit run --preset planted --out runs/planted
      flower-audit run --out runs/oxford --masks masks/ --explain 500
      flower-audit run --images photos/ --model mine.keras --out runs/mine
      flower-audit run --preset planted --pipelines baseline,augmented --out runs/pair
    """
    from audit.stages import commands

    config = load_config(flags, preset, config_file)
    if pipelines is not None and flags["pipeline"] is not None:
        raise click.UsageError("--pipeline and --pipelines do not go together.")
    _load_tensorflow()
    if pipelines is not None:
        names = [name.strip() for name in pipelines.split(",")]
        page = commands.run_each(
            config, names, out, resume=resume, command=_command(), track=_track()
        )
        return _compared(page) if page else None
    folder = commands.run(config, out, resume=resume, command=_command(), track=_track())
    return _done(folder) if folder else None


@cli.command()
@config_sources
@click.option(
    "--write-order",
    "order_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the classes in the order of the model's outputs, as its answers show it.",
)
@settings(*DATA, *MODEL, "backbone", "weights", "image_size", "feature_layer", *PREFLIGHT, *COMMON)
def preflight(preset: str, config_file: Path, order_file: Path | None, **flags: Any) -> None:
    """Look whether model, images, labels and masks are read as their makers meant.

    Takes seconds, on samples; writes nothing. Exits with 1 where something is read wrongly beyond
    doubt, as `run` would, unless --anyway.

    \b
    Example:
      flower-audit preflight --images photos/ --masks masks/ --model mine.keras
    """
    from audit.checks.preflight.outcome import lines
    from audit.stages import commands

    config = load_config(flags, preset, config_file)
    _load_tensorflow()
    found = commands.preflight(config, order_file, track=_track())
    for line in lines(found):
        echo(line)
    if found.strong and not config.run.anyway:
        raise click.exceptions.Exit(1)


@cli.command()
@out_option
@resume_option
@config_sources
@settings(*DATA, *TRAIN, *PREFLIGHT, *COMMON)
def train(out: Path, resume: bool, preset: str, config_file: Path, **flags: Any) -> None:
    """Train a model into a run folder; `sweep` goes on from there.

    \b
    Example:
      flower-audit train --pipeline augmented --epochs 10 --out runs/augmented
    """
    from audit.stages import commands

    config = load_config(flags, preset, config_file)
    _load_tensorflow()
    folder = commands.train(config, out, resume=resume, command=_command(), track=_track())
    if folder:
        echo(f"Model: {folder.model_file}. Next: flower-audit sweep {shlex.quote(str(out))}")


@cli.command()
@run_argument
@settings(
    *(name for name in DATA if name not in ("dataset", "splits", "world")),
    *MODEL,
    *SWEEP,
    *PREFLIGHT,
    "workers",
    *CLUSTER,
)
def sweep(run_folder: Path, **flags: Any) -> None:
    """Predict and explain with the model of RUN, going on where an earlier sweep stopped.

    Settings are those that RUN was made with, unless given anew. Images, masks and models outside
    of RUN, trust in code and a cluster are always given anew: RUN may come from anybody.

    \b
    Example:
      flower-audit sweep runs/augmented --explain 300
    """
    from audit.stages import commands
    from audit.stages.resume import carried
    from audit.storage.run import RunFolder

    folder = RunFolder.open(run_folder)
    config = load_config(carried(folder, _given(flags)))
    _load_tensorflow()
    commands.sweep(config, folder, command=_command(), track=_track())
    echo(f"Swept. Next: flower-audit report {shlex.quote(str(run_folder))}")


@cli.command()
@run_argument
@settings("share")
def report(run_folder: Path, share: bool | None) -> None:
    """Render the report of RUN again, from its records and maps alone.

    Settings are those that RUN was made with, unless given anew.

    \b
    Examples:
      flower-audit report runs/planted
      flower-audit report runs/planted --share
    """
    from audit.stages import commands
    from audit.storage.run import RunFolder

    folder = RunFolder.open(run_folder)
    commands.report(folder, share=share, track=_track())
    _done(folder)


@cli.command()
@click.argument("run_folders", metavar="A B [C ...]", nargs=-1, required=True, type=PLACE)
@click.option(
    "--out",
    type=PLACE,
    help="Folder to write [default: compare-A-B beside the last run].",
)
def compare(run_folders: tuple[Path, ...], out: Path | None) -> None:
    """Set runs on the same test images side by side, each against the first one, A.

    Writes compare.html, compare.json, compare.md and every image that flipped as CSV.

    \b
    Example:
      flower-audit compare runs/baseline runs/augmented --out runs/compared
    """
    from audit.compare.build import default_out
    from audit.stages import commands
    from audit.storage.run import RunFolder

    if len(run_folders) < 2:
        raise click.UsageError("Give two runs or more: the baseline first.")
    folders = [RunFolder.open(path) for path in run_folders]
    _compared(commands.compare(folders, out or default_out(folders), _track()))


@cli.command()
def backbones() -> None:
    """List the backbones to train on: weights without a top, input side, where weights come from.

    \b
    Example:
      flower-audit backbones
    """
    from audit.models.catalogue import listing

    echo_lines(listing())


@cli.command()
@run_argument
@click.option("--max-wrong-reasons", type=SHARE, help="Of the right predictions, at most.")
@click.option(
    "--max-suspect", type=SHARE, help="Suspect among the right predictions with a verdict, at most."
)
@click.option("--min-accuracy", type=SHARE, help="Of all test images, at least.")
@click.option("--max-bg-gap", type=SHARE, help="Accuracy resting on the background, at most.")
@click.option(
    "--min-class-accuracy",
    type=SHARE,
    help="Of every class, at least; intervals are widened so that many classes do not fail by "
    "chance.",
)
@click.option(
    "--against",
    metavar="BASE",
    type=PLACE,
    help="Run on the same images: accuracy and wrong reasons may not be worse than its.",
)
@click.option("--no-worse-than", type=SHARE, help="Margin of --against, in points [default: 0%].")
@click.option(
    "--anyway",
    is_flag=True,
    help="Judge a run whose preflight says that its inputs are read wrongly.",
)
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="JUnit XML to write."
)
def check(
    run_folder: Path,
    against: Path | None,
    no_worse_than: float | None,
    anyway: bool,
    junit: Path | None,
    **limits: float | None,
) -> None:
    """Hold RUN against limits: exit with 0 where all hold, with 3 where one fails.

    Limits are shares, given as 5% or 0.05. A gate fails when the rate is above the limit (below a
    minimum) beyond doubt: with its whole 95% interval. So noise does not fail a build, and few
    images let much pass. A gate also fails where its figure is undefined or where nothing could be
    proven, and any check where the sweep is unfinished or inputs were read wrongly. The outcome is
    kept in RUN as gate.json.

    \b
    Examples:
      flower-audit check runs/new --max-wrong-reasons 5% --min-accuracy 80% --junit gate.xml
      flower-audit check runs/new --against runs/released --no-worse-than 1%
    """
    from audit.gate.gates import Limits
    from audit.stages import commands
    from audit.storage.run import RunFolder

    if no_worse_than is not None and against is None:
        raise click.UsageError("--no-worse-than needs the run to compare with: --against BASE.")
    given = _given(limits)
    if not given and against is None:
        raise click.UsageError("Give a gate: --max-wrong-reasons 5%, or another one.")
    base = RunFolder.open(against) if against is not None else None
    asked = Limits(**given, no_worse_than=no_worse_than or 0.0, anyway=anyway)
    found = commands.check(RunFolder.open(run_folder), asked, base, junit)
    for warning in found.warnings:
        echo(f"Note (A is the base run, B is this one): {warning}", err=True)
    for outcome in found.outcomes:
        echo(f"{'ok    ' if outcome.holds else 'FAILED'} {outcome.key}: {outcome.words}")
    if not found.holds:
        raise click.exceptions.Exit(3)


@cli.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option(
    "--half",
    type=click.Choice(["a", "b"]),
    default="b",
    show_default=True,
    help="Worlds on which thresholds were chosen (a), or are reported (b).",
)
@click.option(
    "--world",
    "worlds",
    multiple=True,
    type=click.Choice(["tag", "tint", "texture", "object", "none", "unrewarded"]),
    help="World to run; may be repeated [default: all].",
)
def selftest(out: Path, half: str, worlds: tuple[str, ...]) -> None:
    """Audit the audit: how much of what is planted does it find, and whom does it accuse wrongly?

    Six worlds are drawn, trained and audited, about three minutes each on two cores. Finished
    ones are kept: the same command goes on.

    \b
    Example:
      flower-audit selftest --out runs/selftest
    """
    from audit.checks.selftest import measure as test

    _load_tensorflow()
    found = test.run(out, half, worlds=worlds, command=_command(), track=_track())
    verdict, best = found.verdict, found.best_single
    echo(
        f"wrong-reasons: precision {verdict.precision.value:.1%} (n = {verdict.precision.n}), "
        f"recall {verdict.found.value:.1%} (n = {verdict.found.n}), healthy worlds accused "
        f"{found.healthy.value:.1%} (n = {found.healthy.n})"
    )
    echo(
        f"AUROC: verdict {verdict.auroc.value:.3f}, best single signal ({best.title}) "
        f"{best.auroc.value:.3f}"
    )
    echo(f"Report: {out / 'selftest.html'}")


@cli.group()
def masks() -> None:
    """Fetch, make and inspect masks.

    \b
    Example:
      flower-audit masks fetch --out masks/
    """


@masks.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to fetch into.")
def fetch(out: Path) -> None:
    """Download the official Oxford segmentations, check and unpack them; resumes a broken download.

    \b
    Example:
      flower-audit masks fetch --out masks/official
    """
    from audit.masks import official

    folder = official.fetch(out, _track())
    echo(f"Masks: {folder}. Use them with --masks {shlex.quote(str(folder))}")


@masks.command()
@out_option
@config_sources
@settings(*DATA, *COMMON)
def make(out: Path, preset: str, config_file: Path, **flags: Any) -> None:
    """Write the masks of a data set's test images as PNG trimaps, to look at or to mend by hand.

    \b
    Example:
      flower-audit masks make --images photos/ --out masks/mine
    """
    from audit.masks.tools import make_masks

    config = load_config(flags, preset, config_file)
    _quiet_if_oxford(config)
    counts = make_masks(config, out, track=_track())
    echo(f"{out}: " + ", ".join(f"{n} {source}" for source, n in counts.items()))


@masks.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="PNG sheet to write.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="Second folder of masks [default: GrabCut].",
)
@config_sources
@settings(*DATA, *COMMON)
def inspect(out: Path, against: Path, preset: str, config_file: Path, **flags: Any) -> None:
    """Measure the IoU of one source of masks against another, and write a contact sheet.

    \b
    Example:
      flower-audit masks inspect --masks trimaps/ --out sheet.png
    """
    from audit.masks.tools import inspect_masks

    config = load_config(flags, preset, config_file)
    _quiet_if_oxford(config)
    found = inspect_masks(config, against, out, track=_track())
    echo(
        f"IoU over {found.n} images: mean {found.mean:.3f}, median {found.median:.3f}, "
        f"tenth percentile {found.p10:.3f}; undefined for {found.undefined}. Sheet: {out}"
    )


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _load_tensorflow() -> None:
    """Import TensorFlow and find its devices without the lines that C++ writes about them."""
    from audit.models.backend import use_tensorflow

    use_tensorflow()
    stderr = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow as tf

        tf.config.list_physical_devices()
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def _quiet_if_oxford(config: Config) -> None:
    """Masks need TensorFlow only where the images are read through it."""
    if config.data.dataset == "oxford_flowers102":
        _load_tensorflow()


def _command() -> str:
    return shlex.join(["flower-audit", *sys.argv[1:]])


def _track() -> Any:
    from audit.core.progress import show

    return show


def _compared(page: Path) -> None:
    echo_lines(page.with_suffix(".md").read_text(encoding="utf-8"))
    echo(f"To attach: {page}")


def _done(folder: Any) -> None:
    echo_lines(folder.summary_md.read_text(encoding="utf-8"))
    echo(f"Report: {folder.report_dir / 'index.html'}")
    echo(f"To attach: {folder.report_html}")


def main() -> NoReturn:
    """Run the command line and exit.

    0 done, 1 not possible, 2 wrong usage, 3 a gate failed; ended by a signal, 128 and its number.
    """
    # TensorFlow's information is no news to a user; its errors still come through.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    output.begin()
    logs.begin()
    signals.heed()
    try:
        code = cli.main(prog_name="flower-audit", standalone_mode=False)
    except click.exceptions.Abort as error:
        number = signals.number_of(error)
        by = "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"
        notes = getattr(error.__cause__, "__notes__", [])
        _fail(" ".join([f"Interrupted{by}.", *notes]), 128 + number)
    except click.ClickException as error:
        output.show(error)
        sys.exit(error.exit_code)
    except AuditError as error:
        _fail(str(error), 1)
    except MemoryError as error:
        _fail(f"Memory is too little ({first_line(error)}): give a smaller --batch-size.", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    if logs.is_json():
        logging.getLogger("audit").error(message, extra={"data": {"exit_code": code}})
    else:
        echo(f"Error: {message}", err=True)
    sys.exit(code)

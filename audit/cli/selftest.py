"""``flower-audit selftest``: audit the audit."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.cli.command import Command
from audit.cli.common import command_line, load_tensorflow, track
from audit.cli.options import ANEW, PLACE, given, setting
from audit.core.output import echo

if TYPE_CHECKING:
    from audit.checks.on_data.results import OnData
    from audit.core.estimate import Estimate


@click.command(cls=Command)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write planted worlds to.")
@click.option(
    "--on",
    "run_folder",
    type=PLACE,
    metavar="RUN",
    help="Run whose backbone and photographs are taught stamps, in place of planted worlds.",
)
@click.option(
    "--half",
    type=click.Choice(["a", "b", "c", "d"]),
    default="b",
    show_default=True,
    help="Worlds on which thresholds were chosen (a), or are reported (b); of stamps (c, d).",
)
@click.option(
    "--world",
    "worlds",
    multiple=True,
    help="World to run: tag, tint, texture, object, none, unrewarded in halves a and b; vignette, "
    "sticker, letterbox, defocus, watermark, border, none, unrewarded in c and d. May be repeated "
    "[default: all].",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Runs of each world, each with a seed of its own.",
)
@click.option(
    "--sample",
    type=click.IntRange(12, 10_000),
    default=80,
    show_default=True,
    help="With --on: photographs that each world audits, besides stamped twins.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    help="With --on: stamp to teach: tag, side, texture, tint, warm, border, vignette, letterbox, "
    "watermark, defocus, sticker, object, or another look (tag-2); none: healthy worlds alone. "
    "May be repeated [default: these twelve].",
)
@setting(*ANEW)
def selftest(
    out: Path | None,
    run_folder: Path | None,
    half: str,
    worlds: tuple[str, ...],
    seeds: int,
    sample: int,
    kinds: tuple[str, ...],
    **flags: Any,
) -> None:
    """Audit the audit: how much of what is planted does it find, and whom does it accuse wrongly?

    With --out: six worlds (eight in halves c and d) are drawn, trained and audited, about three
    minutes each on two cores.

    With --on: heads are taught stamps on RUN's own backbone and photographs, about a minute each.
    The score that accuses is then set so that at most 5% of clean images are accused, RUN is
    judged anew, and its report rendered. Images, masks, models and commands outside of RUN are
    given anew.

    Finished worlds are kept: the same command goes on.

    \b
    Examples:
      flower-audit selftest --out runs/selftest
      flower-audit selftest --on runs/new
      flower-audit selftest --on runs/new --kind tag --kind border --sample 40
    """
    if (out is None) == (run_folder is None):
        raise click.UsageError(
            "Give --out FOLDER for planted worlds, or --on RUN for its own data."
        )
    load_tensorflow()
    if run_folder is not None:
        _on_data(run_folder, kinds, sample, seeds, given(flags))
    if out is not None:
        _planted(out, half, worlds, seeds)


def _on_data(
    run_folder: Path, kinds: tuple[str, ...], sample: int, seeds: int, flags: dict[str, Any]
) -> None:
    """Hold a run's verdicts against stamps on its own data, and tell what was found."""
    from audit.checks.on_data.measure import Asked
    from audit.settings import load_config
    from audit.stages import ondata
    from audit.stages.resume import carried
    from audit.storage.run import RunFolder

    asked = Asked(sample=sample, seeds=seeds, **({"kinds": kinds} if kinds else {}))
    folder = RunFolder.open(run_folder)
    config = load_config(carried(folder, flags))
    _tell(ondata.run(config, folder, asked, track=track()))
    echo(f"Report: {folder.report_dir / 'index.html'}")
    if config.verdict.thresholds == "fixed":
        again = f"flower-audit judge {shlex.quote(str(run_folder))} --thresholds calibrated"
        echo(f"This run is judged by fixed thresholds. By the calibrated one: {again}")


def _tell(found: OnData) -> None:
    """Print a line a kind, then all together, then the threshold."""
    for row in found.kinds:
        if not row.learned:
            echo(f"{row.key}: not learned (worth {row.worth.value:.2f} log-odds), not counted")
            continue
        echo(
            f"{row.key}: found {_share(row.found, 0)}, clean accused {_share(row.false_alarms)}, "
            f"kind named rightly {_share(row.named, 0)}, AUROC {row.auroc.value:.3f}"
        )
    echo(
        f"All: found {_share(found.found, 0)}, clean accused {_share(found.false_alarms)}; healthy "
        f"worlds {_share(found.accused)}; anything proven in {_share(found.proven)}"
    )
    known = found.calibration
    reached = f"accusing_score {known.threshold:.3f}: at most 5% of clean images are accused, "
    bound = f"{known.bound:.1%} at 95% confidence (n = {known.n})"
    echo(f"Threshold {known.reason}" if known.reason else reached + bound)


def _share(found: Estimate, places: int = 1) -> str:
    return f"{found.value:.{places}%} (n = {found.n})" if found.n else "undefined (n = 0)"


def _planted(out: Path, half: str, worlds: tuple[str, ...], seeds: int) -> None:
    """Run planted worlds, and tell what was found."""
    from audit.stages import selftest as test

    command, shown = command_line(), track()
    found = test.run(out, half, worlds=worlds, seeds=seeds, command=command, track=shown)
    verdict, best = found.verdict, found.best_single
    echo(
        f"wrong-reasons: precision {_share(verdict.precision)}, recall {_share(verdict.found)}, "
        f"healthy worlds accused {_share(found.healthy)}"
    )
    echo(
        f"AUROC: verdict {verdict.auroc.value:.3f}, best single signal ({best.title}) "
        f"{best.auroc.value:.3f}"
    )
    for world in found.worlds:
        if not world.learned:
            echo(f"{world.name}: not learned (worth {world.worth.value:.2f} log-odds), not counted")
    echo(f"Report: {out / 'selftest.html'}")

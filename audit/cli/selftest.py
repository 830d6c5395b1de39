"""``flower-audit selftest``: audit the audit."""

from __future__ import annotations

from pathlib import Path

import click

from audit.cli.command import Command
from audit.cli.common import command_line, load_tensorflow, track
from audit.core.output import echo


@click.command(cls=Command)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
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
def selftest(out: Path, half: str, worlds: tuple[str, ...], seeds: int) -> None:
    """Audit the audit: how much of what is planted does it find, and whom does it accuse wrongly?

    Six worlds (eight in halves c and d) are drawn, trained and audited, about three minutes each
    on two cores. Finished ones are kept: the same command goes on.

    \b
    Example:
      flower-audit selftest --out runs/selftest
    """
    from audit.stages import selftest as test

    load_tensorflow()
    command, shown = command_line(), track()
    found = test.run(out, half, worlds=worlds, seeds=seeds, command=command, track=shown)
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
    for world in found.worlds:
        if not world.learned:
            echo(f"{world.name}: not learned (worth {world.worth.value:.2f} log-odds), not counted")
    echo(f"Report: {out / 'selftest.html'}")

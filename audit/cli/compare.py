"""``flower-audit compare``: set runs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from audit.cli.command import Command
from audit.cli.common import tell_comparison, track
from audit.cli.options import PLACE


@click.command(cls=Command)
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
    tell_comparison(commands.compare(folders, out or default_out(folders), track()))

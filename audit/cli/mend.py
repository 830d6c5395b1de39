"""``flower-audit mend``: teach the end of a model again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from audit.cli.command import Command
from audit.cli.common import command_line, load_tensorflow, track
from audit.cli.options import ANEW, PLACE, given, run_argument, setting
from audit.core.output import echo
from audit.mend.layers import LAST_LAYER, LAYERS


@click.command(cls=Command)
@run_argument
@click.option("--out", type=PLACE, required=True, help="Folder to write the mended model to.")
@click.option(
    "--layers",
    type=click.Choice(LAYERS),
    default=LAST_LAYER,
    show_default=True,
    help="What is taught; the last block is kept only where held-out images say that it pays.",
)
@click.option("--resume", is_flag=True, help="Go on with what is in --out.")
@setting("group", *ANEW)
def mend(run_folder: Path, out: Path, layers: str, resume: bool, **flags: Any) -> None:
    """Teach the last layer of RUN's model again, so that it rests on backgrounds less.

    Features of training and validation images are taken once; then the last layer alone is taught
    on images balanced by label and --group, or by what the background alone says where no groups
    are known, and on foregrounds before other backgrounds. Nothing else of the model changes, but
    by --layers last-block: that is fine-tuned on the same images, together with the last layer, and
    kept where it is better than the last layer alone. The mended model is then audited as RUN was,
    and compared with it.

    Images, masks, models and commands outside of RUN are given anew, as for sweep.

    \b
    Examples:
      flower-audit mend runs/mine --images photos/ --out mended/
      flower-audit mend runs/birds --images birds/manifest.csv --group background --out mended/
      flower-audit mend runs/mine --images photos/ --layers last-block --out mended/
    """
    from audit.settings import load_config
    from audit.stages import mend as stage
    from audit.stages.resume import carried
    from audit.storage.run import RunFolder

    folder = RunFolder.open(run_folder)
    config = load_config(carried(folder, given(flags)))
    load_tensorflow()
    found = stage.run(
        config, folder, out, layers=layers, resume=resume, command=command_line(), track=track()
    )
    echo(found.outcome.words)
    echo(found.layers)
    echo(f"Model: {found.model}")
    echo(f"Report: {found.run.report_dir / 'index.html'}")
    echo(f"Before and after: {found.page}")

"""``flower-audit masks``: fetch, make and inspect masks."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from audit.cli.command import Group
from audit.cli.common import load_tensorflow_for_images, track
from audit.cli.options import config_sources, out_option, settings
from audit.core.output import echo
from audit.settings import load_config
from audit.settings.base import Stage


@click.group(cls=Group)
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

    folder = official.fetch(out, track())
    echo(f"Masks: {folder}. Use them with --masks {shlex.quote(str(folder))}")


@masks.command()
@out_option
@config_sources
@settings("data", "masks", run={Stage.SPLIT, Stage.MASK})
def make(out: Path, preset: str, config_file: Path, **flags: Any) -> None:
    """Write the masks of a data set's test images as PNG trimaps, to look at or to mend by hand.

    \b
    Example:
      flower-audit masks make --images photos/ --out masks/mine
    """
    from audit.masks.tools import make_masks

    config = load_config(flags, preset, config_file)
    load_tensorflow_for_images(config)
    counts = make_masks(config, out, track=track())
    echo(f"{out}: " + ", ".join(f"{n} {source}" for source, n in counts.items()))


@masks.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="PNG sheet to write.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="Second folder of masks [default: what --segmenter makes].",
)
@config_sources
@settings("data", "masks", run={Stage.SPLIT, Stage.MASK})
def inspect(out: Path, against: Path, preset: str, config_file: Path, **flags: Any) -> None:
    """Measure the IoU of one source of masks against another, and write a contact sheet.

    \b
    Example:
      flower-audit masks inspect --masks trimaps/ --out sheet.png
    """
    from audit.masks.tools import inspect_masks

    config = load_config(flags, preset, config_file)
    load_tensorflow_for_images(config)
    found = inspect_masks(config, against, out, track=track())
    echo(
        f"IoU over {found.n} images: mean {found.mean:.3f}, median {found.median:.3f}, "
        f"tenth percentile {found.p10:.3f}; undefined for {found.undefined}. Sheet: {out}"
    )

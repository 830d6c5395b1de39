"""A first config for images, masks and a model, after a look at them."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.checks.preflight.outcome import lines
from audit.core.errors import ConfigError
from audit.core.track import Track, silent
from audit.core.wording import plural
from audit.datasets.dataset import SPLITS, Dataset
from audit.settings import Config, change
from audit.settings.written import written
from audit.stages.inputs import Inputs, read_inputs
from audit.storage.run import write_whole

MOST = 40  # classes that are listed


def init(config: Config, file: Path, *, track: Track = silent) -> list[str]:
    """Look at everything that a config names, and write it as a commented TOML file.

    Parameters
    ----------
    config : Config
    file : Path
        TOML file to write; not one that is there.

    Returns
    -------
    list of str
        What was found, a line each.

    Raises
    ------
    ConfigError
        The file is there.
    AuditError
        An input cannot be read at all.
    """
    if file.exists():
        raise ConfigError(f"{file} is there already: give another --out.")
    splits = ("test",) if config.model.model else SPLITS
    inputs = read_inputs(change(config, anyway=True), splits, None, track)
    found = list(_found(inputs))
    begin = f"flower-audit run --config {shlex.quote(str(file))} --out runs/{file.stem}"
    said = ["Settings of an audit; what is commented out is the default. Begin it with", ""]
    write_whole(file, written(config, [*said, f"    {begin}", "", *found]).encode())
    return [*found, f"Settings: {file}. Next: {begin}"]


def _found(inputs: Inputs) -> Iterator[str]:
    """Yield what there is: images, classes, and what everything was taken for."""
    dataset = inputs.dataset
    counts = [f"{len(dataset.items(split)):,} {split}" for split in SPLITS if dataset.items(split)]
    yield f"Found {plural(len(dataset.classes), 'class', 'classes')}; images: {', '.join(counts)}."
    yield from _classes(dataset)
    yield from lines(inputs.preflight)


def _classes(dataset: Dataset) -> Iterator[str]:
    """Yield the images of each class by split, of the first ones."""
    by_split = {s: Counter(item.label for item in dataset.items(s)) for s in SPLITS}
    for label, name in enumerate(dataset.classes[:MOST]):
        yield f"  {name}: {_listed([by_split[s][label] for s in SPLITS])}"
    if len(dataset.classes) > MOST:
        yield f"  and {len(dataset.classes) - MOST} more classes"


def _listed(counts: Sequence[int]) -> str:
    return ", ".join(f"{n:,} {split}" for n, split in zip(counts, SPLITS, strict=True) if n)

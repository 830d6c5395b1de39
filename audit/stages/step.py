"""Steps of a run, taken one after the other: what is finished is not done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from audit.checks.context import Context
from audit.settings import Config
from audit.stages.timing import timed
from audit.storage.run import RunFolder


def _asked(config: Config) -> bool:
    return True


def _nothing(context: Context) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a run.

    Attributes
    ----------
    key : str
        Its name in the manifest's ``seconds``.
    outputs : callable
        RunFolder -> files that are finished once it was taken; none where it tells for itself
        what is left to do.
    run : callable
        Makes them.
    asked : callable
        Config -> whether it is to be taken at all.
    heed : callable
        Looks at what was made, now or by an earlier try, before the next step rests on it.
    """

    key: str
    outputs: Callable[[RunFolder], tuple[Path, ...]]
    run: Callable[[Context], None]
    asked: Callable[[Config], bool] = _asked
    heed: Callable[[Context], None] = _nothing


def take(steps: Iterable[Step], context: Context) -> None:
    """Take the steps that are asked for and not finished, in their order."""
    folder = context.folder
    for step in steps:
        if not step.asked(context.config):
            continue
        outputs = step.outputs(folder)
        if not outputs or not all(map(folder.has, outputs)):
            with timed(folder, step.key):
                step.run(context)
        step.heed(context)

"""The audit audited: planted worlds whose truth is known, one run each, judged together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from audit.checks.selftest.page import Selftest, selftest, write_page
from audit.core.errors import ClusterError, ConfigError, RunFolderError, quoted
from audit.core.track import Track, silent
from audit.datasets.planted.worlds import HALVES
from audit.report.source import load
from audit.settings import Config, load_config
from audit.settings.nesting import flat
from audit.stages import commands
from audit.storage.run import RunFolder, write_whole

SEEDS = {"a": 100, "b": 200, "c": 600, "d": 700}  # of each half's first world; others follow
APART = 1000  # between the seeds of one world


def run(
    out: Path,
    half: str = "b",
    *,
    worlds: Sequence[str] = (),
    seeds: int = 1,
    command: str = "",
    track: Track = silent,
) -> Selftest:
    """Train, audit and report every world of a half below ``out``; finished worlds are kept.

    Parameters
    ----------
    out : Path
        Folder of the runs, of ``selftest.html`` and of ``selftest.json``.
    half : str
        ``a``, on which thresholds were chosen, or ``b``, on which they are reported; ``c`` and
        ``d`` likewise, of other kinds.
    worlds : sequence of str
        Worlds to run, of those of the half; all by default.
    seeds : int
        Runs of each world, drawn and trained by a seed of its own.

    Raises
    ------
    AuditError
        A run cannot be made, ``out`` holds other things, or the half has no such world.
    """
    if out.exists() and not out.is_dir():
        raise RunFolderError(f"{out} is a file: choose another --out.")
    folders = {}
    for name, settings in asked(half, worlds, seeds):
        # They say nothing of verdicts.
        settings |= {"robustness": 0, "health": False, "opportunity": False}
        folders[name] = _world(load_config(settings, "planted"), out / name, command, track)
    found = selftest({name: load(folder) for name, folder in folders.items()}, half)
    write_whole(out / "selftest.html", write_page(found))
    write_whole(out / "selftest.json", found.json())
    return found


def asked(half: str, worlds: Sequence[str], seeds: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the folder and the settings of each run; the second one of ``tag`` is ``tag-2``."""
    if unknown := [name for name in worlds if name not in HALVES[half]]:
        has = ", ".join(HALVES[half])
        raise ConfigError(f"Half {half} has no world {quoted(unknown[0])}: choose one of {has}.")
    for k in range(seeds):
        for index, name in enumerate(HALVES[half]):
            if not worlds or name in worlds:
                seed = SEEDS[half] + index + APART * k
                yield f"{name}-{k + 1}" if k else name, {"world": f"{name}-{half}", "seed": seed}


def _world(config: Config, out: Path, command: str, track: Track) -> RunFolder:
    done = RunFolder(out)
    if done.report_html.exists() and done.config() == flat(config.kept()):
        return done
    made = commands.run(config, out, resume=True, command=command, track=track)
    if made is None:
        raise ClusterError("The self-test runs on one host: start it without TF_CONFIG.")
    return made

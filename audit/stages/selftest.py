"""The audit audited: planted worlds whose truth is known, one run each, judged together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.checks.selftest.page import Selftest, selftest, write_page
from audit.core.errors import ClusterError, RunFolderError
from audit.core.track import Track, silent
from audit.datasets.planted.worlds import HALVES
from audit.report.source import load
from audit.settings import Config, load_config
from audit.settings.nesting import flat
from audit.stages import commands
from audit.storage.run import RunFolder, write_whole

SEEDS = {"a": 100, "b": 200}  # of each half's first world; the next ones follow


def run(
    out: Path,
    half: str = "b",
    *,
    worlds: Sequence[str] = (),
    command: str = "",
    track: Track = silent,
) -> Selftest:
    """Train, audit and report every world of a half below ``out``; finished worlds are kept.

    Parameters
    ----------
    out : Path
        Folder of the runs, of ``selftest.html`` and of ``selftest.json``.
    half : str
        ``a``, on which thresholds were chosen, or ``b``, on which they are reported.
    worlds : sequence of str
        Worlds to run, of tag, tint, texture, object, none and unrewarded; all by default.

    Raises
    ------
    AuditError
        A run cannot be made, or ``out`` holds other things.
    """
    if out.exists() and not out.is_dir():
        raise RunFolderError(f"{out} is a file: choose another --out.")
    folders = {}
    for index, name in enumerate(HALVES[half]):
        if worlds and name not in worlds:
            continue
        settings = {"world": f"{name}-{half}", "seed": SEEDS[half] + index}
        # They say nothing of verdicts.
        settings |= {"robustness": 0, "health": False, "opportunity": False}
        folders[name] = _world(load_config(settings, "planted"), out / name, command, track)
    found = selftest({name: load(folder) for name, folder in folders.items()}, half)
    write_whole(out / "selftest.html", write_page(found))
    write_whole(out / "selftest.json", found.json())
    return found


def _world(config: Config, out: Path, command: str, track: Track) -> RunFolder:
    done = RunFolder(out)
    if done.report_html.exists() and done.config() == flat(config.kept()):
        return done
    made = commands.run(config, out, resume=True, command=command, track=track)
    if made is None:
        raise ClusterError("The self-test runs on one host: start it without TF_CONFIG.")
    return made

"""Going on with a run: what its folder may say of that, and what must be as it was.

A run folder may come from anybody. So what reaches out of it (paths, commands, trust, machines)
is never taken from it: whoever goes on with it says so anew, and hashes tell whether it is the
same.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, get_args

from audit.checks.groups.outputs import TABLE as GROUPS
from audit.checks.robustness.outputs import TABLE
from audit.core.errors import ConfigError, RunFolderError
from audit.core.wording import some
from audit.masks.segmenter import is_command
from audit.masks.source import WORDS
from audit.report.clusters import GIVEN
from audit.settings import Config
from audit.settings.base import Stage, affects, is_own
from audit.settings.config import FIELDS
from audit.settings.nesting import RETIRED, flat
from audit.stages.inputs import Inputs
from audit.storage.run import RunFolder

PATHS = tuple(name for name, field in FIELDS.items() if Path in get_args(field.annotation))
# Settings of whoever runs it: whom to trust, which machines to use, and how many of their cores.
OWN = tuple(name for name, field in FIELDS.items() if is_own(field))
# What leads out of a run and is for training, or kept in the run, is not asked for anew.
_TO_SWEEP = tuple(n for n, f in FIELDS.items() if not affects(f) & {Stage.TRAIN, Stage.REPORT})
# What hosts that train together may differ in: it tells only what becomes of the model then.
_AFTER_TRAINING = {
    Stage.MASK, Stage.EXPLAIN, Stage.HEALTH, Stage.OPPORTUNITY, Stage.GROUPS, Stage.CLUSTERS,
    Stage.REPORT
}  # fmt: skip
# What else a run must not be gone on with, by the key of its hash in the manifest.
_FILES = {"weights": "--weights", "albumentations": "--albumentations"}


def carried(run: RunFolder, given: Mapping[str, Any]) -> dict[str, Any]:
    """Take settings from a run, as far as its folder may say, below those given.

    Raises
    ------
    ConfigError
        It was begun with what lies outside of it, and that is not given anew.
    """
    begun = run.settings()
    lacking = [key for key in _TO_SWEEP if _reaches_out(key, begun.get(key)) and key not in given]
    if lacking:
        # Quoted, for whoever pastes them: a stranger may have written them.
        options = [f"--{key.replace('_', '-')} {shlex.quote(begun[key])}" for key in lacking]
        raise ConfigError(
            f"{run.root} was begun with {' and '.join(options)}: say anew what that is. No path, "
            "command, trust or cluster is taken from a run folder, which may come from anybody."
        )
    kept = {k: v for k, v in begun.items() if k not in OWN and not _reaches_out(k, v)}
    return kept | dict(given)


def _reaches_out(key: str, value: object) -> bool:
    """Tell whether the value of a setting names what lies outside of a run folder."""
    if not isinstance(value, str):
        return False
    if key == "masks":
        return Path(value) not in WORDS
    if key == "segmenter":
        return is_command(value)
    if key == "class_order":
        return value not in ("auto", "text", "number")
    return key in PATHS or (key == "weights" and value.endswith(".h5"))


def refuse_others(run: RunFolder, inputs: Inputs) -> None:
    """Refuse to mix what other settings, images or masks gave with what is to come.

    Raises
    ------
    RunFolderError
        It names what is another.
    """
    begun = begun_stages(run, inputs.config)
    if first := next(_changed(run, inputs.config, fixed(begun)), None):
        key, before, now = first
        raise RunFolderError(
            f"{run.root} was begun with {key} = {before}, not {now}: "
            "give the same settings, or begin another run."
        )
    data = run.manifest().get("data", {})
    _refuse_other_order(run, data.get("classes"), inputs.dataset.classes)
    files = {"fingerprint": "images or labels"} | _FILES
    if Stage.MASK in begun:
        files["masks"] = "masks"
    for key, what in files.items():
        if key in data and data[key] != inputs.hashes.get(key, data[key]):
            raise RunFolderError(f"{run.root} was begun with other {what}: choose another --out.")


def for_training(config: Config) -> dict[str, Any]:
    """List what a trained model rests on; hosts that train together have the same."""
    return {
        name: value
        for name, value in flat(config.kept()).items()
        if name not in OWN and affects(FIELDS[name]) and not affects(FIELDS[name]) & _AFTER_TRAINING
    }


def _changed(run: RunFolder, config: Config, fixed: Set[str]) -> Iterator[tuple[str, Any, Any]]:
    """Yield settings that may not change any more, and have: before and now."""
    # Runs that know no other explainers were begun with these.
    begun = {"explainers": "gradcam,ig"} | run.config()
    for key, now in (flat(config.kept()) | RETIRED).items():
        if key not in begun or key not in fixed or begun[key] == now:
            continue
        if _reaches_out(key, begun[key]) and _reaches_out(key, now):
            continue  # what it holds is compared, not where it lies
        yield key, begun[key], now


def fixed(begun: Set[Stage]) -> set[str]:
    """Name the settings that may not change any more once these stages have begun."""
    gone = RETIRED if begun & {Stage.EXPLAIN, Stage.ROBUSTNESS} else {}
    return {n for n, f in FIELDS.items() if affects(f) & begun and not is_own(f)} | set(gone)


def begun_stages(run: RunFolder, config: Config) -> set[Stage]:
    """List the stages whose outcome a run holds."""
    begun = {Stage.SPLIT, Stage.READ, Stage.TRAIN}  # with the folder itself
    if run.predictions_file.exists():
        begun.add(Stage.PREDICT)
    if run.done_parts():
        begun.add(Stage.EXPLAIN)
    if TABLE.file(run).exists():
        begun.add(Stage.ROBUSTNESS)
    if GROUPS.file(run).exists():
        begun.add(Stage.GROUPS)
    if GIVEN.file(run).exists():
        begun.add(Stage.CLUSTERS)
    used = begun & {Stage.EXPLAIN, Stage.ROBUSTNESS}
    # Training reads masks only where it puts foregrounds on other backgrounds.
    return begun | ({Stage.MASK} if used or config.training.augment_background else set())


def _refuse_other_order(run: RunFolder, before: Sequence[str] | None, now: tuple[str, ...]) -> None:
    """Name the option where the same classes come in another order, as earlier versions sorted."""
    if before and tuple(before) != now and sorted(before) == sorted(now):
        raise RunFolderError(
            f"{run.root} was begun with its classes in another order ({some(before, 4)}): give "
            "the --class-order that it was begun with (number for runs of earlier versions)."
        )

"""How a run is gone on with: what its folder may say of that, and what must be as it was.

A run folder may come from anybody. So what reaches out of it (paths, trust, machines) is never
taken from it: whoever goes on with it says so anew, and hashes tell whether it is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from audit.checks.robustness.outputs import TABLE
from audit.config import Config
from audit.core.errors import ConfigError, RunFolderError
from audit.core.wording import some
from audit.inputs import Inputs
from audit.masks.source import WORDS
from audit.storage.run import RunFolder

PATHS = tuple(
    name for name, field in Config.model_fields.items() if Path in get_args(field.annotation)
)
# Settings of whoever runs it: whom to trust, which machines to use, and how many of their cores.
OWN = ("trust_model", "anyway", "executor", "address", "worker_cores", "workers")
# Paths that a sweep needs; the others are for training, or kept in the run.
_TO_SWEEP = ("images", "data_dir", "masks", "model", "class_order")

# Settings that say how a run is done, not what comes out of it; the order itself is compared.
_ALWAYS_FREE = {*OWN, "download", "data_dir", "health", "model_card", "class_order", "share"}
# Settings that what corruptions do rests on, besides those that are never free.
_OF_ROBUSTNESS = {"robustness", "masks", "grabcut", "feature_layer", "cam", "ig_variant",
                  "ig_rule", "ig_baseline"}  # fmt: skip
# Settings that nothing written rests on as long as no image is explained.
_FREE_BEFORE_SWEEP = {"masks", "mask_subject", "mask_unknown", "grabcut", "subject",
                      "explain", "explainers", "explain_sample",
                      "explain_flagged", "lime_samples", "shap_evals", "feature_layer", "cam",
                      "ig_variant", "ig_steps", "ig_tolerance", "ig_rule", "ig_baseline",
                      "interventions", "on_flower_skill", "suspicious_share", "least_support",
                      "most_background", "least_survival", "least_effect"}  # fmt: skip
# Those of them that training rests on too, where it puts flowers on other backgrounds.
_TRAINED_BY = {"masks", "grabcut"}
# What else a run must not be gone on with, by the key of its hash in the manifest.
_FILES = {"weights": "--weights", "albumentations": "--albumentations"}


def carried(run: RunFolder, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that ``run`` was begun with, as far as its folder may say, below those given.

    Raises
    ------
    ConfigError
        It was begun with what lies outside of it, and that is not given anew.
    """
    begun = run.settings()
    lacking = [key for key in _TO_SWEEP if _reaches_out(key, begun.get(key)) and key not in given]
    if lacking:
        options = [f"--{key.replace('_', '-')} {begun[key]}" for key in lacking]
        raise ConfigError(
            f"{run.root} was begun with {' and '.join(options)}: say anew where that is. No path, "
            "trust or cluster is taken from a run folder, which may come from anybody."
        )
    kept = {k: v for k, v in begun.items() if k not in OWN and not _reaches_out(k, v)}
    return kept | dict(given)


def _reaches_out(key: str, value: object) -> bool:
    """Whether the value of a setting names what lies outside of a run folder."""
    if not isinstance(value, str):
        return False
    if key == "masks":
        return Path(value) not in WORDS
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
    if first := next(_changed(run, inputs.config), None):
        key, before, now = first
        raise RunFolderError(
            f"{run.root} was begun with {key} = {before}, not {now}: "
            "give the same settings, or begin another run."
        )
    data = run.manifest().get("data", {})
    _refuse_other_order(run, data.get("classes"), inputs.dataset.classes)
    fixed = {"fingerprint": "images or labels"} | _FILES
    if run.done_parts() or TABLE.file(run).exists() or inputs.config.augment_background:
        fixed["masks"] = "masks"
    for key, what in fixed.items():
        if key in data and data[key] != inputs.hashes.get(key, data[key]):
            raise RunFolderError(f"{run.root} was begun with other {what}: choose another --out.")


def for_training(config: Config) -> dict[str, Any]:
    """The settings that a trained model rests on; hosts that train together have the same."""
    free = _ALWAYS_FREE | _FREE_BEFORE_SWEEP
    return {k: v for k, v in config.model_dump(mode="json").items() if k not in free}


def _changed(run: RunFolder, config: Config) -> Iterator[tuple[str, Any, Any]]:
    """Settings that may not change any more, and have: before and now."""
    # Runs that know no other explainers were begun with these.
    begun = {"explainers": "gradcam,ig"} | run.manifest().get("config", {})
    free = _free(run, config)
    for key, now in config.model_dump(mode="json").items():
        if key not in begun or key in free or begun[key] == now:
            continue
        if _reaches_out(key, begun[key]) and _reaches_out(key, now):
            continue  # what it holds is compared, not where it lies
        yield key, begun[key], now


def _free(run: RunFolder, config: Config) -> set[str]:
    free = set(_ALWAYS_FREE)
    if not run.done_parts():
        free |= _FREE_BEFORE_SWEEP - (_TRAINED_BY if config.augment_background else set())
    free = free - _OF_ROBUSTNESS if TABLE.file(run).exists() else free | {"robustness"}
    return free if run.predictions_file.exists() else free | {"limit", "tta"}


def _refuse_other_order(run: RunFolder, before: Sequence[str] | None, now: tuple[str, ...]) -> None:
    """Name the option where the same classes come in another order, as earlier versions sorted."""
    if before and tuple(before) != now and sorted(before) == sorted(now):
        raise RunFolderError(
            f"{run.root} was begun with its classes in another order ({some(before, 4)}): give "
            "the --class-order that it was begun with (number for runs of earlier versions)."
        )

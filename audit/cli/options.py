"""Options: one for each setting, and those that several commands have."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import click

from audit.cli.types import PathType, ShareType, StepsType
from audit.settings import PRESETS
from audit.settings.base import Stage, affects, is_common
from audit.settings.config import FIELDS, SECTION_OF, SECTIONS
from audit.settings.nesting import RENAMED, RETIRED

Function = Callable[..., Any]
PLACE, SHARE = PathType(), ShareType()
# What leads out of a run, whom to trust and which machine to use: never taken from its folder.
ANEW = (
    *("images", "data_dir", "masks", "segmenter", "class_order", "model", "trust_model"),
    *("anyway", "workers"),
)


class SettingOption(click.Option):
    """An option for a setting, which the help shows under the section that this stands in."""

    def __init__(self, *args: Any, section: str, common: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section, self.common = section, common


def settings(
    *sections: str, without: Collection[Stage] = (), **only: Collection[Stage]
) -> Callable[[Function], Function]:
    """Add an option for each setting of some sections; a flag not given stays None.

    Parameters
    ----------
    without : collection of Stage
        Leave out what affects one of these.
    only
        Further sections by name, of which only what affects one of these stages is taken.
    """
    names = [
        name
        for section, fields in SECTIONS.items()
        for name in fields.model_fields
        if (section in sections and not affects(FIELDS[name]) & set(without))
        or affects(FIELDS[name]) & set(only.get(section, ()))
    ]
    gone = RETIRED if "explain" in sections else ()
    return setting(*names, *gone, *(old for old, now in RENAMED.items() if now in names))


def setting(*names: str) -> Callable[[Function], Function]:
    """Add an option for each of these settings."""

    def decorate(function: Function) -> Function:
        for name in reversed(names):
            function = _option(name)(function)
        return function

    return decorate


def _option(name: str) -> Callable[[Function], Function]:
    flag = f"--{name.replace('_', '-')}"
    if name in RETIRED:
        return click.option(flag, hidden=True, help=f"Gone: always {RETIRED[name]}.")
    if name in RENAMED:
        kind = _click_type(FIELDS[RENAMED[name]].annotation)
        return click.option(flag, type=kind, hidden=True, help=f"Now {RENAMED[name]}.")
    field = FIELDS[name]
    default = "" if field.default in (None, "") else f" [default: {_shown(field.default)}]"
    told = {
        "default": None,
        "help": f"{field.description}{default}",
        "section": SECTION_OF[name],
        "common": is_common(field),
    }
    if field.annotation is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", cls=SettingOption, **told)
    return click.option(flag, cls=SettingOption, type=_click_type(field.annotation), **told)


def _shown(default: Any) -> str:
    return {True: "yes", False: "no"}[default] if isinstance(default, bool) else str(default)


def _click_type(annotation: Any) -> Any:
    if get_origin(annotation) is Literal:
        return click.Choice(get_args(annotation))
    unions = (Union, types.UnionType)
    kinds = get_args(annotation) if get_origin(annotation) in unions else (annotation,)
    if Literal["auto"] in kinds:
        return StepsType()
    if Path in kinds:
        return click.Path(path_type=Path)
    return {int: click.INT, float: click.FLOAT}.get(kinds[0], click.STRING)


def config_sources(function: Function) -> Function:
    """Add --preset and --config."""
    preset = click.option(
        "--preset", type=click.Choice(list(PRESETS)), help="Named settings, below --config."
    )
    file = click.option(
        "--config", "config_file", type=click.Path(path_type=Path), help="TOML file of settings."
    )
    return preset(file(function))


out_option = click.option(
    "--out", type=PLACE, required=True, help="Run folder to write: a path, or a URL (s3://, gs://)."
)
against_option = click.option(
    "--against",
    metavar="PREVIOUS",
    type=PLACE,
    help="Run of the last release, to set beside this one.",
)
resume_option = click.option("--resume", is_flag=True, help="Go on with the run in --out.")
run_argument = click.argument("run_folder", metavar="RUN", type=PLACE)


_GATES = {
    "max-wrong-reasons": "Of the right predictions, at most.",
    "max-suspect": "Suspect among the right predictions with a verdict, at most.",
    "min-accuracy": "Of all test images, at least.",
    "max-bg-gap": "Accuracy resting on the background, at most.",
    "min-class-accuracy": "Of every class, at least; intervals are widened so that many classes do "
    "not fail by chance.",
    "min-group-accuracy": "Of the worst class in a group (--group of the run), at least; allows "
    "for picking it.",
}


class GateOption(click.Option):
    """A limit that a run is held to."""


def gates(function: Function) -> Function:
    """Add an option for each limit of a run by itself; a limit not given stays None."""
    for key, words in reversed(_GATES.items()):
        function = click.option(f"--{key}", cls=GateOption, type=SHARE, help=words)(function)
    return function


def limits_of(flags: dict[str, Any]) -> dict[str, Any]:
    """Take the limits that were given out of the flags of a command."""
    return given({name: flags.pop(name) for name in (k.replace("-", "_") for k in _GATES)})


def given(flags: dict[str, Any]) -> dict[str, Any]:
    """Leave out the flags that were not given."""
    return {name: value for name, value in flags.items() if value is not None}

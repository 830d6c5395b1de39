"""The help of a command: its own options first, then its settings, section by section."""

from __future__ import annotations

import click

from audit.cli.options import GateOption, SettingOption
from audit.settings.config import SECTIONS


def write_options(command: click.Command, ctx: click.Context, to: click.HelpFormatter) -> None:
    """Write all options of a command, each section of the settings under a heading of its own."""
    groups: dict[str, list[tuple[str, str]]] = {"Options": []}
    for option in command.get_params(ctx):
        record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
        if record is not None:
            groups.setdefault(_heading(option), []).append(record)
    for heading, records in groups.items():
        with to.section(heading):
            to.write_dl(records)


def _heading(option: click.Parameter) -> str:
    if isinstance(option, GateOption):
        return "Limits, as 5% or 0.05; exit code 3 where one is broken"
    if not isinstance(option, SettingOption):
        return "Options"
    told = (SECTIONS[option.section].__doc__ or "").splitlines()[0]
    return f"[{option.section}] {told.rstrip('.')}"

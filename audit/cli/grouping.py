"""The help of a command: its own options first, then its settings, section by section."""

from __future__ import annotations

from collections.abc import Sequence

import click

from audit.cli.options import GateOption, SettingOption
from audit.settings.config import SECTIONS

FEW = 40  # options that are shown together; of more, those that most people give come first
_ALL = "audit.help-all"


def write_options(command: click.Command, ctx: click.Context, to: click.HelpFormatter) -> None:
    """Write the options of a command, each section of the settings under a heading of its own.

    Of many options those that most people give, and how to see the others.
    """
    options = [o for o in command.get_params(ctx) if isinstance(o, click.Option)]
    shown = options if _ALL in ctx.meta else [o for o in options if not _is_rare(o, options)]
    groups: dict[str, list[tuple[str, str]]] = {"Options": []}
    for option in shown:
        if (record := option.get_help_record(ctx)) is not None:
            groups.setdefault(_heading(option), []).append(record)
    for heading, records in groups.items():
        with to.section(heading):
            to.write_dl(records)
    left = [option for option in options if option not in shown and not option.hidden]
    if left:
        to.write_paragraph()
        to.write_text(f"{len(left)} more: {ctx.command_path} --help-all")


def help_all() -> click.Option:
    """Return the option that shows all options of a command that has many."""
    return click.Option(
        ["--help-all"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_all,
        help="Show all options and exit.",
    )


def has_many(options: Sequence[click.Parameter]) -> bool:
    """Tell whether a command has more options than are shown together."""
    return len([o for o in options if isinstance(o, click.Option) and not o.hidden]) > FEW


def _show_all(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(everything(ctx), color=ctx.color)
        ctx.exit()


def everything(ctx: click.Context) -> str:
    """Return the help of a command with all its options."""
    ctx.meta[_ALL] = True
    return ctx.get_help()


def _is_rare(option: click.Option, options: Sequence[click.Parameter]) -> bool:
    return has_many(options) and isinstance(option, SettingOption) and not option.common


def _heading(option: click.Parameter) -> str:
    if isinstance(option, GateOption):
        return "Limits, as 5% or 0.05; exit code 3 where one is broken"
    if not isinstance(option, SettingOption):
        return "Options"
    told = (SECTIONS[option.section].__doc__ or "").splitlines()[0]
    return f"[{option.section}] {told.rstrip('.')}"

"""MkDocs hook: writes the help of every command into cli.md, so that it cannot be out of date."""

from collections.abc import Iterator
from typing import Any

import click

from audit.cli import cli
from audit.cli.grouping import everything


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the page, with each command's help at its end if it is that of the command line."""
    if page.file.src_uri != "cli.md":
        return markdown
    root = click.Context(cli, info_name="flower-audit", terminal_width=78)
    return "\n\n".join([markdown, *_helps(root)])


def _helps(context: click.Context) -> Iterator[str]:
    command = context.command
    yield f"## {context.command_path}\n\n```text\n{everything(context)}\n```"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.commands[name]
            yield from _helps(click.Context(inner, info_name=name, parent=context))

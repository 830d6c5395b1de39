"""Markdown extension of the handbook: one line of cli.md becomes the help of every command.

So the page cannot be out of date, whichever builder makes it: not all of them know hooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

from audit.cli.grouping import everything

LINE = "<!-- help of every command -->"
_BEFORE_CODE = 28  # Markdown and its extensions look for blocks of code at 25
_WIDTH = 78


class _Commands(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        return [made for line in lines for made in (_helps() if line == LINE else [line])]


def _helps() -> list[str]:
    from audit.cli import cli

    root = click.Context(cli, info_name="flower-audit", terminal_width=_WIDTH)
    return [line for text in _help_of(root) for line in text.splitlines()]


def _help_of(context: click.Context) -> Iterator[str]:
    """Yield the help of a command and of those below it, as Markdown."""
    command = context.command
    yield f"## {context.command_path}\n\n```text\n{everything(context)}\n```\n\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.commands[name]
            yield from _help_of(click.Context(inner, info_name=name, parent=context))


class _HandbookExtension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Markdown's name)
        md.preprocessors.register(_Commands(md), "audit_commands", _BEFORE_CODE)


def makeExtension(**options: Any) -> Extension:  # noqa: N802 (Markdown's name)
    """Return the extension, by the name that Markdown looks for in a module."""
    return _HandbookExtension(**options)

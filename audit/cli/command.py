"""A command: its help by section, and what to do where a disk or a folder refuses."""

from __future__ import annotations

import errno
from typing import Any

import click

from audit.cli.grouping import has_many, help_all, write_options
from audit.core.errors import AuditError, quoted

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_SAME = "give the same command again"
_GONE = (errno.ENOTDIR, errno.EIO, errno.ESTALE, errno.ENODEV)


class Command(click.Command):
    """A command that says what to do where a file cannot be written."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return all parameters; of a command with many options, one that shows them all."""
        found = super().get_params(ctx)
        return [*found, help_all()] if has_many(found) else found

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options section by section."""
        write_options(self, ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        """Do what is asked; raise `AuditError` with a mend where the system refuses a file."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            again = "go on with --resume" if self._has("resume") else _SAME
            error.add_note(f"What is finished stays: {again}.")
            raise
        except OSError as error:
            if not (mend := self.mend(error)):
                raise
            where = f" ({quoted(error.filename)})" if error.filename else ""
            raise AuditError(f"{error.strerror}{where}. {mend}") from error
        except AuditError as error:
            if mend := self.mend(error.__cause__):
                raise AuditError(f"{error} {mend}") from error
            raise

    def mend(self, error: BaseException | None) -> str:
        """Tell what to do about a system's error with this command's options; "" where nothing."""
        number = error.errno if isinstance(error, OSError) else None
        if number == errno.ENAMETOOLONG:
            return "Give another path."
        if number not in (*_FULL, *_CLOSED, *_GONE):
            return ""
        if number in _GONE:
            first = "Bring its folder or disk back"
        else:
            first = "Make room" if number in _FULL else "Let it be read and written"
        other = " or give another --out" if self._has("out") else ""
        again = "--resume" if self._has("resume") else _SAME
        return f"{first}{other}, then {again}."

    def _has(self, option: str) -> bool:
        return option in {parameter.name for parameter in self.params}


class Group(click.Group):
    """A group whose commands are all of this kind."""

    command_class = Command
    group_class = type

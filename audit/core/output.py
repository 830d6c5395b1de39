"""The one way out to a terminal: text of any origin is shown there, and commands nothing."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
import traceback
import unicodedata
from types import TracebackType
from typing import Any, TextIO

import click

from audit.core.actions import in_actions, inert
from audit.core.redact import credentials

# Controls, signs without a width of their own that turn or hide text, halves of a pair, and line
# and paragraph separators: a terminal obeys them, or shows other text than there is.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Join emoji, and letters of Persian and Indic scripts: between such signs they hide nothing.
_WIDE = r"[^\x00-\u02ff\u2000-\u206f]"
_JOINERS = re.compile(rf"(?<={_WIDE})[\u200c\u200d](?={_WIDE})")
_RAW = range(0xDC80, 0xDD00)  # how Python reads bytes of a file's name that are no UTF-8
_GONE = (errno.EPIPE, errno.EIO)  # nobody reads the pipe any more, the terminal is closed
_FIRST, _LAST = 0, 2  # descriptors of standard input and of standard error


def clean(text: object) -> str:
    r"""Return text in one line in which nothing is hidden: an escape sign is shown as ``\x1b``.

    Credentials in it are left out, as `audit.core.redact.credentials` does, and nothing in it is
    a command of the runner that reads along.
    """
    told = credentials(str(text))
    if in_actions():
        told = inert(told)
    if told.isprintable():
        return told
    joins = {found.start() for found in _JOINERS.finditer(told)}
    return "".join(sign if at in joins else _seen(sign) for at, sign in enumerate(told))


def echo(text: object, *, err: bool = False) -> None:
    """Print one line, cleaned, to standard output, or to standard error where ``err``."""
    # Named, for Click would write UTF-8 to a stream that is of ASCII.
    click.echo(clean(text), file=sys.stderr if err else sys.stdout)


def command_runner(line: str) -> None:
    """Print a command of `audit.core.actions`, which `echo` would render harmless."""
    click.echo(line, file=sys.stdout)


def echo_lines(text: str) -> None:
    """Print text of several lines that are meant, each of them cleaned."""
    for line in text.split("\n"):
        echo(line)


def show(error: click.ClickException) -> None:
    """Say what was used wrongly in Click's own words, with the values in them cleaned."""
    context = getattr(error, "ctx", None)
    click.UsageError(clean(error.format_message()), context).show()


def begin() -> None:
    """Let no closed stream, no character and no unforeseen error break the output."""
    _fill_descriptors()
    sys.excepthook = _unforeseen
    # Streams that a test or a notebook has put in their place are not a terminal's.
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        sys.stdout = _lasting(sys.stdout)
    if sys.stderr is sys.__stderr__ and sys.stderr is not None:
        sys.stderr = _lasting(sys.stderr)


class _Lasting(io.FileIO):
    """A descriptor whose reader may leave at any time: what he no longer reads is no error.

    Any other error is raised once; Python would raise it again at exit, and exit with 120.
    """

    _over = False

    def write(self, data: Any) -> int:
        """Write, or do as if."""
        try:
            return len(data) if self._over else super().write(data)
        except OSError as error:
            self._over = True
            if error.errno not in _GONE:
                raise
            return len(data)


def _lasting(stream: TextIO) -> TextIO:
    raw = _Lasting(stream.fileno(), "w", closefd=False)
    # What an encoding lacks is spelt out, as under LANG=C.
    return io.TextIOWrapper(
        io.BufferedWriter(raw), stream.encoding, "backslashreplace", line_buffering=stream.isatty()
    )


def _fill_descriptors() -> None:
    """Open what the caller has closed, else the next file to be opened becomes standard error."""
    for descriptor in range(_FIRST, _LAST + 1):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest descriptor that is free


def _seen(sign: str) -> str:
    if unicodedata.category(sign) not in _UNSEEN:
        return sign
    if ord(sign) in _RAW:
        return f"\\x{ord(sign) - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode()


def _unforeseen(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Print a traceback whose message, and whatever else a stranger named, is cleaned."""
    for line in "".join(traceback.format_exception(kind, error, at)).splitlines():
        echo(line, err=True)

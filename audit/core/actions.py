"""Lines that GitHub Actions' runner takes as commands: how to give one, and how to give none."""

from __future__ import annotations

import os
from typing import Literal

Level = Literal["error", "warning"]
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def in_actions() -> bool:
    """Return whether this process runs in a step of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def inert(line: str) -> str:
    """Return a line that is no command, whoever wrote it.

    The runner obeys lines that begin with ``::``, and ``##[`` anywhere in a line.
    """
    told = line.replace("##[", "# #[")
    return told.replace("::", ": :", 1) if told.lstrip().startswith("::") else told


def annotation(level: Level, title: str, words: str) -> str:
    """Return the command that shows ``words`` with the step, and on the pull request."""
    return f"::{level} title={title.translate(_PROPERTY)}::{words.translate(_DATA)}"

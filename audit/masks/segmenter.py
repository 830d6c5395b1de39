"""What makes masks for images that have none: its name, whether it can run, and what it is."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ConfigError, quoted
from audit.datasets.contents import short_hash
from audit.masks import rembgpool
from audit.masks.commandpool import CommandPool
from audit.masks.grabcutpool import GrabCutPool
from audit.settings.masks import SEGMENTERS

GRABCUT, REMBG = SEGMENTERS


class Pool(Protocol):
    """A segmenter at work."""

    def start(self, image: NDArray[np.uint8], /) -> Callable[[], NDArray[np.uint8]]:
        """Begin to segment a uint8 RGB image; the callable returned waits for its trimap.

        It raises `DataError` where this image has none.
        """

    def close(self) -> None:
        """Stop all work; also after an error."""


def pool_of(segmenter: str, workers: int) -> Pool:
    """Return what segments images, in ``workers`` processes at once (0: in line)."""
    if segmenter == GRABCUT:
        return GrabCutPool(workers)
    return rembgpool.RembgPool(workers) if segmenter == REMBG else CommandPool(segmenter, workers)


def maker(segmenter: str) -> str:
    """Name what makes masks, as messages and pages say it; a command may hold what is private."""
    return {GRABCUT: "GrabCut", REMBG: "rembg"}.get(segmenter, "the command of --segmenter")


def source_of(segmenter: str) -> str:
    """Return the source that records have of masks made so."""
    return "grabcut" if segmenter == GRABCUT else "segmenter"


def is_command(segmenter: str) -> bool:
    """Tell whether a segmenter is a program to run, which nobody else may choose."""
    return segmenter not in SEGMENTERS


def refuse_unusable(segmenter: str) -> None:
    """Raise `ConfigError` where a segmenter is not installed on this machine."""
    if segmenter == REMBG:
        rembgpool.refuse_missing()
    elif is_command(segmenter) and not shutil.which(program := shlex.split(segmenter)[0]):
        raise ConfigError(
            f"--segmenter begins with {quoted(program)}, which is no program here: give its whole "
            "path, or one on PATH."
        )


def identity(segmenter: str) -> str:
    """Return what a segmenter is known again by, wherever it lies.

    Of a command its words, and of files that are words of it their content; of rembg its version.
    """
    if segmenter == GRABCUT:
        return "grabcut, activation"  # by colours alone until 2026: masks of the two do not mix
    if segmenter == REMBG:
        return f"rembg {version('rembg')} {rembgpool.MODEL}"
    words = shlex.split(segmenter)
    return shlex.join(short_hash(Path(w)) if _is_file(w, words[0]) else w for w in words)


def anywhere(segmenter: str) -> str:
    """Return a segmenter as it is called from any folder: a command with whole paths of files."""
    if not is_command(segmenter):
        return segmenter
    words = shlex.split(segmenter)
    return shlex.join(str(Path(w).absolute()) if _is_file(w, words[0]) else w for w in words)


def packages(segmenter: str) -> tuple[str, ...]:
    """Name the packages whose versions masks rest on, beside those of every run."""
    return ("rembg",) if segmenter == REMBG else ()


def _is_file(word: str, program: str) -> bool:
    """Tell whether a word of a command is a file; a program without a folder is looked for."""
    looked_for = word == program and os.sep not in word
    return not looked_for and os.path.isfile(word)  # noqa: PTH113  # a word may be of any length

"""Names of files as records may hold them: valid Unicode, composed, and each one alone."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Sequence


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, each once."""
    return frozenset(text.split())


def composed(text: str) -> str:
    """Compose letters and their accents (NFC): macOS stores them apart, others together."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def readable(name: str) -> str:
    r"""Return a file's or folder's name as valid, composed Unicode: ``caf\xe9`` for Latin-1."""
    if name.isascii():
        return name
    return composed(os.fsencode(name).decode("utf-8", "backslashreplace"))


def folded(text: str) -> str:
    """Return a name without what file systems disagree on: case, and how accents are composed."""
    return composed(composed(text).casefold())


def suffix_of(name: str) -> str:
    """Return ``.jpg`` for ``a.JPG``; "" for names without one."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a hundred thousand of them


def unique(names: Sequence[str]) -> list[str]:
    """Return `readable` names in the same order, none twice, whatever else lies beside them.

    Where two would read the same, those that had to be changed carry a hash of their bytes.
    """
    shown = [readable(name) for name in names]
    if len(set(shown)) == len(shown):
        return shown
    seen: dict[str, int] = {}
    for text in shown:
        seen[text] = seen.get(text, 0) + 1
    return [
        text if seen[text] == 1 or text == name else _marked(text, name)
        for text, name in zip(shown, names, strict=True)
    ]


def _marked(text: str, name: str) -> str:
    stem, suffix = os.path.splitext(text)  # noqa: PTH122 - a name of any bytes, not a path
    return f"{stem}~{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}{suffix}"

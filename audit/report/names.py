"""Names of any origin as safe, unique file names and anchors."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_LONGEST = 40


def slug(name: str) -> str:
    """Return a readable ASCII name with a short hash: safe in paths, URLs and ids everywhere.

    Names that differ, if only in case or in signs that no file system takes, get different slugs.
    """
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:_LONGEST].strip("-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{words or 'x'}-{digest}"


def unique_slugs(names: Iterable[str]) -> list[str]:
    """Return the `slug` of each name; the second and later of equal names have their count."""
    seen: Counter[str] = Counter()
    slugs = []
    for name in names:
        slugs.append(slug(f"{name}#{seen[name]}" if seen[name] else name))
        seen[name] += 1
    return slugs

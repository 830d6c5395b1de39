"""Masks that lie beside their photograph in one folder, told by their names and content."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from audit.datasets.listing import Folder
from audit.masks.content import mostly_like_masks
from audit.masks.folders import FoundMasks
from audit.masks.names import base_of, stem_of


def take_beside(root: Folder, found: FoundMasks) -> None:
    """Take files named after a photograph in the same folder, where they look like masks."""
    by_rule: dict[str, list[tuple[Folder, str, str]]] = defaultdict(list)
    for folder in root.walk():
        for name, photo, rule in _pairs(folder):
            by_rule[rule].append((folder, name, photo))
    for rule, pairs in by_rule.items():
        if mostly_like_masks([folder.file(name) for folder, name, _ in pairs]):
            for folder, name, photo in pairs:
                found.add(folder.file(photo), folder.file(name), rule)
            _remove(pairs)


def _remove(pairs: Iterable[tuple[Folder, str, str]]) -> None:
    gone: dict[str, tuple[Folder, set[str]]] = {}
    for folder, name, _ in pairs:
        gone.setdefault(folder.path, (folder, set()))[1].add(name)
    for folder, names in gone.values():
        folder.images = [name for name in folder.images if name not in names]


def _pairs(folder: Folder) -> Iterable[tuple[str, str, str]]:
    """Yield masks that files' names may speak of: the mask, its photograph, and the rule."""
    stems = defaultdict(list)
    for name in folder.images:
        stems[stem_of(name)].append(name)
    for stem, names in stems.items():
        base = base_of(stem)
        photos = stems.get(base, []) if base else []
        if base and photos:
            rule = f"named like {_shown(stem, base)}"
            yield from ((name, photos[0], rule) for name in names)
        elif len(names) == 2:
            png = [name for name in names if name.lower().endswith(".png")]
            jpg = [name for name in names if name.lower().endswith((".jpg", ".jpeg"))]
            if png and jpg:
                yield png[0], jpg[0], "PNG beside JPEG of the same name"


def _shown(stem: str, base: str) -> str:
    """Return the rule in words: ``x_mask`` for ``7_mask`` of ``7``, and for ``7_mask_1``."""
    ending = stem.replace(base, "", 1)
    shown = re.sub(r"[_\-. ]*\(?\d+\)?$", "", ending)
    return f"{shown}x" if stem.endswith(base) and not stem.startswith(base) else f"x{shown}"

"""Keys by which a mask's path and its image's may agree: rules, the strictest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from audit.datasets.filenames import folded
from audit.datasets.splitnames import split_of_word
from audit.masks.names import base_of, is_image_name, is_mask_name, without_mask

Key = tuple[str, ...]
KeyOf = Callable[[PurePosixPath], Key | None]


@dataclass(frozen=True)
class Rule:
    """Images and masks of one key belong together; an image has one with its suffix, too.

    Attributes
    ----------
    words : str
        How masks are joined to images, for reports.
    key : callable
        Of a path below the folder; None where the rule does not apply.
    loose : bool
        The folders of class names must agree.
    mask_key : callable, optional
        Where a mask's key is not made as an image's.
    unite : bool
        Several masks of one image are its parts.
    """

    words: str
    key: KeyOf
    loose: bool = True
    mask_key: KeyOf | None = None
    unite: bool = False


def rules(classes: set[str]) -> list[Rule]:
    """Return all rules for images of classes whose names are `folded`."""
    placed, classed = _placed(classes), _classed(classes)
    plain = [
        Rule("by path", _parts, loose=False),
        Rule("by path", _folded_parts, loose=False),
        Rule("by folder and name", placed),
        Rule("by folder and name", classed),
        Rule("by name alone", _name),
        Rule("by name alone", _folded_name),
    ]
    marked: list[tuple[KeyOf, bool]] = [
        (_folded_parts, False), (placed, True), (classed, True), (_folded_name, True)
    ]  # fmt: skip
    return plain + [
        Rule("by a name like x_mask", key, loose, _unmarked(key), unite=True)
        for key, loose in marked
    ]


def _parts(path: PurePosixPath) -> Key:
    return path.parts


def _folded_parts(path: PurePosixPath) -> Key:
    return tuple(map(folded, path.parts))


def _name(path: PurePosixPath) -> Key:
    return (path.name,)


def _folded_name(path: PurePosixPath) -> Key:
    return (folded(path.name),)


def _placed(classes: set[str]) -> Callable[[PurePosixPath], Key]:
    """Return a key of what folders say of classes and splits, not of masks, and the file's name."""
    said = cache(lambda folder: _said_by(folder, classes))  # many files lie in each

    def key(path: PurePosixPath) -> Key:
        return *filter(None, map(said, path.parent.parts)), folded(path.name)

    return key


def _said_by(folder: str, classes: set[str]) -> str:
    """Return the split or class that a folder names: ``train`` for Training and train_masks."""
    name = folded(folder)
    if name in classes:
        return name
    if is_image_name(folder):
        return ""
    left = without_mask(folder) if is_mask_name(folder) else name
    return split_of_word(left) or left


def _classed(classes: set[str]) -> KeyOf:
    """Return a key of folders that name a class, and the file's name; it gives None without any."""
    placed = _placed(classes)

    def key(path: PurePosixPath) -> Key | None:
        *folders, name = placed(path)
        kept = [f for f in folders if f in classes or not split_of_word(f)]
        return (*kept, name) if kept else None

    return key


def _unmarked(key: KeyOf) -> KeyOf:
    """Return the key of x for x_mask and x_mask_1."""

    def unmarked(path: PurePosixPath) -> Key | None:
        base = base_of(path.name)
        return key(path.with_name(base)) if base else None

    return unmarked

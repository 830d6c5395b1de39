"""Folders of masks among those of photographs: which they are, and whose masks they hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from audit.datasets.filenames import readable
from audit.datasets.listing import Folder
from audit.datasets.splitnames import words_of
from audit.masks.content import mostly_like_masks
from audit.masks.names import base_of, is_image_name, is_mask_name, stem_of, without_mask


@dataclass
class FoundMasks:
    """Masks found among photographs.

    Attributes
    ----------
    of : dict of list of str
        Files of masks by the path of their photograph.
    rules : Counter
        How many files each rule took.
    loose : list of str
        Files in folders of masks that belong to no photograph by their name.
    folders : dict of set of str
        Names of the folders of masks that a photograph's masks come from, by photograph.
    """

    of: dict[str, list[str]] = field(default_factory=dict)
    rules: Counter[str] = field(default_factory=Counter)
    loose: list[str] = field(default_factory=list)
    folders: dict[str, set[str]] = field(default_factory=dict)

    def add(self, photo: str, file: str, rule: str) -> None:
        """Note a mask of a photograph."""
        self.of.setdefault(photo, []).append(file)
        self.rules[rule] += 1


@dataclass
class _Named:
    """A folder that is named as one of masks, in its parent."""

    parent: Folder
    name: str

    @property
    def folder(self) -> Folder:
        return self.parent.folders[self.name]


def take_folders(root: Folder, found: FoundMasks) -> None:
    """Take the folders of masks out of a listing.

    A folder is one where it is named so, its files look like masks, and half of them are named
    like photographs elsewhere, or photographs lie beside it in a folder called images.
    """
    named = list(_named(root))
    like = _like_masks(named)
    every = {n.folder.path for n in named}
    chosen = [n for n in named if like[n.name] or _lies_with_images(n.parent, every)]
    if not chosen:
        return
    owners = _Owners(root, {n.folder.path for n in chosen})
    for one in chosen:
        if not like[one.name]:
            found.loose += one.folder.files()
            del one.parent.folders[one.name]
        elif _take(one, owners, found):
            del one.parent.folders[one.name]


def _take(one: _Named, owners: _Owners, found: FoundMasks) -> bool:
    """Join each mask to its photograph; False for a class whose pictures have few colours."""
    files = list(one.folder.files())
    whose = [owners.of(one.folder, file) for file in files]
    if sum(owner is not None for owner in whose) * 2 < len(files) and not owners.beside(one.parent):
        return False
    name = readable(one.name)
    for file, owner in zip(files, whose, strict=True):
        photo = owner or owners.only(one.parent)
        if photo is None:
            found.loose.append(file)
        else:
            found.add(photo, file, f"in {name}/")
            found.folders.setdefault(photo, set()).add(name)
    return True


class _Owners:
    """Photographs by their location without folders like ``images``, and by their stem alone."""

    def __init__(self, root: Folder, taken: set[str]) -> None:
        self._root, self._taken = root, taken
        self._locations: dict[tuple[str, ...], list[str]] = defaultdict(list)
        self._stems: dict[str, list[str]] = defaultdict(list)
        for photo in self._photos(root):
            *folders, file = _parts(photo, root)
            self._locations[(*_plain(folders), stem_of(file))].append(photo)
            self._stems[stem_of(file)].append(photo)

    def of(self, masks: Folder, file: str) -> str | None:
        """Return the one photograph that a mask in the folder ``masks`` belongs to by its name."""
        *before, last = _parts(masks.path, self._root)
        *after, name = _parts(file, masks)
        rest = without_mask(last)
        locations = [_plain([*before, *inner, *after]) for inner in ([rest] if rest else [], [])]
        stem = stem_of(name)
        for key in dict.fromkeys((stem, base_of(stem) or stem)):
            found = [self._locations.get((*location, key), []) for location in locations]
            for photos in (*found, self._stems.get(key, [])):
                if len(photos) == 1:
                    return photos[0]
        return None

    def only(self, parent: Folder) -> str | None:
        """Return the photograph of a folder that holds one with all its masks, as one cell each."""
        photos = self._photos(parent)
        return photos[0] if len(photos) == 1 else None

    def beside(self, parent: Folder) -> bool:
        """Return whether photographs lie beside a folder of masks as such, not as another class."""
        direct = bool(parent.images) and parent is not self._root
        return direct or _lies_with_images(parent, self._taken)

    def _photos(self, folder: Folder) -> list[str]:
        found = [folder.file(name) for name in folder.images]
        for inner in folder.folders.values():
            found += [] if inner.path in self._taken else self._photos(inner)
        return found


def _named(folder: Folder) -> Iterable[_Named]:
    """Yield the outermost folders below that are named as ones of masks."""
    for name, inner in folder.folders.items():
        if is_mask_name(name):
            yield _Named(folder, name)
        else:
            yield from _named(inner)


def _like_masks(named: Iterable[_Named]) -> dict[str, bool]:
    """Return by folder name whether the files look like masks: thousands may share a name."""
    files: dict[str, list[str]] = {}
    for one in named:
        files.setdefault(one.name, []).extend(one.folder.files())
    return {name: mostly_like_masks(those) for name, those in files.items()}


def _lies_with_images(parent: Folder, taken: set[str]) -> bool:
    beside = [f for f in parent.folders.values() if f.path not in taken and f.holds_images()]
    return bool(beside) and all(is_image_name(f.name) for f in beside)


def _parts(path: str, folder: Folder) -> tuple[str, ...]:
    return PurePath(path).relative_to(folder.path).parts


def _plain(folders: Sequence[str]) -> tuple[str, ...]:
    kept = [readable(name) for name in folders if not is_image_name(name)]
    return tuple(" ".join(words_of(name)) or name for name in kept)

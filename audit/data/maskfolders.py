"""Masks that lie among photographs: which files they are, and whose."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from audit.data.filenames import readable, word_set
from audit.data.listing import Folder
from audit.data.maskcontent import file_looks_like_mask
from audit.data.splitnames import words_of

_MASK = word_set(
    "mask masks segmentation segmentations segmented seg segs annotation annotations annot "
    "annots label labels labelids gt gts groundtruth truth trimap trimaps segmentationclass "
    "segmentationobject matte mattes alpha silhouette silhouettes roi rois"
)
_IMAGE = word_set(
    "image images img imgs photo photos picture pictures pics original originals orig jpg "
    "jpegs jpeg jpegimages rgb input inputs data"
)
_FILLER = word_set("ground class object binary png and the of for")
_MASK_WORDS = (
    r"mask|masks|seg|segmentation|segmented|gt|ground[_\- ]?truth|label|labels|labelids|"
    r"annotation|trimap|matte|roi"
)
_AFTER = re.compile(
    rf"(?P<base>.+?)(?:[_\-. ]+(?:{_MASK_WORDS})|(?:mask|Mask|MASK|Seg|GT))(?:[_\-. ]*\(?\d+\)?)?"
)
_AFTER_SMALL = re.compile(
    rf"(?P<base>.+?)[_\-. ]+(?:{_MASK_WORDS})(?:[_\-. ]*\(?\d+\)?)?", re.IGNORECASE
)
_BEFORE = re.compile(rf"(?:{_MASK_WORDS})[_\-. ]+(?P<base>.+)", re.IGNORECASE)
LOOKED_AT = 16  # files of one rule whose content is looked at


@dataclass
class Masks:
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


def is_mask_name(name: str) -> bool:
    """Whether a folder is named as one of masks: masks, SegmentationClass, ground_truth, GT."""
    words = words_of(name)
    return any(word in _MASK or word.removesuffix("png") in _MASK for word in _joined(words))


def is_image_name(name: str) -> bool:
    """Whether a folder's name says only that images lie in it: images, img, JPEGImages."""
    words = words_of(name)
    joined = "".join(words)
    return joined in _IMAGE or (bool(words) and all(word in _IMAGE for word in words))


def _joined(words: Sequence[str]) -> list[str]:
    return [*words, "".join(words)]


def take_masks(root: Folder) -> Masks:
    """Take the masks out of a listing: what is left in ``root`` are photographs."""
    found = Masks()
    _take_folders(root, found)
    _take_beside(root, found)
    return found


def _take_folders(root: Folder, found: Masks) -> None:
    named = list(_named(root))
    like = {id(parent.folders[name]): _like_masks(parent.folders[name]) for parent, name in named}
    every = set(like)
    named = [
        (parent, name)
        for parent, name in named
        if like[id(parent.folders[name])] or _lies_with_images(parent, every)
    ]
    if not named:
        return
    taken = {id(parent.folders[name]) for parent, name in named}
    photos = [file for folder in _besides(root, taken) for file in _files_of(folder)]
    keys, stems = _keys(root, photos)
    for parent, name in named:
        folder = parent.folders[name]
        files = list(folder.files())
        if not like[id(folder)]:
            found.loose += files
            del parent.folders[name]
            continue
        owners = [_owner(root, folder, file, keys, stems) for file in files]
        inside = _is_inside(root, parent, taken)
        if sum(owner is not None for owner in owners) * 2 < len(files) and not inside:
            continue  # a class whose pictures have few colours
        for file, owner in zip(files, owners, strict=True):
            photo = owner or _only_photo(parent, taken)
            if photo is None:
                found.loose.append(file)
            else:
                found.add(photo, file, f"in {readable(name)}/")
                found.folders.setdefault(photo, set()).add(readable(name))
        del parent.folders[name]


def _named(folder: Folder) -> Iterable[tuple[Folder, str]]:
    """Outermost folders below that are named as ones of masks, with their parents."""
    for name, inner in folder.folders.items():
        if is_mask_name(name):
            yield folder, name
        else:
            yield from _named(inner)


def _besides(folder: Folder, taken: set[int]) -> Iterable[Folder]:
    if id(folder) not in taken:
        yield folder
        for inner in folder.folders.values():
            yield from _besides(inner, taken)


def _files_of(folder: Folder) -> list[str]:
    return [os.path.join(folder.path, name) for name in folder.images]  # noqa: PTH118


def _is_inside(root: Folder, parent: Folder, taken: set[int]) -> bool:
    """Whether photographs lie beside a folder of masks as such, not as another class."""
    return _lies_with_images(parent, taken) or (bool(parent.images) and parent is not root)


def _lies_with_images(parent: Folder, taken: set[int]) -> bool:
    beside = [f for f in parent.folders.values() if id(f) not in taken and f.holds_images()]
    return bool(beside) and all(is_image_name(f.name) for f in beside)


def _like_masks(folder: Folder) -> bool:
    files = list(folder.files())
    step = max(1, len(files) // LOOKED_AT)
    sample = files[::step][:LOOKED_AT]
    return bool(sample) and sum(map(file_looks_like_mask, sample)) * 2 > len(sample)


Keys = dict[tuple[str, ...], list[str]]


def _keys(root: Folder, photos: Iterable[str]) -> tuple[Keys, Keys]:
    """Photographs by their place without folders like ``images``, and by their stem alone."""
    keys: Keys = defaultdict(list)
    stems: Keys = defaultdict(list)
    for photo in photos:
        *folders, file = _parts(photo, root)
        stem = _stem(file)
        keys[(*_plain(folders), stem)].append(photo)
        stems[(stem,)].append(photo)
    return keys, stems


def _owner(root: Folder, masks: Folder, file: str, keys: Keys, stems: Keys) -> str | None:
    before = _parts(masks.path, root)
    *after, name = _parts(file, masks)
    rest = _without_mask(before[-1])
    places = [_plain([*before[:-1], *inner, *after]) for inner in ([rest] if rest else [], [])]
    stem = _stem(name)
    for key in dict.fromkeys((stem, _base(stem) or stem)):
        found = [keys.get((*place, key), []) for place in places] + [stems.get((key,), [])]
        one = next((owners[0] for owners in found if len(owners) == 1), None)
        if one is not None:
            return one
    return None


def _parts(path: str, folder: Folder) -> tuple[str, ...]:
    return PurePath(path).relative_to(folder.path).parts


def _without_mask(name: str) -> str:
    """``train`` for ``train_masks``: the folder whose masks these are; "" for ``masks``."""
    words = [w for w in words_of(name) if w not in _MASK | _IMAGE | _FILLER]
    return "" if "".join(words_of(name)) in _MASK else " ".join(words)


def _plain(folders: Sequence[str]) -> tuple[str, ...]:
    kept = [readable(name) for name in folders if not is_image_name(name)]
    return tuple(" ".join(words_of(name)) or name for name in kept)


def _only_photo(parent: Folder, taken: set[int]) -> str | None:
    """The photograph of a folder that holds one with all its masks, as one cell each."""
    photos = [file for folder in _besides(parent, taken) for file in _files_of(folder)]
    return photos[0] if len(photos) == 1 else None


def _stem(file: str) -> str:
    return readable(os.path.splitext(file)[0])  # noqa: PTH122


def _base(stem: str) -> str | None:
    """The photograph's stem in that of a mask: ``x`` in ``x_mask``, ``xMask`` and ``x_mask_1``."""
    for pattern in (_AFTER, _AFTER_SMALL, _BEFORE):
        found = pattern.fullmatch(stem)
        if found:
            return found["base"]
    return None


def _take_beside(root: Folder, found: Masks) -> None:
    """Files named after a photograph in the same folder, where they look like masks."""
    by_rule: dict[str, list[tuple[Folder, str, str]]] = defaultdict(list)
    for folder in root.walk():
        for name, photo, rule in _pairs(folder):
            by_rule[rule].append((folder, name, photo))
    for rule, pairs in by_rule.items():
        files = [os.path.join(folder.path, name) for folder, name, _ in pairs]  # noqa: PTH118
        sample = files[:: max(1, len(files) // LOOKED_AT)][:LOOKED_AT]
        if sum(map(file_looks_like_mask, sample)) * 2 <= len(sample):
            continue
        gone: dict[int, set[str]] = defaultdict(set)
        for (folder, name, photo), file in zip(pairs, files, strict=True):
            found.add(os.path.join(folder.path, photo), file, rule)  # noqa: PTH118
            gone[id(folder)].add(name)
        for folder in root.walk():
            if id(folder) in gone:
                folder.images = [n for n in folder.images if n not in gone[id(folder)]]


def _pairs(folder: Folder) -> Iterable[tuple[str, str, str]]:
    """Masks that files' names may speak of: the mask, its photograph, and the rule."""
    stems = defaultdict(list)
    for name in folder.images:
        stems[_stem(name)].append(name)
    for stem, names in stems.items():
        base = _base(stem)
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
    """The rule in words: ``x_mask`` for ``7_mask`` of ``7``, and for ``7_mask_1``."""
    ending = stem.replace(base, "", 1)
    shown = re.sub(r"[_\-. ]*\(?\d+\)?$", "", ending)
    return f"{shown}x" if stem.endswith(base) and not stem.startswith(base) else f"x{shown}"

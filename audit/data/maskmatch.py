"""Which mask file belongs to which image, by their names alone."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from audit.errors import DataError

# Folders that say what lies in them, not which class it shows.
GENERIC = {
    *("mask", "masks", "trimap", "trimaps", "annotation", "annotations", "label", "labels"),
    *("segmentation", "segmentations", "segmentationclass", "segmentationobject", "seg", "segs"),
    *("gt", "groundtruth", "ground_truth", "image", "images", "img", "imgs", "jpegimages"),
    *("photo", "photos", "picture", "pictures", "data"),
}
_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val",
           "validation": "val", "test": "test", "testing": "test"}  # fmt: skip
_MARKED = re.compile(
    r"(.+?)[ _.-]+(?:mask|seg|segmentation|gt|groundtruth|trimap|label|matte)s?"
    r"(?:[ _.-]?\(?\d+\)?)?",
    re.IGNORECASE,
)
Key = tuple[str, ...]
KeyOf = Callable[[PurePosixPath], Key | None]


@dataclass(frozen=True)
class Joined:
    """Masks by image.

    Attributes
    ----------
    files : dict of str to tuple of Path
        By image name; several files of one image are to be united.
    rules : dict of str to int
        Images joined by each rule, in words.
    left : tuple of Path
        Files that belong to no image.
    """

    files: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    left: tuple[Path, ...] = ()


def match(folder: Path, files: Iterable[Path], classes: Mapping[str, str]) -> Joined:
    """Find the masks of each image, by one rule after the other, the strictest first.

    Parameters
    ----------
    folder : Path
    files : iterable of Path
        Below ``folder``.
    classes : mapping of str to str
        Class by image name. A mask in a folder of another class's name is never an image's.

    Raises
    ------
    DataError
        Two masks fit one image by the same rule.
    """
    masks = [_Mask.of(folder, file) for file in sorted(files)]
    images = [_Image(name, label) for name, label in classes.items()]
    names = {folded(label) for label in classes.values()}
    found: dict[str, tuple[Path, ...]] = {}
    rules: dict[str, int] = {}
    left: list[_Mask] = []
    for some in _exact_first(masks):
        for rule in _rules(names):
            open_images = [image for image in images if image.name not in found]
            if not some or not open_images:
                break
            new = dict(_join(rule, some, images, open_images, names))
            found |= {name: tuple(m.file for m in several) for name, several in new.items()}
            used = {mask.file for several in new.values() for mask in several}
            some = [mask for mask in some if mask.file not in used]
            if new:
                rules[rule.words] = rules.get(rule.words, 0) + len(new)
        left += some
    return Joined(found, rules, tuple(mask.file for mask in left))


def files_below(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """Files of these suffixes below a folder, hidden ones left out; links are followed."""
    wanted = set(suffixes)
    found: list[Path] = []
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        if _circular(Path(parent), folder):
            folders.clear()
            continue
        paths = [Path(parent, name) for name in sorted(names) if not name.startswith(".")]
        found += [path for path in paths if path.suffix.lower() in wanted and path.is_file()]
    return sorted(found)


def folded(text: str) -> str:
    """A name without what file systems disagree on: case, and how accents are composed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def readable(name: str) -> str:
    r"""A file name as records show it: ``caf\xe9`` where its bytes are not UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def refuse_ambiguous(folder: Path, left: Iterable[Path], names: Iterable[str]) -> None:
    """Raise where a mask in no sub-folder is named like several images: it must not go unused."""
    images: dict[str, list[str]] = defaultdict(list)
    for name in names:
        images[PurePosixPath(name).stem].append(name)
    for file in sorted(f for f in left if f.parent == folder):
        several = images.get(file.stem, []) or images.get(Path(file.stem).stem, [])
        if len(several) > 1:
            raise DataError(
                f"Mask {file} fits {len(several)} images ({several[0]}, {several[1]}, ...): "
                f"say which by its place, as in {folder / several[0]}.png."
            )


@dataclass(frozen=True)
class _Mask:
    file: Path
    path: PurePosixPath  # below the folder, without its suffix

    @classmethod
    def of(cls, folder: Path, file: Path) -> _Mask:
        relative = PurePosixPath(readable(file.relative_to(folder).as_posix()))
        return cls(file, relative.with_suffix(""))

    @cached_property
    def folders(self) -> frozenset[str]:
        return frozenset(map(folded, self.path.parent.parts))


@dataclass(frozen=True)
class _Image:
    name: str
    label: str

    @cached_property
    def path(self) -> PurePosixPath:
        return PurePosixPath(readable(self.name))


@dataclass(frozen=True)
class _Rule:
    """Images and masks of one key belong together; an image has one with its suffix, too.

    Attributes
    ----------
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


def _rules(classes: set[str]) -> list[_Rule]:
    generic = GENERIC - classes
    same, alike, tidy, plain = _parts, _folded_parts, _without(generic), _classed(generic)
    rules = [
        _Rule("by path", same, loose=False),
        _Rule("by path", alike, loose=False),
        _Rule("by folder and name", tidy),
        _Rule("by folder and name", plain),
        _Rule("by name alone", _name),
        _Rule("by name alone", _folded_name),
    ]
    marked: list[tuple[KeyOf, bool]] = [
        (alike, False), (tidy, True), (plain, True), (_folded_name, True)
    ]  # fmt: skip
    return rules + [
        _Rule("by a name like x_mask", key, loose, _unmarked(key), unite=True)
        for key, loose in marked
    ]


def _exact_first(masks: Sequence[_Mask]) -> tuple[list[_Mask], list[_Mask]]:
    """PNG files, then all others: a photograph may lie beside its mask."""
    exact = [mask for mask in masks if mask.file.suffix.lower() == ".png"]
    return exact, [mask for mask in masks if mask.file.suffix.lower() != ".png"]


def _join(
    rule: _Rule, masks: Sequence[_Mask], images: Sequence[_Image], wanted: Sequence[_Image],
    classes: set[str],
) -> Iterator[tuple[str, list[_Mask]]]:  # fmt: skip
    by_key: dict[Key, list[_Mask]] = defaultdict(list)
    for mask in masks:
        key = (rule.mask_key or rule.key)(mask.path)
        if key is not None:
            by_key[key].append(mask)
    bare = Counter(rule.key(image.path.with_suffix("")) for image in images)
    full = Counter(rule.key(image.path) for image in images)
    for image in wanted:
        fit = _candidates(rule, image, by_key, bare, full)
        if rule.loose:
            fit = [m for m in fit if not _of_another(m, image, classes)]
        if len(fit) > 1 and not rule.unite:
            pair = " and ".join(str(m.file) for m in fit[:2])
            raise DataError(f"Two masks fit the image {image.name}: {pair}. Remove one.")
        if fit:
            yield image.name, fit


def _candidates(
    rule: _Rule,
    image: _Image,
    masks: Mapping[Key, list[_Mask]],
    bare: Mapping[Key | None, int],
    full: Mapping[Key | None, int],
) -> list[_Mask]:
    """Masks of an image's key: a.png is that of a.jpg only if there is no a.webp beside it."""
    whole, stem = rule.key(image.path), rule.key(image.path.with_suffix(""))
    found: list[_Mask] = []
    if whole is not None and full[whole] == 1:
        found += masks.get(whole, [])
    if stem is not None and stem != whole and bare[stem] == 1:
        found += [mask for mask in masks.get(stem, []) if mask not in found]
    return found


def _of_another(mask: _Mask, image: _Image, classes: set[str]) -> bool:
    """Whether a mask lies in a folder named like a class, but not like the image's."""
    named = mask.folders & classes
    return bool(named) and folded(image.label) not in named


def _parts(path: PurePosixPath) -> Key:
    return path.parts


def _folded_parts(path: PurePosixPath) -> Key:
    return tuple(map(folded, path.parts))


def _name(path: PurePosixPath) -> Key:
    return (path.name,)


def _folded_name(path: PurePosixPath) -> Key:
    return (folded(path.name),)


def _without(generic: set[str]) -> Callable[[PurePosixPath], Key]:
    """Folders that name a class or a split, and the file's name."""

    def key(path: PurePosixPath) -> Key:
        *folders, name = _folded_parts(path)
        return *(_SPLITS.get(f, f) for f in folders if f not in generic), name

    return key


def _classed(generic: set[str]) -> KeyOf:
    """Folders that name a class, and the file's name; None where there are none."""
    tidy = _without(generic)

    def key(path: PurePosixPath) -> Key | None:
        *folders, name = tidy(path)
        kept = [f for f in folders if f not in _SPLITS.values()]
        return (*kept, name) if kept else None

    return key


def _unmarked(
    key: KeyOf,
) -> KeyOf:
    """The key of x for x_mask and x_mask_1."""

    def unmarked(path: PurePosixPath) -> Key | None:
        marked = _MARKED.fullmatch(path.name)
        return key(path.with_name(marked[1])) if marked else None

    return unmarked


def _circular(folder: Path, root: Path) -> bool:
    """Whether a linked folder leads back to one that it lies in."""
    above = [p for p in folder.parents if p == root or root in p.parents]
    return any(folder.samefile(parent) for parent in above)

"""Which mask file belongs to which image, by their names alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

from audit.data.filenames import folded, readable
from audit.data.masknames import base_of, is_image_name, is_mask_name, without_mask
from audit.data.splitnames import split_of_word
from audit.errors import DataError

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
    placed, classed = _placed(classes), _classed(classes)
    rules = [
        _Rule("by path", _parts, loose=False),
        _Rule("by path", _folded_parts, loose=False),
        _Rule("by folder and name", placed),
        _Rule("by folder and name", classed),
        _Rule("by name alone", _name),
        _Rule("by name alone", _folded_name),
    ]
    marked: list[tuple[KeyOf, bool]] = [
        (_folded_parts, False), (placed, True), (classed, True), (_folded_name, True)
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


def _placed(classes: set[str]) -> Callable[[PurePosixPath], Key]:
    """What folders say of classes and splits, but not of masks or images, and the file's name."""
    said = cache(lambda folder: _said_by(folder, classes))  # many files lie in each

    def key(path: PurePosixPath) -> Key:
        return *filter(None, map(said, path.parent.parts)), folded(path.name)

    return key


def _said_by(folder: str, classes: set[str]) -> str:
    """The split or class that a folder names: ``train`` for Training and train_masks."""
    name = folded(folder)
    if name in classes:
        return name
    if is_image_name(folder):
        return ""
    left = without_mask(folder) if is_mask_name(folder) else name
    return split_of_word(left) or left


def _classed(classes: set[str]) -> KeyOf:
    """Folders that name a class, and the file's name; None where there are none."""
    placed = _placed(classes)

    def key(path: PurePosixPath) -> Key | None:
        *folders, name = placed(path)
        kept = [f for f in folders if f in classes or not split_of_word(f)]
        return (*kept, name) if kept else None

    return key


def _unmarked(key: KeyOf) -> KeyOf:
    """The key of x for x_mask and x_mask_1."""

    def unmarked(path: PurePosixPath) -> Key | None:
        base = base_of(path.name)
        return key(path.with_name(base)) if base else None

    return unmarked

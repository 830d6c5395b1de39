"""Matching of mask files to images, by their names alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from audit.core.errors import DataError
from audit.datasets.filenames import folded, readable
from audit.masks.keys import Key, Rule, rules


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
    joining = _Joining(classes)
    left = [mask for some in _exact_first(masks) for mask in joining.join(some)]
    return Joined(joining.files, joining.rules, tuple(mask.file for mask in left))


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


def _exact_first(masks: Sequence[_Mask]) -> tuple[list[_Mask], list[_Mask]]:
    """Return PNG files, then all others: a photograph may lie beside its mask."""
    exact = [mask for mask in masks if mask.file.suffix.lower() == ".png"]
    return exact, [mask for mask in masks if mask.file.suffix.lower() != ".png"]


class _Joining:
    """Images to which masks are joined, more and more of them."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._images = [_Image(name, label) for name, label in classes.items()]
        self._classes = {folded(label) for label in classes.values()}
        self.files: dict[str, tuple[Path, ...]] = {}
        self.rules: dict[str, int] = {}

    def join(self, masks: list[_Mask]) -> list[_Mask]:
        """Give masks to images that have none yet; return what is left of them."""
        for rule in rules(self._classes):
            wanted = [image for image in self._images if image.name not in self.files]
            if not masks or not wanted:
                break
            masks = self._join_by(rule, masks, wanted)
        return masks

    def _join_by(self, rule: Rule, masks: list[_Mask], wanted: Iterable[_Image]) -> list[_Mask]:
        keyed, used = _Keyed(rule, masks, self._images), set[Path]()
        for image in wanted:
            fit = keyed.masks_of(image)
            if rule.loose:
                fit = [mask for mask in fit if not _of_another(mask, image, self._classes)]
            _refuse_two(rule, image, fit)
            if fit:
                self.files[image.name] = tuple(mask.file for mask in fit)
                self.rules[rule.words] = self.rules.get(rule.words, 0) + 1
                used.update(mask.file for mask in fit)
        return [mask for mask in masks if mask.file not in used]


class _Keyed:
    """Masks and images by their keys under one rule."""

    def __init__(self, rule: Rule, masks: Iterable[_Mask], images: Iterable[_Image]) -> None:
        self._key = rule.key
        self._bare = Counter(rule.key(image.path.with_suffix("")) for image in images)
        self._full = Counter(rule.key(image.path) for image in images)
        self._masks: dict[Key, list[_Mask]] = defaultdict(list)
        for mask in masks:
            key = (rule.mask_key or rule.key)(mask.path)
            if key is not None:
                self._masks[key].append(mask)

    def masks_of(self, image: _Image) -> list[_Mask]:
        """Return the masks of an image's key: a.png is a.jpg's only without an a.webp beside it."""
        whole, stem = self._key(image.path), self._key(image.path.with_suffix(""))
        found: list[_Mask] = []
        if whole is not None and self._full[whole] == 1:
            found += self._masks.get(whole, [])
        if stem is not None and stem != whole and self._bare[stem] == 1:
            found += [mask for mask in self._masks.get(stem, []) if mask not in found]
        return found


def _refuse_two(rule: Rule, image: _Image, fit: Sequence[_Mask]) -> None:
    if len(fit) > 1 and not rule.unite:
        pair = " and ".join(str(mask.file) for mask in fit[:2])
        raise DataError(f"Two masks fit the image {image.name}: {pair}. Remove one.")


def _of_another(mask: _Mask, image: _Image, classes: set[str]) -> bool:
    """Return whether a mask lies in a folder named like a class, but not like the image's."""
    named = mask.folders & classes
    return bool(named) and folded(image.label) not in named

"""Meaning of a data set's folders: splits, classes, and what is neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from audit.core.observation import Observation, Strength
from audit.core.wording import plural, some
from audit.datasets.filenames import readable
from audit.datasets.listing import Folder
from audit.datasets.splitnames import split_of
from audit.masks.names import is_image_name, is_mask_name

_RENAME = "name the folders train, validation and test, or move away those that are not splits"
_NO_CLASSES = frozenset(
    {"docs", "doc", "annotations", "annotation", "metadata", "labels", "splits", "scripts", "code"}
)


@dataclass
class Layout:
    """Folders of classes by split ("": none), and what was seen on the way.

    Attributes
    ----------
    classes : list of (split, folder)
    strays : list of Folder
        Folders whose images belong to no class.
    observations : list of Observation
    """

    classes: list[tuple[str, Folder]] = field(default_factory=list)
    strays: list[Folder] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)


def read_layout(root: Folder) -> Layout:
    """Tell splits from classes, by names and by what lies below; masks are taken out before."""
    layout = Layout()
    top = _inner(root)
    if top.images:
        layout.strays.append(Folder(top.path, images=top.images))
    tops = _worth(top)
    splits = _splits(tops)
    if not splits:
        _add_classes(layout, tops)
    else:
        _add_splits(layout, tops, splits)
    return layout


def _inner(folder: Folder) -> Folder:
    """Return the folder below, where one only wraps: ``seg_train/seg_train``, ``photos/images``."""
    held = [f for f in folder.folders.values() if f.holds_images()]
    while not folder.images and len(held) == 1 and _wraps(folder, held[0]):
        folder = held[0]
        held = [f for f in folder.folders.values() if f.holds_images()]
    return folder


def _wraps(outer: Folder, inner: Folder) -> bool:
    same = inner.name.casefold() == outer.name.casefold() or is_image_name(inner.name)
    return same and any(f.holds_images() for f in inner.folders.values())


def _worth(folder: Folder) -> list[Folder]:
    """Return sub-folders that may be classes or splits; empty ones unless named otherwise."""
    return [
        f
        for name, f in folder.folders.items()
        if f.holds_images() or not _is_other(name.casefold())
    ]


def _is_other(name: str) -> bool:
    named = is_mask_name(name) or is_image_name(name) or name in _NO_CLASSES
    return named or split_of(name) is not None


def _splits(tops: Sequence[Folder]) -> dict[str, str]:
    """Return splits by the paths of their folders; {} where the folders are classes."""
    held = [f for f in tops if f.holds_images()]
    if some_bare := _some_bare(held):
        return some_bare
    found = {f.path: s for f in tops if (s := split_of(f.name)) and _class_names(f)}
    plain = {path: split for path, (split, rest) in found.items() if not rest}
    if plain and len(plain) == len(held):
        return plain
    for chosen in (plain, _of_one_rest(found)):
        members = [f for f in tops if f.path in chosen]
        if len(set(chosen.values())) > 1 and _alike(members):
            return chosen
    return {}


def _some_bare(held: Sequence[Folder]) -> dict[str, str]:
    """Find splits, some of them without classes: ``train/CLASS/*.jpg`` beside ``test/*.jpg``."""
    named = {f.path: found[0] for f in held if (found := split_of(f.name)) and not found[1]}
    all_are = len(named) == len(held) and len(set(named.values())) > 1
    return named if all_are and any(_class_names(f) for f in held) else {}


def _of_one_rest(found: dict[str, tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    """Find splits to which all names add the same: ``flowers_train`` and ``flowers_test``."""
    rests = {rest for _, rest in found.values()}
    splits = [split for split, _ in found.values()]
    one = len(rests) == 1 and len(set(splits)) == len(splits)
    return {path: split for path, (split, _) in found.items()} if one else {}


def _class_names(folder: Folder) -> set[str]:
    inner = _inner(folder)
    return {readable(name) for name, f in inner.folders.items() if f.holds_images()}


def _alike(folders: Sequence[Folder]) -> bool:
    """Return whether folders hold sub-folders of the same names, by half at least."""
    names = [_class_names(f) for f in folders]
    first = max(names, key=len, default=set())
    return all(n and 2 * len(n & first) >= min(len(n), len(first)) for n in names)


def _add_splits(layout: Layout, tops: Sequence[Folder], splits: dict[str, str]) -> None:
    seen = Counter(splits.values())
    said = ", ".join(f"{readable(f.name)} as {splits[f.path]}" for f in tops if f.path in splits)
    words = f"{plural(len(seen), 'split')} found: {said}"
    layout.observations.append(Observation("splits", "Splits", words))
    for folder in tops:
        if folder.path in splits:
            inner = _inner(folder)
            if inner.images:
                layout.strays.append(Folder(inner.path, images=inner.images))
            layout.classes += [(splits[folder.path], f) for f in _worth(inner)]
    known = [f for f in tops if f.path in splits]
    layout.observations += _optional(known, [f for f in tops if f.path not in splits])
    layout.strays += [f for f in tops if f.path not in splits]


def _optional(splits: Sequence[Folder], others: Sequence[Folder]) -> Iterator[Observation]:
    """Observe folders beside the splits that hold the same classes: splits of another name."""
    for folder in others:
        if _alike([splits[0], folder]):
            words = (
                f"{readable(folder.name)} lies beside the splits and holds folders of the same "
                f"names ({some(sorted(_class_names(folder)))}), but is not named like a split"
            )
            yield Observation("splits", "Splits", words, "strong", _RENAME)


def _like_splits(held: Sequence[Folder]) -> list[Observation]:
    """Observe folders that are read as classes, but may be splits."""
    deep = [f for f in held if _class_names(f)]
    twins = [
        f for f in deep if split_of(f.name) and any(_alike([f, o]) for o in deep if o is not f)
    ]
    if twins:
        others = [f for f in deep if any(_alike([f, t]) for t in twins)]
        return [_seen(others, ": they look like splits, not classes", "strong", _RENAME)]
    splits = [found[0] for f in held if (found := split_of(f.name))]
    if len(splits) == len(held) and len(set(splits)) > 1 and not deep:
        words = f"{_listed(held)} are named like splits but hold no class folders"
        mend = "put the images of each class into a sub-folder, train/CLASS, or give a manifest"
        return [Observation("splits", "Splits", words, "strong", mend)]
    if len(deep) == len(held) > 1 and _are_groups(held):
        mend = "if the inner folders are the classes, give a manifest that says so"
        return [_seen(held, ", and are read as the classes", "weak", mend)]
    return []


def _are_groups(folders: Sequence[Folder]) -> bool:
    """Return whether all hold the same few folders, of two images or more each on average."""
    inner = sum(len(f.folders) for f in folders)
    images = sum(1 for f in folders for _ in f.files())
    return _alike(folders) and len(_class_names(folders[0])) > 1 and images >= 2 * inner


def _seen(folders: Sequence[Folder], how: str, strength: Strength, mend: str) -> Observation:
    names = some(sorted(_class_names(folders[0])))
    words = f"{_listed(folders)} hold folders of the same names ({names}){how}"
    return Observation("splits", "Splits", words, strength, mend)


def _listed(folders: Iterable[Folder]) -> str:
    names = [readable(f.name) for f in folders]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) < 4 else some(names)


def _add_classes(layout: Layout, tops: Sequence[Folder]) -> None:
    """Add classes at the top, by the splits that each holds, if any: ``CLASS/train``."""
    held = [f for f in tops if f.holds_images()]
    inner = [_inner_splits(f) for f in held]
    if held and all(inner) and len({s for found in inner for s, _ in found}) > 1:
        for folder, found in zip(held, inner, strict=True):
            layout.classes += [(s, Folder(folder.path, {f.name: f})) for s, f in found]
        layout.classes += [("train", f) for f in tops if not f.holds_images()]
        words = "Every class folder holds its own splits, like CLASS/train and CLASS/test"
        layout.observations.append(Observation("splits", "Splits", words))
    else:
        layout.classes += [("", f) for f in tops]
        layout.observations += _like_splits(held)


def _inner_splits(folder: Folder) -> list[tuple[str, Folder]]:
    """Return the splits of a class folder that holds nothing else; [] otherwise."""
    held = [f for f in folder.folders.values() if f.holds_images()]
    found = [(s[0], f) for f in held if (s := split_of(f.name)) and not s[1]]
    return found if not folder.images and len(found) == len(held) else []

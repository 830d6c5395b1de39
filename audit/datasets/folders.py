"""Listing of a folder of images: its classes, splits, and the masks that lie among them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.core.errors import DataError
from audit.core.observation import Observation, Strength
from audit.core.wording import are, plural, some, verb
from audit.datasets.classorder import Names
from audit.datasets.filenames import composed, readable, suffix_of, unique
from audit.datasets.formats import ARCHIVES, mend
from audit.datasets.layout import Layout, read_layout
from audit.datasets.leftout import images_among
from audit.datasets.listed import Listed, Photo
from audit.datasets.listing import Folder, list_folder
from audit.masks.beside import take_beside
from audit.masks.folders import FoundMasks, take_folders

_TO_MEND = "put the images of each class into a sub-folder, {root}/CLASS/*.jpg, or give a manifest"


def read_folder(root: Path) -> Listed:
    """List the photographs below ``root``; splits stay "" where it has none.

    Raises
    ------
    DataError
        There is no image in a class sub-folder, or a folder cannot be read.
    """
    listing = list_folder(root)
    masks = FoundMasks()
    take_folders(listing, masks)
    take_beside(listing, masks)
    layout = read_layout(listing)
    photos = _photos(root, layout, masks)
    if not photos:
        raise DataError(_nothing(root, listing, layout))
    spelled = _spelled(layout)
    listed = Listed(photos, Names(tuple(spelled), spelled))
    listed.mask_source = "beside" if masks.of else "manifest"
    listed.left_out = _left_out(layout)
    listed.observations += [
        *layout.observations, *_strays(layout, len(photos)), *_empty(listed),
        *_masks_seen(masks, photos), *_names_seen(photos, layout), *_lost(listing),
    ]  # fmt: skip
    return listed


def _photos(root: Path, layout: Layout, masks: FoundMasks) -> list[Photo]:
    start = len(os.path.join(root, ""))  # noqa: PTH118 - Path drops the last slash
    rows = [(s, readable(f.name), file) for s, f in layout.classes for file in f.files()]
    names = unique([file[start:].replace(os.sep, "/") for _, _, file in rows])
    return [
        Photo(name, file, label, split, tuple(masks.of.get(file, ())))
        for name, (split, label, file) in zip(names, rows, strict=True)
    ]


def _spelled(layout: Layout) -> dict[str, str]:
    """Return how the disk spells each class; of two forms the first when sorted, as Keras does."""
    spelled: dict[str, str] = {}
    for _, folder in layout.classes:
        label = readable(folder.name)
        spelled[label] = min(spelled.get(label, folder.name), folder.name, key=os.fsencode)
    return spelled


def _left_out(layout: Layout) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for _, folder in layout.classes:
        found.setdefault(readable(folder.name), []).extend(
            file for part in folder.walk() if part.others for file in _images_of(part)
        )
    return found


def _images_of(folder: Folder) -> list[str]:
    files = [folder.file(name) for name in folder.others]
    return images_among(files, map(folder.file, folder.images))


def _strays(layout: Layout, read: int) -> Iterator[Observation]:
    held = [(f, n) for f in layout.strays if (n := sum(1 for _ in f.files()))]
    count = sum(n for _, n in held)
    if held:
        where = some(readable(f.name) for f, _ in held)
        how = verb(count, "lies in no class folder and is", "lie in no class folder and are")
        words = f"{plural(count, 'image')} in {where} {how} left out"
        strength: Strength = "strong" if count > read else "weak"
        yield Observation("folders", "Folders of no class", words, strength,
                          "move them into the folders of their classes, or elsewhere")  # fmt: skip


def _empty(listed: Listed) -> Iterator[Observation]:
    with_images = {photo.label for photo in listed.photos}
    empty = [name for name in listed.names.listed if name not in with_images]
    if empty:
        hold = verb(len(empty), "holds", "hold")
        words = (
            f"{len(empty)} of {len(listed.names.listed)} class folders {hold} no readable image "
            f"({some(empty)}); such folders stay classes, as in Keras"
        )
        yield Observation("empty-classes", "Empty classes", words, "weak",
                          "fill these folders, or remove those that are not classes")  # fmt: skip


def _lost(listing: Folder) -> Iterator[Observation]:
    lost = [folder.file(name) for folder in listing.walk() for name in folder.lost]
    if lost:
        first = f"{readable(lost[0])} to {readable(os.readlink(lost[0]))}"  # noqa: PTH115
        what = plural(len(lost), "link with an image's name leads", "links with images' names lead")
        words = f"{what} nowhere, as {first}, and {verb(len(lost), 'is', 'are')} left out"
        mend = "bring the files to where these links lead, or remove the links"
        yield Observation("links", "Links to nowhere", words, "weak", mend)


def _masks_seen(masks: FoundMasks, photos: Sequence[Photo]) -> Iterator[Observation]:
    several = next((found for found in masks.folders.values() if len(found) > 1), None)
    if several:
        words = f"Masks of one photograph lie in several folders ({some(sorted(several))})"
        mend = "keep the folder of masks of the subject, or give it as --masks"
        yield _of_masks(words, "strong", mend)
    if masks.of:
        bare = sum(not photo.masks for photo in photos)
        yield _of_masks(_whose(masks, bare), "weak" if bare else "fine")
    if masks.loose:
        words = (
            f"{are(len(masks.loose), 'file')} left out that lie in folders named like masks but "
            f"fit no photograph, such as {readable(masks.loose[0])}"
        )
        yield _of_masks(words, "weak", "name each mask after its photograph")


def _of_masks(words: str, strength: Strength, mend: str = "") -> Observation:
    return Observation("masks-beside", "Masks among the photographs", words, strength, mend)


def _whose(masks: FoundMasks, bare: int) -> str:
    rules = ", ".join(f"{count:,} {rule}" for rule, count in masks.rules.most_common(4))
    files, whose = are(sum(masks.rules.values()), "file"), plural(len(masks.of), "photograph")
    others = f"; {plural(bare, 'photograph')} {verb(bare, 'has', 'have')} none" if bare else ""
    return f"{files} masks of {whose} ({rules}){others}"


def _names_seen(photos: Sequence[Photo], layout: Layout) -> Iterator[Observation]:
    odd = [photo.name for photo in photos if not _is_utf8(photo.path)]
    if odd:
        words = f"{are(len(odd), 'file name')} not UTF-8 and shown like {odd[0]}"
        yield Observation("names", "Names of files", words)
    forms: dict[str, set[str]] = {}
    for _, folder in layout.classes:
        forms.setdefault(readable(folder.name), set()).add(folder.name)
    both = [label for label, names in forms.items() if len(names) > 1]
    if both:
        words = (
            f"Folders spell {some(both)} with composed and with separate accents: read as one class"
        )
        yield Observation("names", "Names of classes", words)


def _is_utf8(path: str) -> bool:
    return path.isascii() or composed(path) == readable(path)


def _nothing(root: Path, listing: Folder, layout: Layout) -> str:
    """Say why no photograph was found, and the mend."""
    to_mend = _TO_MEND.format(root=root)
    direct = sum(len(f.images) for f in layout.strays)
    if direct:
        return f"{root} holds {plural(direct, 'image')}, but no folders of classes: {to_mend}."
    others = list(listing.leftovers())
    archive = next((file for file in others if file.lower().endswith(ARCHIVES)), None)
    if archive:
        return f"{root} holds no images but the archive {readable(archive)}: unpack it."
    unread = images_among(others, [])
    if unread:
        return _unread(root, unread)
    return f"{root} holds no images in class sub-folders: {to_mend}."


def _unread(root: Path, files: Sequence[str]) -> str:
    first = readable(os.path.basename(files[0]))  # noqa: PTH119
    held = f"{plural(len(files), 'image file')} such as {first}"
    return f"{root} holds no images that can be read, but {held}: {mend(suffix_of(first))}."

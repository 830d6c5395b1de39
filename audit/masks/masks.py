"""Sources of each image's mask: an ordered chain, from trusted to made."""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pooch
from numpy.typing import NDArray

from audit.core.errors import BrokenImageError, DataError
from audit.core.observation import Observation
from audit.core.track import Track, silent
from audit.datasets.contents import short_hash
from audit.datasets.dataset import (
    FOREGROUND,
    SPLITS,
    UNKNOWN,
    UNUSABLE,
    Dataset,
    Decoded,
    Filed,
    Item,
    one_an_image,
)
from audit.masks.files import FolderMasks, MaskFiles, ValuedMasks, fit
from audit.masks.grabcutpool import AHEAD, in_order
from audit.masks.match import Joined
from audit.masks.official import OfficialMasks, unpack
from audit.masks.reading import (
    bad_observation,
    join_observations,
    value_observation,
)
from audit.masks.segmenter import GRABCUT, Pool, identity, maker, pool_of, source_of
from audit.masks.stated import AUTO, Stated, stated
from audit.masks.values import read_mask
from audit.storage.run import write_whole

__all__ = ["BadMask", "Masks", "doubt", "make", "read_mask"]

log = logging.getLogger("audit")
Trimap = NDArray[np.uint8]
TINY, FULL, MOSTLY = 0.01, 0.95, 0.5  # shares beyond which a mask is suspect
_ARCHIVE = re.compile(r".*\.(tgz|tar|tar\.gz)", re.IGNORECASE)


@dataclass(frozen=True)
class BadMask:
    """A mask that cannot be used: unreadable, of odd values or another shape, or never made.

    Attributes
    ----------
    reason : str
        One line that names its file, or its image.
    """

    reason: str

    @property
    def doubt(self) -> str:
        """Words that records say of it."""
        return f"{UNUSABLE}: {self.reason}"


Given = Trimap | BadMask | None


class Masks:
    """Masks of a data set, each from the first source in order of trust that has one.

    The order: what the data set brings (``planted``, ``manifest``), mask files (``folder``), the
    official segmentations (``official``), what is made here (``grabcut``, or ``segmenter``), and
    else ``none``.

    Parameters
    ----------
    dataset : Dataset
    path : Path, optional
        Folder of masks or of the official segmentations, or the official ``.tgz``, which is
        unpacked into the user's cache.
    grabcut : bool
        Segment what no source knows.
    segmenter : str
        By what: ``grabcut``, ``rembg`` or a command, as the setting of this name has it.
    brought : bool
        Use what the data set brings itself.
    subject, unknown : str
        Values of mask files that are the subject, and that are unknown, as ``255`` or ``1-8,15``;
        ``auto``: found on a sample of the files.

    Raises
    ------
    ConfigError
        ``subject`` or ``unknown`` are no values.
    DataError
        ``path`` is missing, or none of its files belongs to an image.
    """

    def __init__(
        self,
        dataset: Dataset,
        path: Path | None = None,
        *,
        grabcut: bool = True,
        segmenter: str = GRABCUT,
        brought: bool = True,
        subject: str = AUTO,
        unknown: str = AUTO,
    ) -> None:
        said = stated(subject, unknown)
        self._dataset = dataset
        self._brings = dataset.mask_source if brought else ""
        self._named = _named(dataset, said) if self._brings else None
        self._files = _files(path, dataset, said) if path else []
        self.grabcut = grabcut
        self.segmenter = segmenter

    @property
    def maker(self) -> str:
        """Name of what segments images without a mask; "" where nothing does."""
        return maker(self.segmenter) if self.grabcut else ""

    @property
    def sources(self) -> list[MaskFiles]:
        """Sources that are files, in order of trust."""
        return [*([self._named] if self._named else []), *self._files]

    @property
    def draws(self) -> bool:
        """True where the data set draws masks itself, which takes a while for each."""
        return bool(self._brings) and self._named is None

    def has_own(self, item: Item) -> bool:
        """Return whether an image has a mask that is not made here, be it a bad one."""
        if any(files.has(item.name) for files in self.sources):
            return True
        return self.draws and self._dataset.trimap(item) is not None

    def own(self, item: Item, size: tuple[int, int]) -> tuple[Trimap | None, str]:
        """Return the trusted trimap of an image of ``size`` (height, width), and its source.

        Raises
        ------
        DataError
            The mask cannot be read, or does not fit the image.
        """
        trimap, source, where = self.unfitted(item)
        return (None if trimap is None else fit(trimap, size, where)), source

    def unfitted(self, item: Item) -> tuple[Trimap | None, str, object]:
        """Return the trusted trimap of an image in its own size, its source, and what names it.

        Raises
        ------
        DataError
            The mask cannot be read.
        """
        brought = self._brought(item)
        if brought is not None:
            return brought, self._brings, f"of {item.name}"
        for files in self.sources:
            if files.has(item.name):
                trimap, file = files.read(item.name)
                return trimap, files.name, file
        return None, "none", ""

    def observations(self) -> list[Observation]:
        """Observe what masks were joined to which images, what values mean, and which are bad.

        Reads at most 500 masks of each source.
        """
        images = sum(len(self._dataset.items(split)) for split in SPLITS)
        by_class = classes_of(self._dataset)
        found = [f for f in self.sources if isinstance(f, ValuedMasks) and f.any()]
        told = [o for files in found for o in (value_observation(files), bad_observation(files))]
        return [*join_observations(self.sources, by_class, images, self.maker), *told]

    def stream(
        self, pairs: Iterable[tuple[Item, Decoded]], workers: int
    ) -> Generator[tuple[Item, Decoded, Given, str], None, None]:
        """Add each image's trimap and source, in order; memory does not grow with the stream.

        Parameters
        ----------
        pairs : iterable of (item, image)
            As `Dataset.images` yields them. A broken image has no mask.
        workers : int
            Processes that segment, started when the first image needs it; 0: in line.

        Yields
        ------
        item, image, trimap, source
            uint8 ``(h, w)`` of the image's size, and its source; None and ``none`` without. In
            place of a mask that cannot be used its `BadMask`, with ``none``: nothing else stands
            in for it unasked, nor for one that a segmenter failed to make.
        """
        with closing(pool_of(self.segmenter, workers)) as pool:
            jobs = ((pair, self._begin(pool, *pair)) for pair in pairs)
            for (item, image), (trimap, source) in in_order(jobs, AHEAD * workers):
                yield item, image, trimap, source

    def fingerprint(self) -> str:
        """Return a short hash of the sources: kind and content of files, and the segmenter."""
        parts = [self._brings, *(f"{f.name}:{f.fingerprint()}" for f in self._files)]
        parts += [identity(self.segmenter)] if self.grabcut else []
        return hashlib.sha256("\t".join(parts).encode()).hexdigest()[:16]

    def _begin(self, pool: Pool, item: Item, image: Decoded) -> Callable[[], tuple[Given, str]]:
        if isinstance(image, BrokenImageError):
            return lambda: (None, "none")
        try:
            known = self.own(item, image.shape[:2])
        except DataError as error:
            bad = BadMask(str(error))
            return lambda: (bad, "none")
        if known[0] is not None or not self.grabcut:
            return lambda: known
        made = pool.start(image)
        return lambda: self._made(made, item)

    def _made(self, wait: Callable[[], Trimap], item: Item) -> tuple[Given, str]:
        try:
            return wait(), source_of(self.segmenter)
        except DataError as error:
            return BadMask(f"{self.maker} failed on {item.name}: {str(error).rstrip('.')}."), "none"

    def _brought(self, item: Item) -> Trimap | None:
        """Return what a data set draws itself; its masks in files are read as all files are."""
        return self._dataset.trimap(item) if self.draws else None


def classes_of(dataset: Dataset) -> dict[str, str]:
    """Return the class of every item, by its name."""
    return {item.name: dataset.classes[item.label] for item in _items(dataset)}


def _items(dataset: Dataset) -> Iterator[Item]:
    return (item for split in SPLITS for item in dataset.items(split))


def _named(dataset: Dataset, said: Stated) -> ValuedMasks | None:
    """Return the mask files that a data set names itself."""
    if not isinstance(dataset, Filed):
        return None
    named = dataset.mask_paths()
    joined = Joined(named, {"as it says itself": len(named)})
    return ValuedMasks(dataset.mask_source, joined, said)


def _files(path: Path, dataset: Dataset, said: Stated) -> list[MaskFiles]:
    """Return the sources in a folder or archive, those with no match left out."""
    classes = {item.image: dataset.classes[item.label] for item in _items(dataset)}
    names = list(classes)
    if path.is_file() and _ARCHIVE.fullmatch(path.name):
        path = unpack(path, _cache(path))
    if not path.is_dir():
        what = "is neither a folder nor a .tgz archive" if path.exists() else "does not exist"
        raise DataError(f"--masks {path} {what}: give a folder of masks, or 102segmentations.tgz.")
    images = dataset.paths() if isinstance(dataset, Filed) else set()
    found: list[MaskFiles] = [FolderMasks(path, classes, images, said), OfficialMasks(path, names)]
    found = [files for files in found if files.any()]
    if not found:
        example = Path(names[0]).with_suffix(".png").name if names else "NAME.png"
        raise DataError(
            f"No file in --masks {path} is named like an image of {dataset.name}: "
            f"expected names like {example}."
        )
    image_of = {item.name: item.image for item in _items(dataset)}
    for files in found:
        files.share(image_of)
    return found


def _cache(archive: Path) -> Path:
    """Return where an archive is unpacked: another place for every other content."""
    return Path(pooch.os_cache("flower-audit")) / f"masks-{short_hash(archive)}"


def doubt(trimap: Trimap | BadMask) -> str:
    """Say why a mask is suspect, in a few words; "" if it is not.

    Parameters
    ----------
    trimap : uint8 ``(h, w)``
        255 foreground, 0 background, 128 unknown. Areas are shares of what is known.
    """
    if isinstance(trimap, BadMask):
        return trimap.doubt
    foreground = trimap == FOREGROUND
    known = np.count_nonzero(trimap != UNKNOWN)
    if known < (1 - MOSTLY) * trimap.size:
        return f"mostly unknown ({1 - known / trimap.size:.0%} of the image)"
    share = np.count_nonzero(foreground) / known
    if share == 0:
        return "no flower"
    if share < TINY:
        return f"tiny ({share:.1%} of the image)"
    if share > FULL:
        return f"full ({share:.0%} of the image)"
    sides = foreground[0], foreground[-1], foreground[:, 0], foreground[:, -1]
    return "touches all four sides" if all(side.any() for side in sides) else ""


def trusted(given: Given) -> Trimap | None:
    """Return a trimap without doubt; None where there is none, or one that is bad or suspect."""
    return None if given is None or isinstance(given, BadMask) or doubt(given) else given


def fingerprints(dataset: Dataset, masks: Masks) -> dict[str, str]:
    """Return hashes by which data is known again: of images and labels, and of masks."""
    return {"fingerprint": dataset.fingerprint(), "masks": masks.fingerprint()}


def make(
    dataset: Dataset,
    items: Sequence[Item],
    masks: Masks,
    out: Path,
    workers: int,
    track: Track = silent,
) -> dict[str, int]:
    """Write the trimap of each image as ``out/NAME.png``; keep what is already there.

    Returns
    -------
    dict
        How many masks were written, by source; ``kept`` were there before, ``none`` got none, and
        ``bad`` have one that cannot be used, which the log names.

    Raises
    ------
    DataError, RunFolderError
        A file cannot be written.
    """
    targets, images = _targets(dataset, items, out), one_an_image(items)
    todo = [item for item in images if not targets[item.image].exists()]
    counts: dict[str, int] = {"kept": len(images) - len(todo)}
    stream: Iterable[Any] = masks.stream(dataset.images(todo), workers)
    for item, _, trimap, source in track(stream, "Making masks", len(todo)):
        source = "bad" if isinstance(trimap, BadMask) else source
        counts[source] = counts.get(source, 0) + 1
        if isinstance(trimap, BadMask):
            log.warning("%s", trimap.reason)
        elif trimap is not None:
            _write(targets[item.image], trimap)
    return counts


def _targets(dataset: Dataset, items: Iterable[Item], out: Path) -> dict[str, Path]:
    """Return ``a.png`` for ``a.jpg``, or ``a.jpg.png`` where there is an ``a.webp`` too."""
    images = {item.image for item in _items(dataset)}
    stems = Counter(Path(name).with_suffix("") for name in images)
    targets: dict[str, Path] = {}
    for name in (item.image for item in items):
        alone = stems[Path(name).with_suffix("")] == 1
        target = out / (Path(name).with_suffix(".png") if alone else f"{name}.png")
        if not target.resolve().is_relative_to(out.resolve()):
            raise DataError(f"The image {name} lies outside its data set: rename it.")
        targets[name] = target
    return targets


def _write(file: Path, trimap: Trimap) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"Cannot write {file.parent}: {error.strerror}.") from error
    encoded = cv2.imencode(".png", trimap)[1]
    write_whole(file, encoded.tobytes())

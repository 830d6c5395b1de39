"""Where each image's mask comes from: an ordered chain of sources, from trusted to made."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pooch
from numpy.typing import NDArray

from audit.data.dataset import FLOWER, SPLITS, UNKNOWN, Dataset, Decoded, Item
from audit.data.grabcutpool import AHEAD, GrabCutPool, in_order
from audit.data.maskfiles import MaskFiles, PngMasks, fit, read_mask
from audit.data.official import OfficialMasks, unpack
from audit.errors import BrokenImageError, DataError
from audit.runfolder import write_whole
from audit.track import Track, silent

__all__ = ["Masks", "doubt", "make", "read_mask"]

Trimap = NDArray[np.uint8]
TINY, FULL, MOSTLY = 0.01, 0.95, 0.5  # shares beyond which a mask is suspect
_ARCHIVE = re.compile(r".*\.(tgz|tar|tar\.gz)", re.IGNORECASE)


class Masks:
    """Masks of a data set, each from the first source in order of trust that has one.

    The order: what the data set brings (``planted``, ``manifest``), PNG files (``folder``), the
    official segmentations (``official``), GrabCut (``grabcut``), and else ``none``.

    Parameters
    ----------
    dataset : Dataset
    path : Path, optional
        Folder of PNG masks or of the official segmentations, or the official ``.tgz``, which is
        unpacked into the user's cache.
    grabcut : bool
        Segment what no source knows.
    brought : bool
        Use what the data set brings itself.

    Raises
    ------
    DataError
        ``path`` is missing, or none of its files belongs to an image.
    """

    def __init__(
        self,
        dataset: Dataset,
        path: Path | None = None,
        *,
        grabcut: bool = True,
        brought: bool = True,
    ) -> None:
        self._dataset = dataset
        self._brings = dataset.mask_source if brought else ""
        self._files = _files(path, dataset) if path else []
        self._grabcut = grabcut

    def has_own(self, item: Item) -> bool:
        """Whether an image has a mask that was not made by GrabCut."""
        if any(files.has(item.name) for files in self._files):
            return True
        return bool(self._brings) and self._dataset.trimap(item) is not None

    def own(self, item: Item, size: tuple[int, int]) -> tuple[Trimap | None, str]:
        """The trusted trimap of an image of ``size`` (height, width), and its source.

        Raises
        ------
        DataError
            The mask cannot be read, or does not fit the image.
        """
        brought = self._dataset.trimap(item) if self._brings else None
        if brought is not None:
            return fit(brought, size, f"of {item.name}"), self._brings
        for files in self._files:
            if files.has(item.name):
                trimap, file = files.read(item.name)
                return fit(trimap, size, file), files.name
        return None, "none"

    def stream(
        self, pairs: Iterable[tuple[Item, Decoded]], workers: int
    ) -> Iterator[tuple[Item, Decoded, Trimap | None, str]]:
        """Add each image's trimap and source, in order; memory does not grow with the stream.

        Parameters
        ----------
        pairs : iterable of (item, image)
            As `Dataset.images` yields them. A broken image has no mask.
        workers : int
            Processes for GrabCut, started when the first image needs it; 0: in line.

        Yields
        ------
        item, image, trimap, source
            uint8 ``(h, w)`` of the image's size, and its source; None and ``none`` without.
        """
        with closing(GrabCutPool(workers)) as pool:
            jobs = ((pair, self._begin(pool, *pair)) for pair in pairs)
            for (item, image), (trimap, source) in in_order(jobs, AHEAD * workers):
                yield item, image, trimap, source

    def fingerprint(self) -> str:
        """Short hash of the sources: kind and content of the files, and whether GrabCut helps."""
        parts = [self._brings, *(f"{f.name}:{f.fingerprint()}" for f in self._files)]
        parts += ["grabcut"] if self._grabcut else []
        return hashlib.sha256("\t".join(parts).encode()).hexdigest()[:16]

    def _begin(
        self, pool: GrabCutPool, item: Item, image: Decoded
    ) -> Callable[[], tuple[Trimap | None, str]]:
        if isinstance(image, BrokenImageError):
            return lambda: (None, "none")
        known = self.own(item, image.shape[:2])
        if known[0] is not None or not self._grabcut:
            return lambda: known
        made = pool.start(image)
        return lambda: (made(), "grabcut")


def _files(path: Path, dataset: Dataset) -> list[MaskFiles]:
    """The sources in a folder or archive, those with no match left out."""
    names = [item.name for split in SPLITS for item in dataset.items(split)]
    if path.is_file() and _ARCHIVE.fullmatch(path.name):
        path = unpack(path, _cache(path))
    if not path.is_dir():
        what = "is neither a folder nor a .tgz archive" if path.exists() else "does not exist"
        raise DataError(
            f"--masks {path} {what}: give a folder of PNG masks, or 102segmentations.tgz."
        )
    found: list[MaskFiles] = [PngMasks(path, names), OfficialMasks(path, names)]
    found = [files for files in found if files.any()]
    if not found:
        example = Path(names[0]).with_suffix(".png").name if names else "NAME.png"
        raise DataError(
            f"No file in --masks {path} is named like an image of {dataset.name}: "
            f"expected names like {example}."
        )
    return found


def _cache(archive: Path) -> Path:
    """Where an archive is unpacked: another place for every other content."""
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return Path(pooch.os_cache("flower-audit")) / f"masks-{digest}"


def doubt(trimap: Trimap) -> str:
    """Why a mask is suspect, in a few words; "" if it is not.

    Parameters
    ----------
    trimap : uint8 ``(h, w)``
        255 flower, 0 background, 128 unknown. Areas are shares of what is known.
    """
    flower = trimap == FLOWER
    known = np.count_nonzero(trimap != UNKNOWN)
    if known < (1 - MOSTLY) * trimap.size:
        return f"mostly unknown ({1 - known / trimap.size:.0%} of the image)"
    share = np.count_nonzero(flower) / known
    if share == 0:
        return "no flower"
    if share < TINY:
        return f"tiny ({share:.1%} of the image)"
    if share > FULL:
        return f"full ({share:.0%} of the image)"
    sides = flower[0], flower[-1], flower[:, 0], flower[:, -1]
    return "touches all four sides" if all(side.any() for side in sides) else ""


def fingerprints(dataset: Dataset, masks: Masks) -> dict[str, str]:
    """Hashes by which data is known again: of images and labels, and of masks."""
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
        How many masks were written, by source; ``kept`` were there before, ``none`` got none.

    Raises
    ------
    DataError, RunFolderError
        A mask cannot be read; a file cannot be written.
    """
    targets = _targets(dataset, items, out)
    todo = [item for item in items if not targets[item.name].exists()]
    counts: dict[str, int] = {"kept": len(items) - len(todo)}
    stream: Iterable[Any] = masks.stream(dataset.images(todo), workers)
    for item, _, trimap, source in track(stream, "Making masks", len(todo)):
        counts[source] = counts.get(source, 0) + 1
        if trimap is not None:
            _write(targets[item.name], trimap)
    return counts


def _targets(dataset: Dataset, items: Iterable[Item], out: Path) -> dict[str, Path]:
    """``a.png`` for ``a.jpg``, or ``a.jpg.png`` where there is an ``a.webp`` too."""
    stems = Counter(Path(i.name).with_suffix("") for s in SPLITS for i in dataset.items(s))
    targets: dict[str, Path] = {}
    for name in (item.name for item in items):
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
        raise DataError(f"Cannot write {file.parent}: {error.strerror}.") from None
    encoded = cv2.imencode(".png", trimap)[1]
    write_whole(file, encoded.tobytes())

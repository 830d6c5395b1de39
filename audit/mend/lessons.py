"""What a model is taught by: features of photographs, and of their parts set elsewhere."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import BrokenImageError, DataError
from audit.core.track import Track
from audit.datasets.batches import in_batches
from audit.datasets.dataset import Dataset, Item, stratified
from audit.datasets.decode import resize
from audit.interventions.composites import paste
from audit.interventions.pool import BackgroundPool, taken_apart
from audit.masks.masks import Masks
from audit.mend.maps import Maps, keep
from audit.storage.run import write_whole

Features = NDArray[np.float32]
Images = list[NDArray[np.uint8]]
MOST = 6000  # photographs that are taught
MASKED = 900  # of these, whose foreground is put on other backgrounds: each needs a mask
DONORS = 96  # backgrounds, at least
MOVES = 2  # other backgrounds for each
PART = 64  # photographs; what a kill can cost at most
_PASS = 32  # images a call
_SEED = 0


@dataclass(frozen=True)
class Lessons:
    """Features of all that a last layer is taught by and judged on; none is of a test image.

    Attributes
    ----------
    items : sequence of Item
        Photographs, n of them.
    photos : float32 ``(n, channels)``
    rows : int64 ``(m,)``
        Photographs whose mask tells foreground and background apart.
    alone : float32 ``(m, channels)``
        Of their backgrounds, the foreground filled in.
    moved : float32 ``(m, MOVES, channels)``
        Of their foregrounds on backgrounds of other images, of whatever class.
    maps : Maps, optional
        What the last block reads of photographs, then of each of ``rows`` as `alone` and `moved`
        have them.
    """

    items: Sequence[Item]
    photos: Features
    rows: NDArray[np.int64]
    alone: Features
    moved: Features
    maps: Maps | None = None

    @property
    def labels(self) -> NDArray[np.int64]:
        """Classes of the photographs, int64 ``(n,)``."""
        return np.array([item.label for item in self.items], np.int64)

    @property
    def held(self) -> NDArray[np.bool_]:
        """Whether each photograph was held out while the model was trained, bool ``(n,)``."""
        return np.array([item.split == "validation" for item in self.items], bool)

    def map_rows(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return rows among the maps, int64 ``(k,)``, of moved foregrounds ``(k, 2)``."""
        return len(self.items) + pairs[:, 0] * (1 + MOVES) + 1 + pairs[:, 1]


@dataclass(frozen=True)
class Teacher:
    """What lessons are made with.

    Attributes
    ----------
    features : callable
        Gives float32 ``(n, channels)`` of uint8 images ``(n, H, W, 3)``.
    pool : callable
        Draws the other backgrounds, which takes masks: called only where any are needed.
    size : int
        Side of the model's input.
    folder : Path
        Finished parts of the features are kept in it.
    maps : callable, optional
        Gives float16 ``(n, h, w, channels)`` of such images, where the last block is taught, too.
    share : float
        Of `MOST` and `MASKED` that are taught, 0..1.
    """

    dataset: Dataset
    masks: Masks
    pool: Callable[[], BackgroundPool]
    features: Callable[[NDArray[np.uint8]], Features]
    size: int
    folder: Path
    workers: int
    track: Track
    maps: Callable[[NDArray[np.uint8]], NDArray[np.float16]] | None = None
    share: float = 1.0

    def lessons(self) -> Lessons:
        """Make the lessons, or read what was made of them.

        Raises
        ------
        DataError
            No image of a training or validation split can be read.
        """
        chosen = _chosen(self.dataset, int(MOST * self.share))
        read, photos = self._each("photos", chosen, self._photographs)
        if not read:
            raise DataError(
                f"{self.dataset.name} has no readable image to teach the last layer by: a "
                "validation or training split is needed, test images are never taught."
            )
        masked = _masked(read, int(MASKED * self.share))
        split, parts = self._each("moved", masked, self._set_elsewhere)
        if not split:
            parts = np.zeros((0, 1 + MOVES, photos.shape[-1]), np.float32)
        rows = {item.name: row for row, item in enumerate(read)}
        return Lessons(
            items=read,
            photos=photos[:, 0],
            rows=np.array([rows[item.name] for item in split], np.int64),
            alone=parts[:, 0],
            moved=parts[:, 1:],
            maps=None if self.maps is None else Maps(self._map_files()),
        )

    def _map_files(self) -> list[Path]:
        """Return the files of all maps, in the order of photographs and of what was moved."""
        kinds = product(("photos", "moved"), ("train", "validation"))
        found = (sorted(self.folder.glob(f"{kind}-{split}-*.npy")) for kind, split in kinds)
        return [file for files in found for file in files]

    def _photographs(self, items: Sequence[Item]) -> Iterator[Images | None]:
        """Yield each photograph; None of a broken one."""
        if not items:
            return
        for _, image in self.track(self.dataset.images(items), "Mend: photographs", len(items)):
            yield None if isinstance(image, BrokenImageError) else [resize(image, self.size)]

    def _set_elsewhere(self, items: Sequence[Item]) -> Iterator[Images | None]:
        """Yield each background alone, then the foreground on others; None without a mask."""
        if not items:
            return
        pool = self.pool()
        stream = self.masks.stream(self.dataset.images(items), self.workers)
        shown = self.track(stream, "Mend: other backgrounds", len(items))
        for found in taken_apart(shown, self.size):
            if found is None:
                yield None
                continue
            item, photo, parts = found
            behind = pool.backgrounds[pool.drawn(item.name, MOVES)]
            moved = [paste(photo, parts.opacity, b) for b in behind]
            yield [np.rint(i).astype(np.uint8) for i in (parts.removed, *moved)]

    def _each(
        self,
        kind: str,
        items: Mapping[str, Sequence[Item]],
        show: Callable[[Sequence[Item]], Iterator[Images | None]],
    ) -> tuple[list[Item], Features]:
        """Return what `_parts` does of all splits: a stream keeps the order of one of them."""
        found = [self._parts(f"{kind}-{split}", own, show) for split, own in items.items() if own]
        features = [made for _, made in found if len(made)]
        empty = np.zeros((0, 1 + MOVES, 0), np.float32)
        read = [item for own, _ in found for item in own]
        return read, np.concatenate(features) if features else empty

    def _parts(
        self,
        kind: str,
        items: Sequence[Item],
        show: Callable[[Sequence[Item]], Iterator[Images | None]],
    ) -> tuple[list[Item], Features]:
        """Return the items that are shown, and features ``(m, images each, channels)`` of them."""
        parts = list(in_batches(items, PART))
        files = [self.folder / f"{kind}-{number:04d}.npz" for number in range(len(parts))]
        read = [_read(file, part) for file, part in zip(files, parts, strict=True)]
        kept = {n: found for n, found in enumerate(read) if found is not None}
        left = [n for n in range(len(parts)) if n not in kept]
        stream = show([item for n in left for item in parts[n]])
        for n in left:
            kept[n] = self._made(files[n], islice(stream, len(parts[n])))
            _write(files[n], parts[n], *kept[n])
        made = [kept[n] for n in range(len(parts))]
        shown = np.concatenate([np.zeros(0, bool), *(each[0] for each in made)])
        found = [each[1] for each in made if len(each[1])]
        own = [item for item, is_shown in zip(items, shown, strict=True) if is_shown]
        return own, np.concatenate(found) if found else np.zeros((0, 1 + MOVES, 0), np.float32)

    def _made(
        self, file: Path, stream: Iterable[Images | None]
    ) -> tuple[NDArray[np.bool_], Features]:
        """Return which of a part are shown, and their features; write their maps before those."""
        entries = list(stream)
        shown = np.array([entry is not None for entry in entries], bool)
        images = [image for entry in entries if entry for image in entry]
        if not images:
            return shown, np.zeros((0, 1, 0), np.float32)
        batches = [np.stack(batch) for batch in in_batches(images, _PASS)]
        if self.maps is not None:
            maps = np.concatenate([self.maps(batch) for batch in batches])
            keep(file.with_suffix(".npy"), maps)
        features = np.concatenate([self.features(batch) for batch in batches])
        return shown, features.reshape(int(shown.sum()), -1, features.shape[-1])


def _chosen(dataset: Dataset, most: int) -> dict[str, list[Item]]:
    """Return photographs by split: of those that were held out as many as there are."""
    held = stratified(dataset.items("validation"), most, _SEED)
    return {
        "train": stratified(dataset.items("train"), most - len(held), _SEED),
        "validation": held,
    }


def _masked(items: Sequence[Item], most: int) -> dict[str, list[Item]]:
    """Return the photographs that are taken apart by split, as many of either where they are."""
    of = {split: [i for i in items if i.split == split] for split in ("train", "validation")}
    fewer = min(len(own) for own in of.values())
    each = max(most - fewer, most // 2)
    return {split: stratified(own, each, _SEED) for split, own in of.items()}


def _read(file: Path, part: Sequence[Item]) -> tuple[NDArray[np.bool_], Features] | None:
    """Read a finished part; None where it is to be made."""
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as held:
            same = held["names"].tolist() == [item.name for item in part]
            return (held["shown"], held["features"]) if same else None
    except (OSError, ValueError, KeyError):  # torn: it is made again
        return None


def _write(file: Path, part: Sequence[Item], shown: Any, features: Any) -> None:
    buffer = io.BytesIO()
    names = np.array([item.name for item in part])
    np.savez(buffer, names=names, shown=shown, features=features)
    write_whole(file, buffer.getvalue())

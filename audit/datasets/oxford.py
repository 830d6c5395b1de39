"""Oxford Flowers 102 (Nilsback and Zisserman 2008) through TensorFlow Datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from numpy.typing import NDArray

from audit.core.errors import (
    OFFLINE,
    AuditError,
    BrokenImageError,
    DataError,
    DownloadError,
    first_line,
)
from audit.core.observation import Observation
from audit.core.track import Track, silent
from audit.datasets.contents import Contents
from audit.datasets.dataset import SPLITS, Decoded, Item, fingerprint, stratified
from audit.datasets.decode import decode
from audit.storage.download import fetch

NAME = "oxford_flowers102"
PRACTICE_TRAIN, PRACTICE_TEST = 5000, 1000


class OxfordFlowers:
    """8,189 photographs of 102 species.

    Parameters
    ----------
    data_dir : Path, optional
        Folder of TensorFlow Datasets (default: ``~/tensorflow_datasets``).
    download : bool
        Download and prepare the data where it is missing.
    splits : str
        ``official`` (1020 train, 1020 validation, 6149 test), or ``practice``: 5000 to train, 1000
        to test, drawn from all by class with ``seed``, and the rest as validation; or ``all``:
        every image to test.
    seed : int
    track : Track
        Shows the progress of downloads.

    Raises
    ------
    DataError
        The data is not there and cannot, or may not, be downloaded.
    """

    name = NAME
    mask_source = ""

    def __init__(
        self,
        data_dir: Path | None,
        *,
        download: bool,
        splits: str = "official",
        seed: int = 0,
        track: Track = silent,
    ) -> None:
        self._builder = _prepared(data_dir, download, track)
        self.classes: tuple[str, ...] = tuple(self._builder.info.features["label"].names)
        self.contents = Contents()
        official = [item for split in SPLITS for item in self._read_items(split)]
        self._home = {item.name: item.split for item in official}
        self._items = _divided(official, splits, seed)

    def items(self, split: str) -> list[Item]:
        """Return the items of one split, in the order of the files they are stored in."""
        return [item for item in self._items if item.split == split]

    def images(self, items: Sequence[Item]) -> Iterator[tuple[Item, Decoded]]:
        """Yield each item with its RGB image, or with the error that decoding it gave."""
        wanted = {item.name: item for item in items}
        homes = {self._home[name] for name in wanted}
        for split in (split for split in SPLITS if split in homes):
            for example in self._stream(split):
                item = wanted.pop(example["file_name"].decode(), None)
                if item is not None:
                    yield item, _decoded(example["image"], item.name)
                if not wanted:
                    return

    def trimap(self, item: Item) -> NDArray[np.uint8] | None:
        """Return None: the data set brings no masks."""
        return None

    def fingerprint(self) -> str:
        """Return a short hash of names, labels and splits."""
        return fingerprint(self._items)

    def observations(self) -> list[Observation]:
        """Return no observation: how these images are stored is known."""
        return []

    def know(self, earlier: Contents) -> None:
        """Hold the images, all of which were read at the start, against an earlier run's."""
        self.contents.know(earlier, {})

    def orders(self) -> dict[str, tuple[str, ...]]:
        """Return no other order: these classes have one."""
        return {}

    def _read_items(self, split: str) -> Iterator[Item]:
        for example in self._stream(split):
            name = example["file_name"].decode()
            self.contents.heed(name, example["image"])
            yield Item(name, int(example["label"]), split)

    def _stream(self, split: str) -> Iterator[dict[str, Any]]:
        stored = self._builder.as_dataset(
            split=split,
            shuffle_files=False,
            decoders={"image": tfds.decode.SkipDecoding()},
            read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
        )
        return iter(tfds.as_numpy(stored))


def _decoded(content: bytes, name: str) -> Decoded:
    try:
        return decode(content, name)
    except BrokenImageError as error:
        return error


def _prepared(data_dir: Path | None, download: bool, track: Track) -> Any:
    try:
        builder = tfds.builder(NAME, data_dir=data_dir)
        if builder.info.splits.total_num_examples:
            return builder
    except Exception as error:  # TFDS raises many kinds for a torn or foreign folder
        raise DataError(f"Cannot open {NAME} in {data_dir}: {first_line(error)}.") from None
    if not download:
        where = data_dir or "~/tensorflow_datasets"
        raise DataError(f"{NAME} is not prepared in {where} and --no-download is set. {OFFLINE}.")
    try:
        _download(builder, track)
        builder.download_and_prepare()
    except DownloadError as error:
        raise DataError(f"Cannot download {NAME}: {error}. {OFFLINE}.") from None
    except AuditError:
        raise
    except Exception as error:  # a full disk, an archive of another layout
        raise DataError(f"Cannot prepare {NAME}: {first_line(error)[:300]}. {OFFLINE}.") from None
    return builder


def _download(builder: Any, track: Track) -> None:
    """Put the files where TFDS looks before it downloads any, smallest first.

    Its own downloads wait for ever for a server that hangs, and start again where they broke off.
    """
    folder = Path(builder.data_dir_root).expanduser() / "downloads" / "manual"
    for url, info in sorted(builder.url_infos.items(), key=lambda pair: int(pair[1].size)):
        fetch(url, f"sha256:{info.checksum}", folder, track)


def _divided(official: list[Item], splits: str, seed: int) -> list[Item]:
    if splits == "all":
        return [Item(i.name, i.label, "test") for i in official]
    return official if splits == "official" else _practice(official, seed)


def _practice(official: Sequence[Item], seed: int) -> list[Item]:
    test = {i.name for i in stratified(official, PRACTICE_TEST, seed)}
    rest = [i for i in official if i.name not in test]
    train = {i.name for i in stratified(rest, PRACTICE_TRAIN, seed)}

    def split(name: str) -> str:
        return "test" if name in test else "train" if name in train else "validation"

    return [Item(i.name, i.label, split(i.name)) for i in official]

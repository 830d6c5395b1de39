"""Hashes of a run's images: kept before anything rests on them, compared when it is gone on."""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.errors import DataError
from audit.datasets.dataset import Dataset, Item
from audit.storage.run import RunFolder


def keep_contents(folder: RunFolder, dataset: Dataset) -> None:
    """Keep the hashes of the images read so far."""
    if len(dataset.contents):
        folder.keep(folder.contents_file, dataset.contents.table().to_parquet(index=False))


def add_fingerprint(folder: RunFolder, dataset: Dataset, tested: Sequence[Item]) -> None:
    """Keep one hash of all test images, by which they are known again."""
    content = dataset.contents.of(item.image for item in tested).fingerprint()
    if content:
        folder.update_manifest(data=folder.manifest()["data"] | {"content": content})


def restore_contents(folder: RunFolder, dataset: Dataset, tested: Sequence[Item]) -> None:
    """Read the images anew where the file of their hashes is torn: they must be the same ones."""
    known = folder.manifest()["data"].get("content")
    if known is None or folder.has(folder.contents_file):
        return
    for _ in dataset.images(tested):
        pass
    if dataset.contents.of(item.image for item in tested).fingerprint() != known:
        raise DataError(
            f"The images are not those that {folder.root} was begun with (other content): put "
            "back what was there, or begin another run."
        )
    keep_contents(folder, dataset)


def add_skipped(folder: RunFolder, skipped: Sequence[tuple[Item, str]]) -> None:
    """Keep which images could not be read, whatever step met them."""
    data = folder.manifest()["data"]
    rows = [{"name": i.name, "split": i.split, "reason": reason} for i, reason in skipped]
    known = {(row["name"], row["split"]): row for row in [*data.get("skipped", []), *rows]}
    folder.update_manifest(data=data | {"skipped": list(known.values())})

"""Makes and inspects the masks of a data set, whatever model may use them."""

from __future__ import annotations

from pathlib import Path

from audit.core.errors import DataError
from audit.core.redact import Shown
from audit.core.track import Track, silent
from audit.datasets.dataset import SPLITS, Item, stratified
from audit.datasets.open import open_dataset
from audit.masks import inspect
from audit.masks.contactsheet import contact_sheet
from audit.masks.masks import Masks, make
from audit.masks.segmenter import maker
from audit.masks.source import masks_of, settled
from audit.settings import Config, change
from audit.storage.run import write_whole

SHEET_ROW = 12  # cases in each group of a contact sheet


def make_masks(config: Config, out: Path, *, track: Track = silent) -> dict[str, int]:
    """Write the test images' masks as PNG trimaps; return how many came from each source."""
    config = settled(config, track=track)
    dataset = open_dataset(config, track=track)
    masks = masks_of(config, dataset, track)
    return make(
        dataset, _sample(dataset.items("test"), config), masks, out, config.run.workers, track
    )


def inspect_masks(
    config: Config, against: Path | None, sheet: Path, *, track: Track = silent
) -> inspect.Agreement:
    """Compare the masks of ``config`` with ``against`` (None: what is made); write a contact sheet.

    Raises
    ------
    DataError
        No image has a mask of its own to compare with.
    """
    config = settled(config, track=track)
    dataset = open_dataset(config, track=track)
    ours = masks_of(change(config, grabcut=False, segmenter="grabcut"), dataset, track)
    segmenter = config.masks.segmenter
    theirs = Masks(dataset, against, grabcut=against is None, segmenter=segmenter, brought=False)
    items = [item for split in SPLITS for item in dataset.items(split) if ours.has_own(item)]
    if not items:
        raise DataError("No image has a mask to compare with: give --masks FOLDER.")
    items = _sample(items, config)
    table = inspect.compare(dataset, items, ours, theirs, config.run.workers, track)
    groups = {
        group: inspect.cases(dataset, items, ours, theirs, names)
        for group, names in inspect.extremes(table, SHEET_ROW).items()
    }
    shown = Shown()  # a sheet is made to be sent
    labels = (
        shown.location(str(config.masks.masks or dataset.mask_source)),
        shown.location(str(against or maker(segmenter))),
    )
    write_whole(sheet, contact_sheet(groups, labels))
    return inspect.summarise(table)


def _sample(items: list[Item], config: Config) -> list[Item]:
    return stratified(items, config.data.limit, config.run.seed) if config.data.limit else items

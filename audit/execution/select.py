"""Choice of the test images that are predicted, and of those that are explained."""

from __future__ import annotations

from audit.core.errors import DataError
from audit.datasets.dataset import Dataset, Item, stratified
from audit.masks.masks import Masks
from audit.settings import Config


def select(dataset: Dataset, masks: Masks, config: Config) -> tuple[list[Item], list[Item]]:
    """Choose items to predict and items to explain, both in the data set's order.

    ``limit`` samples the test split by class. ``explain`` samples again, and keeps every image
    that has a mask of its own besides: hand-made masks are too precious to leave out.

    Raises
    ------
    DataError
        The test split is empty.
    """
    tested = dataset.items("test")
    if not tested:
        raise DataError(f"{dataset.name} has no images in its test split.")
    if config.data.limit:
        tested = stratified(tested, config.data.limit, config.run.seed)
    if not config.explain.explain:
        return tested, tested
    own = {item.name for item in tested if masks.has_own(item)}
    rest = [item for item in tested if item.name not in own]
    chosen = own | {item.name for item in stratified(rest, config.explain.explain, config.run.seed)}
    return tested, [item for item in tested if item.name in chosen]

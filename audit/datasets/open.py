"""One function that opens the data set that a config names."""

from __future__ import annotations

from collections.abc import Sequence

from audit.config import Config
from audit.core.track import Track, silent
from audit.datasets.dataset import Dataset


def open_dataset(
    config: Config, classes: Sequence[str] | None = None, track: Track = silent
) -> Dataset:
    """Open the data set of ``config``; each kind is imported only when it is asked for.

    Parameters
    ----------
    classes : sequence of str, optional
        Classes in the order of the model's outputs, instead of ``config.class_order``.

    Raises
    ------
    DataError
        The data is missing or unusable.
    """
    if config.dataset == "planted":
        from audit.datasets.planted import Planted
        from audit.datasets.planted.worlds import WORLDS

        return Planted(seed=config.seed, world=WORLDS[config.world])
    if config.images is not None:
        from audit.datasets.imagefiles import ImageFiles

        return ImageFiles(
            config.images,
            seed=config.seed,
            class_order=config.class_order if classes is None else classes,
            white_level=config.white_level,
            all_test=config.splits == "all",
        )
    from audit.datasets.oxford import OxfordFlowers

    return OxfordFlowers(
        config.data_dir,
        download=config.download,
        splits=config.splits,
        seed=config.seed,
        track=track,
    )

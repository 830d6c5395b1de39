"""One function that opens the data set that a config names."""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.track import Track, silent
from audit.datasets.dataset import Dataset
from audit.settings import Config


def open_dataset(
    config: Config, classes: Sequence[str] | None = None, track: Track = silent
) -> Dataset:
    """Open the data set of ``config``; each kind is imported only when it is asked for.

    Parameters
    ----------
    classes : sequence of str, optional
        Classes in the order of the model's outputs, instead of ``config.data.class_order``.

    Raises
    ------
    DataError
        The data is missing or unusable.
    """
    if config.data.dataset == "planted":
        from audit.datasets.planted import Planted
        from audit.datasets.planted.worlds import WORLDS

        return Planted(seed=config.run.seed, world=WORLDS[config.data.world])
    if config.data.images is not None:
        from audit.datasets.imagefiles import ImageFiles

        return ImageFiles(
            config.data.images,
            seed=config.run.seed,
            class_order=config.data.class_order if classes is None else classes,
            white_level=config.data.white_level,
            all_test=config.data.splits == "all",
            labels=config.data.labels,
        )
    from audit.datasets.oxford import OxfordFlowers

    return OxfordFlowers(
        config.data.data_dir,
        download=config.data.download,
        splits=config.data.splits,
        seed=config.run.seed,
        track=track,
    )

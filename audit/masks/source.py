"""Masks that a run takes: the words of ``--masks``, and what Oxford's images get without any."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.core.errors import AuditError, ConfigError, DataError
from audit.core.track import Track, silent
from audit.datasets.dataset import Dataset
from audit.masks import official
from audit.masks.masks import Masks
from audit.masks.segmenter import maker, refuse_unusable
from audit.settings import Config, change
from audit.storage.download import address, reach

OFFICIAL, GRABCUT = Path("official"), Path("grabcut")
WORDS = (OFFICIAL, GRABCUT)
PATIENCE = 3.0  # seconds to wait for masks that a run can do without

log = logging.getLogger("audit")


def settled(
    config: Config, begun: Mapping[str, Any] | None = None, track: Track = silent
) -> Config:
    """Decide once where the masks come from, so that no later step has to; say it in the log.

    Oxford's official segmentations are fetched into the user's cache where they can be had, else
    GrabCut, or another segmenter, takes their place.

    Parameters
    ----------
    config : Config
    begun : Mapping, optional
        Settings that the run was begun with: it goes on with their masks.

    Returns
    -------
    Config
        For Oxford's images, ``masks`` is a path, ``official`` or ``grabcut``; None is what runs
        of earlier versions were begun with, and means ``grabcut``.

    Raises
    ------
    ConfigError
        ``official`` is asked for with other images, or a segmenter that is not there.
    DataError
        ``official`` is asked for and cannot be had.
    """
    refuse_unusable(config.masks.segmenter)
    if config.data.dataset != "oxford_flowers102":
        if config.masks.masks == OFFICIAL:
            raise ConfigError(
                "--masks official are of Oxford Flowers 102 alone: give --masks FOLDER with masks "
                "of these images."
            )
        return config
    asked = config.masks.segmenter != GRABCUT.name  # in vain where all have official masks
    if config.masks.masks is None and not begun and not asked:
        return change(config, masks=_to_be_had(config, track))
    masks = config.masks.masks or (_word(begun) if begun else GRABCUT)
    if masks == OFFICIAL:
        if not config.data.download:
            _require_own_copy()
        _say_official(track)
    elif masks in (None, GRABCUT):
        log.info("Masks: %s.", _made(config))
    return change(config, masks=masks)


def mask_path(config: Config, track: Track = silent) -> Path | None:
    """Return the folder or archive of a settled config's masks; None where there is none.

    Raises
    ------
    DataError
        The official segmentations cannot be had.
    """
    if config.masks.masks == OFFICIAL:
        return official.fetched(track)
    return None if config.masks.masks == GRABCUT else config.masks.masks


def masks_of(config: Config, dataset: Dataset, track: Track = silent) -> Masks:
    """Return the masks of a settled config; raises as `mask_path` and `Masks` do."""
    return Masks(
        dataset,
        mask_path(config, track),
        grabcut=config.masks.grabcut,
        segmenter=config.masks.segmenter,
        subject=config.masks.mask_subject,
        unknown=config.masks.mask_unknown,
    )


def _word(begun: Mapping[str, Any]) -> Path | None:
    masks = Path(begun.get("masks") or "")
    return masks if masks in WORDS else None


def _made(config: Config) -> str:
    return maker(config.masks.segmenter) if config.masks.grabcut else "none"


def _to_be_had(config: Config, track: Track) -> Path:
    try:
        if not official.unpacked():
            _ask(config)
        _say_official(track)
    except AuditError as error:
        log.info("Masks: %s, not the official ones: %s", _made(config), error)
        return GRABCUT
    return OFFICIAL


def _say_official(track: Track) -> None:
    log.info("Masks: the official segmentations, in %s.", official.fetched(track))


def _require_own_copy() -> None:
    if not official.unpacked():
        raise DataError(
            f"The official masks are not in {official.cache()} and --no-download is set: leave it "
            "out, or give --masks FILE.tgz or --masks grabcut."
        )


def _ask(config: Config) -> None:
    """See in a short time whether the official segmentations can be fetched."""
    if not config.data.download:
        raise ConfigError("--no-download is set")
    reach(address(official.URL), PATIENCE)

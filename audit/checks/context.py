"""The run in the making that every step of a sweep, and every check after it, works with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.checks.preflight.outcome import Preflight
from audit.core.track import Track
from audit.datasets.dataset import Dataset, Item
from audit.masks.masks import Masks
from audit.settings import Config
from audit.storage.run import RunFolder

if TYPE_CHECKING:
    from audit.execution.engine import Engine
    from audit.interventions.pool import BackgroundPool
    from audit.models.base import Differentiable


@dataclass(frozen=True, kw_only=True)
class Context:
    """A run in the making.

    Attributes
    ----------
    folder : RunFolder
        What is made is written into it.
    config, dataset, masks
        Settings, with the source of the masks settled; images of all splits; their masks.
    preflight : Preflight
        What all these were taken for, before the model answered.
    hashes : dict of str
        Of names and labels of the images, of masks, and of files that training starts from.
    classifier : Differentiable
        Of the given or the trained model.
    pool : BackgroundPool or None
        Backgrounds to put foregrounds on; None where nothing is tested so.
    engine : Engine
        Predicts and explains; its clock adds up where time goes.
    tested, explained : sequence of Item
        Test images, and those of them that are explained.
    track : Track
        Shows progress.
    """

    folder: RunFolder
    config: Config
    dataset: Dataset
    masks: Masks
    preflight: Preflight
    hashes: dict[str, str]
    classifier: Differentiable
    pool: BackgroundPool | None
    engine: Engine
    tested: Sequence[Item]
    explained: Sequence[Item]
    track: Track

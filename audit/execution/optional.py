"""Explainers that no verdict rests on, of the images chosen for them, scored like the others.

They come after the verdict: it may choose the images.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import AuditError
from audit.datasets.dataset import FOREGROUND, UNKNOWN, Dataset, stratified
from audit.execution.record import Record, score_columns
from audit.execution.select import select
from audit.explainers.base import Explainer
from audit.explainers.lacking import stand_ins
from audit.explainers.localisation import Localisation, localise
from audit.explainers.registry import besides
from audit.masks.masks import Masks
from audit.masks.sample import Sample
from audit.models.askedabout import asked_about
from audit.models.base import Classifier
from audit.settings import Config
from audit.storage.heatmaps import Maps
from audit.storage.records import NOT_SAMPLED
from audit.verdict.verdict import ACCUSED

Heatmaps = Mapping[str, NDArray[np.float32]]


def refuse_missing(config: Config) -> None:
    """Raise `ConfigError` where an explainer that is asked for, or what it needs, is missing."""
    for explainer in explainers(config).values():
        explainer.libraries()


def explainers(config: Config) -> dict[str, Explainer]:
    """Return the optional explainers that a config asks for, by key."""
    settings = config.flat()
    return {key: kind.of(settings) for key, kind in besides(config.explain.explainers).items()}


def manifest_entry(config: Config, classifier: Classifier) -> dict[str, Any]:
    """Describe them for the manifest, for a report where they are not installed."""
    made = stand_ins(classifier) | explainers(config)
    found = {key: e.about._asdict() for key, e in made.items()}
    return {"explainers": found} if found else {}


def sampled(dataset: Dataset, masks: Masks, config: Config) -> set[str]:
    """Name the images that optional explainers are asked about whatever their verdict."""
    if config.explain.explain_sample is None and config.explain.explain_flagged:
        return set()
    _, explained = select(dataset, masks, config)
    count = config.explain.explain_sample or len(explained)
    return {item.name for item in stratified(explained, count, config.run.seed)}


def optional_explainers(
    classifier: Classifier, dataset: Dataset, masks: Masks, config: Config
) -> OptionalExplainers | None:
    """Return what explains chosen images by optional explainers; None where none is asked for.

    What stands in for explainers that the model lacks has explained every image already.
    """
    made, asked = stand_ins(classifier), explainers(config)
    if not (made or asked):
        return None
    names = sampled(dataset, masks, config) if asked else set()
    return OptionalExplainers(made | asked, classifier, names, config.explain.explain_flagged)


def explain_one(
    explainer: Explainer,
    image: NDArray[np.float32],
    target: int,
    classifier: Classifier,
    name: str,
) -> NDArray[np.float32]:
    """Heatmap ``(H, W)`` of one image by anybody's explainer; NaN all over, or nowhere.

    Raises
    ------
    AuditError
        The explainer gives something else.
    """
    given = explainer(image[None], np.array([target]), classifier, [name])
    found = np.asarray(given, np.float32)
    if found.shape != (1, *image.shape[:2]):
        raise AuditError(
            f"The explainer {explainer.key!r} gives heatmaps of shape {found.shape}, not "
            f"{(1, *image.shape[:2])}: mend its package, or leave it out of --explainers."
        )
    return found[0] if np.isfinite(found).all() else np.full_like(found[0], np.nan)


class OptionalExplainers:
    """Explainer of images that are sampled, or flagged by their verdict; it scores the heatmaps.

    Parameters
    ----------
    explain : mapping
        Optional explainers by key.
    classifier : Classifier
        The model to explain.
    names : collection of str
        Images that are sampled.
    flagged : bool
        Explain images whose verdict points to the background, too.
    """

    def __init__(
        self,
        explain: Mapping[str, Explainer],
        classifier: Classifier,
        names: Collection[str],
        flagged: bool,
    ) -> None:
        self.explainers = tuple(explain)
        self.dense = {key for key, explainer in explain.items() if explainer.storage == "dense"}
        self._explain = explain
        self._classifier = classifier
        self._names = names
        self._flagged = flagged

    def __call__(
        self, sample: Sample, record: Record, maps: Maps, made: Heatmaps | None = None
    ) -> tuple[Record, Maps]:
        """Add figures to a record and heatmaps to its maps; NaN and a reason where not chosen.

        Parameters
        ----------
        made : mapping of float32 ``(H, W)``
            Heatmaps that the image has already, by key.
        """
        found = self._heatmaps(sample, record, made or {})
        mask, valid = sample.trimap == FOREGROUND, sample.trimap != UNKNOWN
        missing = Localisation(reason=NOT_SAMPLED)
        scores = {
            key: localise(found[key], mask, valid) if key in found else missing
            for key in self.explainers
        }
        return record | score_columns(scores), replace(maps, optional=found) if found else maps

    def _heatmaps(
        self, sample: Sample, record: Record, made: Heatmaps
    ) -> dict[str, NDArray[np.float32]]:
        """Return those that are made, and those that are asked for where the image is chosen."""
        found = {key: made[key] for key in self._explain if key in made}
        if not self._chosen(sample, record):
            return found
        image = sample.image.astype(np.float32)
        classifier = asked_about(self._classifier, sample.item.label)
        asked = record["prediction"], classifier, sample.item.image
        return {
            key: found[key] if key in found else explain_one(explainer, image, *asked)
            for key, explainer in self._explain.items()
        }

    def _chosen(self, sample: Sample, record: Record) -> bool:
        flagged = self._flagged and record["verdict"] in ACCUSED
        return flagged or sample.item.name in self._names

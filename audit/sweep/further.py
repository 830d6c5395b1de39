"""LIME and SHAP of the images chosen for them, scored like the other heatmaps.

They come after the verdict, which does not rest on them: it may choose the images.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from audit.config import Config
from audit.data.dataset import FLOWER, UNKNOWN, Dataset, stratified
from audit.data.masks import Masks
from audit.explain.asking import Explain, library
from audit.explain.lime import Lime
from audit.explain.shap import Shap
from audit.heatmaps import Maps
from audit.models.classifier import Classifier
from audit.score.localisation import Localisation, localise
from audit.score.verdict import ACCUSED, FURTHER_TITLES
from audit.storage.records import NOT_SAMPLED
from audit.sweep.record import Record, Sample, score_columns
from audit.sweep.select import select

_PACKAGES = {"lime": ("lime.lime_image", "skimage.segmentation"), "shap": ("shap",)}


def check(config: Config) -> None:
    """Raise `ConfigError` where the package of an explainer that is asked for is missing."""
    for name in config.further:
        for module in _PACKAGES[name]:
            library(module, FURTHER_TITLES[name])


def explainers(classifier: Classifier, config: Config) -> dict[str, Explain]:
    """The further explainers that a config asks for, by name."""

    def predict(images: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(classifier.logits(images))

    found: dict[str, Explain] = {}
    if "lime" in config.further:
        found["lime"] = Lime(predict, config.lime_samples)
    if "shap" in config.further:
        found["shap"] = Shap(predict, config.shap_evals)
    return found


def sampled(dataset: Dataset, masks: Masks, config: Config) -> set[str]:
    """Names of the images that further explainers are asked about whatever their verdict."""
    if config.explain_sample is None and config.explain_flagged:
        return set()
    _, explained = select(dataset, masks, config)
    count = config.explain_sample or len(explained)
    return {item.name for item in stratified(explained, count, config.seed)}


def further_of(
    classifier: Classifier, dataset: Dataset, masks: Masks, config: Config
) -> Further | None:
    """What explains chosen images by LIME and SHAP; None where neither is asked for."""
    if not config.further:
        return None
    names = sampled(dataset, masks, config)
    return Further(explainers(classifier, config), names, config.explain_flagged)


class Further:
    """Explains images that are sampled, or flagged by their verdict, and scores the heatmaps.

    Parameters
    ----------
    explain : mapping
        Further explainers by name.
    names : collection of str
        Images that are sampled.
    flagged : bool
        Explain images whose verdict points to the background, too.
    """

    def __init__(self, explain: Mapping[str, Explain], names: Collection[str], flagged: bool):
        self.explainers = tuple(explain)
        self._explain = explain
        self._names = names
        self._flagged = flagged

    def __call__(self, sample: Sample, record: Record, maps: Maps) -> tuple[Record, Maps]:
        """Add figures to a record and heatmaps to its maps; NaN and a reason where not chosen."""
        if not self._chosen(sample, record):
            missing = Localisation(reason=NOT_SAMPLED)
            return record | score_columns(dict.fromkeys(self.explainers, missing)), maps
        image, target = sample.image.astype(np.float32), record["prediction"]
        found = {name: e(image, target, sample.item.name) for name, e in self._explain.items()}
        mask, valid = sample.trimap == FLOWER, sample.trimap != UNKNOWN
        scores = {name: localise(heatmap, mask, valid) for name, heatmap in found.items()}
        return record | score_columns(scores), replace(maps, further=found)

    def _chosen(self, sample: Sample, record: Record) -> bool:
        flagged = self._flagged and record["verdict"] in ACCUSED
        return flagged or sample.item.name in self._names

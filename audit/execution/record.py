"""Record and maps of one image, from what a model and its explainers said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.edits import EDITS
from audit.core.registries import JUDGED
from audit.datasets.dataset import FOREGROUND, UNKNOWN, UNUSABLE, Item
from audit.explainers.localisation import NAN, Localisation, area, centre_gaussian, localise, weigh
from audit.interventions.causal import Causes, Edited
from audit.interventions.composites import grown
from audit.interventions.tested import REACH, Tested
from audit.masks.sample import Sample
from audit.settings.verdict import Thresholds
from audit.storage.heatmaps import Maps
from audit.storage.records import NOT_AVAILABLE, REACHES, VARIED, columns_of, record_schema
from audit.verdict.judging import verdict_columns
from audit.verdict.verdict import Labels, Verdict

Record = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """Truth of one answer, where the data set can draw its scene otherwise.

    Attributes
    ----------
    without_shortcut : int
        The answer for the same scene without its shortcut; -1 where none is drawn.
    effect : float
        Log-odds of the explained class beyond their mean over the counterfactuals; NaN without any.
    survival : float
        Share of the counterfactuals that keep the answer, 0..1; NaN without any.
    """

    without_shortcut: int = -1
    effect: float = NAN
    survival: float = NAN


@dataclass(frozen=True)
class Explanation:
    """Answer of the model, and heatmaps of class ``prediction`` by the explainers.

    Attributes
    ----------
    lacks : mapping of str
        As the classifier has it: the heatmaps of these are NaN.
    stand_ins : mapping of float32 ``(H, W)``
        Heatmaps of `audit.explainers.lacking.stand_ins`, by key.
    """

    logits: NDArray[np.float32]
    prediction: int
    gradcam: NDArray[np.float32]
    ig: NDArray[np.float32]
    ig_steps: int
    ig_completeness_error: float
    truth: Known = Known()
    tested: Tested = field(default_factory=Tested)
    lacks: Mapping[str, str] = field(default_factory=dict)
    stand_ins: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def maps_of(sample: Sample, finding: Explanation) -> Maps:
    """Return what the report draws this image from."""
    coarse, tested = finding.gradcam.astype(np.float16), finding.tested
    region = np.zeros(sample.trimap.shape, bool) if tested.region is None else tested.region
    donors = np.array(tested.donors, np.int16)
    return Maps(
        name=sample.item.name,
        image=sample.image,
        trimap=sample.trimap,
        gradcam=coarse,
        ig=finding.ig,
        region=region,
        donors=donors,
    )


def record_of(
    sample: Sample,
    finding: Explanation,
    classes: tuple[str, ...],
    thresholds: Thresholds,
    words: Labels,
) -> Record:
    """Return the record of an explained image; see `record_schema` for the columns."""
    valid = sample.trimap != UNKNOWN
    maps, tested = maps_of(sample, finding), finding.tested
    heatmaps = {name: maps.heatmap(name) for name in JUDGED}
    in_the_middle = {"centre": centre_gaussian(valid.shape)}
    record = {
        **_identity(sample.item, classes),
        "skipped": "",
        "prediction": finding.prediction,
        "prediction_name": classes[finding.prediction],
        "correct": finding.prediction == sample.item.label,
        "confidence": float(softmax(finding.logits)[finding.prediction]),
        "logit": float(finding.logits[finding.prediction]),
        "mask_source": sample.mask_source,
        "mask_doubt": sample.mask_doubt,
        "valid_share": float(valid.mean()),
        **_evidence(
            localise,
            heatmaps | in_the_middle,
            sample.trimap == FOREGROUND,
            valid,
            tested.causes,
            classes,
        ),
        **{f"{key}_reason": f"{NOT_AVAILABLE} {why}" for key, why in finding.lacks.items()},
        "ig_steps": finding.ig_steps,
        "ig_completeness_error": finding.ig_completeness_error,
        "prediction_without_shortcut": finding.truth.without_shortcut,
        "true_effect": finding.truth.effect,
        "true_survival": finding.truth.survival,
    }
    record |= _varied(sample, heatmaps, tested, classes)
    # Without its mask nothing is known of an image: the mask's error says why.
    bad = sample.mask_doubt if sample.mask_doubt.startswith(UNUSABLE) else ""
    found = verdict_columns(record, thresholds, words)
    if bad:
        found |= {"causal_reason": bad, "verdict_reason": bad}
    return record | found


def _varied(
    sample: Sample,
    heatmaps: Mapping[str, NDArray[Any]],
    tested: Tested,
    classes: tuple[str, ...],
) -> Record:
    """Return what a verdict rests on with the mask grown and shrunk."""
    found: Record = {}
    for name, reach, causes in zip(
        REACHES, (REACH, -REACH), (tested.grown, tested.shrunk), strict=True
    ):
        evidence = _evidence(weigh, heatmaps, *_moved(sample.trimap, reach), causes, classes)
        found |= {f"{name}_{column}": evidence[column] for column in VARIED}
    return found


def _moved(trimap: NDArray[np.uint8], reach: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the mask and known pixels with the foreground grown or shrunk by ``reach`` sides."""
    pixels = reach * trimap.shape[1]
    foreground = grown(trimap == FOREGROUND, pixels)
    # What the foreground gives up becomes background, what it takes was background or unknown.
    return foreground, (trimap != UNKNOWN) | foreground


def _evidence(
    scored: Callable[..., Localisation],
    heatmaps: Mapping[str, NDArray[Any]],
    mask: NDArray[np.bool_],
    valid: NDArray[np.bool_],
    causes: Causes,
    classes: tuple[str, ...],
) -> Record:
    """Return everything that a verdict rests on and that a mask decides."""
    scores = {name: scored(heatmap, mask, valid) for name, heatmap in heatmaps.items()}
    return {"chance": area(mask, valid), **score_columns(scores), **_causal(causes, classes)}


def _causal(causes: Causes, classes: tuple[str, ...]) -> Record:
    shares, removal = causes.shares, causes.removal
    removed_to = classes[removal.prediction] if removal.prediction >= 0 else ""
    return {
        "causal_reason": causes.reason,
        "log_odds": causes.log_odds,
        "foreground_effect": shares.foreground,
        "background_effect": shares.background,
        "background_share": shares.share,
        "background_share_reason": shares.reason,
        "survival": causes.survival,
        "donors": causes.donors,
        "swap_predictions": ",".join(str(said.prediction) for said in causes.swaps),
        "swap_confidences": _sureness(said.confidence for said in causes.swaps),
        "without_foreground": causes.without_foreground,
        "only_foreground": causes.only_foreground,
        "pasted_back": causes.pasted_back,
        "mixed_same": causes.mixed_same,
        "mixed_rand": causes.mixed_rand,
        **{f"removal_{key}": value for key, value in vars(removal).items()},
        "removal_prediction_name": removed_to,
        "survival_same": causes.survival_same,
        "background_log_odds": causes.background_log_odds,
        **_edit_columns(causes.edits),
        "edit_confidences": _sureness(edit.confidence for edit in causes.edits.values()),
        "edit_donor": causes.edit_donor,
        "passes": causes.passes,
        "asked": ",".join(causes.asked),
        "stopped_by": ",".join(causes.stopped_by),
    }


def _edit_columns(edits: Mapping[str, Edited]) -> Record:
    return {
        f"edit_{key}_{column}": getattr(edits.get(key, Edited()), column)
        for key in EDITS
        for column in ("lost", "prediction")
    }


def _sureness(confidences: Iterable[float]) -> str:
    """Write how sure answers are, joined by commas, as percentages: no verdict hangs on them."""
    return ",".join(f"{100 * confidence:.0f}" for confidence in confidences)


def skipped_record(
    item: Item, reason: str, classes: tuple[str, ...], optional: Sequence[str] = ()
) -> Record:
    """Return the record of an image that could not be read: counted, never scored."""
    nothing = {column.name: column.lacking for column in columns_of(optional)}
    texts = [f.name for f in record_schema(optional) if str(f.type) == "string"]
    return {
        **{name: NAN if value is None else value for name, value in nothing.items()},
        **dict.fromkeys(texts, ""),
        **_identity(item, classes),
        **_causal(Causes(reason), classes),
        "skipped": reason,
        "prediction": -1,
        "correct": False,
        "row": -1,
        "ig_steps": 0,
        "fragile": False,
        "verdict": Verdict.UNDECIDED,
        "verdict_reason": reason,
        "prediction_without_shortcut": -1,
    }


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Turn logits ``(classes,)`` into probabilities, for display only: scores are of logits."""
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(shifted / shifted.sum())


def _identity(item: Item, classes: tuple[str, ...]) -> Record:
    return {
        "name": item.name,
        "split": item.split,
        "label": item.label,
        "label_name": classes[item.label],
        "shortcut": item.shortcut,
        "shortcut_class": item.shortcut_class,
    }


def score_columns(scores: Mapping[str, Localisation]) -> Record:
    """Return columns of scores by explainer, as in `record_schema`."""
    return {
        f"{name}_{column}": value
        for name, score in scores.items()
        for column, value in vars(score).items()
    }

"""Observations of a model: what it was taken for, and what of it asks for a second look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audit.core.observation import Observation
from audit.core.wording import plural
from audit.models.probes import PROBES

if TYPE_CHECKING:
    from audit.models.classifier import FrozenClassifier


def observe(classifier: FrozenClassifier) -> list[Observation]:
    """Return one observation of each part of a classifier."""
    return [*observe_answers(classifier), observe_pixels(classifier), observe_layer(classifier.cut)]


def observe_answers(classifier: Any) -> list[Observation]:
    """Observe what a classifier of any framework answers, and whether that has a gradient."""
    return [*observe_logits(classifier), _gradient(classifier)]


def observe_logits(classifier: Any) -> list[Observation]:
    """Observe what any classifier answers, and how it is read."""
    return [see(classifier) for see in (_end, _unit, _outputs, _alone)]


def outputs_in_words(classifier: Any) -> str:
    """Say how many outputs a classifier has, of what, and what they end in."""
    units = f"{classifier.units} labels" if classifier.several else f"{classifier.classes} classes"
    return f"{units}, {classifier.end} end"


_BY_LOG = {
    "probabilities (log)": "their logarithms are the logits",
    "probabilities (log-odds)": "the log-odds of each are the logits",
}


def _end(classifier: Any) -> Observation:
    end, title = classifier.end, "Log-odds"
    if classifier.answer.bounded:
        return Observation(
            "log-odds",
            title,
            f"Nothing could be taken off the model's end, but for {PROBES} trial images all its "
            "outputs lie in 0..1: if they are probabilities, log-odds cannot be had",
            "weak",
            "let a softmax or sigmoid be the model's last step",
        )
    how = next((words for part, words in _BY_LOG.items() if part in end), None)
    if how:
        words = f"The model ends in {end}, which cannot be taken off: {how}"
    elif end == "linear":
        words = "The model's outputs are read as logits: nothing squashes them"
    else:
        words = f"The model ends in {end}, which is taken off: what lies below are the logits"
    return Observation("log-odds", title, words)


def _unit(classifier: Any) -> Observation:
    title, threshold = "Outputs", classifier.answer.threshold
    if classifier.several and np.isfinite(threshold):
        return _several(classifier)
    if classifier.units > 1 and not classifier.several:
        return Observation("outputs", title, f"The model tells {classifier.classes} classes apart")
    if not np.isfinite(threshold):
        return Observation(
            "outputs",
            title,
            f"The model ends in {classifier.end}, so it gives the same class for every image at "
            "one half; what lies before is read as above or below 0",
            "strong",
            "take all but the last of these steps out of the model",
        )
    if classifier.end == "linear":
        words = "The model has one linear unit: above 0 it is read as the second class"
        mend = "let it end in a sigmoid if one half is meant"
        return Observation("outputs", title, words, "weak", mend)
    words = "One unit tells two classes apart: the second class where it is likelier than not"
    return Observation("outputs", title, words)


def _several(classifier: Any) -> Observation:
    words = f"Each of {classifier.units} outputs says by itself whether its label is there"
    if classifier.end == "linear":
        words = f"{words}: above 0 it is, as nothing squashes them"
        mend = "let it end in a sigmoid if one half is meant"
        return Observation("outputs", "Outputs", words, "weak", mend)
    return Observation("outputs", "Outputs", f"{words}: where that is likelier than not")


def observe_pixels(classifier: Any) -> Observation:
    """Observe what a classifier is given, and what its first weights read of that."""
    low, high = classifier.seen_range
    given = "" if classifier.scaling == "0..255" else f", scaled to {classifier.scaling}"
    kind = "whole numbers" * classifier.input.whole or "numbers"
    colours = "grey (luma of ITU-R BT.601)" if classifier.input.grey else "RGB"
    return Observation(
        "pixels",
        "Input pixels",
        f"The model is given {colours} {kind} in 0..255{given}; its first weights read "
        f"{low:.3g}..{high:.3g} for black and white images",
    )


def observe_layer(cut: Any) -> Observation:
    """Observe which map Grad-CAM reads, and how much of the model lies before it."""
    title = "Feature layer"
    words = (
        f"Grad-CAM reads {cut.path}, behind {cut.before} of {cut.steps} spatial layers with weights"
    )
    if cut.prefix:
        words += f"; {plural(cut.prefix, 'token')} of no place left out"
    elif not cut.whole:
        return Observation(
            "feature-layer",
            title,
            f"{words}; the head also reads the image by other paths, which no heatmap of it shows",
            "weak",
            "leave --feature-layer out to see all of them",
        )
    if 2 * cut.before < cut.steps:
        return Observation(
            "feature-layer",
            title,
            f"{words}: the heatmap shows the picture rather than what the model makes of it",
            "weak",
            "choose a later --feature-layer",
        )
    return Observation("feature-layer", title, words)


def _outputs(classifier: Any) -> Observation:
    key, title = "nan-outputs", "Numbers"
    if classifier.finite == 1:
        return Observation(key, title, f"All outputs for {PROBES} trial images are finite")
    broken = round(PROBES * (1 - classifier.finite))
    return Observation(
        key,
        title,
        f"The model's outputs are NaN or infinite for {broken} of {PROBES} trial images",
        "strong" if broken == PROBES else "weak",
        "give the weights from before its training diverged",
    )


def _gradient(classifier: Any) -> Observation:
    key, title = "gradient", "Gradient"
    if classifier.has_gradient:
        return Observation(key, title, "The logits change with the image")
    return Observation(
        key,
        title,
        "The logits do not change with the image: heatmaps will be empty",
        "weak",
        "see whether the model was trained, or whether its ReLUs are dead",
    )


def _alone(classifier: Any) -> Observation:
    key, title = "alone", "Images one by one"
    if classifier.alike_alone:
        return Observation(key, title, "An image gets the same answer whatever lies beside it")
    return Observation(
        key,
        title,
        "The model's answer to an image changes with the other images of its batch",
        "strong",
        "take its softmax over the classes (axis -1), and normalise by stored statistics",
    )

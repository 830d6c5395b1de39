"""What models want for pixels: images come as RGB in 0..255, some models are fed otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.stats import binomtest

from audit.observation import Observation

if TYPE_CHECKING:
    from audit.models.classifier import Classifier

BATCH = 32
CERTAIN = 0.001  # p of a treatment that replaces the default, after Holm
BETTER = 0.05  # accuracy that it gains at least
_PLAIN = ("0..255", "0..1", "-1..1")
_WIDE = 10.0  # weights are not made for values beyond


def _torch(images: Any) -> Any:
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return (images / 255 - tf.constant(mean)) / tf.constant(deviation)


def _caffe(images: Any) -> Any:
    return images[..., ::-1] - tf.constant((103.939, 116.779, 123.68))


SCALINGS: dict[str, Callable[[Any], Any]] = {
    "0..255": lambda images: images,
    "0..1": lambda images: images / 255,
    "-1..1": lambda images: images / 127.5 - 1,
    "torch": _torch,
    "caffe": _caffe,
}


def _swapped(scale: Callable[[Any], Any], images: Any) -> Any:
    return scale(images[..., ::-1])


def treatment(scaling: str, channels: str = "rgb") -> str:
    """Name in `TREATMENTS` of a scaling and an order of channels; caffe is BGR by itself."""
    return f"{scaling} bgr" if channels == "bgr" and scaling != "caffe" else scaling


TREATMENTS: dict[str, Callable[[Any], Any]] = SCALINGS | {
    f"{name} bgr": partial(_swapped, scale) for name, scale in SCALINGS.items() if name != "caffe"
}


@dataclass(frozen=True)
class Trial:
    """What a classifier answers under each treatment of the pixels.

    Attributes
    ----------
    names : tuple of str
        Of `TREATMENTS`, those that can be meant.
    predictions : int64 ``(treatments, n)``
        -1 where the logits are NaN or infinite.
    labels : int64 ``(n,)``
    """

    names: tuple[str, ...]
    predictions: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which images are named rightly: ``(treatments, n)``."""
        return self.predictions == self.labels

    @property
    def accuracies(self) -> dict[str, float]:
        """Share of images named rightly, 0..1, by treatment."""
        return dict(zip(self.names, self.right.mean(axis=1).tolist(), strict=True))

    def p_better(self, name: str, than: str) -> float:
        """Two-sided exact McNemar test of two treatments on the same images."""
        one, other = (self.right[self.names.index(n)] for n in (name, than))
        only = int((one & ~other).sum()), int((other & ~one).sum())
        return float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0


def trial(classifier: Classifier, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Trial:
    """Ask a classifier for labelled images under every treatment that it can be meant for.

    Parameters
    ----------
    classifier : Classifier
        Made with the scaling ``0..255``, so that it adds none of its own.
    images : uint8 ``(n, H, W, 3)``
        At the classifier's input size.
    labels : int64 ``(n,)``

    Returns
    -------
    Trial
        Of n forward passes a treatment.
    """
    names = tuple(_possible(classifier))
    predictions = np.stack([_answers(classifier, TREATMENTS[name], images) for name in names])
    return Trial(names, predictions, np.asarray(labels))


def _possible(classifier: Classifier) -> list[str]:
    """Treatments of grey images know no colours, those of whole numbers no fractions."""
    if classifier.input.grey:
        return list(_PLAIN[:1] if classifier.input.whole else _PLAIN)
    if classifier.input.whole:
        return ["0..255", "0..255 bgr"]
    return list(TREATMENTS)


def _answers(
    classifier: Classifier, treat: Callable[[Any], Any], images: NDArray[np.uint8]
) -> NDArray[np.int64]:
    starts = range(0, len(images), BATCH)
    batches = (tf.constant(images[i : i + BATCH], tf.float32) for i in starts)
    logits = np.concatenate([np.asarray(classifier.logits(treat(batch))) for batch in batches])
    return np.where(np.isfinite(logits).all(axis=-1), logits.argmax(axis=-1), -1)


def choose(found: Trial, default: str = "0..255") -> str:
    """The treatment that a model wants: the default unless another is better beyond doubt.

    Beyond doubt: exact McNemar test with p below `CERTAIN` after Holm over all treatments, and
    `BETTER` or more accuracy gained. Swapped colours must be so against the same scaling, too.
    """
    others = [name for name in found.names if name != default]
    ps = dict(zip(others, _holm([found.p_better(name, default) for name in others]), strict=True))
    proven = [n for n in others if ps[n] < CERTAIN and _gain(found, n, default) >= BETTER]
    if not proven:
        return default
    best = max(proven, key=lambda n: (found.accuracies[n], n.removesuffix(" bgr") == default))
    plain = best.removesuffix(" bgr")
    sure = _gain(found, best, plain) >= BETTER and found.p_better(best, plain) < CERTAIN
    return best if sure or plain not in found.names else plain


def _gain(found: Trial, name: str, than: str) -> float:
    one, other = (int(found.right[found.names.index(n)].sum()) for n in (name, than))
    return (one - other) / len(found.labels)


def _holm(ps: list[float]) -> list[float]:
    """p-values after Holm's correction, in the order given."""
    order = np.argsort(ps, kind="stable")
    scaled = np.asarray(ps)[order] * np.arange(len(ps), 0, -1)
    adjusted = np.empty(len(ps))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return adjusted.tolist()


def unlikely_range(classifier: Classifier) -> Observation | None:
    """What the first weights read, where it is unlikely to be what they were trained on.

    A hint for where labels cannot tell: weights are mostly made for values of a few units.
    """
    low, high = classifier.seen_range
    if max(abs(low), abs(high)) <= _WIDE:
        return None
    return Observation(
        "pixels",
        "Input pixels",
        f"For black and white images the model's first weights read {low:.3g}..{high:.3g}, which "
        f"is wide of what most models are trained on (within {_WIDE:g})",
        "weak",
        "if it was trained on scaled pixels, give --input-scaling",
    )

"""Pixels that models want: images come as RGB in 0..255, some models are fed otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.core.logits import predicted
from audit.core.observation import Observation
from audit.core.paired import gain, holm, mcnemar
from audit.settings.model import statistics_of

if TYPE_CHECKING:
    from audit.models.base import Classifier

BATCH = 32
CERTAIN = 0.01  # p of a treatment that replaces the default, after Holm
BETTER = 0.05  # accuracy that it gains at least, of all images and of the mean class's
_PLAIN = ("0..255", "0..1", "-1..1")
_OF_GREY = ("standardised image by image", "0..1 inverted")
_WIDE = 10.0  # weights are not made for values beyond
_TORCH = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and deviation of ImageNet
_ENDS = np.array([[0.0] * 3, [255.0] * 3], np.float32)  # black and white
Triple = Sequence[float]


def _normalised(mean: Triple, deviation: Triple, images: Any) -> Any:
    return (images / 255 - tf.constant(mean)) / tf.constant(deviation)


def _caffe(images: Any) -> Any:
    return images[..., ::-1] - tf.constant((103.939, 116.779, 123.68))


SCALINGS: dict[str, Callable[[Any], Any]] = {
    "0..255": lambda images: images,
    "0..1": lambda images: images / 255,
    "-1..1": lambda images: images / 127.5 - 1,
    "torch": partial(_normalised, *_TORCH),
    "caffe": _caffe,
}


def of_statistics(mean: Triple, deviation: Triple) -> str:
    """Name the scaling that has a mean and a deviation of RGB in 0..1: one of `SCALINGS`, if so."""
    own = _normalised(mean, deviation, _ENDS)
    for name in ("0..1", "-1..1", "torch"):
        if np.allclose(SCALINGS[name](_ENDS), own, atol=1e-3):
            return name
    return "/".join(",".join(f"{value:g}" for value in triple) for triple in (mean, deviation))


def _swapped(scale: Callable[[Any], Any], images: Any) -> Any:
    return scale(images[..., ::-1])


def treatment(scaling: str, channels: str = "rgb") -> str:
    """Name the treatment in `TREATMENTS` of a scaling and channel order; caffe implies BGR."""
    return f"{scaling} bgr" if channels == "bgr" and scaling != "caffe" else scaling


TREATMENTS: dict[str, Callable[[Any], Any]] = SCALINGS | {
    f"{name} bgr": partial(_swapped, scale) for name, scale in SCALINGS.items() if name != "caffe"
}


def _centred(images: Any) -> Any:
    return images - tf.constant((123.68, 116.779, 103.939))


# What some models are fed, but no option gives, so that they must do it themselves: told alone.
WITHOUT_OPTION: dict[str, Callable[[Any], Any]] = {
    "RGB less the ImageNet mean": _centred,
    "standardised image by image": tf.image.per_image_standardization,
    "0..1 inverted": lambda images: 1 - images / 255,
}
_READINGS = TREATMENTS | WITHOUT_OPTION


def treated(name: str, images: Any) -> Any:
    """Return RGB images in 0..255 as a treatment, or what no option gives, makes them.

    Parameters
    ----------
    name : str
        Of `TREATMENTS` or `WITHOUT_OPTION`, or mean and deviation as `statistics_of` reads them,
        perhaps with `` bgr`` behind it.
    images : float32 ``(..., 3)``
    """
    if name in _READINGS:
        return _READINGS[name](images)
    plain = name.removesuffix(" bgr")
    given = statistics_of(plain)
    assert given is not None
    return _normalised(*given, images if plain == name else images[..., ::-1])


def is_treatment(name: str) -> bool:
    """Return whether options give what a name says."""
    return name in TREATMENTS or statistics_of(name.removesuffix(" bgr")) is not None


def range_of(name: str) -> tuple[float, float]:
    """Return the least and the most that black and white become by a treatment."""
    ends = np.asarray(treated(name, _ENDS))
    return float(ends.min()), float(ends.max())


def colours_of(name: str) -> NDArray[np.float32]:
    """Return what each channel that a model reads is made of: ``(3 of the image, 3 read)``.

    All treatments that options give are affine in an image's colours, so that a gradient by what
    is read, times the transpose, is one by the image.
    """
    colours = np.concatenate([np.zeros((1, 3)), np.eye(3)]).astype(np.float32)
    found = np.asarray(treated(name, colours), np.float32)
    return found[1:] - found[0]


@dataclass(frozen=True)
class Trial:
    """Answers of a classifier under each treatment of the pixels.

    Attributes
    ----------
    names : tuple of str
        Of `TREATMENTS` and `WITHOUT_OPTION`, those that can be meant.
    predictions : int64 ``(treatments, n)``
        -1 where the logits are NaN or infinite.
    labels : int64 ``(n,)``
    """

    names: tuple[str, ...]
    predictions: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def right(self) -> dict[str, NDArray[np.bool_]]:
        """Images ``(n,)`` that are named rightly, by treatment."""
        return dict(zip(self.names, self.predictions == self.labels, strict=True))

    @property
    def accuracies(self) -> dict[str, float]:
        """Share of images named rightly, 0..1, by treatment."""
        return {name: float(right.mean()) for name, right in self.right.items()}


def trial(
    classifier: Classifier,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    default: str = "0..255",
) -> Trial:
    """Ask a classifier for labelled images under every treatment that it can be meant for.

    Where so few are named wrongly under the default that no other treatment could be proven
    better, that one is all that is tried.

    Parameters
    ----------
    classifier : FrozenClassifier
        Made with the scaling ``0..255``, so that it adds none of its own.
    images : uint8 ``(n, H, W, 3)``
        At the classifier's input size.
    labels : int64 ``(n,)``
    default : str
        Of `TREATMENTS`.

    Returns
    -------
    Trial
        Of n forward passes a treatment; the default comes first.
    """
    others = [name for name in _possible(classifier) if name != default]
    first = Trial((default,), _answers(classifier, default, images)[None], np.asarray(labels))
    # n wrong answers, all of them mended by another treatment, have p = 2 / 2^n before Holm.
    if not others or 2 * len(others) * 0.5 ** int((~first.right[default]).sum()) >= CERTAIN:
        return first
    rest = [_answers(classifier, name, images) for name in others]
    return Trial((default, *others), np.stack([first.predictions[0], *rest]), first.labels)


def _possible(classifier: Classifier) -> list[str]:
    """Return the possible treatments: no colours for grey images, no fractions for integers."""
    if classifier.input.grey:
        return list(_PLAIN[:1] if classifier.input.whole else (*_PLAIN, *_OF_GREY))
    if classifier.input.whole:
        return ["0..255", "0..255 bgr"]
    return list(_READINGS)


def _answers(classifier: Classifier, name: str, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    starts = range(0, len(images), BATCH)
    batches = (tf.constant(images[i : i + BATCH], tf.float32) for i in starts)
    return predicted(np.concatenate([classifier.logits(treated(name, batch)) for batch in batches]))


def choose(found: Trial, default: str = "0..255") -> str:
    """Choose the treatment that a model wants: the default unless another is better beyond doubt.

    Beyond doubt: exact McNemar test with p below `CERTAIN` after Holm over all treatments, and
    `BETTER` or more gained, of all images' accuracy and of the mean class's: pixels that make a
    model answer with the commonest class alone are no better. Swapped colours must be so against
    the same scaling, too.
    """
    right = found.right
    others = [name for name in found.names if name != default]
    ps = holm([mcnemar(right[default], right[name]).exact for name in others])
    gains = [gain(right[default], right[name], found.labels) for name in others]
    proven = [
        name
        for name, p, gained in zip(others, ps, gains, strict=True)
        if p < CERTAIN and gained >= BETTER
    ]
    if not proven:
        return default
    # Of equals the default's own scaling, so that swapped colours are tried against it.
    best = max(proven, key=lambda n: (right[n].sum(), n.removesuffix(" bgr") == default))
    plain = best.removesuffix(" bgr")
    if plain not in right:
        return best
    clearly = gain(right[plain], right[best], found.labels) >= BETTER
    surely = clearly and mcnemar(right[plain], right[best]).exact < CERTAIN
    return best if surely else plain


def unlikely_range(classifier: Classifier) -> Observation | None:
    """Observe what the first weights read, where they were hardly trained on that.

    A hint for where labels cannot tell: weights are mostly made for values of a few units.
    """
    low, high = classifier.seen_range
    if max(abs(low), abs(high)) <= _WIDE:
        return None
    return Observation(
        "pixels",
        "Input pixels",
        f"For black and white images the model's first weights read {low:.3g}..{high:.3g}, which "
        f"is far beyond what most models are trained on (within {_WIDE:g})",
        "weak",
        "if it was trained on scaled pixels, give --input-scaling",
    )

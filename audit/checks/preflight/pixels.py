"""Which pixels a given model wants: tried on labelled images, whatever its first layers are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audit.checks.preflight.matching import match
from audit.config import Config
from audit.observation import Observation
from audit.score.statistics import wilson

if TYPE_CHECKING:
    from audit.models.scaling import Trial

TITLE = "Input pixels"
_SHOWN = 3  # treatments whose accuracy is told
_EACH = 2  # images a class from where on answers can tell of another order
_BEYOND = 0.1  # accuracy beyond what the best assignment to shuffled labels has


@dataclass(frozen=True)
class Pixels:
    """A treatment of the pixels, and how it was found; no words where it was given."""

    treatment: str
    observation: Observation | None


def find(
    classifier: Any, images: NDArray[np.uint8], labels: NDArray[np.int64], config: Config
) -> Pixels:
    """Try every treatment that the settings leave open on labelled images.

    Parameters
    ----------
    classifier : Classifier
        Made with the scaling ``0..255``.
    images : uint8 ``(n, H, W, 3)``
        At its input size.
    labels : int64 ``(n,)``
    config : Config
        ``input_scaling`` and ``input_channels``: what is not ``auto`` is kept to.
    """
    from audit.models.scaling import choose, treatment, trial

    given = {"scaling": config.input_scaling, "channels": config.input_channels}
    default = treatment(*(value.replace("auto", fallback) for value, fallback in
                          zip(given.values(), ("0..255", "rgb"), strict=True)))  # fmt: skip
    if "auto" not in given.values() or not len(images):
        return Pixels(default, None)
    tried = _allowed(trial(classifier, images, labels), config)
    if default not in tried.names:
        return Pixels(default, None)
    chosen = choose(tried, default)
    if chosen == default:
        chosen = _whatever_the_order(tried, default, classifier.classes)
    return Pixels(chosen, _said(tried, chosen, classifier))


def _allowed(tried: Trial, config: Config) -> Trial:
    """The treatments that settings leave open."""
    keep = [
        i
        for i, name in enumerate(tried.names)
        if config.input_scaling in ("auto", name.split()[0])
        and config.input_channels in ("auto", "bgr" if name.endswith("bgr") else "rgb")
    ]
    names = tuple(tried.names[i] for i in keep)
    return replace(tried, names=names, predictions=tried.predictions[keep])


def _whatever_the_order(tried: Trial, default: str, classes: int) -> str:
    """The treatment under which answers go best with labels, if classes come in another order.

    Asked where the default is no better than chance, and nothing better beyond doubt: then the
    classes may be in another order besides.
    """
    from audit.models.scaling import choose

    right = tried.right[tried.names.index(default)]
    commonest = np.bincount(tried.labels).max() / right.size
    if wilson(int(right.sum()), right.size)[0] > commonest or right.size < _EACH * classes:
        return default
    matched = [match(row, tried.labels, classes) for row in tried.predictions]
    expected = np.stack([m.output_of[tried.labels] for m in matched])
    told = np.where(tried.predictions == expected, tried.labels, -1)
    best = choose(replace(tried, predictions=told), default)
    found = matched[tried.names.index(best)]
    return best if found.accuracy > found.chance + _BEYOND else default


def _said(tried: Trial, chosen: str, classifier: Any) -> Observation:
    from audit.models.scaling import unlikely_range

    shares = sorted(tried.accuracies.items(), key=lambda kv: (kv[0] != chosen, -kv[1]))
    told = ", ".join(f"{name} {share:.0%}" for name, share in shares[: _SHOWN + 1])
    n = len(tried.labels)
    words = f"Read as {chosen}; of {n:,} images are named rightly as {told}"
    undecided = max(tried.accuracies.values()) <= 1 / classifier.classes
    odd = unlikely_range(classifier) if undecided and chosen == "0..255" else None
    if odd is None:
        return Observation("pixels", TITLE, words)
    return replace(odd, words=f"{words}. {odd.words}")

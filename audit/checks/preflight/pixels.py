"""Treatment of the pixels that a given model wants, tried on labelled images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audit.checks.preflight.answers import BEYOND_DOUBT, CLEAR, GAIN, Answers, Better, better_order
from audit.checks.preflight.matching import match
from audit.core.observation import Observation, Strength
from audit.core.paired import mcnemar
from audit.core.statistics import wilson
from audit.settings import Config

if TYPE_CHECKING:
    from audit.models.base import Differentiable
    from audit.models.scaling import Trial

TITLE = "Input pixels"
_SHOWN = 3  # other treatments whose accuracy is told
_EACH = 2  # images a class from where on answers can tell of another order
_BEYOND = 0.1  # accuracy beyond what the best assignment to shuffled labels has
_AS_GOOD = 0.05  # accuracy by which two explanations may differ and still both explain
Orders = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Pixels:
    """A treatment of the pixels, and how it was found; no words where no image could tell."""

    treatment: str
    observation: Observation | None


def find(
    classifier: Differentiable,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    config: Config,
    classes: tuple[str, ...],
    orders: Orders,
) -> Pixels:
    """Try every treatment on labelled images; settings that are not ``auto`` are kept to.

    Parameters
    ----------
    classifier : Differentiable
        Made with the scaling ``0..255``.
    images : uint8 ``(n, H, W, 3)``
        At its input size.
    labels : int64 ``(n,)``
    config : Config
        ``input_scaling`` and ``input_channels``.
    classes : tuple of str
        Names in the order in which outputs are read.
    orders : mapping
        Other orders of the classes that people use.
    """
    from audit.models.scaling import choose, treatment, trial

    own = getattr(classifier.model, "pixels", "") or "0..255"
    scaling = config.model.input_scaling.replace("auto", own)
    default = treatment(scaling, config.model.input_channels.replace("auto", "rgb"))
    if not len(images):
        return Pixels(default, None)
    tried = trial(classifier, images, labels, default)
    allowed = _allowed(tried, config)
    chosen = choose(allowed, default)
    if chosen == default:
        chosen = _whatever_the_order(allowed, default, len(classes))
    best = choose(tried, chosen)
    share = tried.accuracies[best]
    found = _other_order(tried, default, classes, orders) if best != default else None
    if found is not None and found.accuracy > share + _AS_GOOD:
        return Pixels(default, _said(tried, default, classifier))  # the order is wrong, not pixels
    if best != chosen:
        return Pixels(chosen, _given_wrongly(tried, chosen, best))
    if found is None or found.accuracy < share - _AS_GOOD:
        return Pixels(chosen, _said(tried, chosen, classifier))
    return Pixels(chosen, _either(tried, chosen, default, found))


def _allowed(tried: Trial, config: Config) -> Trial:
    """Return the treatments that settings leave open."""
    from audit.models.scaling import is_treatment

    keep = [
        i
        for i, name in enumerate(tried.names)
        if is_treatment(name)
        and config.model.input_scaling in ("auto", name.split()[0])
        and config.model.input_channels in ("auto", _channels(name))
    ]
    names = tuple(tried.names[i] for i in keep)
    return replace(tried, names=names, predictions=tried.predictions[keep])


def _channels(treatment: str) -> str:
    return "bgr" if treatment.endswith("bgr") else "rgb"


def _whatever_the_order(tried: Trial, default: str, classes: int) -> str:
    """Return the treatment under which answers fit labels best, if classes come in another order.

    Asked where the default is no better than chance, and nothing better beyond doubt: then the
    classes may be in another order besides.
    """
    from audit.models.scaling import choose

    right = tried.right[default]
    commonest = np.bincount(tried.labels).max() / right.size
    if wilson(int(right.sum()), right.size)[0] > commonest or right.size < _EACH * classes:
        return default
    matched = [match(row, tried.labels, classes) for row in tried.predictions]
    expected = np.stack([m.output_of[tried.labels] for m in matched])
    told = np.where(tried.predictions == expected, tried.labels, -1)
    best = choose(replace(tried, predictions=told), default)
    found = matched[tried.names.index(best)]
    return best if found.accuracy > max(CLEAR, found.chance + _BEYOND) else default


def _given_wrongly(tried: Trial, given: str, best: str) -> Observation:
    """Observe that settings, or what options can say, differ beyond doubt from what labels say."""
    now, would = tried.accuracies[given], tried.accuracies[best]
    right = tried.right
    sure = would - now >= GAIN and mcnemar(right[given], right[best]).exact < BEYOND_DOUBT
    words = (
        f"Read as {given}, {now:.0%} of {len(tried.labels):,} images are named rightly; read as "
        f"{best}, {would:.0%} would be"
    )
    strength: Strength = "strong" if sure else "weak"
    return Observation("pixels", TITLE, words, strength, _mend(best))


def _mend(treatment: str) -> str:
    from audit.models.scaling import WITHOUT_OPTION

    if treatment in WITHOUT_OPTION:
        return "let the model's first layer do so, for no option does"
    return f"give {_flags(treatment)}"


def _flags(treatment: str) -> str:
    return f"--input-scaling {treatment.split()[0]} --input-channels {_channels(treatment)}"


def _other_order(
    tried: Trial, default: str, classes: tuple[str, ...], orders: Orders
) -> Better | None:
    """Return another order of the classes that explains the answers under the default."""
    as_default = tried.predictions[tried.names.index(default)]
    return better_order(Answers(as_default, tried.labels, classes), orders)


def _either(tried: Trial, chosen: str, default: str, found: Better) -> Observation:
    """Observe that another order of the classes explains the answers as well as other pixels do."""
    words = (
        f"Read as {chosen}, {tried.accuracies[chosen]:.0%} of {len(tried.labels):,} images are "
        f"named rightly, but with the classes in another order {found.accuracy:.0%} would be as "
        "well: labels cannot tell which is meant"
    )
    mend = f"give {_flags(chosen)}, or {_flags(default)} and --class-order {found.option}"
    return Observation("pixels", TITLE, words, "strong", mend)


def _said(tried: Trial, chosen: str, classifier: Differentiable) -> Observation:
    from audit.models.scaling import unlikely_range

    shares = tried.accuracies
    others = sorted(((s, n) for n, s in shares.items() if n != chosen), reverse=True)[:_SHOWN]
    told = ", ".join(f"{name}: {share:.0%}" for share, name in others)
    words = (
        f"Pixels are read as {chosen}: {shares[chosen]:.0%} of {len(tried.labels):,} images are "
        f"named rightly ({told or 'no other reading could be proven better'})"
    )
    if others and others[0][0] >= shares[chosen] + GAIN:
        mend = f"if {others[0][1]} is meant, {_mend(others[0][1])}; or give more labelled images"
        return Observation("pixels", TITLE, words, "weak", mend)
    undecided = max(shares.values()) <= 1 / classifier.classes
    odd = unlikely_range(classifier) if undecided and chosen == "0..255" else None
    return (
        replace(odd, words=f"{words}. {odd.words}") if odd else Observation("pixels", TITLE, words)
    )

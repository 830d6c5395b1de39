"""From cases to causes: backgrounds grouped by what they show, each group tried elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.paired import Difference, difference_of_means
from audit.interventions.causal import log_odds

LEAST = 4  # backgrounds that make a group: fewer share something by chance
LEAST_RISE = 1.0  # log-odds: odds 2.7 times as high
LEVEL = 0.05  # of a false alarm anywhere in a run
_NEIGHBOURS = 2  # that make a background dense
_FORM = 0.5  # weight of the heatmap's form beside either kind of features
NAN = float("nan")


def described(
    features: NDArray[Any], heatmaps: NDArray[Any], usual: NDArray[Any]
) -> NDArray[np.float64]:
    """Describe backgrounds as points: those that show the same lie near each other.

    Three parts, each of length 1 (the last weighs half): the mean of the features, less what is
    usual; the mean of the features where the heatmap looks, less what is usual; and the heatmap's
    form, the magnitudes of its Fourier transform, which do not say where in the image it lies.
    After SpRAy (Lapuschkin et al. 2019, Nature Communications 10:1096), which groups heatmaps
    alone.

    Parameters
    ----------
    features : float ``(n, h, w, c)``
        The model's last feature map of each background without its foreground.
    heatmaps : float ``(n, h, w)``
        What of it speaks for the suspected class; what is not positive counts nothing, and one
        without anything positive looks nowhere.
    usual : float ``(c,)``
        Mean features of random backgrounds, over images and places.

    Returns
    -------
    float64 ``(n, 2 c + h w)``
    """
    seen = np.maximum(np.asarray(heatmaps, np.float64), 0)
    # A map without anything positive stays 0 instead of NaN.
    seen = seen / np.maximum(seen.sum(axis=(1, 2), keepdims=True), 1e-12)
    looked_at = np.einsum("nhw,nhwc->nc", seen, np.asarray(features, np.float64))
    form = np.abs(np.fft.fft2(seen)).reshape(len(seen), -1)
    parts = (features.mean(axis=(1, 2), dtype=np.float64) - usual, looked_at - usual, form)
    return np.concatenate(
        [_unit(part) * w for part, w in zip(parts, (1, 1, _FORM), strict=True)], axis=1
    )


def _unit(points: NDArray[Any]) -> NDArray[np.float64]:
    length = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.maximum(length, 1e-12), np.float64)


def grouped(cases: NDArray[Any], random: NDArray[Any]) -> list[NDArray[np.intp]]:
    """Group one class's cases that lie close together (HDBSCAN, Campello et al. 2013).

    Random backgrounds are grouped along: beside them a shortcut that all cases share is a group,
    and backgrounds of the common kind are not one.

    Parameters
    ----------
    cases : float ``(n, d)``
        Backgrounds that are suspected to speak for the class, as `described` gives them.
    random : float ``(m, d)``

    Returns
    -------
    list of int ``(k,)``
        Rows of ``cases``, `LEAST` at the least. Backgrounds like no other are in no group.
    """
    from sklearn.cluster import HDBSCAN

    if len(cases) < LEAST:
        return []
    rule = HDBSCAN(min_cluster_size=LEAST, min_samples=_NEIGHBOURS, copy=True)
    labels = rule.fit_predict(np.concatenate([cases, random]))[: len(cases)]
    groups = [np.flatnonzero(labels == k) for k in range(labels.max() + 1)]
    return [group for group in groups if len(group) >= LEAST]


@dataclass(frozen=True)
class Effect:
    """Effect of a group's backgrounds under other classes' foregrounds, beside random backgrounds.

    Attributes
    ----------
    rises : tuple of float
        Mean gain of each background in the suspected class's log-odds, unbounded, over what the
        same foregrounds have on random backgrounds.
    rise : Difference
        Their mean, less that of the random backgrounds.
    answers : Difference
        How much more often the suspected class becomes the answer, -1..1.
    taken, usual : float
        How often it does, 0..1, on the group's backgrounds and on random ones.
    random, foregrounds : int
        Random backgrounds, and foregrounds that each background was put under.
    p : float
        One-sided Mann-Whitney test of the rises, 0..1; NaN where nothing was tried.
    """

    rises: tuple[float, ...]
    rise: Difference
    answers: Difference
    taken: float
    usual: float
    random: int
    foregrounds: int
    p: float


def effect(members: NDArray[Any], random: NDArray[Any], target: int, seed: int) -> Effect:
    """Compare a group's backgrounds with random ones, under the same foregrounds.

    A background is one observation, however many foregrounds it was put under: its mean over them
    counts. Intervals are drawn over backgrounds of both kinds.

    Parameters
    ----------
    members : float ``(n, foregrounds, classes)``
        Logits of each foreground on each of the group's backgrounds.
    random : float ``(m, foregrounds, classes)``
        The same on random backgrounds.
    target : int
        The suspected class; no foreground is of it.
    seed : int
        Of the bootstrap.
    """
    from scipy.stats import mannwhitneyu

    if not members.size or not random.size:
        nothing = Difference(NAN, NAN, NAN, "no other background or foreground to try")
        return Effect(
            rises=(),
            rise=nothing,
            answers=nothing,
            taken=NAN,
            usual=NAN,
            random=len(random),
            foregrounds=members.shape[1],
            p=NAN,
        )
    usual = log_odds(random, target)
    base = usual.mean(axis=0)
    rises = (log_odds(members, target) - base).mean(axis=1)
    others = (usual - base).mean(axis=1)
    taken, of_random = ((m.argmax(axis=-1) == target).mean(axis=1) for m in (members, random))
    return Effect(
        rises=tuple(rises.tolist()),
        rise=_apart(others, rises, seed),
        answers=_apart(of_random, taken, seed),
        taken=float(taken.mean()),
        usual=float(of_random.mean()),
        random=len(random),
        foregrounds=members.shape[1],
        p=float(mannwhitneyu(rises, others, alternative="greater").pvalue),
    )


def _apart(a: NDArray[Any], b: NDArray[Any], seed: int) -> Difference:
    """Return the mean of ``b`` less that of ``a``, of other images: neither is paired with any."""
    return difference_of_means(
        np.append(a, np.full(len(b), NAN)), np.append(np.full(len(a), NAN), b), seed
    )


def proven(found: Effect, corrected: float) -> bool:
    """Return whether a group's backgrounds speak for the class beyond doubt, and loudly.

    Cases are chosen because their background drove an answer, so the backgrounds of a healthy
    model's few cases lean to the class a little, too: `LEAST_RISE` is asked for besides.

    Parameters
    ----------
    corrected : float
        Its p-value after Holm's correction for all groups of the run; NaN proves nothing.
    """
    loud = found.rise.value >= LEAST_RISE and found.rise.low > 0
    return bool(corrected <= LEVEL and loud)


def ranked(groups: Sequence[tuple[bool, int, float]]) -> list[int]:
    """Return the indices of groups, the first to mend first: proven, then by what they do in all.

    Parameters
    ----------
    groups : sequence of (proven, members, rise)
        Rise in log-odds; NaN counts as none.
    """

    def weight(index: int) -> tuple[bool, float]:
        is_proven, members, rise = groups[index]
        return not is_proven, -members * (0.0 if math.isnan(rise) else rise)

    return sorted(range(len(groups)), key=weight)

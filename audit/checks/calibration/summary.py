"""Calibration: confidence against accuracy, and where to reject answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.checks.calibration.headline import answered, answers
from audit.checks.calibration.statistics import (
    CalibrationError,
    calibration_error,
    equal_mass,
    equal_width,
    keep,
    reliability,
)
from audit.core.bins import Bin
from audit.core.estimate import Estimate, mean, rate
from audit.core.paired import Difference, difference_of_means
from audit.core.statistics import auroc, bootstrap_auroc
from audit.report import charts
from audit.report.figures import accuracy
from audit.report.source import Source
from audit.report.verdicts import VERDICT_KINDS, VerdictKind
from audit.verdict.verdict import Verdict

COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
_FEW = 2  # with fewer, a group says nothing of how much its members differ


@dataclass(frozen=True)
class Coverage:
    """Answers that are accepted where the least sure ones are rejected.

    Attributes
    ----------
    threshold : float
        The lowest confidence accepted.
    share : float
        Of all answers, those accepted: at least what was asked for, more where confidences tie.
    accuracy : Estimate
        Of the answers accepted.
    shortcuts : Estimate
        Of the predictions right for the wrong reasons, those still accepted.
    """

    threshold: float
    share: float
    accuracy: Estimate
    shortcuts: Estimate


@dataclass(frozen=True)
class Calibration:
    """Confidence against accuracy, over all test images.

    Attributes
    ----------
    width, mass : list of Bin
        Bins that hold an answer, of equal width and of equal mass.
    even : CalibrationError
        Over bins of equal mass.
    confidence, accuracy : Estimate
        Over the answers whose confidence is a number.
    ranking : Estimate
        AUROC: how often a right answer is surer than a wrong one.
    verdicts : list
        Mean confidence by verdict, of the explained images.
    shortcuts : Difference
        Mean confidence of predictions right for the wrong reasons, less that of those right for
        the right ones.
    """

    width: list[Bin]
    mass: list[Bin]
    even: CalibrationError
    confidence: Estimate
    accuracy: Estimate
    ranking: Estimate
    coverages: list[Coverage]
    verdicts: list[tuple[VerdictKind, Estimate]]
    shortcuts: Difference
    charts: list[tuple[str, charts.Chart]]


def calibration(source: Source) -> Calibration | None:
    """Return everything of the page, or None where no test image has a confidence."""
    given = answered(source)
    sure, right = answers(source)
    if not sure.size:
        return None
    edges = equal_mass(sure)
    width, mass = (_occupied(sure, right, e) for e in (equal_width(), edges))
    return Calibration(
        width=width,
        mass=mass,
        even=calibration_error(sure, right, edges, source.seed),
        confidence=mean(given["confidence"], source.seed, given),
        accuracy=accuracy(given),
        ranking=_ranking(sure, right, source.seed),
        coverages=list(_coverages(source, sure, right)),
        verdicts=list(_by_verdict(source)),
        shortcuts=_shortcuts(source),
        charts=_charts(width, mass, sure, right),
    )


def _occupied(
    sure: NDArray[np.float64], right: NDArray[np.bool_], edges: NDArray[np.float64]
) -> list[Bin]:
    return [b for b in reliability(sure, right, edges) if b.n]


def _ranking(sure: NDArray[np.float64], right: NDArray[np.bool_], seed: int) -> Estimate:
    bounds = bootstrap_auroc(right, sure, seed)
    return Estimate(auroc(right, sure), *bounds, right.size, method="bootstrap")


def _coverages(
    source: Source, sure: NDArray[np.float64], right: NDArray[np.bool_]
) -> Iterator[Coverage]:
    accused = _of_verdict(source, Verdict.WRONG_REASONS).dropna()
    for asked in COVERAGES:
        kept = keep(sure, right, asked)
        accepted = int((accused >= kept.threshold).sum())
        yield Coverage(
            kept.threshold,
            kept.n / sure.size,
            rate(kept.right, kept.n),
            rate(accepted, len(accused)),
        )


def _by_verdict(source: Source) -> Iterator[tuple[VerdictKind, Estimate]]:
    for verdict in VERDICT_KINDS:
        given = source.some(source.explained["verdict"] == verdict.key, "confidence")
        if len(given):
            yield verdict, mean(given["confidence"], source.seed, given)


def _of_verdict(source: Source, key: str) -> pd.Series:
    """Return the confidence of the explained images with a verdict; NaN for the others."""
    return source.explained["confidence"].where(source.explained["verdict"] == key)


def _shortcuts(source: Source) -> Difference:
    wrong, right = (
        _of_verdict(source, key) for key in (Verdict.WRONG_REASONS, Verdict.RIGHT_REASONS)
    )
    for name, values in (("wrong", wrong), ("right", right)):
        if values.count() < _FEW:
            reason = f"fewer than {_FEW} predictions are right for the {name} reasons"
            return Difference(np.nan, np.nan, np.nan, reason)
    return difference_of_means(right.to_numpy(), wrong.to_numpy(), source.seed)


def _charts(
    width: Sequence[Bin],
    mass: Sequence[Bin],
    sure: NDArray[np.float64],
    right: NDArray[np.bool_],
) -> list[tuple[str, charts.Chart]]:
    return [
        ("Reliability, bins of equal width", charts.reliability(width, "equal width")),
        ("Reliability, bins of equal mass", charts.reliability(mass, "equal mass")),
        ("How sure right and wrong answers are", charts.confidences(sure, right)),
    ]

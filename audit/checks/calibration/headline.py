"""Distance of confidence from accuracy: figures of the headline table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.checks.base import Headline
from audit.checks.calibration.statistics import CalibrationError, calibration_error, equal_width
from audit.core.estimate import Estimate, Metric, mean
from audit.report.source import Source

_ECE = Metric(
    key="ece",
    title="Expected calibration error (ECE)",
    description="How far accuracy is from confidence, over 15 bins of confidence; all test images.",
    formula="sum over bins of n_b / n * |accuracy_b - mean confidence_b|",
    direction="lower is better; compare it with that of a calibrated model",
    paper="Guo et al. 2017, arXiv 1706.04599",
)
_CALIBRATED = Metric(
    key="ece_if_calibrated",
    title="ECE of a calibrated model",
    description=(
        "What chance alone gives: the mean, and where 95% lie, of simulated models whose answers "
        "are right as often as these confidences say."
    ),
    formula="mean ECE of 1,000 draws of correct ~ Bernoulli(confidence)",
    direction="neither: the yardstick of ECE",
    paper="Bröcker and Smith 2007",
)
_OVER_CONFIDENCE = Metric(
    key="over_confidence",
    title="Over-confidence, in points",
    description=(
        "Percentage points by which the model is surer of its answers than it is right; all test "
        "images."
    ),
    formula="mean confidence - accuracy",
    direction="0 is best; below 0 the model is not sure enough",
    paper="usual",
    style="points",
)
_BRIER = Metric(
    key="brier",
    title="Brier score of the answer",
    description=(
        "Squared distance of the confidence from 1 where the answer is right, from 0 where it is "
        "wrong; all test images."
    ),
    formula="mean of (confidence - correct)^2",
    direction="lower is better: sure where right, unsure where wrong",
    paper="Brier 1950",
    style="decimal",
)


def answered(source: Source) -> pd.DataFrame:
    """Return the predictions whose confidence is a number."""
    return source.predictions[source.predictions["confidence"].notna()]


def answers(source: Source) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return confidence and correctness of each test image whose confidence is a number."""
    given = answered(source)
    correct = (given["label"] == given["prediction"]).to_numpy(bool)
    return given["confidence"].to_numpy(np.float64), correct


def over_confidence(source: Source) -> pd.Series:
    """Return each test image's confidence, less 1 where the answer is right."""
    given = source.predictions
    return given["confidence"] - (given["label"] == given["prediction"])


def ece_of(source: Source) -> CalibrationError:
    """Return the calibration error of all test images, over bins of equal width."""
    return calibration_error(*answers(source), equal_width(), source.seed)


def _expected(source: Source) -> Estimate:
    found = ece_of(source)
    return _of_answers(source, found.value, found.low, found.high, "bootstrap")


def _calibrated(source: Source) -> Estimate:
    found = ece_of(source)
    bounds = found.calibrated_low, found.calibrated_high
    return _of_answers(source, found.calibrated, *bounds, "simulation")


def _of_answers(source: Source, value: float, low: float, high: float, how: str) -> Estimate:
    n = int(source.predictions["confidence"].notna().sum())
    return Estimate(
        value=value, low=low, high=high, n=n, undefined=len(source.predictions) - n, method=how
    )


def _brier(source: Source) -> pd.Series:
    return over_confidence(source) ** 2


HEADLINE = (
    Headline(_ECE, _expected),
    Headline(_CALIBRATED, _calibrated),
    Headline(_OVER_CONFIDENCE, lambda s: mean(over_confidence(s), s.seed)),
    Headline(_BRIER, lambda s: mean(_brier(s), s.seed), column=_brier),
)

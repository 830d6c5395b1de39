"""Outliers: values of a measure that are far from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LIMIT = 3.5  # of a modified z-score
_TO_SD = 1.4826  # from a median absolute deviation to a standard deviation, of normal values
_MEAN_TO_SD = 1.2533  # and from a mean absolute deviation
_SMALLEST = 1e-3  # what 0 counts as where ratios are compared

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """Rule for when a value of a measure is an outlier.

    Attributes
    ----------
    title, words : str
        What is measured, and what it is measured in.
    ratio : bool
        Whether values compare by their ratio to the median, else by their difference.
    low, high : bool
        On which sides a value can be an outlier.
    least : float
        How far from the median it has to be besides: a factor where ``ratio``.
    """

    title: str
    words: str
    ratio: bool
    low: bool
    high: bool
    least: float

    @property
    def sides(self) -> str:
        """Conditions besides the z-score, in words."""
        amount = f"{self.least:g}"
        low, high = (
            (f"at most 1/{amount} of the median", f"at least {amount} times the median")
            if self.ratio
            else (f"at least {amount} below the median", f"at least {amount} above the median")
        )
        return " or ".join(words for words, on in ((low, self.low), (high, self.high)) if on)


# The last number keeps harmless spread quiet: in a very uniform set any image has a high z-score.
RULES: dict[str, Rule] = {
    "pixels": Rule("Size", "pixels", True, True, True, 2.0),
    "elongation": Rule("Shape", "long side / short side", True, False, True, 1.4),
    "sharpness": Rule("Blur", "variance of the Laplacian", True, True, False, 2.0),
    "luminance": Rule("Brightness", "mean grey level, 0 to 255", False, True, True, 25.0),
    "dark": Rule("Black pixels", "share of the image", False, False, True, 0.5),
    "bright": Rule("White pixels", "share of the image", False, False, True, 0.5),
}


def measures(columns: Any) -> dict[str, Values]:
    """Return the values ``(n,)`` of every measure in `RULES`.

    Parameters
    ----------
    columns : mapping or DataFrame
        ``width``, ``height`` and what `Quality` has; NaN where an image could not be read.
    """
    width, height = (np.asarray(columns[key], np.float64) for key in ("width", "height"))
    elongation = np.maximum(width, height) / np.minimum(width, height)
    made = {"pixels": width * height, "elongation": elongation}
    return made | {key: np.asarray(columns[key], np.float64) for key in RULES if key not in made}


def modified_z(values: ArrayLike) -> Values:
    """Return the distance of each value from the median in robust standard deviations.

    ``(x - median) / (1.4826 MAD)``, MAD the median absolute deviation; where more than half of the
    values are equal, so that it is 0, the mean absolute deviation times 1.2533 stands for it
    (Iglewicz and Hoaglin 1993, "How to detect and handle outliers").

    Parameters
    ----------
    values : float ``(n,)``
        NaN is left out, and stays NaN.

    Returns
    -------
    float ``(n,)``
        0 everywhere where all values are equal.
    """
    given = np.asarray(values, np.float64)
    defined = given[~np.isnan(given)]
    if not defined.size:
        return given
    apart = np.abs(defined - np.median(defined))
    spread = _TO_SD * float(np.median(apart)) or _MEAN_TO_SD * float(apart.mean())
    return np.asarray((given - np.median(defined)) / (spread or np.inf))


def outliers(values: ArrayLike, rule: Rule) -> NDArray[np.int64]:
    """Return the places of the outliers, the farthest first.

    An outlier has a modified z-score beyond `LIMIT` on a side that ``rule`` names, and is
    ``rule.least`` from the median.
    """
    given = np.asarray(values, np.float64)
    # Ratios count in doublings, so that half and twice are equally far.
    compared = np.log2(np.maximum(given, _SMALLEST)) if rule.ratio else given
    least = np.log2(rule.least) if rule.ratio else rule.least
    if np.isnan(compared).all():
        return np.empty(0, np.int64)
    z, apart = modified_z(compared), compared - np.nanmedian(compared)
    sides = (rule.low & (z < -LIMIT)) | (rule.high & (z > LIMIT))
    found = np.flatnonzero(sides & (np.abs(apart) >= least))
    return np.asarray(found[np.argsort(-np.abs(z[found]), kind="stable")], dtype=np.int64)

"""How often the interval of the calibration error holds the truth, beside a percentile bootstrap.

python benchmarks/ece_interval.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.checks.calibration.statistics import calibration_error, equal_width

REPEATS, DRAWS, MANY = 100, 300, 400_000
Array = NDArray[np.float64]
MODELS: dict[str, Callable[[Array], Array]] = {
    "calibrated": lambda c: c,
    "3 points too sure": lambda c: np.clip(c - 0.03 * (c > 0.3), 0, 1),
    "8 points too sure": lambda c: np.clip(c - 0.08 * (c > 0.3), 0, 1),
    "both ways": lambda c: np.clip(c + 0.06 * np.sin(20 * c), 0, 1),
}
SHAPES = {"broad": (5, 1.5), "mostly sure": (8, 0.6)}


def truth(model: Callable[[Array], Array], shape: tuple[float, float]) -> float:
    """The binned calibration error of a model, all but without noise."""
    sure = np.random.default_rng(1).beta(*shape, MANY)
    return binned(sure, model(sure))


def binned(sure: Array, right: NDArray[Any]) -> float:
    """The calibration error of answers, each right or right with a probability."""
    indices = np.searchsorted(equal_width()[1:-1], sure)
    return float(np.abs(np.bincount(indices, weights=right - sure)).sum() / sure.size)


def percentile(sure: Array, right: NDArray[np.bool_], random: np.random.Generator) -> Array:
    """The plain bootstrap interval."""
    drawn = []
    for _ in range(DRAWS):
        chosen = random.integers(sure.size, size=sure.size)
        drawn.append(binned(sure[chosen], right[chosen]))
    return np.quantile(drawn, [0.025, 0.975])


def main() -> None:
    print("| confidences | model | truth | images | mean ECE | holds the truth | percentile |")
    print("|---|---|---|---|---|---|---|")
    for shape_name, shape in SHAPES.items():
        for name, model in MODELS.items():
            true = truth(model, shape)
            for n in (30, 200, 2000):
                random = np.random.default_rng(n)
                values, ours, plain = [], 0, 0
                for k in range(REPEATS):
                    sure = random.beta(*shape, n)
                    right = random.random(n) < model(sure)
                    found = calibration_error(sure, right, equal_width(), k, DRAWS)
                    low, high = percentile(sure, right, random)
                    values.append(found.value)
                    ours += found.low - 1e-3 <= true <= found.high
                    plain += low - 1e-3 <= true <= high
                shares = f"{ours / REPEATS:.0%} | {plain / REPEATS:.0%}"
                told = f"{true:.3f} | {n:,} | {np.mean(values):.3f} | {shares}"
                print(f"| {shape_name} | {name} | {told} |")


if __name__ == "__main__":
    main()

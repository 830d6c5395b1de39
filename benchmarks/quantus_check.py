"""Our localisation scores beside those of Quantus, where definitions agree and where they do not.

pip install quantus
python benchmarks/quantus_check.py
"""

from __future__ import annotations

import warnings

import numpy as np
from quantus import PointingGame, RelevanceMassAccuracy, RelevanceRankAccuracy

from audit.explainers.localisation import localise

SIDE, COUNT = 48, 200
SCORES = {
    "mass": RelevanceMassAccuracy(normalise=False, disable_warnings=True),
    "rank_accuracy": RelevanceRankAccuracy(normalise=False, disable_warnings=True),
    "pointing": PointingGame(normalise=False, disable_warnings=True),
}
Arrays = tuple[np.ndarray, np.ndarray]


def drawn(kind: str, random: np.random.Generator) -> Arrays:
    """Heatmaps and masks of one kind."""
    heat = random.gamma(0.5, size=(COUNT, SIDE, SIDE))
    centre = random.uniform(10, SIDE - 10, (COUNT, 2, 1, 1))
    y, x = np.mgrid[:SIDE, :SIDE]
    mask = (y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2 < 80
    if kind == "signed":
        heat = random.normal(size=heat.shape)
    if kind == "with ties":
        heat = np.round(heat * 2)
    if kind == "empty mask":
        mask[:] = False
    return heat, mask


def main() -> None:
    warnings.simplefilter("ignore")
    print("| heatmaps | score | images that differ by more than 1e-9 | ours | Quantus |")
    print("|---|---|---|---|---|")
    for kind in ("positive", "signed", "with ties", "empty mask"):
        heat, mask = drawn(kind, np.random.default_rng(0))
        everywhere = np.ones((SIDE, SIDE), bool)
        ours = [localise(h, m, everywhere) for h, m in zip(heat, mask, strict=True)]
        for name, metric in SCORES.items():
            mine = np.array([getattr(score, name) for score in ours])
            theirs = np.asarray(metric.evaluate_batch(a_batch=heat, s_batch=mask), float)
            differ = ~np.isclose(mine, theirs, atol=1e-9, rtol=0, equal_nan=True)
            means = f"{mine.mean():.3f} | {theirs.mean():.3f}"
            print(f"| {kind} | {name} | {differ.sum()} of {COUNT} | {means} |")


if __name__ == "__main__":
    main()

"""Confusions: which classes are taken for which, how often, and what the heatmaps say of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.core.estimate import Estimate, rate
from audit.core.paired import holm
from audit.report.cases import Case
from audit.report.source import Source
from audit.verdict.verdict import Verdict

MOST = 24  # pairs shown: with five cases each a page stays below 3 MB
EXAMPLES = 3
_NAMED = 4  # confusions named on a class's own page, each way
LEVEL = 0.05  # of a confusion called one-way by chance, among all listed

Key = tuple[int, int]  # label, prediction


@dataclass(frozen=True)
class Confusion:
    """One class that is taken for another.

    Attributes
    ----------
    share : Estimate
        Of the class's test images, those taken for the other.
    back : Estimate
        The other way: of the other class's images, those taken for this one.
    count, back_count : int
        Images, this way and the other.
    ways : str
        "both ways", "one way" where the shares are shown to differ, else "unclear".
    verdicts : dict
        Explained images of this confusion by verdict key.
    unexplained : int
        Images of this confusion that were not explained.
    cases : list of Case
        The surest of them that have pictures.
    truth, other : Case or None
        A right prediction of the class, and of the other: the surest for the right reasons, else
        the surest.
    """

    label: int
    prediction: int
    label_name: str
    prediction_name: str
    count: int
    share: Estimate
    back_count: int
    back: Estimate
    ways: str
    verdicts: dict[str, int]
    unexplained: int
    cases: list[Case]
    truth: Case | None
    other: Case | None

    @property
    def anchor(self) -> str:
        """Anchor of its place on the page."""
        return f"pair-{self.label}-{self.prediction}"


@dataclass(frozen=True)
class Named:
    """A confusion on a class's own page: the other class, and where it is shown, if it is."""

    name: str
    count: int
    anchor: str


@dataclass(frozen=True)
class Matrix:
    """Labels by predictions, of the classes most involved in confusions.

    Attributes
    ----------
    names : dict
        By the index of the class.
    """

    names: dict[int, str]
    counts: NDArray[np.int64]

    @property
    def most(self) -> int:
        """Largest count off the diagonal."""
        return int((self.counts - np.diag(self.counts.diagonal())).max())


@dataclass(frozen=True)
class Confusions:
    """Wrong answers of all test images.

    Attributes
    ----------
    tested, wrong, kinds : int
        Test images, those named wrongly, and how many different confusions these are.
    pairs : list of Confusion
        The most frequent, most frequent first.
    taken_for, takes : dict
        By class: what it is most often taken for, and what is most often taken for it.
    """

    tested: int
    wrong: int
    kinds: int
    pairs: list[Confusion]
    matrix: Matrix | None
    taken_for: Mapping[int, list[Named]]
    takes: Mapping[int, list[Named]]

    @property
    def shown(self) -> int:
        """Wrong answers that `pairs` hold."""
        return sum(pair.count for pair in self.pairs)


def confusions(source: Source, galleries: Mapping[str, Sequence[Case]]) -> Confusions:
    """Return all confusions, counted over every test image; the most frequent with their cases."""
    table = source.answered
    wrong = table[table["label"] != table["prediction"]]
    counts = _counted(wrong)
    pairs = _pairs(source, counts, [c for cases in galleries.values() for c in cases])
    shown = {(p.label, p.prediction): p.anchor for p in pairs}
    return Confusions(
        tested=len(table),
        wrong=len(wrong),
        kinds=len(counts),
        pairs=pairs,
        matrix=matrix(source),
        taken_for=_named(source, counts, shown, own=0),
        takes=_named(source, counts, shown, own=1),
    )


def matrix(source: Source, most: int = 12) -> Matrix | None:
    """Return the matrix of the classes with most wrong answers; None where nothing is confused."""
    wrong = source.answered.query("label != prediction")
    if wrong.empty:
        return None
    involved = pd.concat([wrong["label"], wrong["prediction"]]).value_counts()
    chosen = sorted(int(i) for i in involved.index[:most])
    kept = source.answered.query("label in @chosen and prediction in @chosen")
    table = pd.crosstab(kept["label"], kept["prediction"])
    counts = table.reindex(index=chosen, columns=chosen, fill_value=0).to_numpy(dtype=np.int64)
    return Matrix({i: source.classes[i] for i in chosen}, counts)


def _counted(wrong: pd.DataFrame) -> Counter[Key]:
    """Count images by label and prediction; equal counts come in the order of their classes."""
    pairs = sorted(zip(wrong["label"].tolist(), wrong["prediction"].tolist(), strict=True))
    return Counter(pairs)  # most_common keeps the first-met order among equals


def _pairs(source: Source, counts: Counter[Key], cases: Iterable[Case]) -> list[Confusion]:
    listed = counts.most_common(MOST)
    sizes = Counter(source.predictions["label"].tolist())
    ways = _ways([key for key, _ in listed], counts, sizes)
    by_key: dict[Key, list[Case]] = defaultdict(list)
    for case in sorted(cases, key=lambda c: -c.confidence):
        by_key[case.label, case.prediction].append(case)
    verdicts = source.explained.groupby(["label", "prediction"])["verdict"].value_counts()
    judged = dict(zip(verdicts.index.tolist(), verdicts.tolist(), strict=True))
    return [
        _pair(source.classes, key, counts, sizes, word, judged, by_key)
        for (key, _), word in zip(listed, ways, strict=True)
    ]


def _pair(
    names: Mapping[int, str],
    key: Key,
    counts: Counter[Key],
    sizes: Counter[int],
    ways: str,
    judged: Mapping[tuple[int, int, str], int],
    cases: Mapping[Key, list[Case]],
) -> Confusion:
    label, prediction = key
    count, back = counts[key], counts[prediction, label]
    verdicts = {v: n for (a, b, v), n in judged.items() if (a, b) == key}
    return Confusion(
        label,
        prediction,
        names[label],
        names[prediction],
        count,
        rate(count, sizes[label]),
        back,
        rate(back, sizes[prediction]),
        ways,
        verdicts,
        max(0, count - sum(verdicts.values())),
        cases.get(key, [])[:EXAMPLES],
        *(_example(cases.get((c, c), [])) for c in key),
    )


def _example(cases: Sequence[Case]) -> Case | None:
    """Return the surest case for the right reasons, else the surest; the surest come first."""
    best = (c for c in cases if c.verdict.key == Verdict.RIGHT_REASONS)
    return next(best, cases[0] if cases else None)


def _ways(keys: Sequence[Key], counts: Counter[Key], sizes: Counter[int]) -> list[str]:
    """Say whether each confusion goes both ways, allowing for chance among all listed."""
    from scipy.stats import fisher_exact

    chances = []
    for label, prediction in keys:
        there, back = counts[label, prediction], counts[prediction, label]
        rest = [sizes[label] - there, sizes[prediction] - back]
        chances.append(float(fisher_exact([[there, back], rest]).pvalue))
    return [
        "one way" if p <= LEVEL else "both ways" if counts[prediction, label] else "unclear"
        for p, (label, prediction) in zip(holm(chances), keys, strict=True)
    ]


def _named(
    source: Source, counts: Counter[Key], shown: Mapping[Key, str], own: int
) -> dict[int, list[Named]]:
    """Group confusions by the class at place ``own`` of a pair: the others, most frequent first."""
    found: dict[int, list[Named]] = defaultdict(list)
    for key, count in counts.most_common():
        if len(found[key[own]]) < _NAMED:
            name = source.classes[key[1 - own]]
            found[key[own]].append(Named(name, count, shown.get(key, "")))
    return dict(found)

"""The gallery's data as scripts: browsers refuse to fetch JSON from disk, but run scripts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from audit.checks.registry import every
from audit.core.registries import JUDGED
from audit.report.behind import LOST, file_of, tried
from audit.report.cases import Case
from audit.report.content import Content, once
from audit.report.shapes import Shapes
from audit.report.templating import data_uri, mask_from, plain
from audit.report.trials import Panel
from audit.report.verdicts import VERDICT_KINDS

CHUNK = 64  # cases whose details are loaded together
MOST_HELD = 48  # cases whose pictures are in scripts, too: 1 MB, as large reports are near 100


def write_data(content: Content, shapes: Mapping[str, Shapes], folder: Path) -> None:
    """Write ``cases.js``, what tiles, filters and orders need, and ``details-*.js``, the rest.

    ``cases.js`` assigns ``FA_CASES``: columns, one value an image. Shares are in thousandths,
    undefined is null. ``details-K.js`` assigns ``FA_DETAILS[K]``: a list of ``CHUNK`` cases.
    """
    folder.mkdir()
    cases = [case for cases in content.galleries.values() for case in cases]
    places, untold = _places(content), _left_out(cases)
    _assign(folder / "cases.js", "FA_CASES", _columns(content, cases) | {"leftOut": list(untold)})
    for k in range(-(-len(cases) // CHUNK)):
        some = cases[k * CHUNK : (k + 1) * CHUNK]
        details = [_detail(c, shapes[c.anchor], places, untold) for c in some]
        _assign(folder / f"details-{k}.js", f"FA_DETAILS[{k}]", details)


def _places(content: Content) -> dict[int, int]:
    """Return the place of each class among those of ``FA_CASES``."""
    return {label: k for k, label in enumerate(sorted(content.source.classes))}


def write_held(content: Content, shapes: Mapping[str, Shapes], report: Path) -> None:
    """Write ``gallery/held/ANCHOR.js`` for the worst cases of a built report: what they show.

    Pages from disk may show pictures, but read none: these are what a case is saved as PNG from.
    Each script assigns ``FA_HELD``: addresses that hold a picture, by its file's name.
    """
    folder = report / "gallery" / "held"
    folder.mkdir(parents=True)
    for case in _held(content):
        behind = [file_of(row) for row in tried(shapes[case.anchor], case.trials) if row != LOST]
        files = [report / file for file in dict.fromkeys((*case.pictures, *behind))]
        pictures = {file.name: data_uri(file.read_bytes()) for file in files}
        _assign(folder / f"{case.anchor}.js", "FA_HELD", pictures)


@once
def _held(content: Content) -> list[Case]:
    return list(islice(content.worst_first(), MOST_HELD))


def _columns(content: Content, cases: Sequence[Case]) -> dict[str, Any]:
    source = content.source
    keys = [v.key for v in VERDICT_KINDS]
    masks = sorted({c.mask_source for c in cases})
    rows = {row.index: row for row in content.classes}
    labels, indices = sorted(source.classes), _places(content)
    # That a label is not there is told on the label's own page.
    pages = [(rows.get(k) or rows[k % len(rows)]).page for k in labels]
    held = {case.anchor for case in _held(content)}
    return {
        "chunk": CHUNK,
        "subject": plain(source.subject),
        "titles": list(source.titles.values()),
        "verdicts": [
            {"key": v.key, "title": v.title, "prediction": v.prediction} for v in VERDICT_KINDS
        ],
        "classes": [plain(source.classes[label]) for label in labels],
        "indexes": labels,
        "pages": [f"classes/{page}.html" for page in pages],
        "masks": [plain(mask_from(m)) for m in masks],
        "name": [plain(c.name) for c in cases],
        "anchor": [c.anchor for c in cases],
        "verdict": [keys.index(c.verdict.key) for c in cases],
        "label": [indices[c.label] for c in cases],
        "prediction": [indices[c.prediction] for c in cases],
        "mask": [masks.index(c.mask_source) for c in cases],
        "groups": _groups(content, cases),
        "fragile": [int(c.fragile) for c in cases],
        "held": [int(c.anchor in held) for c in cases],
        "composites": [int(bool(c.composites)) for c in cases],
        "confidence": _thousandths(c.confidence for c in cases),
        "chance": _thousandths(c.chance for c in cases),
        "share": _thousandths(c.causes.share for c in cases),
        "score": _thousandths(c.score for c in cases),
        **{
            f"{column}{k}": _thousandths(getattr(c.scores[k], column) for c in cases)
            for k in range(len(source.titles))
            for column in ("mass", "skill")
        },
        "halves": [1 + JUDGED.index(key) if key in JUDGED else 0 for key in source.titles],
        **{
            f"heat{k}": [c.scores[k].picture.removeprefix(f"pictures/{c.anchor}") for c in cases]
            for k, key in enumerate(source.titles)
            if key not in JUDGED
        },
    }


def _groups(content: Content, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Return filters that checks bring: title, values, and each case's value by its place or -1."""
    told = ((check, content.checks[check.key]) for check in every())
    filters = {t: v for check, found in told if found for t, v in check.filters(found).items()}
    groups = []
    for title, value_of in filters.items():
        values = sorted({value_of[c.name] for c in cases if c.name in value_of})
        places = {value: k for k, value in enumerate(values)}
        of = [places.get(value_of.get(c.name, ""), -1) for c in cases]
        groups.append({"title": plain(title), "values": [plain(v) for v in values], "of": of})
    return groups


def _left_out(cases: Iterable[Case]) -> dict[str, int]:
    """Return what was not asked, in words, each with its place: few are said of many cases."""
    return {words: k for k, words in enumerate(dict.fromkeys(c.causes.left_out for c in cases))}


def _detail(
    case: Case, shapes: Shapes, places: Mapping[int, int], untold: Mapping[str, int]
) -> dict[str, Any]:
    causes = case.causes
    found = {
        "reason": plain(case.reason),
        "doubt": plain(case.mask_doubt),
        "shortcut": plain(case.shortcut),
        "untested": plain(causes.reason),
        "survival": _thousandths([causes.survival])[0],
        "donors": causes.donors,
        "region": plain(causes.region),
        "panels": [[plain(p.title), plain(p.said.words)] for p in _drawn(case)],
        "swaps": _swaps(case, shapes, places),
        "leftOut": untold[causes.left_out],
        "rank": _thousandths(s.rank_accuracy for s in case.scores),
        "pointing": _thousandths(s.pointing for s in case.scores),
        "why": _told(plain(s.reason) for s in case.scores),
        "hottest": _told(shapes.hottest.get(score.key, "") for score in case.scores),
        "side": shapes.side,
        "flower": shapes.foreground,
        "unknown": shapes.unknown,
        "outline": shapes.region,
    }
    return {key: value for key, value in found.items() if value not in ("", None, [])}


def _told(words: Iterable[str]) -> list[str]:
    """Return words, or nothing where all are empty."""
    told = list(words)
    return told if any(told) else []


def _drawn(case: Case) -> Sequence[Panel]:
    return case.trials.panels if case.composites else ()


def _swaps(
    case: Case, shapes: Shapes, places: Mapping[int, int]
) -> list[tuple[int, int | None, int | None]]:
    """Give each background that was tried: its row, the answer's class and percentage.

    The class is null where it is not known; -1 where it is known to be another one.
    """
    prediction = places[case.prediction]
    unknown = {True: prediction, False: -1, None: None}
    return [
        (row, places.get(said.index, unknown[said.stays]), _percent(said.confidence))
        for row, said in zip(tried(shapes, case.trials), case.trials.swaps, strict=True)
    ]


def _percent(share: float) -> int | None:
    return None if math.isnan(share) else round(100 * share)


def _thousandths(values: Iterable[float]) -> list[int | None]:
    return [None if math.isnan(v) else round(1000 * v) for v in values]


def _assign(file: Path, name: str, value: Any) -> None:
    """Assign a value to a name in ASCII alone, so that no page's encoding can change it."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    file.write_text(f"{name}={text};\n", encoding="ascii")

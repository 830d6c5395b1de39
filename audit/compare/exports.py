"""A comparison for programs and for pasting: compare.json, compare.md, and flips as CSV."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from audit import __version__
from audit.checks.registry import every
from audit.compare.classes import Change, ClassChange
from audit.compare.content import Comparison, Versus
from audit.compare.findings import PairFinding
from audit.compare.grown import Grown
from audit.report.exports import csv_text
from audit.report.templating import apart, fill

SCHEMA = 1
KIND = "flower-audit compare"


def compare_json(found: Comparison, files: Sequence[str]) -> bytes:
    """Return the whole comparison as JSON; undefined is null.

    ``runs``: letter, name and facts. ``pairs``: of each run against the first, ``figures`` by key
    (a, b, their difference with its 95% interval and reason, n, McNemar's test, what it says),
    ``transitions`` (verdict in A, verdict in B, images), ``flips`` by direction, ``classes``.
    ``files``: what the comparison wrote.
    """
    told: dict[str, Any] = {
        "kind": KIND,
        "schema": SCHEMA,
        "flower_audit": __version__,
        "files": list(files),
        "runs": _runs(found),
        "other_settings": found.settings,
        "pairs": [_pair(v) for v in found.versus],
    }
    return (json.dumps(defined(told), indent=2, allow_nan=False) + "\n").encode()


def compare_md(found: Comparison) -> bytes:
    """Return ten lines a pair, to paste into a review."""
    return apart(fill("compare/compare.md", found=found)).encode()


def flips_csv(versus: Versus) -> bytes:
    """Return every shared test image whose answer or verdict changed; no cell is a formula."""
    return csv_text(versus.flips).encode()


def _runs(found: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "letter": e.letter,
            "name": e.name,
            "facts": {key: values[i] for key, values in found.facts.items()},
        }
        for i, e in enumerate(found.entries)
    ]


def _pair(v: Versus) -> dict[str, Any]:
    return {
        "a": v.pair.a.letter,
        "b": v.pair.b.letter,
        "tested_in_both": len(v.pair.a.source.predictions),
        "explained_in_both": len(v.pair.a.source.explained),
        "explained": list(v.pair.explained),
        "warnings": v.pair.warnings,
        "figures": {
            f.metric.key: _finding(f, v.pair.a.letter, v.pair.b.letter) for f in v.findings
        },
        **_of_checks(v),
        "transitions": [
            {"a": t.a.key, "b": t.b.key, "images": len(t.names)}
            for row in v.transitions
            for t in row
            if t.names
        ],
        "flips": {g.direction.key: {"images": g.total, "shown": len(g.shown)} for g in v.galleries},
        "flips_file": v.csv,
        "classes": [_class(row) for row in v.classes],
        "grown": None if v.grown is None else [_grown(row) for row in v.grown],
    }


def _of_checks(v: Versus) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for check in every():
        told |= check.comparison_part(v.checks[check.key])
    return told


def _finding(found: PairFinding, a: str, b: str) -> dict[str, Any]:
    return {
        "title": found.metric.title,
        "direction": found.metric.direction,
        "a": asdict(found.a),
        "b": asdict(found.b),
        "difference": asdict(found.difference),
        "n": found.n,
        "mcnemar": asdict(found.mcnemar) if found.mcnemar else None,
        "says": found.says,
        "words": found.words(a, b),
    }


def _class(row: ClassChange) -> dict[str, Any]:
    return {
        "index": row.index,
        "name": row.name,
        "accuracy": _change(row.accuracy),
        "wrong_reasons": _change(row.wrong_reasons),
    }


def _grown(row: Grown) -> dict[str, Any]:
    return {
        "class": row.name,
        "kind": row.a.kind,
        "edit": row.edit,
        **{side: asdict(getattr(row, side).excess) for side in ("a", "b")},
        "proven": [row.a.proven, row.b.proven],
        "change": asdict(row.change),
        "own_change": asdict(row.own),
        "p": row.p,
        "says": row.says,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "a": asdict(change.a),
        "b": asdict(change.b),
        "change": change.value,
        "mcnemar": asdict(change.test),
        "marked": change.marked,
    }


def defined(value: Any) -> Any:
    """Return the same with null for NaN, all the way down."""
    if isinstance(value, dict):
        return {key: defined(each) for key, each in value.items()}
    if isinstance(value, list):
        return [defined(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value

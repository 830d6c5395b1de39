"""The report's figures and records for programs: summary.json, summary.md, records to download."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from audit.checks.data_health.page import Health
from audit.checks.data_health.pairs import pairs
from audit.checks.preflight.outcome import kept
from audit.checks.robustness.page import Robustness
from audit.checks.selftest.planted import Planted
from audit.checks.shortcuts.page import Shortcuts
from audit.core.estimate import Estimate
from audit.core.finding import Finding
from audit.report.content import Content
from audit.report.findings import findings
from audit.report.pages import shared
from audit.report.source import Source
from audit.report.templating import fill
from audit.verdict.signals import Signal

SUMMARY_SCHEMA = 1
_MISSING = ("row", "prediction", "shortcut_class", "prediction_without_shortcut",
            "without_flower", "only_flower", "pasted_back", "mixed_same",
            "removal_prediction")  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def summary(content: Content) -> dict[str, Any]:
    """Every headline figure with its interval and n; undefined is null.

    ``figures`` holds value, low, high (95%), n, undefined and method by metric key; ``verdicts``
    counts by verdict key; ``planted`` is null where nothing was planted, ``shortcuts`` where
    none were looked for, ``robustness`` where no corruption was tried, ``health`` where the data
    was not examined, ``preflight`` where the run had none. ``summary.schema.json`` beside this file
    describes every key.
    """
    source = content.source
    return {
        "schema": SUMMARY_SCHEMA,
        "flower_audit": source.manifest.get("flower_audit"),
        "finished": None if source.missing else source.manifest.get("finished"),
        "data": source.section("data").get("name"),
        "model": source.section("model").get("sha256"),
        "images": {
            "tested": len(source.predictions),
            "explained": len(source.explained),
            "missing": source.missing,
            "correct_explained": len(source.correct),
            "skipped": len(content.notes.skipped),
            "doubtful_masks": len(content.notes.doubtful),
        },
        "figures": {key: _estimate(f.estimate) for key, f in content.figures.items()},
        "verdicts": {
            row.verdict.key: {"correct": row.correct, "wrong": row.wrong, **_estimate(row.share)}
            for row in content.verdicts
        },
        "undecided_reasons": dict(content.notes.undecided),
        "mask_sources": dict(content.notes.mask_sources),
        "masks_by_hand": {key: _estimate(f.estimate) for key, f in content.by_hand.items()},
        "thresholds": asdict(source.thresholds),
        "ig_completeness_error": _defined(asdict(content.notes.completeness)),
        "planted": _planted(content.planted),
        "shortcuts": _shortcuts(content.shortcuts),
        "robustness": _robustness(content.robustness),
        "health": _health(content.health),
        "preflight": kept(content.preflight) if content.preflight else None,
        "findings": [_finding(f) for f in findings(content)],
    }


def summary_json(content: Content) -> bytes:
    """`summary` as JSON text."""
    return (json.dumps(summary(content), indent=2, allow_nan=False) + "\n").encode()


def summary_md(content: Content) -> bytes:
    """Ten lines of Markdown, to paste into a review."""
    return fill("summary.md", **shared(content)).encode()


def card_md(content: Content) -> bytes:
    """The model card as Markdown, to paste."""
    return fill("model_card.md", **shared(content)).encode()


def write_tables(source: Source, folder: Path) -> None:
    """Write records.parquet, records.csv, and images.csv and duplicates.csv where there are any.

    What is undefined is empty, and no CSV cell is a formula.
    """
    folder.mkdir(parents=True, exist_ok=True)
    safe = _undefined_empty(source.records)
    safe.to_parquet(folder / "records.parquet", index=False)
    tables = {"records": safe}
    if source.health is not None:
        images = source.health.drop(columns="thumbnail")
        images["label"] = images["label"].map(source.classes)
        near = pairs(source, images).drop(columns=["a_row", "b_row", "a_name", "b_name"])
        tables |= {"images": images, "duplicates": near}
    for name, table in tables.items():
        (folder / f"{name}.csv").write_text(csv_text(table), encoding="utf-8", newline="")


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV in which no cell is a formula."""
    safe = table.copy()
    for column in safe.columns:
        if pd.api.types.is_string_dtype(safe[column]):
            safe[column] = safe[column].map(_no_formula, na_action="ignore")
    return safe.to_csv(index=False)


def _undefined_empty(records: pd.DataFrame) -> pd.DataFrame:
    """Records whose -1 are missing, and whose skipped images have neither answer nor verdict."""
    clean = records.copy()
    for column in _MISSING:
        clean[column] = clean[column].astype("Int32").mask(clean[column] < 0)
    skipped = clean["skipped"] != ""
    clean["correct"] = clean["correct"].astype("boolean").mask(skipped)
    clean["ig_steps"] = clean["ig_steps"].astype("Int32").mask(skipped)
    clean.loc[skipped, ["verdict", "verdict_reason"]] = ""
    return clean


def _no_formula(cell: str) -> str:
    """A spreadsheet runs cells that begin like a formula; an apostrophe makes them text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _planted(found: Planted | None) -> dict[str, Any] | None:
    if found is None:
        return None
    signals = [signal_json(s) for s in found.signals]
    return {"cases": found.cases, "others": found.others, "signals": signals}


def _robustness(found: Robustness | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "images": found.images,
        "clean_accuracy": _estimate(found.clean),
        "mean_corruption_error": _estimate(found.error),
        "corruptions": {
            row.key: {
                "accuracy": [_estimate(level.accuracy) for level in row.levels],
                "mean_error": _estimate(row.error),
                "gradcam_rank_correlation": _estimate(row.rank),
                "gradcam_mass_change": _estimate(row.mass),
            }
            for row in found.rows
        },
    }


def _shortcuts(found: Shortcuts | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "reason": found.reason,
        "background_driven": found.cases,
        "groups": len(found.groups),
        "proven": [
            {
                "class": group.class_name,
                "images": group.members,
                "prevalence": _estimate(group.prevalence),
                "effect": _estimate(group.rise),
                "answers_more_often": _estimate(group.answers),
                "p": group.p,
            }
            for group in found.proven
        ],
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "key": found.key,
        "severity": found.severity,
        "title": found.title,
        "words": found.words,
        "why": found.why,
        "what_to_do": [step.words for step in found.steps],
        "figure": _estimate(found.estimate) if found.estimate.n else None,
    }


def _health(found: Health | None) -> dict[str, Any] | None:
    if found is None:
        return None
    near = found.near
    return {
        "images": found.images,
        "unreadable": found.broken,
        "too_plain_to_compare": near.plain,
        "near_duplicates": {
            "complete": near.complete,
            "pairs": near.pairs,
            "label_conflicts": near.conflicts,
            "groups": len(near.groups),
            "by_splits": {" ".join(a.splits): a.pairs for a in near.across},
        },
        "leaked_test_images": found.leaks if found.accuracies else None,
        "accuracies": {key: _estimate(e) for key, e in found.accuracies.items()},
        "outliers": {key: o.total for key, o in found.outlying.items()},
    }


def signal_json(signal: Signal) -> dict[str, Any]:
    """A signal's record but its curve; undefined is None."""
    estimates = ("found", "precision", "false_alarms", "auroc")
    return {
        "title": signal.title,
        "rule": signal.rule,
        **{name: _estimate(getattr(signal, name)) for name in estimates},
        "undefined": signal.undefined,
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return _defined(asdict(estimate))


def _defined(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and math.isnan(value) else value
        for key, value in values.items()
    }

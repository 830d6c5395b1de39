"""The report's figures and records for programs: summary.json, summary.md, records to download."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audit.checks.registry import every
from audit.core.estimate import NOTHING, Estimate, as_json, defined
from audit.core.finding import Finding
from audit.report.content import Content
from audit.report.decision import decision
from audit.report.figures import LOCALISED, not_available
from audit.report.findings import findings
from audit.report.hub import metadata
from audit.report.pages import shared
from audit.report.sheets import action_table, class_table, finding_table
from audit.report.source import Source
from audit.report.templating import apart, fill
from audit.report.unavailable import SEVERAL

SUMMARY_SCHEMA = 2
_MISSING = ("row", "prediction", "shortcut_class", "prediction_without_shortcut",
            "without_foreground", "only_foreground", "pasted_back", "mixed_same",
            "removal_prediction", "edit_donor")  # fmt: skip
_DIGITS = 6  # of numbers in tables with a row an image: records.parquet has all
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def summary(content: Content) -> dict[str, Any]:
    """Return every headline figure with its interval and n; undefined is null.

    ``figures`` holds value, low, high (95%), n, undefined and method by metric key; ``verdicts``
    counts by verdict key; what checks add is null where a run has nothing of them.
    ``summary.schema.json`` beside this file describes every key.
    """
    source = content.source
    return {
        "schema": SUMMARY_SCHEMA,
        "flower_audit": source.manifest.get("flower_audit"),
        "finished": None if source.missing else source.manifest.get("finished"),
        "decision": decision(content).as_json(),
        "data": source.section("data").get("name"),
        "model": source.section("model").get("sha256"),
        "images": {
            "tested": len(source.predictions),
            "explained": len(source.explained),
            "missing": source.missing,
            "correct_explained": int(source.is_correct.sum()),
            "skipped": len(content.notes.skipped),
            "doubtful_masks": len(content.notes.doubtful),
        },
        "figures": _figures(content),
        "undefined_figures": _undefined(content),
        "verdicts": {
            row.verdict.key: {"correct": row.correct, "wrong": row.wrong, **as_json(row.share)}
            for row in content.verdicts
        },
        "undecided_reasons": dict(content.notes.undecided),
        "mask_sources": dict(content.notes.mask_sources),
        "masks_by_hand": {key: as_json(f.estimate) for key, f in content.by_hand.items()},
        "thresholds": dict(source.thresholds),
        "ig_completeness_error": defined(asdict(content.notes.completeness)),
        "unavailable": {each.key: each.why for each in content.unavailable},
        "against": None if content.against is None else content.against.as_json(),
        **_of_checks(content),
        "findings": [_finding(f) for f in findings(content)],
    }


def _figures(content: Content) -> dict[str, Any]:
    """Return all figures, those of explainers that the model lacks among them: they are null."""
    lacking = (f"{key}_{column}" for key in content.source.lacks for column in LOCALISED)
    found = {key: f.estimate for key, f in content.figures.items()}
    return {key: as_json(e) for key, e in (dict.fromkeys(lacking, NOTHING) | found).items()}


def _undefined(content: Content) -> dict[str, str]:
    """Return why each figure that is null has no value."""
    source = content.source
    closed = {f"{key}_{c}": why for key, why in source.lacks.items() for c in LOCALISED}
    several = {metric.key: SEVERAL for metric in not_available(source)}
    empty = {key: _empty(f.estimate) for key, f in content.figures.items()}
    told = empty | closed | several
    return {key: told[key] for key, e in _figures(content).items() if e["value"] is None}


def _empty(e: Estimate) -> str:
    if e.undefined:
        return f"undefined for every image that would count ({e.undefined:,})"
    return "no image counts for it"


def _of_checks(content: Content) -> dict[str, Any]:
    """Return what every check that has a part of the summary says."""
    found = ((check, content.checks[check.key]) for check in every() if check.schema())
    return {check.name: check.summary_part(told) if told else None for check, told in found}


def summary_json(content: Content) -> bytes:
    """Return `summary` as JSON text."""
    return (json.dumps(summary(content), indent=2, allow_nan=False) + "\n").encode()


def summary_md(content: Content) -> bytes:
    """Return eleven lines of Markdown, to paste into a review."""
    return apart(fill("summary.md", **shared(content))).encode()


def card_md(content: Content) -> bytes:
    """Return the model card as Markdown, to paste, and as a README of the Hugging Face Hub."""
    return fill("model_card.md", hub=metadata(content), **shared(content)).encode()


def write_tables(source: Source, folder: Path) -> None:
    """Write records.parquet, records.csv, and what tables checks have, as CSV.

    What is undefined is empty, and no CSV cell is a formula.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_records(source, folder / "records")
    for name, table in (named for check in every() for named in check.tables(source).items()):
        _write_csv(table, folder / f"{name}.csv", _DIGITS)


def write_classes(content: Content, folder: Path) -> None:
    """Write classes.csv."""
    _write_csv(class_table(content), folder / "classes.csv")


def write_told(content: Content, folder: Path) -> None:
    """Write findings.csv, actions.csv and model_card.md, which say what the gate decides."""
    _write_csv(finding_table(content), folder / "findings.csv")
    _write_csv(action_table(content), folder / "actions.csv")
    (folder / "model_card.md").write_bytes(card_md(content))


def _write_csv(table: pd.DataFrame, file: Path, digits: int | None = None) -> None:
    file.write_text(csv_text(table, digits=digits), encoding="utf-8", newline="")


def _write_records(source: Source, file: Path) -> None:
    """Write all records in both formats, batch by batch as they are read."""
    with ExitStack() as opened:
        csv = opened.enter_context(file.with_suffix(".csv").open("w", encoding="utf-8", newline=""))
        parquet: pq.ParquetWriter | None = None
        for batch in source.batches():
            safe = _undefined_empty(batch)
            table = pa.Table.from_pandas(safe, preserve_index=False)
            if parquet is None:
                writer = pq.ParquetWriter(file.with_suffix(".parquet"), table.schema)
                parquet = opened.enter_context(writer)
            parquet.write_table(table)
            csv.write(csv_text(safe, header=not csv.tell(), digits=_DIGITS))


def csv_text(table: pd.DataFrame, *, header: bool = True, digits: int | None = None) -> str:
    """Return a table as CSV in which no cell is a formula; numbers in so many digits, or in all."""
    safe = table.copy()
    for column in safe.columns:
        if pd.api.types.is_string_dtype(safe[column]):
            safe[column] = safe[column].map(_no_formula, na_action="ignore")
    return safe.to_csv(index=False, header=header, float_format=f"%.{digits}g" if digits else None)


def _undefined_empty(records: pd.DataFrame) -> pd.DataFrame:
    """Return records without -1, and without answers and verdicts of skipped images."""
    clean = records.copy()
    for column in _MISSING:
        clean[column] = clean[column].astype("Int32").mask(clean[column] < 0)
    skipped = clean["skipped"] != ""
    clean["correct"] = clean["correct"].astype("boolean").mask(skipped)
    clean["ig_steps"] = clean["ig_steps"].astype("Int32").mask(skipped)
    clean.loc[skipped, ["verdict", "verdict_reason"]] = ""
    return clean


def _no_formula(cell: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "key": found.key,
        "severity": found.severity,
        "title": found.title,
        "words": found.words,
        "why": found.why,
        "what_to_do": [step.words for step in found.steps],
        "figure": as_json(found.estimate) if found.estimate.n else None,
    }

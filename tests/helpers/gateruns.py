"""Runs of bare records, in which every count is chosen: no picture, no map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from drawnruns import record, write_contents

from audit.storage.run import RunFolder


def case(
    label: int = 0, right: bool = True, verdict: str = "right-reasons", **more: object
) -> dict[str, object]:
    """One test image that was tested by intervention."""
    prediction = label if right else label + 1
    tested = {"causal_reason": "", "mixed_same": label, "mixed_rand": 0.75}
    known = {"label": label, "prediction": prediction, "correct": right, "verdict": verdict}
    named = {"label_name": f"class {label}", "prediction_name": f"class {prediction}"}
    return known | named | tested | more


def write_run(
    root: Path,
    cases: Sequence[dict[str, object]],
    classes: Sequence[str] = ("rose", "tulip"),
    missing: int = 0,
) -> RunFolder:
    """A run of these images; ``missing`` more were to be explained."""
    run = RunFolder.create(root, resume=False)
    rows = [record(f"{i:04d}.jpg", row=i, **c) for i, c in enumerate(cases)]
    run.write_part(0, rows, [])
    types = {"name": "str", "label": "int32", "prediction": "int32", "confidence": "float64"}
    predicted = [row for row in rows if not row["skipped"]]
    pd.DataFrame(predicted, columns=list(types)).astype(types).to_parquet(run.predictions_file)
    write_contents(run, [str(row["name"]) for row in predicted])
    run.update_manifest(
        config={"seed": 0},
        finished="2026-03-04T10:58:31+00:00",
        data={"name": "drawn", "classes": list(classes), "fingerprint": "c0ffee"},
        model={"sha256": "ab" * 32},
        sweep={"explained": len(rows) + missing},
    )
    return run


def accused(wrong: int, n: int) -> list[dict[str, object]]:
    """``n`` right images, the first ``wrong`` of them for wrong reasons."""
    return [case(verdict="wrong-reasons" if i < wrong else "right-reasons") for i in range(n)]


def answered(right: int, n: int, label: int = 0) -> list[dict[str, object]]:
    """``n`` images of a class, the first ``right`` of them named rightly."""
    return [case(label, i < right, "right-reasons" if i < right else "misread") for i in range(n)]

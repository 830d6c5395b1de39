"""The first screen: what a reviewer decides by who reads nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.core.errors import RunFolderError
from audit.core.estimate import Estimate
from audit.report.cases import Case
from audit.report.content import Content
from audit.report.source import Source

_EVIDENCE = 3
_SELFTEST = Path(__file__).with_name("selftest.json")


@dataclass(frozen=True)
class Gate:
    """Outcome of ``flower-audit check``.

    Attributes
    ----------
    broken, doubtful : list of str
        Gates that fail, and gates that hold but for noise, in words.
    gates : int
        How many were checked.
    outdated : bool
        Whether the run has gone on since, or has another model.
    limits : dict
        What was asked, by the gate's key.
    """

    passed: bool
    broken: list[str]
    doubtful: list[str]
    gates: int
    outdated: bool
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """How often ``wrong-reasons`` is right where the truth is known.

    Attributes
    ----------
    here : bool
        Measured in this run; else in the self-test of this release.
    found, false_alarms : Estimate
        Share of the cases that are accused, and of the healthy that are.
    thresholds_differ : bool
        Whether this run judges by other thresholds than the self-test did.
    """

    here: bool
    found: Estimate
    false_alarms: Estimate
    thresholds_differ: bool


@dataclass(frozen=True)
class Screen:
    """What the first screen shows beside the verdict in one sentence."""

    figures: tuple[tuple[str, str], ...]
    gate: Gate | None
    evidence: list[Case]
    record: Record


def screen(content: Content) -> Screen:
    """Gather the first screen."""
    source = content.source
    evidence = content.strongest(_EVIDENCE)
    return Screen(_figures(source), gate(source), evidence, record(content))


def _figures(source: Source) -> tuple[tuple[str, str], ...]:
    """Keys and short titles of the six figures."""
    return (
        ("accuracy", "Accuracy"),
        ("wrong_reasons_share", "Wrong reasons"),
        ("suspect_share", "Suspect"),
        ("background_share", "Background share"),
        ("survives_without", f"Right without {source.subject}"),
        ("gradcam_skill", f"{source.titles['gradcam']} skill"),
    )


def gate(source: Source) -> Gate | None:
    """The gate's outcome, or None where none was checked."""
    file, mend = source.run.gate_file, "run flower-audit check again"
    found = source.run.told(file, mend)
    if not found:
        return None
    try:
        now = source.manifest.get("finished"), source.section("model").get("sha256")
        gates = [(str(g["words"]), bool(g["passed"]), g["standing"]) for g in found["gates"]]
        return Gate(
            bool(found["passed"]),
            [words for words, passed, _ in gates if not passed],
            [words for words, passed, stands in gates if passed and stands == "doubtful"],
            len(gates),
            (found["finished"], found["model"]) != now,
            {g["key"]: float(g["limit"]) for g in found["gates"] if "limit" in g},
        )
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunFolderError(f"{file} is torn ({reason}): {mend}.") from None


def record(content: Content) -> Record:
    """The verdict's record: in this run where its truth is known, else in the self-test."""
    planted = content.checks["selftest"]
    if planted and planted.cases:
        flag = planted.verdict
        return Record(True, flag.found, flag.false_alarms, False)
    shipped = json.loads(_SELFTEST.read_text(encoding="utf-8"))
    differ = _differ(content.source, shipped["thresholds"])
    found, healthy = (Estimate(**shipped[key]) for key in ("found", "healthy"))
    return Record(False, found, healthy, differ)


def _differ(source: Source, thresholds: Mapping[str, Any]) -> bool:
    return dict(source.thresholds) != dict(thresholds)

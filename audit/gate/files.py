"""Outcomes of gates for programs: gate.json for the report, JUnit XML for CI systems."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree as ET

from audit import __version__
from audit.compare.exports import defined
from audit.core.redact import Shown
from audit.gate.gates import GateResult, Outcome

SCHEMA = 1
KIND = "flower-audit check"


def gate_json(found: GateResult, time: str) -> bytes:
    """Return every gate with its figure, interval, limit and outcome; undefined is null.

    ``finished``, ``model`` and ``records`` are those of the run: where they differ from what it
    has, it has gone on since.
    """
    manifest = found.source.manifest
    told: dict[str, Any] = {
        "kind": KIND,
        "schema": SCHEMA,
        "flower_audit": __version__,
        "time": time,
        "finished": manifest.get("finished"),
        "model": found.source.section("model").get("sha256"),
        "records": found.source.run.fingerprint(),
        "against": Shown().location(str(found.base.run.root)) if found.base else None,
        "passed": found.holds,
        "gates": [_gate(o) for o in found.outcomes],
        "warnings": found.warnings,
    }
    return (json.dumps(defined(told), indent=2, allow_nan=False) + "\n").encode()


def _gate(outcome: Outcome) -> dict[str, Any]:
    return {
        "key": outcome.key,
        "passed": outcome.holds,
        "standing": outcome.standing,
        "shown": outcome.shown,
        "figure": outcome.figure or None,
        **asdict(outcome.estimate),
        "level": outcome.level,
        "bound": outcome.bound,
        "limit": outcome.limit,
        "words": outcome.words,
        "classes": [{"name": c.name, **asdict(c.estimate)} for c in outcome.classes],
    }


def junit_xml(found: GateResult, time: str) -> bytes:
    """Return one test case a gate, with its line as the failure's message or as output.

    ``time`` is in UTC; JUnit's form has no zone.
    """
    failures = str(sum(not o.holds for o in found.outcomes))
    counts = {"tests": str(len(found.outcomes)), "failures": failures, "errors": "0"}
    suites = ET.Element("testsuites", counts)
    rest = {"skipped": "0", "time": "0", "timestamp": time.removesuffix("+00:00")}
    suite = ET.SubElement(suites, "testsuite", {"name": KIND, **counts, **rest})
    for outcome in found.outcomes:
        _case(suite, outcome)
    ET.indent(suites)
    return ET.tostring(suites, encoding="utf-8", xml_declaration=True) + b"\n"


def _case(suite: ET.Element, outcome: Outcome) -> None:
    names = {"classname": "flower-audit.check", "name": outcome.key, "time": "0"}
    case = ET.SubElement(suite, "testcase", names)
    if outcome.holds:
        ET.SubElement(case, "system-out").text = outcome.words
    else:
        told = {"type": outcome.standing, "message": outcome.words}
        ET.SubElement(case, "failure", told).text = outcome.words

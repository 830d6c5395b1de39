"""The first screen: what a reviewer decides by who reads nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.core.errors import RunFolderError
from audit.report.cases import Case
from audit.report.content import Content
from audit.report.figures import of_checks
from audit.report.source import Source

_EVIDENCE = 3


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
class Screen:
    """Content of the first screen beside the verdict in one sentence."""

    figures: tuple[tuple[str, str], ...]
    gate: Gate | None
    evidence: list[Case]


def screen(content: Content) -> Screen:
    """Gather the first screen."""
    source = content.source
    return Screen(_figures(content), gate(source), content.strongest(_EVIDENCE))


def _figures(content: Content) -> tuple[tuple[str, str], ...]:
    """Return the keys and short titles of the six figures, and of those that checks add."""
    source = content.source
    added = ((own.metric.key, own.tile) for own in of_checks() if own.tile)
    return (
        ("accuracy", content.figures["accuracy"].metric.title),
        *((key, title) for key, title in added if content.figures[key].estimate.n),
        ("wrong_reasons_share", "Wrong reasons"),
        ("suspect_share", "Suspect"),
        ("background_share", "Background share"),
        ("survives_without", f"Right without {source.subject}"),
        *((f"{key}_skill", f"{title} skill") for key, title in [*source.leading.items()][:1]),
    )


def gate(source: Source) -> Gate | None:
    """Return the gate's outcome, or None where none was checked."""
    file, mend = source.run.gate_file, "run flower-audit check again"
    found = source.run.told(file, mend)
    if not found:
        return None
    try:
        now = source.manifest.get("finished"), source.section("model").get("sha256")
        gates = [(str(g["words"]), bool(g["passed"]), g["standing"]) for g in found["gates"]]
        return Gate(
            passed=bool(found["passed"]),
            broken=[words for words, passed, _ in gates if not passed],
            doubtful=[words for words, passed, stands in gates if passed and stands == "doubtful"],
            gates=len(gates),
            outdated=(found["finished"], found["model"]) != now,
            limits={g["key"]: float(g["limit"]) for g in found["gates"] if "limit" in g},
        )
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunFolderError(f"{file} is torn ({reason}): {mend}.") from None

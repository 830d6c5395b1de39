"""The last release beside a run: what a comparison leaves in a report, and how it is read again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

from audit.core.errors import RunFolderError
from audit.core.estimate import Estimate, as_json, defined
from audit.core.paired import Difference, Says
from audit.storage.run import RunFolder

FILE = "against.json"
FOLDER = "compare"  # of the comparison's files, both below ``report/``


@dataclass(frozen=True)
class Change:
    """A figure of the last release, and how far this run is from it.

    Attributes
    ----------
    last : Estimate
        Of the images that both runs have.
    difference : Difference
        This run minus the last release, paired.
    n : int
        Images that the difference rests on.
    says : str
        Standing of this run: better, worse, alike (not shown to differ), unknown.
    words : str
        The same as a sentence without full stop.
    change : str
        The difference with its interval, in a few words.
    """

    title: str
    last: Estimate
    difference: Difference
    n: int
    says: Says
    words: str
    change: str

    @property
    def standing(self) -> str:
        """How this run stands, in a word or two."""
        return {"alike": "no difference shown", "unknown": "not comparable"}.get(
            self.says, self.says
        )

    def as_json(self) -> dict[str, Any]:
        """Return it for a program; undefined is None."""
        numbers = {"last": as_json(self.last), "difference": defined(asdict(self.difference))}
        return asdict(self) | numbers


@dataclass(frozen=True)
class Against:
    """The last release, and how this run stands to it.

    Attributes
    ----------
    place : str
        Run folder of the last release, as it was given; of a path from the root the last part.
    model, finished : str
        SHA-256 of its model, and the day when it was audited; "" where unknown.
    why : str
        Why the two cannot be compared, in a sentence; "" where they can.
    tested, explained : int
        Images that both tested, and of them those that both explained.
    warnings : tuple of str
        What else differs between the last release, A, and this run, B.
    figures : dict
        By key of the figure.
    """

    place: str
    model: str
    finished: str
    why: str = ""
    tested: int = 0
    explained: int = 0
    warnings: tuple[str, ...] = ()
    figures: Mapping[str, Change] = field(default_factory=dict)

    @property
    def page(self) -> str:
        """Page of the whole comparison, from the report's root; "" where there is none."""
        return "" if self.why else f"{FOLDER}/compare.html"

    def that(self, says: Says) -> list[Change]:
        """Return the figures that say this."""
        return [change for change in self.figures.values() if change.says == says]

    def as_json(self) -> dict[str, Any]:
        """Return it for a program; undefined is None."""
        figures = {key: change.as_json() for key, change in self.figures.items()}
        return asdict(self) | {"warnings": list(self.warnings), "figures": figures}

    @classmethod
    def of(cls, run: RunFolder) -> Against | None:
        """Return what the report of a run keeps; None where it was rendered without.

        Raises
        ------
        RunFolderError
            The file is torn.
        """
        file, mend = run.report_dir / FILE, "flower-audit report RUN --against PREVIOUS"
        told = run.told(file, mend)
        try:
            return _against(told) if told else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise RunFolderError(f"{file} is torn ({reason}): {mend}.") from None


@dataclass(frozen=True)
class Beside:
    """What a comparison gives to a report.

    Attributes
    ----------
    files : mapping
        The whole comparison by name; nothing where the two cannot be compared.
    """

    told: Against
    files: Mapping[str, bytes]

    def write(self, report: Path) -> None:
        """Put it into a rendered report."""
        text = json.dumps(self.told.as_json(), allow_nan=False)
        (report / FILE).write_text(text, encoding="utf-8")
        for name, content in self.files.items():
            (report / FOLDER).mkdir(exist_ok=True)
            (report / FOLDER / name).write_bytes(content)


def _against(told: Mapping[str, Any]) -> Against:
    return Against(
        place=str(told["place"]),
        model=str(told["model"]),
        finished=str(told["finished"]),
        why=str(told["why"]),
        tested=int(told["tested"]),
        explained=int(told["explained"]),
        warnings=tuple(map(str, told["warnings"])),
        figures={str(key): _change(each) for key, each in told["figures"].items()},
    )


def _change(told: Mapping[str, Any]) -> Change:
    if told["says"] not in get_args(Says):
        raise ValueError(f"{told['says']!r} is no standing")
    last, apart = told["last"], told["difference"]
    return Change(
        title=str(told["title"]),
        last=Estimate(*_numbers(last), int(last["n"]), int(last["undefined"]), str(last["method"])),
        difference=Difference(*_numbers(apart), str(apart["reason"])),
        n=int(told["n"]),
        says=told["says"],
        words=str(told["words"]),
        change=str(told["change"]),
    )


def _numbers(told: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return a value and its bounds, in which None is NaN."""
    value, low, high = (
        math.nan if told[key] is None else float(told[key]) for key in ("value", "low", "high")
    )
    if any(map(math.isinf, (value, low, high))):
        raise ValueError("infinity is no figure")
    return value, low, high

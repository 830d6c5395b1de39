"""The class of checks: one registered object that everything which lists checks asks.

A check is a folder ``audit/checks/KEY/`` and a folder of templates ``templates/checks/KEY/``. Of
these, what is there is used:

- ``page.md``: its page of the report.
- ``opening.html``: before the verdict in one sentence, where a report must not be believed.
- ``record.html``, ``trust.html``: first items, and others, of "How far to trust this audit" on the
  first screen.
- ``overview.md``: a section of the overview.
- ``warning.html``: rows of "Before you trust these figures".
- ``evidence.html``, ``single.html``: sections of the self-contained file, before and after its
  strongest cases.
- ``class.html``: what it says on the page of each class, as ``row``.
- ``compare.html``: what it says of two runs, as ``v.checks.KEY``.
- ``head.md``, ``gaps.md``: the first line of ``summary.md``, and what its line of gaps says.

All are given what `audit.report.pages.shared` gives: ``content.checks.KEY`` is what `summarise`
returned.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from audit.checks.context import Context
from audit.core.cause import Cause
from audit.core.estimate import Estimate, Metric
from audit.core.finding import Action, Finding
from audit.core.term import Term
from audit.settings import Config
from audit.storage.outputs import Output
from audit.storage.run import RunFolder

if TYPE_CHECKING:
    import pandas as pd

    from audit.gate.gates import Limits, Outcome
    from audit.report.cases import Case
    from audit.report.content import Content
    from audit.report.modelcard import Card
    from audit.report.source import Source

LAST = 1000  # the place of what asks for none


def no_class(content: Content) -> Iterable[Action]:
    """Ask nothing of any class."""
    return ()


class Rule(NamedTuple):
    """A maker of a finding of a run, or None; within a severity they come by place, then key.

    Attributes
    ----------
    by_class : callable
        What the finding, where there is one, asks of single classes.
    """

    place: int
    find: Callable[[Content], Finding | None]
    by_class: Callable[[Content], Iterable[Action]] = no_class


class Limit(NamedTuple):
    """Value from which on a figure makes a finding.

    Attributes
    ----------
    value : float
        At most this much makes none.
    estimate : callable
        The figure of a run.
    place : int
        In the table of what was asked.
    defined : str
        Key of the figure, or anchor of the term, that says what it is; "" where nothing does.
    """

    key: str
    title: str
    value: float
    estimate: Callable[[Content], Estimate]
    place: int = LAST
    style: str = "percent"
    defined: str = ""


class Headline(NamedTuple):
    """A figure of the headline table, of ``summary.json`` and of the methods page.

    Attributes
    ----------
    after : str
        Key of the figure that it follows; "" at the end of all.
    column : callable or None
        What each tested image adds to it, for a comparison of two runs by its mean; None: they
        are not compared by it.
    tile : bool
        Whether it is on the first screen, in runs where it is defined.
    """

    metric: Metric
    estimate: Callable[[Source], Estimate]
    after: str = ""
    column: Callable[[Source], pd.Series] | None = None
    tile: bool = False


class Page(NamedTuple):
    """The place of a check's page, in the report and in its menu.

    Attributes
    ----------
    path : str
        From the report's root, without ending.
    top : bool
        Beside the findings, not under "Model and method".
    always : bool
        Also where the check has nothing to say.
    """

    path: str
    title: str
    place: int = LAST
    top: bool = False
    always: bool = False


@dataclass(frozen=True)
class Compared:
    """A check's comparison of two runs on the same images.

    Attributes
    ----------
    a, b : Series
        What each image adds to the metric's mean in either run, by name.
    found : object
        What else its ``compare.html`` and its part of ``compare.json`` tell.
    """

    metric: Metric
    a: pd.Series
    b: pd.Series
    found: Any


class Check:
    """One check; what it does not have stays as it is here.

    Attributes
    ----------
    key : str
        Of the registry, of its folders and of ``content.checks``.
    title : str
        What it asks, in a few words.
    named : str
        What manifest and ``summary.json`` call it: the key, where earlier versions did.
    settings : tuple of str
        Names of the settings that it reads.
    outputs : tuple of Output
        Files that it writes; none where it measures nothing of its own.
    metrics : tuple of Metric
        Its figures, for the methods page; `headline` has those of the headline table.
    looks_inside : str
        What it needs of the model beside its answers, in a clause: it is not available of one that
        gives answers alone. "" where answers are enough.
    needs_one_label : str
        What it does with classes of which an image has one, in a clause: it is not available where
        images have several labels. "" where it is asked of one label at a time.
    templates : Path or None
        Folder of its templates; None: ``templates/checks/KEY`` of this package.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    named: ClassVar[str] = ""
    settings: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar[tuple[Output, ...]] = ()
    metrics: ClassVar[tuple[Metric, ...]] = ()
    headline: ClassVar[tuple[Headline, ...]] = ()
    rules: ClassVar[tuple[Rule, ...]] = ()
    limits: ClassVar[tuple[Limit, ...]] = ()
    terms: ClassVar[tuple[Term, ...]] = ()
    page: ClassVar[Page | None] = None
    looks_inside: ClassVar[str] = ""
    needs_one_label: ClassVar[str] = ""
    templates: ClassVar[Path | None] = None

    @property
    def name(self) -> str:
        """Its name in the manifest and in ``summary.json``."""
        return self.named or self.key

    def wanted(self, config: Config) -> bool:
        """Say whether it is asked for; most always are."""
        return True

    def finished(self, folder: RunFolder) -> tuple[Path, ...]:
        """Return the files whose checksums say that it was measured."""
        return tuple(each.file(folder) for each in self.outputs if each.vouched)

    def measure(self, context: Context) -> None:
        """Write `outputs` into the run folder; the last one that is vouched for ends it."""
        raise NotImplementedError

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Any:
        """Gather what pages and rules read of a run; None where it has nothing of this check.

        Parameters
        ----------
        cases : mapping
            Every case that is shown, by verdict.
        """
        return None

    def summary_part(self, found: Any) -> dict[str, Any] | None:
        """Give its part of ``summary.json``, as `schema` describes it; undefined is null."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any] | None:
        """Describe what `summary_part` gives, null where there is nothing; None of a check without.

        By default ``summary.schema.json`` beside the check; ``$ref`` reaches the ``$defs`` of the
        whole schema, and its own ``$defs`` are added to them.
        """
        file = Path(inspect.getfile(type(self))).with_name("summary.schema.json")
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None

    def draw(self, found: Any, source: Source, root: Path) -> None:
        """Write what its pages show, besides the cases, below the report's root."""

    def held(self, found: Any) -> Iterable[str]:
        """Name the pictures that its sections of the self-contained file show."""
        return ()

    def filters(self, found: Any) -> Mapping[str, Mapping[str, str]]:
        """Give filters of the gallery: by title, the value of each image that has one by name."""
        return {}

    def causes(self, found: Any, source: Source) -> Iterable[Cause]:
        """Give what it proves of classes, the strongest first: evidence by cause shows it."""
        return ()

    def tables(self, source: Source) -> Mapping[str, pd.DataFrame]:
        """Give tables to download, by the name of their CSV file."""
        return {}

    def gaps(self, source: Source) -> Iterable[tuple[str, str, str]]:
        """Give images that it could not read: name, split and reason."""
        return ()

    def outcomes(self, source: Source, limits: Limits) -> Iterable[Outcome]:
        """Give gates of its own, which every run is held to, asked for or not."""
        return ()

    def compare(self, a: Source, b: Source) -> Compared | None:
        """Compare two runs, of the same images alone; None where that cannot be."""
        return None

    def comparison_part(self, found: Compared | None) -> dict[str, Any]:
        """Give its keys of each pair in ``compare.json``; NaN is written as null."""
        return {}

    def card(self, found: Any) -> Card | None:
        """Give its part of the model card."""
        return None

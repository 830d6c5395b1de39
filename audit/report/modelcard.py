"""A model card of what a run knows (Mitchell et al. 2019, arXiv 1810.03993)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.checks.registry import every
from audit.core.estimate import Estimate
from audit.report.content import Content
from audit.report.findings import findings
from audit.report.owner import ASKED, owner_of
from audit.report.source import Source
from audit.report.templating import interval, mask_from, percent, styled, told

FIGURES = ("accuracy", "wrong_reasons_share", "suspect_share", "background_share", "bg_gap",
           "survives_without")  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of a section.

    Attributes
    ----------
    text : str
        Of any origin; "" where only the owner can say it and has not.
    asked : str
        What the owner is asked for; "" where the run knows.
    """

    title: str
    text: str
    asked: str = ""


@dataclass(frozen=True)
class Table:
    """Figures of groups of images: cells are texts, the first of each row a name."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Section:
    """One section of the card."""

    title: str
    entries: list[Entry]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Card:
    """A check's part of the card: factors that it evaluated, and figures by them."""

    factors: tuple[Entry, ...] = ()
    tables: tuple[Table, ...] = ()


def model_card(content: Content) -> list[Section]:
    """Return the nine sections of Mitchell et al., from what the run knows and its owner says.

    Raises
    ------
    ConfigError
        The owner's file cannot be read.
    """
    source = content.source
    owner = owner_of(source.run)

    def ask(title: str, key: str) -> Entry:
        return Entry(title, owner.get(key, ""), "" if key in owner else ASKED[key])

    return [
        Section(
            "Model details",
            [
                ask("Owner", "owner"),
                *_model(source),
                ask("Licence", "licence"),
                ask("More to read", "citation"),
                ask("Questions to", "contact"),
            ],
        ),
        Section(
            "Intended use",
            [
                ask("Intended use", "intended_use"),
                ask("Intended users", "intended_users"),
                ask("Out of scope", "out_of_scope"),
            ],
        ),
        Section("Factors", [ask("Relevant factors", "factors"), *_factors(content)]),
        Section("Metrics", list(_metrics(content))),
        Section(
            "Evaluation data",
            [*_evaluation(content), ask("Motivation and limits", "evaluation_data")],
        ),
        Section("Training data", [*_training(source), ask("Origin and limits", "training_data")]),
        Section("Quantitative analyses", [], tuple(_tables(content))),
        Section(
            "Ethical considerations",
            [ask("Ethical considerations", "ethical_considerations")],
        ),
        Section(
            "Caveats and recommendations",
            [*_caveats(content), ask("From the owner", "caveats")],
        ),
    ]


def _model(source: Source) -> Iterator[Entry]:
    model, training = source.section("model"), source.section("training")
    yield from _known(
        ("Date", source.when("finished") or source.when("started")),
        ("Version (SHA-256)", model.get("sha256")),
        ("Type", f"image classifier, {_kind(source)} an image"),
        ("Backbone", model.get("backbone")),
        ("Head", model.get("head")),
        ("Parameters", _counted(model.get("parameters"))),
        ("Input", _side(model.get("input_size"))),
        ("Source", model.get("source")),
    )
    if not training:
        yield Entry("Training", "not by this audit: the model was given")
        return
    yield Entry("Training", told({k: v for k, v in _shares_in_words(training).items() if v}))


def _shares_in_words(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a training, its shares as percentages under their full names."""
    names = {"val_accuracy": "validation accuracy", "step_share": "time in training steps"}
    return {
        names.get(key, key): percent(value, 1) if key in names and value is not None else value
        for key, value in training.items()
    }


def _kind(source: Source) -> str:
    return "several labels" if source.several else "one class"


def _factors(content: Content) -> Iterator[Entry]:
    subject = content.source.subject
    yield Entry(
        "Evaluated",
        f"class ({len(content.classes):,}); the background of the {subject}, by intervention",
    )
    for card in _cards(content):
        yield from card.factors


def _metrics(content: Content) -> Iterator[Entry]:
    for key in (*FIGURES, *(f"{key}_skill" for key in content.source.leading)):
        figure = content.figures[key]
        yield Entry(figure.metric.title, figure_words(figure.estimate, figure.metric.style))
    thresholds = content.source.thresholds
    yield Entry("Thresholds of the verdicts", told(dict(thresholds)))
    yield Entry(
        "Uncertainty",
        "95% intervals: Wilson for rates, bootstrap over images for means. One model was audited: "
        "how much another training would differ is not known.",
    )


def _evaluation(content: Content) -> Iterator[Entry]:
    source, data = content.source, content.source.section("data")
    masks = ", ".join(f"{n:,} {mask_from(kind)}" for kind, n in content.notes.mask_sources)
    yield from _known(
        ("Data set", data.get("name")),
        ("Version (fingerprint)", data.get("fingerprint")),
        (
            "Test images",
            f"{len(source.predictions):,}, {len(source.explained):,} of them explained",
        ),
        ("Masks", masks),
        ("Skipped", f"{len(content.notes.skipped):,}"),
        ("Preprocessing", _scaled(source)),
    )


def _training(source: Source) -> Iterator[Entry]:
    data, training = source.section("data"), source.section("training")
    if not training:
        yield Entry("Training data", "not known to this audit: the model was given")
        return
    counts = data.get("counts") or {}
    yield from _known(
        ("Data set", data.get("name")),
        ("Training images", _counted(counts.get("train"))),
        ("Validation images", _counted(counts.get("validation"))),
        ("Seed", training.get("seed")),
    )


def _tables(content: Content) -> Iterator[Table]:
    rows = [
        (
            row.name,
            figure_words(row.accuracy),
            figure_words(row.wrong_reasons) + (" \u2605" if row.stands_out else ""),
            f"{row.counts['suspect']:,}",
        )
        for row in content.classes
    ]
    title = content.figures["accuracy"].metric.title
    heads = ("Class", title, "Wrong reasons among right", "Suspect")
    yield Table("By class (\u2605: stands out from the others)", heads, rows)
    for card in _cards(content):
        yield from card.tables
    kinds = [(v.verdict.title, f"{v.correct:,}", f"{v.wrong:,}") for v in content.verdicts]
    yield Table("By verdict", ("Verdict", "Right", "Wrong"), kinds)


def _cards(content: Content) -> Iterator[Card]:
    """Yield what checks add to the card."""
    for check in every():
        found = content.checks[check.key]
        if found and (card := check.card(found)):
            yield card


def _caveats(content: Content) -> Iterator[Entry]:
    for found in findings(content):
        yield Entry(f"{found.says}: {found.title}", f"{found.words} {found.why}")
    for each in content.unavailable:
        yield Entry(f"Not available: {each.title}", f"{each.why[:1].upper()}{each.why[1:]}.")
    groups = "other groups" if content.checks["groups"] else "groups"
    yield Entry(
        "Not looked at",
        f"{groups} across factors (a class in one light), other data than these test images, "
        "people in or behind the images",
    )


def _known(*facts: tuple[str, Any]) -> Iterator[Entry]:
    for title, value in facts:
        yield Entry(title, "not known" if value in (None, "") else str(value))


def figure_words(e: Estimate, style: str = "percent") -> str:
    """Give a figure with its interval and its n."""
    return f"{styled(e.value, style)} ({interval(e, style)}, n = {e.n:,})"


def _counted(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _side(size: int | None) -> str:
    return "" if size is None else f"RGB, {size} \u00d7 {size} pixels"


def _scaled(source: Source) -> str:
    scaling = source.section("model").get("input_scaling")
    how = f"; pixels scaled to {scaling}" if scaling else ""
    return f"resized to the model's input{how}"

"""Charts as inline SVG that takes the page's text colour, so that it reads in light and dark."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from audit.core.bins import Bin
from audit.core.estimate import Estimate
from audit.core.wording import plural
from audit.report.templating import signed
from audit.verdict.signals import Signal

# Okabe and Ito's palette: told apart by all common kinds of colour vision.
BLUE, ORANGE, VERMILLION = "#0072B2", "#E69F00", "#D55E00"
PURPLE, GREEN = "#CC79A7", "#009E73"
EXPLAINER_COLOURS = (BLUE, ORANGE, PURPLE, VERMILLION)
_MARKS = "osD^v"  # five marks and four colours make twenty points that look different
_DASHES = ("-", (0, (5, 1)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (3, 1, 1, 1, 1, 1)))
_INK = "#010203"  # stands for the page's text colour until the SVG is written
_LOOKS_AT_NOTHING = {"Random": (_INK, ":"), "Centre Gaussian": (GREEN, "--")}
_STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": _INK,
    "grid.alpha": 0.14,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
}
_WIDTH, _HEIGHT = 4.6, 2.7  # inches of 72 px: narrow, so that text stays readable on a phone


@dataclass(frozen=True)
class Chart:
    """An SVG and what it says in words."""

    svg: Markup
    alt: str


def mass_histogram(mass: pd.Series, chance: pd.Series, explainer: str) -> Chart | None:
    """Draw mass on the subject against chance; None where no mass is defined."""
    mass, chance = mass.dropna(), chance.dropna()
    if mass.empty:
        return None
    with _axes(explainer) as (axes, done):
        bins = np.linspace(0, 1, 26)
        axes.hist(chance, bins, histtype="step", color=_INK, lw=1.2, ls=(0, (3, 2)), label="chance")
        axes.hist(mass, bins, color=BLUE, alpha=0.85, label="mass", edgecolor="none")
        axes.axvline(mass.median(), color=ORANGE, lw=2, label="median mass")
        axes.set(xlabel="relevance mass on the mask", ylabel="images", xlim=(0, 1))
        axes.xaxis.set_major_formatter(lambda v, _: f"{v:.0%}")
        axes.yaxis.get_major_locator().set_params(integer=True)
        _legend(axes, 3)
    alt = (
        f"Histogram of {explainer}'s mass on the mask over {plural(len(mass), 'image')}: median "
        f"{mass.median():.0%}, against a median chance of {chance.median():.0%}."
    )
    return Chart(done[0], alt)


def curves(
    history: pd.DataFrame, column: str, title: str, best: int | None, tuned: int | None = None
) -> Chart | None:
    """Draw the training and validation curve of one quantity; None where it was not recorded.

    ``best`` is the epoch kept, ``tuned`` the first one of fine-tuning.
    """
    validation = f"val_{column}"
    if history.empty or not {"epoch", column, validation} <= set(history.columns):
        return None
    with _axes(column) as (axes, done):
        axes.plot(history["epoch"], history[column], "-o", color=ORANGE, ms=3.5, label="training")
        axes.plot(
            history["epoch"], history[validation], "-s", color=BLUE, ms=3.5, label="validation"
        )
        if best is not None:
            axes.axvline(best, color=_INK, lw=1, ls=(0, (3, 2)), label=f"best epoch: {best}")
        if tuned is not None:
            axes.axvspan(tuned - 0.5, history["epoch"].max() + 0.5, color=_INK, alpha=0.08, lw=0,
                         label="fine-tuning")  # fmt: skip
        axes.set(xlabel="epoch", ylabel=title.lower())
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y")
        _legend(axes, 2)
    last = history.iloc[-1]
    from_tuned = f", fine-tuned from epoch {tuned}" if tuned is not None else ""
    alt = (
        f"{title} over {len(history)} epochs{from_tuned}, at the end {last[column]:.3f} in "
        f"training and {last[validation]:.3f} in validation."
    )
    return Chart(done[0], alt)


ROC_STYLES = ((BLUE, "-", 2.2), (ORANGE, "-", 1.5), (PURPLE, "-", 1.2), (GREEN, "-", 1.2),
              (BLUE, ":", 1.5), (ORANGE, ":", 1.5), (PURPLE, ":", 1.5),
              (GREEN, ":", 1.5))  # fmt: skip
ROC_TITLES = ("Verdict", "Background share", "Targeted removal", "Survival of a swap")


def roc(signals: Sequence[Signal]) -> Chart | None:
    """Draw ROC curves of the verdict's score, the causal signals and the explainers' skill."""
    by_title = {s.title: s for s in signals if len(s.curve)}
    skills = [t for t in by_title if t.endswith(" skill") and not t.startswith("Centre")]
    drawn = [by_title[t] for t in (*ROC_TITLES, *skills) if t in by_title]
    if not drawn:
        return None
    with _axes("roc", height=3.6) as (axes, done):
        axes.plot([0, 1], [0, 1], color=_INK, lw=0.8, ls=(0, (3, 2)))
        for signal, (colour, dash, width) in zip(drawn, cycle(ROC_STYLES), strict=False):
            label = f"{signal.title} {signal.auroc.value:.2f}"
            axes.plot(*signal.curve.T, color=colour, ls=dash, lw=width, label=label)
        axes.set(xlabel="false alarms", ylabel="found", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.grid(True)
        axes.legend(loc="lower right")
    listed = ", ".join(f"{s.title} {s.auroc.value:.2f}" for s in drawn)
    return Chart(done[0], f"ROC curves; areas under them: {listed}.")


def sweep(
    values: Sequence[float], rates: Mapping[str, Sequence[float]], now: float, title: str
) -> Chart:
    """Draw how the verdicts' rates change with one threshold; the one in force is marked."""
    with _axes(f"sweep {title}") as (axes, done):
        for (name, rate), (colour, dash) in zip(
            rates.items(), ((VERMILLION, "-"), (ORANGE, "--")), strict=False
        ):
            axes.plot(values, rate, color=colour, ls=dash, lw=1.8, label=name)
        axes.axvline(now, color=_INK, lw=1, ls=(0, (3, 2)), label=f"in force: {now:g}")
        axes.set(xlabel=title, ylabel="of right predictions", ylim=(0, None))
        axes.yaxis.set_major_formatter(lambda v, _: f"{v:.0%}")
        axes.grid(axis="y")
        _legend(axes, 3)
    said = "; ".join(
        f"{name} from {min(rate):.1%} to {max(rate):.1%}" for name, rate in rates.items()
    )
    return Chart(done[0], f"Rates of verdicts over the threshold {title}: {said}.")


def perturbation(
    fractions: Sequence[float], means: Mapping[str, Sequence[float]], kind: str
) -> Chart:
    """Draw the mean probability of the predicted class as the hottest pixels go, or come."""
    explained = (title for title in means if title not in _LOOKS_AT_NOTHING)
    styles = dict(zip(explained, explainer_lines(), strict=False)) | _LOOKS_AT_NOTHING
    with _axes(kind) as (axes, done):
        for title, values in means.items():
            colour, dash = styles[title]
            axes.plot(fractions, values, color=colour, ls=dash, lw=1.8, label=title)
        what = "out of focus" if kind == "deletion" else "alone in focus"
        axes.set(xlabel=f"hottest pixels {what}", ylabel="probability", ylim=(0, 1.02))
        axes.xaxis.set_major_formatter(lambda v, _: f"{v:.0%}")
        axes.grid(axis="y")
        _legend(axes, 2)
    said = "; ".join(f"{title} {values[len(values) // 2]:.2f}" for title, values in means.items())
    halfway = f"with {fractions[len(fractions) // 2]:.0%} of the pixels"
    return Chart(done[0], f"{kind.capitalize()} curves, {halfway}: {said}.")


def explainer_lines() -> Iterator[tuple[str, Any]]:
    """Colour and dash of each explainer's curve; the first twenty look different."""
    return cycle((colour, dash) for dash in _DASHES for colour in EXPLAINER_COLOURS)


def explainer_points() -> Iterator[tuple[str, str]]:
    """Colour and mark of each explainer's point; the first twenty look different."""
    return zip(cycle(EXPLAINER_COLOURS), cycle(_MARKS), strict=False)


def costs(seconds: Mapping[str, float], qualities: Mapping[str, Mapping[str, Estimate]]) -> Chart:
    """Draw quality against what an image costs, one point an explainer and one panel a measure.

    Parameters
    ----------
    seconds : mapping
        Of an image, by the explainer's title.
    qualities : mapping
        By what is measured, in words, each explainer's figure; up is better.
    """
    with _axes("costs", height=1.5 * len(qualities) + 0.5, rows=len(qualities)) as (axes, done):
        for panel, (measure, found) in zip(np.ravel(axes), qualities.items(), strict=True):
            for (title, e), (colour, mark) in zip(found.items(), explainer_points(), strict=False):
                reach = [[e.value - e.low], [e.high - e.value]]
                panel.errorbar(seconds[title], e.value, reach, fmt=mark, color=colour, ms=6,
                               elinewidth=1.2, capsize=2.5, label=title)  # fmt: skip
            panel.axhline(0.5 if "AUROC" in measure else 0, color=_INK, lw=1, ls=(0, (3, 2)))
            n = next(iter(found.values())).n
            panel.set(xscale="log", ylabel=f"{measure}, n = {n}")
            panel.margins(y=0.15)
            panel.grid(True)
        np.ravel(axes)[-1].set_xlabel("seconds an image")
        np.ravel(axes)[-1].xaxis.set_major_formatter(lambda v, _: f"{v:g}")
        _legend(np.ravel(axes)[0], 2)
    said = "; ".join(
        f"{measure.replace(chr(10), ' ')}: "
        + ", ".join(
            f"{title} {'undefined' if np.isnan(e.value) else f'{e.value:.2f}'} (n = {e.n})"
            for title, e in found.items()
        )
        for measure, found in qualities.items()
    )
    cost = ", ".join(f"{title} {spent:.2g} s" for title, spent in seconds.items())
    return Chart(done[0], f"Cost and quality of the explainers. An image takes: {cost}. {said}.")


def severities(
    title: str,
    clean: Estimate,
    accuracy: Sequence[Estimate],
    ranks: Mapping[str, Sequence[Estimate]],
) -> Chart:
    """Draw accuracy and heatmaps' likeness by severity, with 95% bands; clean accuracy dashed.

    Parameters
    ----------
    ranks : mapping
        Rank correlations by an explainer's title; none where there is no heatmap to compare.
    """
    steps = range(1, len(accuracy) + 1)
    with _axes(f"severities {title}", height=2.1, width=3.1) as (axes, done):
        axes.axhline(clean.value, color=_INK, lw=1, ls=(0, (3, 2)))
        likeness = [(rank, ORANGE, "--s") for rank in ranks.values()]
        for values, colour, mark in ((accuracy, BLUE, "-o"), *likeness):
            low, high = ([getattr(e, bound) for e in values] for bound in ("low", "high"))
            axes.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)
            axes.plot(steps, [e.value for e in values], mark, color=colour, ms=3.5, lw=1.8)
        lowest = min([0.0, *(e.low for rank in ranks.values() for e in rank if e.low < 0)])
        axes.set(xlabel="severity", xticks=list(steps), ylim=(lowest - 0.02, 1.02))
        axes.grid(axis="y")
    shown = ", ".join(f"{e.value:.0%}" for e in accuracy)
    alike = "".join(
        f"; rank correlation of {explainer} {', '.join(_correlation(e) for e in rank)}"
        for explainer, rank in ranks.items()
    )
    alt = (
        f"{title} at severities 1 to {len(accuracy)}: accuracy {shown}, {clean.value:.0%} on clean "
        f"images{alike}."
    )
    return Chart(done[0], alt)


def _correlation(e: Estimate) -> str:
    return "undefined" if np.isnan(e.value) else f"{e.value:.2f}"


def scatter(x: pd.Series, y: pd.Series, titles: tuple[str, str]) -> Chart | None:
    """Draw one point an image, rank correlation in words; None with fewer than three defined."""
    both = x.notna() & y.notna()
    if both.sum() < 3:
        return None
    x, y = x[both], y[both]
    correlation = float(x.rank().corr(y.rank()))
    with _axes(f"scatter {titles}", height=3.2) as (axes, done):
        axes.scatter(x, y, s=9, color=BLUE, alpha=0.45, edgecolors="none", rasterized=True)
        axes.set(xlabel=titles[0], ylabel=titles[1])
        axes.grid(True)
    words = f"rank correlation {signed(correlation)} over {len(x):,} images"
    return Chart(done[0], f"{titles[1]} against {titles[0]}: {words}.")


def reliability(bins: Sequence[Bin], kind: str) -> Chart:
    """Draw accuracy against mean confidence, one point a bin with answers, with its interval."""
    sure, right = ([getattr(b, name) for b in bins] for name in ("confidence", "accuracy"))
    below = [b.accuracy - b.accuracy_low for b in bins]
    above = [b.accuracy_high - b.accuracy for b in bins]
    most = max(b.n for b in bins)
    with _axes(f"reliability {kind}", height=3.6) as (axes, done):
        axes.plot([0, 1], [0, 1], color=_INK, lw=1, ls=(0, (3, 2)), label="as sure as right")
        axes.vlines(sure, sure, right, color=ORANGE, lw=3.5, alpha=0.8, label="gap")
        axes.errorbar(
            sure, right, [below, above], color=BLUE, ls="none", elinewidth=1.2, capsize=2.5
        )
        sizes = [12 + 60 * b.n / most for b in bins]
        axes.scatter(sure, right, s=sizes, color=BLUE, zorder=3, clip_on=False,
                     label="accuracy, 95% interval")  # fmt: skip
        axes.set(xlabel="mean confidence", ylabel="accuracy", xlim=(0, 1.02), ylim=(-0.01, 1.02))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda v, _: f"{v:.0%}")
        axes.grid(True)
        _legend(axes, 3)
    said = "; ".join(f"{b.confidence:.0%} sure, {b.accuracy:.0%} right of {b.n:,}" for b in bins)
    return Chart(done[0], f"Reliability diagram, bins of {kind}: {said}.")


def confidences(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> Chart:
    """Draw how sure right and wrong answers are: filled, and as a line."""
    with _axes("confidences", height=3.6) as (axes, done):
        bins = np.linspace(0, 1, 16)
        axes.hist(sure[right], bins, color=BLUE, alpha=0.85, label="right", edgecolor="none")
        axes.hist(sure[~right], bins, histtype="step", color=ORANGE, lw=2, label="wrong")
        axes.set(xlabel="confidence", ylabel="images", xlim=(0, 1.02))
        axes.xaxis.set_major_formatter(lambda v, _: f"{v:.0%}")
        axes.yaxis.get_major_locator().set_params(integer=True)
        _legend(axes, 2)
    said = ", ".join(
        f"{some.size:,} {name} answers in the median {np.median(some):.0%} sure"
        for name, some in (("right", sure[right]), ("wrong", sure[~right]))
        if some.size
    )
    return Chart(done[0], f"Histogram of confidence: {said}.")


def _legend(axes: Any, columns: int) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, handlelength=1.4)


@contextmanager
def _axes(
    salt: str, height: float = _HEIGHT, width: float = _WIDTH, rows: int = 1
) -> Iterator[tuple[Any, list[Markup]]]:
    """Yield axes to draw on, an array of them in several rows.

    The list holds the SVG afterwards, its ids salted to differ from others'.
    """
    done: list[Markup] = []
    # Pages bring their own font; that matplotlib lacks it is no news.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with mpl.rc_context(_STYLE | {"svg.hashsalt": salt}):
        figure = Figure(figsize=(width, height))
        FigureCanvasSVG(figure)
        axes = figure.subplots(rows, sharex=True)
        yield axes, done
        ConstrainedLayoutEngine().execute(figure)  # as the figure's own it would draw all twice
        buffer = io.StringIO()
        none = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=none)
    done.append(_inline(buffer.getvalue()))


def _inline(svg: str) -> Markup:
    """Return an SVG file's text as a page's element: no prologue, page-wide style or unused ids."""
    body = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    body = body.replace(BLUE.lower(), "var(--fa-chart)")  # lighter where the page is dark
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r' id="[a-zA-Z0-9.]+_\d+"| width="[\d.]+pt"| height="[\d.]+pt"', "", body)
    return Markup(body)

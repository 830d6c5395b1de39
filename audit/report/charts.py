"""Charts as inline SVG that takes the page's text colour, so that it reads in light and dark."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart by all common kinds of colour vision.
BLUE, ORANGE = "#0072B2", "#E69F00"
_INK = "#010203"  # stands for the page's text colour until the SVG is written
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
    """Mass on the subject against chance; None where no mass is defined."""
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
        f"Histogram of {explainer}'s mass on the mask over {len(mass):,} images: median "
        f"{mass.median():.0%}, against a median chance of {chance.median():.0%}."
    )
    return Chart(done[0], alt)


def curves(history: pd.DataFrame, column: str, title: str, best: int | None) -> Chart | None:
    """Training and validation curve of one quantity; None where it was not recorded."""
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
        axes.set(xlabel="epoch", ylabel=title.lower())
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y")
        _legend(axes, 3)
    last = history.iloc[-1]
    alt = (
        f"{title} over {len(history)} epochs, at the end {last[column]:.3f} in training and "
        f"{last[validation]:.3f} in validation."
    )
    return Chart(done[0], alt)


def _legend(axes: Any, columns: int) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, handlelength=1.4)


@contextmanager
def _axes(salt: str) -> Iterator[tuple[Any, list[Markup]]]:
    """Axes to draw on; the list holds the SVG afterwards, its ids salted to differ from others'."""
    done: list[Markup] = []
    # Pages bring their own font; that matplotlib lacks it is no news.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with mpl.rc_context(_STYLE | {"svg.hashsalt": salt}):
        figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        yield axes, done
        buffer = io.StringIO()
        none = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=none)
    done.append(_inline(buffer.getvalue()))


def _inline(svg: str) -> Markup:
    """An SVG file's text as an element of a page: no prologue, page-wide style or ids in no use."""
    body = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    body = body.replace(BLUE.lower(), "var(--fa-chart)")  # lighter where the page is dark
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r' id="[a-zA-Z0-9.]+_\d+"| width="[\d.]+pt"| height="[\d.]+pt"', "", body)
    return Markup(body)

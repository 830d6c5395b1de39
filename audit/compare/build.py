"""Writing of a comparison into a folder of its own, touching nothing that it did not write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from audit.checks.registry import CHECKS
from audit.compare.content import Comparison, comparison
from audit.compare.exports import KIND, compare_json, compare_md, flips_csv
from audit.compare.flips import LISTED
from audit.compare.panels import draw
from audit.core.errors import RunFolderError
from audit.core.track import Track, silent
from audit.report.definitions import other_metrics
from audit.report.figures import hit_rate
from audit.report.glossary import glossary
from audit.report.help import by_name, helps
from audit.report.scripts import held
from audit.report.templating import asset, fill, templates_dir
from audit.report.view import View
from audit.storage import readers
from audit.storage.paths import make
from audit.storage.run import RunFolder, write_whole

PAGE, JSON, TEXT = "compare.html", "compare.json", "compare.md"
_NAME = re.compile(r"compare\.(html|json|md)|flips-[A-Z]\.csv")


def default_out(runs: Sequence[RunFolder]) -> Path:
    """Return ``compare-A-B`` beside the last run."""
    locations = [run.root.resolve() for run in runs]
    return locations[-1].parent / "-".join(["compare", *(location.name for location in locations)])


def render(runs: Sequence[RunFolder], out: Path, track: Track = silent, sentence: str = "") -> Path:
    """Compare runs with the first of them.

    Parameters
    ----------
    runs : sequence of RunFolder
        Two or more; the first is the baseline.
    out : Path
        Folder of ``compare.html``, ``compare.json``, ``compare.md`` and ``flips-*.csv``.
    track : callable
        Wraps an iterable to show progress: (items, label, total) -> items.

    sentence : str
        What the page says first, beyond what it finds itself.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunFolderError
        The runs cannot be compared, one is torn, or ``out`` holds what no comparison wrote.
    """
    found = comparison(runs)
    earlier = _earlier(out)
    _refuse_foreign(out, _names(found), earlier)
    written = contents(found, track, sentence)
    _make(out)
    for name, content in written.items():
        write_whole(out / name, content)
    for name in earlier - set(written):
        (out / name).unlink(missing_ok=True)
    return out / PAGE


def contents(found: Comparison, track: Track = silent, sentence: str = "") -> dict[str, bytes]:
    """Return what a comparison consists of, by file; arguments as for `render`."""
    # The list of files comes first: a comparison that is cut off knows what it has written.
    told = {
        JSON: compare_json(found, _names(found)),
        PAGE: page(found, track, sentence),
        TEXT: compare_md(found),
    }
    return told | {v.csv: flips_csv(v) for v in found.versus}


def _names(found: Comparison) -> list[str]:
    return [JSON, PAGE, TEXT, *(v.csv for v in found.versus)]


def page(found: Comparison, track: Track, sentence: str = "") -> bytes:
    """Return the HTML of the self-contained page."""
    pictures = draw(found.versus, track)
    source = found.baseline.source
    compared = [each.metric for each in found.versus[0].findings]
    terms = glossary(source.explainers, source.subject, several=source.several)
    defined = helps([*other_metrics(), *compared], terms)
    return fill(
        "compare/compare.html",
        css=asset("audit.css"),
        compare_css=(templates_dir() / "compare" / "compare.css").read_text(encoding="utf-8"),
        found=found,
        sentence=sentence,
        pictures={v.pair.key: drawn for v, drawn in zip(found.versus, pictures, strict=True)},
        view=View("", {}),
        subject=source.subject,
        accuracy=hit_rate(source),
        helps=defined,
        by_name=by_name(defined),
        listed=LISTED,
        checks=list(CHECKS),
        **held(),
    ).encode()


def _earlier(out: Path) -> set[str]:
    """Return the files that an earlier comparison wrote into ``out``, by its own list.

    Of names that a comparison gives: the list may be a stranger's, and what is on it is deleted.
    """
    try:
        told = readers.parsed(readers.content(out / JSON, out, 64 * readers.MIB))
    except (OSError, ValueError):
        return set()
    if not isinstance(told, dict) or told.get("kind") != KIND:
        return set()
    files = told.get("files")
    names = files if isinstance(files, list) else []
    return {name for name in names if isinstance(name, str) and _NAME.fullmatch(name)}


def _refuse_foreign(out: Path, names: Sequence[str], earlier: set[str]) -> None:
    if out.exists() and not out.is_dir():
        raise RunFolderError(f"{out} is a file: choose another --out.")
    for name in names:
        if (out / name).exists() and name not in earlier:
            raise RunFolderError(
                f"{out / name} was not written by flower-audit compare: choose another --out."
            )


def _make(out: Path) -> None:
    try:
        make(out)
    except OSError as error:
        raise RunFolderError(f"Cannot make {out}: {error.strerror}.") from error

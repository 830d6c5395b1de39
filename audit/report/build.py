"""Rendering of a run's report: everything beside, then put into place, whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from audit.checks.registry import every
from audit.core.errors import RunFolderError
from audit.core.track import Track, silent
from audit.report.against import FILE, Against, Beside
from audit.report.cases import Case
from audit.report.content import Content, content
from audit.report.exports import (
    summary_json,
    summary_md,
    write_classes,
    write_tables,
    write_told,
)
from audit.report.gallerydata import write_held
from audit.report.made import Made
from audit.report.pages import DECIDED, site_name, write_decided, write_pages
from audit.report.render import render_panels
from audit.report.shapes import Shapes
from audit.report.single import single_page, strongest
from audit.report.site.builders import build_site, refuse_absent
from audit.report.site.index import with_pages
from audit.report.source import load
from audit.storage.owned import foreign, listed, write_list
from audit.storage.paths import beside, files_below, on_disk, send
from audit.storage.readers import refuse_links
from audit.storage.run import RunFolder
from audit.storage.swap import OUTPUTS, PAGES, PREFIX, settle, swap

_log = logging.getLogger("audit")


def render(
    run: RunFolder,
    track: Track = silent,
    share: bool | None = None,
    site_builder: str | None = None,
    beside: Beside | None = None,
) -> None:
    """Render ``report/``, ``report.html``, ``summary.json`` and ``summary.md`` from a run's files.

    Parameters
    ----------
    run : RunFolder
        With records, maps, predictions and a manifest.
    track : callable
        Wraps an iterable to show progress: (items, label, total) -> items.
    share : bool, optional
        Leave the host and times of day out of ``report/``; by default as the run's settings say.
    site_builder : str, optional
        What builds ``report/``, of `BUILDERS`; by default as the run's settings say.
    beside : Beside, optional
        The last release; a report without it drops what an earlier one said of another.

    Raises
    ------
    RunFolderError
        Where a file is missing or torn, or ``report/`` holds what no run wrote. The earlier report
        stays as it was.
    ConfigError
        The builder is not installed.
    """
    if on_disk(run.root):
        settle(run.root)
    source = load(run).with_settings(share=share, site_builder=site_builder)
    refuse_absent(source.site_builder)
    found = content(source, beside.told if beside else None)
    refuse_foreign(run.report_dir)
    if beside is None and (run.report_dir / FILE).is_file():
        _log.warning(
            "The report no longer sets the last release beside this run: flower-audit report %s "
            "--against PREVIOUS does.",
            run.root,
        )
    with _staged(run, OUTPUTS) as folder:
        _render_beside(found, folder, track, beside)


def renew(run: RunFolder, track: Track = silent) -> None:
    """Render anew what says whether a gate let the run pass: the rest of a report stays as it is.

    Where the rest is of other records, of another version or not known, all is rendered.

    Raises
    ------
    RunFolderError
        There is no report; else as for `render`.
    """
    if on_disk(run.root):
        settle(run.root)
    if not (run.report_dir / "index.html").is_file():
        raise RunFolderError(f"{run.report_dir} is not there.")
    made, source = Made.of(run), load(run)
    if made is not None:
        source = source.with_settings(share=made.share, site_builder=made.builder)
    if made != Made.now(source):
        render(run, track, source.share, source.site_builder)
        return
    refuse_foreign(run.report_dir)
    with _staged(run, (*OUTPUTS[1:], PAGES)) as folder:
        _renew_beside(content(source, Against.of(run)), folder, track)


@contextmanager
def _staged(run: RunFolder, names: Sequence[str]) -> Iterator[Path]:
    """Give a folder beside to write into, then put what was written into place."""
    try:
        with beside(run.root, PREFIX) as folder:
            yield folder
            if on_disk(run.root):
                swap(folder, run.root, names)
            else:
                _send(folder, run, names)
    except OSError as error:
        raise RunFolderError(f"Cannot write the report in {run.root}: {error}.") from error


def _render_beside(found: Content, folder: Path, track: Track, beside: Beside | None) -> None:
    """Write every output into ``folder`` by its name in the run's folder."""
    report, docs = folder / OUTPUTS[0], folder / "docs"
    docs.mkdir()
    drawn = folder / "drawn"  # a builder would look through all of it
    shapes = _draw(found, (c for cases in found.galleries.values() for c in cases), drawn, track)
    nav = write_pages(found, docs, shapes)
    build_site(docs, report, builder=found.source.site_builder, name=site_name(found), nav=nav)
    for each in drawn.iterdir():
        each.rename(report / each.name)
    write_held(found, shapes, report)
    write_tables(found.source, report / "data")
    write_classes(found, report / "data")
    write_told(found, report / "data")
    if beside is not None:
        beside.write(report)
    Made.now(found.source).write(report)
    write_list(report)
    _write_files(found, folder, report, shapes)


def _renew_beside(found: Content, folder: Path, track: Track) -> None:
    """Write into ``folder`` what says what the gate decided, by its name in the run's folder."""
    pages, docs, built, drawn = (folder / name for name in (PAGES, "docs", "built", "drawn"))
    docs.mkdir()
    shapes = _draw(found, strongest(found), drawn, track)
    nav, builder = write_decided(found, docs, shapes), found.source.site_builder
    build_site(docs, built, builder=builder, name=site_name(found), nav=nav)
    (pages / "data").mkdir(parents=True)
    for name in DECIDED:
        (built / f"{name}.html").rename(pages / f"{name}.html")
    for name, text in with_pages(DECIDED, built, found.source.run, builder).items():
        (pages / name).parent.mkdir(exist_ok=True)
        (pages / name).write_text(text, encoding="utf-8")
    write_told(found, pages / "data")
    for page in files_below(pages):
        refuse_links(found.source.run.report_dir / page, found.source.run.root)
    _write_files(found, folder, drawn, shapes)


def _draw(found: Content, cases: Iterable[Case], drawn: Path, track: Track) -> dict[str, Shapes]:
    """Write the pictures of cases and of checks below ``drawn``; return the cases' outlines."""
    shapes = render_panels(found.source.run, cases, drawn, track)
    for check in every():
        if told := found.checks[check.key]:
            check.draw(told, found.source, drawn)
    return shapes


def _write_files(
    found: Content, folder: Path, pictures: Path, shapes: Mapping[str, Shapes]
) -> None:
    """Write what lies beside ``report/``."""
    page, json, text = (folder / name for name in OUTPUTS[1:])
    page.write_bytes(single_page(found, pictures, shapes))
    json.write_bytes(summary_json(found))
    text.write_bytes(summary_md(found))


def refuse_foreign(report: Path) -> None:
    """Raise `RunFolderError` where ``report`` holds a file that no render has written."""
    if file := foreign(report):
        raise RunFolderError(f"{file} was not written by flower-audit: move it elsewhere first.")


def _send(folder: Path, run: RunFolder, names: Sequence[str]) -> None:
    """Send outputs to a URL, and delete what the last report had and this one has not."""
    before = listed(run.report_dir) & set(files_below(run.report_dir))
    for name in names:
        send(folder / name, run.report_dir if name == PAGES else run.root / name)
    if OUTPUTS[0] in names:
        for file in before - listed(folder / OUTPUTS[0]):
            (run.report_dir / file).unlink(missing_ok=True)

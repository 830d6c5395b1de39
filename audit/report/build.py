"""Renders a run's report: everything beside, then swapped into place, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from audit import readers
from audit.errors import RunFolderError
from audit.places import beside, files_below, on_disk, send
from audit.report.content import Content, content
from audit.report.exports import card_md, summary_json, summary_md, write_tables
from audit.report.pages import site_name, write_pages
from audit.report.panels import draw_panels
from audit.report.patches import draw_patches
from audit.report.single import single_page
from audit.report.site import build_site
from audit.report.source import load
from audit.runfolder import RunFolder, write_whole
from audit.track import Track, silent

_LIST = "files.txt"
_MOST_LIST = 64 * readers.MIB
_LEFT_BY_SYSTEMS = {".DS_Store", "Thumbs.db", "desktop.ini"}


def render(run: RunFolder, track: Track = silent) -> None:
    """Render ``report/``, ``report.html``, ``summary.json`` and ``summary.md`` from a run's files.

    Parameters
    ----------
    run : RunFolder
        With records, maps, predictions and a manifest.
    track : callable
        Wraps an iterable to show progress: (items, label, total) -> items.

    Raises
    ------
    RunFolderError
        Where a file is missing or torn, or ``report/`` holds what no run wrote. The earlier report
        stays as it was.
    """
    found = content(load(run))
    refuse_foreign(run.report_dir)
    try:
        with beside(run.root, ".report-") as folder:
            _render_beside(found, folder, track)
    except OSError as error:
        raise RunFolderError(f"Cannot write the report in {run.root}: {error}.") from error


def _render_beside(found: Content, folder: Path, track: Track) -> None:
    run, docs, site = found.source.run, folder / "docs", folder / "site"
    docs.mkdir()
    cases = (c for cases in found.galleries.values() for c in cases)
    shapes = draw_panels(run, cases, folder, track)
    if found.shortcuts:
        draw_patches(run, found.source.mapped, found.shortcuts.exemplars, folder)
    nav = write_pages(found, docs, shapes)
    build_site(docs, site, name=site_name(found), nav=nav)
    (folder / "pictures").rename(site / "pictures")
    write_tables(found.source, site / "data")
    (site / "data" / "model_card.md").write_bytes(card_md(found))
    page, json, text = single_page(found, site, shapes), summary_json(found), summary_md(found)
    _swap(site, run.report_dir, folder / "old")
    write_whole(run.report_html, page)
    write_whole(run.summary_json, json)
    write_whole(run.summary_md, text)


def refuse_foreign(report: Path) -> None:
    """Raise `RunFolderError` where ``report`` holds a file that no render has written."""
    ours = _listed(report)
    for file in files_below(report):
        if file not in ours and Path(file).name not in _LEFT_BY_SYSTEMS:
            raise RunFolderError(
                f"{report / file} was not written by flower-audit: move it elsewhere first."
            )


def _listed(report: Path) -> set[str]:
    """What the last render wrote, as it says."""
    try:
        told = readers.content(report / _LIST, report.parent, _MOST_LIST)
    except OSError:
        return set()
    return set(told.decode(errors="replace").split("\n"))


def _swap(new: Path, report: Path, old: Path) -> None:
    """Put ``new`` in place of ``report``; the old one goes with the folder that ``old`` is in."""
    files = [*sorted(files_below(new)), _LIST]
    (new / _LIST).write_text("\n".join(files), encoding="utf-8")
    if not on_disk(report):
        before = _listed(report)
        send(new, report)
        for file in before & set(files_below(report)) - set(files):
            (report / file).unlink(missing_ok=True)
        return
    if report.exists():
        report.rename(old)
    try:
        new.rename(report)
    except OSError:
        if old.exists():
            old.rename(report)
        raise

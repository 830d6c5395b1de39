"""Rendering of a run's report: everything beside, then put into place, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from audit.checks.registry import every
from audit.core.errors import RunFolderError
from audit.core.track import Track, silent
from audit.report.content import Content, content
from audit.report.exports import card_md, summary_json, summary_md, write_tables
from audit.report.pages import site_name, write_pages
from audit.report.render import render_panels
from audit.report.single import single_page
from audit.report.site import build_site
from audit.report.source import load
from audit.storage.owned import foreign, listed, write_list
from audit.storage.paths import beside, files_below, on_disk, send
from audit.storage.run import RunFolder
from audit.storage.swap import OUTPUTS, PREFIX, settle, swap


def render(run: RunFolder, track: Track = silent, share: bool | None = None) -> None:
    """Render ``report/``, ``report.html``, ``summary.json`` and ``summary.md`` from a run's files.

    Parameters
    ----------
    run : RunFolder
        With records, maps, predictions and a manifest.
    track : callable
        Wraps an iterable to show progress: (items, label, total) -> items.
    share : bool, optional
        Leave the host and times of day out of ``report/``; by default as the run's settings say.

    Raises
    ------
    RunFolderError
        Where a file is missing or torn, or ``report/`` holds what no run wrote. The earlier report
        stays as it was.
    """
    if on_disk(run.root):
        settle(run.root)
    source = load(run)
    found = content(source if share is None else source.with_share(share))
    refuse_foreign(run.report_dir)
    try:
        with beside(run.root, PREFIX) as folder:
            _render_beside(found, folder, track)
            if on_disk(run.root):
                swap(folder, run.root, OUTPUTS)
            else:
                _send(folder, run)
    except OSError as error:
        raise RunFolderError(f"Cannot write the report in {run.root}: {error}.") from error


def _render_beside(found: Content, folder: Path, track: Track) -> None:
    """Write every output into ``folder`` by its name in the run's folder."""
    report, page, json, text = (folder / name for name in OUTPUTS)
    run, docs = found.source.run, folder / "docs"
    docs.mkdir()
    cases = (c for cases in found.galleries.values() for c in cases)
    drawn = folder / "drawn"  # MkDocs would look through all of it
    shapes = render_panels(run, cases, drawn, track)
    for check in every():
        if told := found.checks[check.key]:
            check.draw(told, found.source, drawn)
    nav = write_pages(found, docs, shapes)
    build_site(docs, report, name=site_name(found), nav=nav)
    for each in drawn.iterdir():
        each.rename(report / each.name)
    write_tables(found.source, report / "data")
    (report / "data" / "model_card.md").write_bytes(card_md(found))
    write_list(report)
    page.write_bytes(single_page(found, report, shapes))
    json.write_bytes(summary_json(found))
    text.write_bytes(summary_md(found))


def refuse_foreign(report: Path) -> None:
    """Raise `RunFolderError` where ``report`` holds a file that no render has written."""
    if file := foreign(report):
        raise RunFolderError(f"{file} was not written by flower-audit: move it elsewhere first.")


def _send(folder: Path, run: RunFolder) -> None:
    """Send every output to a URL, and delete what the last report had and this one has not."""
    before = listed(run.report_dir) & set(files_below(run.report_dir))
    for name in OUTPUTS:
        send(folder / name, run.root / name)
    for file in before - listed(folder / OUTPUTS[0]):
        (run.report_dir / file).unlink(missing_ok=True)

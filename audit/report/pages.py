"""Writing of the site's pages, its menu and its assets for a builder to make a site of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from markupsafe import escape
from PIL import Image

from audit.checks.base import Page
from audit.checks.registry import every
from audit.core.finding import SEVERITIES
from audit.core.term import Term
from audit.report.actions import class_actions
from audit.report.blocks import END, START
from audit.report.cases import gallery_pages, page_path
from audit.report.classes import by_evidence
from audit.report.content import Content
from audit.report.definitions import other_metrics
from audit.report.figures import hit_rate
from audit.report.finding import asked
from audit.report.findings import findings
from audit.report.gallerydata import write_data
from audit.report.glossary import glossary
from audit.report.help import by_name, helps, wanted
from audit.report.modelcard import model_card
from audit.report.screen import screen
from audit.report.sessions import sessions
from audit.report.shapes import Shapes
from audit.report.site.base import Nav
from audit.report.templating import fill, plain, templates_dir
from audit.report.unavailable import is_unavailable
from audit.report.verdicts import VERDICT_KINDS
from audit.report.view import View
from audit.storage.run import RunFolder

# Pages of the engine, by place in the menu's lower half; those of checks come between.
_LOWER = {10: "classes", 60: "training", 70: "methods", 80: "modelcard", 110: "glossary"}
_TITLES = {"modelcard": "Model card"}
_TOP = ("index", "findings", "gallery", *_LOWER.values())
DECIDED = ("index", "findings", "modelcard")  # pages that say what the gate decides
_WORST_CLASSES = 10


def write_pages(content: Content, docs: Path, shapes: Mapping[str, Shapes]) -> Nav:
    """Write every page below ``docs``, with the outlines of its cases by anchor.

    Returns
    -------
    list
        The menu, as in mkdocs.yml.
    """
    shutil.copytree(templates_dir() / "assets", docs / "assets")
    for folder in ("cases", "classes"):
        (docs / folder).mkdir()
    _write_pictures(content.source.run, docs)
    write_data(content, shapes, docs / "gallery")
    top, below = ({"root": r, "view": View(r, shapes)} | shared(content) for r in ("", "../"))
    for name in _TOP:
        write_page(docs, name, f"site/{name}.md", top)
    for key, page in check_pages(content).items():
        write_page(docs, page.path, f"checks/{key}/page.md", top)
    _write_galleries(content, docs, below)
    _write_classes(content, docs, below)
    return _nav(content)


def write_decided(content: Content, docs: Path, shapes: Mapping[str, Shapes]) -> Nav:
    """Write those pages below ``docs`` that say what the gate decides; all others stay empty.

    Returns
    -------
    list
        The menu, as in mkdocs.yml.
    """
    nav = _nav(content)
    for path in _paths(nav):
        file = docs / path
        file.parent.mkdir(exist_ok=True)
        file.touch()
    given = {"root": "", "view": View("", shapes)} | shared(content)
    for name in DECIDED:
        write_page(docs, name, f"site/{name}.md", given)
    return nav


def _paths(nav: Nav) -> Iterator[str]:
    for _, page in (item for entry in nav for item in entry.items()):
        yield from [page] if isinstance(page, str) else _paths(page)


def shared(content: Content) -> dict[str, Any]:
    """Return what every template may use."""
    titles = content.source.titles
    pages = {row.index: f"classes/{row.page}" for row in content.classes}
    terms, accused = _terms(content), by_evidence(content.classes)
    metrics = [figure.metric for figure in content.figures.values()]
    defined = helps([*metrics, *other_metrics()], terms)
    return {
        "content": content,
        "screen": screen(content),
        "findings": findings(content),
        "actions": class_actions(content),
        "severities": SEVERITIES,
        "asked": asked(content),
        "source": content.source,
        "sessions": sessions(content.source),
        "subject": content.source.subject,
        "metrics": metrics,
        "helps": defined,
        "by_name": by_name(defined),
        "accuracy": hit_rate(content.source),
        "card": model_card(content),
        "other_metrics": other_metrics(),
        "checks": [c.key for c in every() if not is_unavailable(content.source, c)],
        "explainers": content.source.explainers,
        "besides": [t for key, t in titles.items() if key not in content.source.judged],
        "glossary": terms,
        "titles": titles,
        "verdict_kinds": VERDICT_KINDS,
        "worst_classes": [row for row in accused if row.wrong_reasons.value > 0][:_WORST_CLASSES],
        "class_pages": pages,
        "by_evidence": accused,
        "case_of": {c.name: c for cases in content.galleries.values() for c in cases},
        "first_page": {key: page_path(c[0].verdict, 1) for key, c in content.galleries.items()},
        "trained": content.source.history is not None,
        "augmented": content.source.run.augmentations_file.is_file(),
        "mixed": content.source.run.mixed_file.is_file(),
    }


def _terms(content: Content) -> list[Term]:
    """Return the glossary, without links to pages of checks that have nothing to say."""
    written = [page.path for page in check_pages(content).values()]
    absent = {check.page.path for check in every() if check.page} - set(written)
    source = content.source
    terms = glossary(source.explainers, source.subject, several=source.several)
    return [replace(t, page="") if t.page.partition(".")[0] in absent else t for t in terms]


def site_name(content: Content) -> str:
    """Return the name of the site, escaped for a theme that prints it as it is."""
    data = content.source.section("data").get("name", "images")
    return str(escape(plain(f"Audit of {data}")))


def _write_pictures(run: RunFolder, docs: Path) -> None:
    """Write what is shown as it is, encoded anew: nothing but its pixels goes into a report."""
    kinds = {run.augmentations_file: "PNG", run.mixed_file: "PNG"}
    for file, kind in kinds.items():
        pixels = run.picture(file, kind)
        if pixels is not None:
            Image.fromarray(pixels).save(docs / file.name, kind)


def _write_galleries(content: Content, docs: Path, given: Mapping[str, Any]) -> None:
    for cases in content.galleries.values():
        for page in gallery_pages(cases):
            write_page(docs, page.path, "site/cases.md", {**given, "page": page})


def _write_classes(content: Content, docs: Path, given: Mapping[str, Any]) -> None:
    cases = content.cases_by_class()
    for row in content.classes:
        own = {"row": row, "cases": cases.get(row.index, [])}
        write_page(docs, f"classes/{row.page}", "site/class.md", {**given, **own})


def _nav(content: Content) -> Nav:
    galleries = [
        {f"{cases[0].verdict.title} ({len(cases):,})": f"{page_path(cases[0].verdict, 1)}.md"}
        for cases in content.galleries.values()
    ]
    own = check_pages(content).values()
    upper = sorted((page for page in own if page.top), key=lambda page: page.place)
    nav: Nav = [{"Overview": "index.md"}, {"Findings": "findings.md"}]
    nav += [{page.title: f"{page.path}.md"} for page in upper]
    nav += [{"Gallery": "gallery.md"}]
    nav += [{"Cases by verdict": galleries}] if galleries else []
    lower = [(page.place, page.title, page.path) for page in own if not page.top]
    lower += [(k, _TITLES.get(name, name.capitalize()), name) for k, name in _LOWER.items()]
    rest = [{title: f"{path}.md"} for _, title, path in sorted(lower)]
    return [*nav, {"Model and method": rest}]


def check_pages(content: Content) -> dict[str, Page]:
    """Pages of the checks that have something to say, by key."""
    told = ((check, content.checks[check.key]) for check in every())
    some = ((c, f) for c, f in told if f or not is_unavailable(content.source, c))
    return {c.key: c.page for c, found in some if c.page and (c.page.always or found)}


def write_page(docs: Path, path: str, template: str, given: Mapping[str, Any]) -> None:
    """Write a page, and below it the definitions that its names of figures open."""
    text = fill(template, **given)
    if keys := wanted(text):
        told = fill("partials/helps.html", keys=keys, links=True, **given)
        text += f"\n{START}\n{told}{END}\n"
    (docs / f"{path}.md").write_text(text, encoding="utf-8")

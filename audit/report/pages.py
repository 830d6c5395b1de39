"""Writes the site's pages, its menu and its assets for MkDocs to build."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import escape
from PIL import Image

from audit.checks.shortcuts.statistics import LEAST, LEAST_RISE
from audit.checks.verdicts.classes import ranked
from audit.checks.verdicts.page import VERDICTS
from audit.core.finding import SEVERITIES
from audit.report.cases import gallery_pages, page_path
from audit.report.content import Content
from audit.report.definitions import OTHER_METRICS
from audit.report.figures import metrics
from audit.report.finding import asked
from audit.report.findings import findings
from audit.report.gallerydata import write_data
from audit.report.glossary import EXPLAINERS, glossary
from audit.report.modelcard import model_card
from audit.report.screen import screen
from audit.report.sessions import sessions
from audit.report.shapes import Shapes
from audit.report.site import Nav
from audit.report.templating import fill, plain, templates_dir
from audit.report.view import View
from audit.storage.run import RunFolder

_TOP = ("index", "findings", "gallery", "classes", "confusions", "calibration", "trust",
        "training", "methods", "modelcard", "glossary", "data")  # fmt: skip
_WORST_CLASSES = 10
_QUALITY = 85  # of WebP that is encoded a second time
_GAPS = 200  # rows of a list of images


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
    _write_thumbnails(content, docs)
    top, below = ({"root": r, "view": View(r, shapes)} | shared(content) for r in ("", "../"))
    tried = {
        "robustness": content.robustness,
        "shortcuts": content.shortcuts,
        "preflight": content.preflight,
    }
    for name in (*_TOP, *(name for name, found in tried.items() if found)):
        _write(docs, name, fill(f"site/{name}.md", **top))
    _write_galleries(content, docs, below)
    _write_classes(content, docs, below)
    return _nav(content)


def shared(content: Content) -> dict[str, Any]:
    """What every template may use."""
    titles = content.source.titles
    pages = {row.index: f"classes/{row.page}" for row in content.classes}
    terms = glossary(titles, content.source.subject)
    return {
        "content": content,
        "screen": screen(content),
        "findings": findings(content),
        "severities": SEVERITIES,
        "asked": asked(content),
        "source": content.source,
        "sessions": sessions(content.source),
        "subject": content.source.subject,
        "metrics": metrics(titles),
        "card": model_card(content),
        "other_metrics": OTHER_METRICS,
        "explainers": EXPLAINERS,
        "glossary": terms,
        "term_of": {key: term.anchor for term in terms for key in term.figures},
        "titles": titles,
        "short_ig": "IG" if titles["ig"] == "Integrated Gradients" else titles["ig"],
        "verdict_kinds": VERDICTS,
        "worst_classes": [r for r in ranked(content.classes) if r.wrong_reasons.value > 0][
            :_WORST_CLASSES
        ],
        "class_pages": pages,
        "most_gaps": _GAPS,
        "least_alike": LEAST,
        "least_rise": LEAST_RISE,
        "case_of": {c.name: c for cases in content.galleries.values() for c in cases},
        "first_page": {key: page_path(c[0].verdict, 1) for key, c in content.galleries.items()},
        "trained": content.source.history is not None,
        "augmented": content.source.run.augmentations_file.is_file(),
        "mixed": content.source.run.mixed_file.is_file(),
        "pictured": content.source.run.robustness_picture_file.is_file(),
    }


def site_name(content: Content) -> str:
    """Name of the site, escaped for a theme that prints it as it is."""
    data = content.source.section("data").get("name", "images")
    return str(escape(plain(f"Audit of {data}")))


def _write_pictures(run: RunFolder, docs: Path) -> None:
    """Write what is shown as it is, encoded anew: nothing but its pixels goes into a report."""
    kinds = {run.augmentations_file: "PNG", run.mixed_file: "PNG"}
    for file, kind in (kinds | {run.robustness_picture_file: "WEBP"}).items():
        pixels = run.picture(file, kind)
        if pixels is not None:
            Image.fromarray(pixels).save(docs / file.name, kind, quality=_QUALITY)


def _write_thumbnails(content: Content, docs: Path) -> None:
    if content.health:
        (docs / "thumbnails").mkdir()
        for file, picture in content.health.pictures.items():
            (docs / file).write_bytes(picture)


def _write_galleries(content: Content, docs: Path, given: Mapping[str, Any]) -> None:
    for cases in content.galleries.values():
        for page in gallery_pages(cases):
            _write(docs, page.path, fill("site/cases.md", page=page, **given))


def _write_classes(content: Content, docs: Path, given: Mapping[str, Any]) -> None:
    cases = content.cases_by_class()
    for row in content.classes:
        text = fill("site/class.md", row=row, cases=cases.get(row.index, []), **given)
        _write(docs, f"classes/{row.page}", text)


def _nav(content: Content) -> Nav:
    galleries = [
        {f"{cases[0].verdict.title} ({len(cases):,})": f"{page_path(cases[0].verdict, 1)}.md"}
        for cases in content.galleries.values()
    ]
    nav: Nav = [{"Overview": "index.md"}, {"Findings": "findings.md"}]
    nav += [{"Shortcuts": "shortcuts.md"}] if content.shortcuts else []
    nav += [{"Gallery": "gallery.md"}]
    nav += [{"Cases by verdict": galleries}] if galleries else []
    rest = {"Classes": "classes.md", "Confusions": "confusions.md"}
    rest |= {"Calibration": "calibration.md", "Explainers": "trust.md"}
    rest |= {"Robustness": "robustness.md"} if content.robustness else {}
    rest |= {"Training": "training.md", "Methods": "methods.md", "Model card": "modelcard.md"}
    rest |= {"Preflight": "preflight.md"} if content.preflight else {}
    rest |= {"Data health": "data.md", "Glossary": "glossary.md"}
    return [*nav, {"Model and method": [{title: file} for title, file in rest.items()]}]


def _write(docs: Path, path: str, text: str) -> None:
    (docs / f"{path}.md").write_text(text, encoding="utf-8")

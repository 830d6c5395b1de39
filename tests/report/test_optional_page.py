"""LIME and SHAP in the report: where they were asked for, of the images sampled."""

import json
import re

import pytest
from drawnruns import PLAIN, ask_optional, make_run
from uncharted import content
from waiting import until

from audit.compare.build import render as compare
from audit.report.build import render
from audit.report.cases import galleries
from audit.report.source import load


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Twelve images, half of which LIME and SHAP explained."""
    root = tmp_path_factory.mktemp("run") / "run"
    small = {"images": 12, "classes": PLAIN[:3], "size": 48, "corrupted": 0, "examined": False}
    made = make_run(root, planted=True, seed=1, **small)  # a case among the sampled
    render(ask_optional(made))
    return made


@pytest.fixture(scope="module")
def found(asked):
    return content(load(asked))


def text(file):
    return file.read_text(encoding="utf-8")


def test_headline_figures_count_the_images_sampled(found):
    figure = found.figures["lime_mass"].estimate
    assert (figure.value, figure.n, figure.undefined) == (pytest.approx(0.7), 6, 6)


def test_verdicts_and_their_sweeps_are_those_of_the_run_without_them(found, asked):
    source = load(asked)
    assert list(source.judged) == ["gradcam", "ig"]
    assert list(source.titles) == ["gradcam", "ig", "lime", "shap"]
    assert found.figures["wrong_reasons_share"].estimate.n > 0


def test_cards_show_the_heatmaps_that_there_are(asked):
    source = load(asked)
    cases = [c for some in galleries(source, source.drawn).values() for c in some]
    assert sorted(c.optional for c in cases) == 6 * [[]] + 6 * [[2, 3]]
    pages = "".join(text(f) for f in (asked.report_dir / "cases").glob("*.html"))
    assert pages.count("-lime.webp") == pages.count("-shap.webp") == 6
    assert pages.count('<th scope="row">LIME</th>') == 6
    assert "not sampled" not in pages
    drawn = (asked.report_dir / "pictures").glob("*-lime.webp")
    assert len(list(drawn)) == 6


def test_the_trust_page_charts_cost_against_quality(asked, found):
    costs = found.checks["explainer_sanity"].costs
    assert costs.alt.startswith(
        "Cost and quality of the explainers. An image takes: Grad-CAM 0.01 s, "
        "Integrated Gradients 0.2 s, LIME 8 s, SHAP 4 s. gain in area, deletion: Grad-CAM "
    )
    assert "AUROC of skill, planted: Grad-CAM 1.00 (n = 6), " in costs.alt
    assert "Cost against quality" in text(asked.report_dir / "trust.html")
    assert "Cost against quality" in text(asked.report_html)


def test_methods_and_glossary_say_what_they_are(asked):
    for page in ("methods", "glossary"):
        assert "arXiv 1602.04938" in text(asked.report_dir / f"{page}.html")


def test_records_and_summary_have_their_figures(asked):
    header = text(asked.report_dir / "data" / "records.csv").splitlines()[0]
    assert {"lime_mass", "shap_reason"} <= set(header.split(","))
    figures = json.loads(text(asked.summary_json))["figures"]
    assert figures["shap_skill"]["n"] == 6


def test_a_run_without_them_says_nothing_of_them(report):
    for file in [report.report_html, *report.report_dir.glob("*.html")]:
        assert not re.search(r"\bLIME\b|\bSHAP\b|lime_|shap_", text(file)), file
    assert not re.search("lime|shap", text(report.summary_json))
    assert "heat2" not in text(report.report_dir / "gallery" / "cases.js")


def test_a_run_that_asked_for_them_compares_with_one_that_did_not(asked, tmp_path):
    small = {"images": 12, "classes": PLAIN[:3], "size": 48, "corrupted": 0, "examined": False}
    other = make_run(tmp_path / "other", planted=True, seed=1, **small)
    for runs in ((asked, other), (other, asked)):
        page = compare(runs, tmp_path / "compared")
        assert "Integrated Gradients" in text(page)


def test_the_gallery_shows_them_where_there_are_any(visit, asked):
    page = visit(asked.report_dir / "gallery.html", state="#show=heat2")
    page.locator("#fa-gallery").wait_for()
    assert page.locator("#fa-grid .fa-heat").count() == 6
    until(page, "document.querySelectorAll('#fa-grid img[alt$=\"LIME of\"]').length == 0")
    words = [img.get_attribute("alt") for img in page.locator("#fa-grid .fa-photo").all()]
    assert sum(word.endswith(": not sampled") for word in words) == 6
    page.get_by_label("Order").select_option("mass3")
    assert "60.0%" in page.locator("#fa-grid small").first.inner_text()
    page.locator("#fa-grid a").first.click()
    dialog = page.locator("#fa-case")
    dialog.get_by_label("SHAP").check()
    stage = dialog.locator(".fa-stage .fa-heat")
    until(page, "e => e.complete && e.naturalWidth == 96", stage.element_handle())
    rows = dialog.locator(".fa-scores tbody tr")
    assert rows.count() == 4
    assert "60.0%" in rows.nth(3).inner_text()

"""Charts saved as SVG and PNG: files that need no page."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from seen import pixels

PAGES = ["index", "calibration", "robustness", "trust", "methods", "training"]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def save(tmp_path):
    """Click a button of a chart; give the file."""

    def click(page, kind, chart=0):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Save {kind} of this chart").nth(chart).click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        return file

    return click


@pytest.mark.parametrize("name", PAGES)
def test_every_chart_is_saved_and_no_two_buttons_are_called_the_same(visit, report, name):
    page = visit(report.report_dir / f"{name}.html")
    charts = page.locator("figure > [role=img] > svg").count()
    found = page.get_by_role("button", name="Save SVG of this chart: ")
    labels = [button.get_attribute("aria-label") for button in found.all()]
    assert len(labels) == len(set(labels)) == charts > 0


@pytest.mark.parametrize("place", ["site", "single"])
def test_an_svg_says_what_it_shows_and_needs_nothing_of_its_page(visit, report, save, place):
    site = report.report_dir / "index.html"
    page = visit(site if place == "site" else report.report_html)
    words = page.locator("figure > [role=img]").first.get_attribute("aria-label")
    file = save(page, "SVG")
    text = file.read_text("utf-8")
    assert file.name == "chart-mass-against-chance-grad-cam-mass.svg"
    assert "currentColor" not in text and "var(" not in text and "class=" not in text
    root = ET.fromstring(text)
    title = "Mass against chance: Grad-CAM mass"
    assert root.findtext(f"{SVG}title") == title and root.findtext(f"{SVG}desc") == words
    told = " ".join(t.text for t in root.findall(f"{SVG}text"))
    assert told.startswith(f"{title} ") and words in told and "Audit of" in told
    alone = visit(file)
    assert alone.evaluate("document.rootElement.getBoundingClientRect().height") > 200


def test_a_chart_without_a_legend_of_its_own_takes_the_pages(visit, report, save):
    text = save(visit(report.report_dir / "robustness.html"), "SVG").read_text("utf-8")
    assert "Blue: accuracy" in text


def test_a_file_is_light_in_dark_too(visit, report, save):
    texts = {
        save(visit(report.report_dir / "index.html", theme=theme), "SVG").read_text("utf-8")
        for theme in ("light", "dark")
    }
    assert len(texts) == 1


def test_a_png_is_the_chart_on_white(visit, report, save):
    page = visit(report.report_dir / "index.html", theme="dark")
    width = int(ET.fromstring(save(page, "SVG").read_text("utf-8")).get("width").partition(".")[0])
    shown = pixels(save(page, "PNG"))
    assert abs(shown.shape[1] - 2 * width) <= 2
    assert (shown[0] == 255).all() and (shown[:, 0] == 255).all()
    blue = 255 - 0.85 * (255 - np.array([0, 0x72, 0xB2]))  # bars let a little of the paper through
    assert (np.abs(shown - blue).max(2) < 4).sum() > 1000

"""The report in Chromium, opened from disk."""

import pytest
from searching import Search
from waiting import until


@pytest.mark.parametrize(
    "file",
    [
        "index",
        "findings",
        "gallery",
        "classes",
        "confusions",
        "calibration",
        "trust",
        "robustness",
        "shortcuts",
        "training",
        "methods",
        "modelcard",
        "glossary",
        "preflight",
        "data",
        "cases/wrong-reasons-1",
        "classes/1-*",
    ],
)
def test_a_page_opens_from_disk_and_fits_a_phone(visit, report, file):
    page = visit(next(report.report_dir.glob(f"{file}.html")), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("h1").count() == 1


def test_gallery_pictures_load(visit, report):
    page = visit(report.report_dir / "cases" / "right-reasons-1.html")
    for picture in page.locator(".fa-panels img").all()[-6:]:
        picture.scroll_into_view_if_needed()
        until(page, "e => e.complete && e.naturalWidth > 0", picture.element_handle())


def test_pages_of_hostile_classes_open_and_show_the_name(visit, report):
    page = visit(report.report_dir / "classes.html")
    page.locator("table a", has_text="</title><img").click()
    assert page.locator("h1").inner_text().startswith("</title><img src=x onerror=alert(2)>")
    assert page.title().startswith("</title><img src=x onerror=alert(2)>")


def test_a_click_sorts_the_class_table(visit, report):
    page = visit(report.report_dir / "classes.html")
    heading = page.get_by_role("columnheader", name="Accuracy")
    cells = "Array.from(document.querySelectorAll('tbody tr')).map(r => +r.cells[4].dataset.sort)"
    before = page.evaluate(cells)
    heading.get_by_role("button", name="Sort by Accuracy").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert page.evaluate(cells) == sorted(before) != before
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert page.evaluate(cells) == sorted(before, reverse=True)


def test_search_finds_an_entry_of_the_glossary_and_jumps_to_it(visit, report, site_builder):
    page = visit(report.report_dir / "index.html")
    warned = []
    page.on("console", lambda message: warned.append(message.text))
    search = Search(page, site_builder).open()
    search.find("BG-")
    # A hyphen at the end is no wildcard, by which every page would be found.
    assert not any("training.html" in href for href in search.links())
    entry = next(href for href in search.links() if href.endswith("#term-bg-gap"))
    # Material folds it below its page's first hit.
    search.hits.and_(page.locator(f'[href="{entry}"]')).first.evaluate("link => link.click()")
    page.wait_for_url("**/glossary.html*term-bg-gap")
    assert page.locator("#term-bg-gap").is_visible()
    assert warned == []


def test_search_works_from_disk(visit, report, site_builder):
    search = Search(visit(report.report_dir / "index.html"), site_builder).open()
    assert search.find("tiger") > 0
    assert any("tiger lily" in hit for hit in search.hits.all_inner_texts())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_comparison_opens_from_disk_and_fits_a_phone(visit, compared, scheme):
    page = visit(compared / "compare.html", width=360)
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("h1").count() == 1
    pictures = "Array.from(document.images).every(i => i.complete && i.naturalWidth > 0)"
    assert page.evaluate(pictures)


def test_a_count_of_a_comparison_opens_its_list(visit, compared):
    page = visit(compared / "compare.html")
    count = page.locator(".fa-flow td a").first
    names = page.locator(count.get_attribute("href"))
    assert not names.is_visible()
    count.click()
    assert names.is_visible()
    assert len(names.inner_text().split(", ")) >= int(count.inner_text())


def test_the_single_file_opens(visit, report):
    page = visit(report.report_html, width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".fa-case").count() > 0

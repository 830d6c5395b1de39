"""Pages on paper: the same style for the site and the single file."""

import pytest

PAGES = ("index", "findings", "gallery", "classes", "confusions", "sensitivity", "methods", "data")
PAPER = 673  # px: A4 less two margins of 16 mm
# What reaches beyond the paper, or scrolls.
CLIPPED = """Array.from(document.querySelectorAll("table, .fa-scroll, .fa-case, h1, h2, p"))
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().width)
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1
        || (e.matches(".fa-scroll") && getComputedStyle(e).overflowX !== "visible"))
    .map(e => e.outerHTML.slice(0, 120))"""

_BOXES = """(() => {
    const box = e => e.getBoundingClientRect();
    const tiles = Array.from(document.querySelectorAll("#fa-grid li"), box);
    const whole = box(document.querySelector("#fa-grid"));
    return [tiles.map(b => [b.left, b.top, b.bottom]), whole.bottom];
})()"""


@pytest.fixture
def files(report):
    return [report.report_html, *(report.report_dir / f"{name}.html" for name in PAGES)]


def test_no_column_is_clipped_and_nothing_scrolls(visit, files):
    for file in files:
        if file.is_file():
            page = visit(file, width=PAPER)
            page.emulate_media(media="print")
            assert page.evaluate(CLIPPED) == [], file.name
            page.emulate_media(media="null")


def test_no_sheet_is_blank(printed, files):
    for file in files[1:5]:
        assert all(len(sheet.extract_text()) > 20 for sheet in printed(file).pages), file.name


def test_the_gallery_prints_its_tiles_one_after_the_other(visit, report):
    page = visit(report.report_dir / "gallery.html")
    page.locator("#fa-grid li").first.wait_for()
    page.emulate_media(media="print")
    tiles, grid = page.evaluate(_BOXES)
    assert len({(left, top) for left, top, _ in tiles}) == len(tiles) > 5
    assert grid == pytest.approx(max(bottom for _, _, bottom in tiles), abs=1)


@pytest.mark.parametrize("place", ["site", "single"])
def test_what_is_dark_on_screen_is_black_on_white_on_paper(visit, report, place):
    site = report.report_dir / "index.html"
    page = visit(site if place == "site" else report.report_html, theme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    colours = "e => [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor]"
    assert page.locator(".fa-sentence").first.evaluate(colours) == [
        "rgb(17, 17, 17)",
        "rgb(255, 255, 255)",
    ]
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    assert page.locator(".fa-note").first.evaluate(size) == pytest.approx(10.8, abs=0.1)

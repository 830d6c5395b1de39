"""The contents of a page: what they list, and how they are reached in Chromium and on paper."""

import pytest

from audit.report.sections import parts, sections

LINKS = ".fa-contents a"
SEEN = "found => found.map(each => each.checkVisibility())"
# Headings that no link of the contents leads to.
UNLISTED = """Array.from(document.querySelectorAll("main h2[id], .md-content h2[id]"), h => h.id)
    .filter(id => !document.querySelector(`.fa-contents a[href="#${CSS.escape(id)}"]`))"""


@pytest.fixture
def pages(report):
    return [report.report_html, report.report_dir / "index.html"]


def test_a_section_is_a_heading_without_its_links_and_signs():
    html = (
        '<h2 class="x" id="one">One &amp; &lt;two&gt; <a href="#one">all 3</a></h2><h2>no id</h2>'
        '<h2 id="filled"></h2>'
        '<h2 id="two"><span aria-hidden="true">■</span> Two</h2><h3 id="three">Three</h3>'
    )
    assert sections(html) == [("one", "One & <two>"), ("two", "Two")]


def test_contents_list_every_section(visit, pages):
    for file in pages:
        page = visit(file)
        assert page.locator(LINKS).count() > 5
        assert page.evaluate(UNLISTED) == []
        assert page.locator("h2:not([id])").count() == 0


def test_the_single_file_keeps_its_contents_beside_what_is_read(visit, report):
    page = visit(report.report_html)
    chosen = page.get_by_role("navigation", name="Contents").get_by_role("link", name="Methods")
    chosen.click()
    assert 0 <= chosen.bounding_box()["y"] <= 900
    assert 0 <= page.locator("h2#methods").bounding_box()["y"] <= 100
    page.locator(f"{LINKS}[href='#methods'][aria-current=true]").wait_for()


def test_a_phone_opens_the_contents_by_keyboard(visit, pages):
    for file in pages:
        page = visit(file, width=360, height=700)
        page.locator(".fa-contents summary").focus()
        page.keyboard.press("Enter")
        box = page.locator(".fa-contents details > ol").bounding_box()
        assert box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= 360
        page.keyboard.press("Tab")
        page.locator(".fa-contents :is(a, button):focus").wait_for()
        page.keyboard.press("Escape")
        assert not page.locator(".fa-contents details > ol").is_visible()
        page.keyboard.press("Enter")
        page.locator(LINKS).last.click()
        assert not page.locator(".fa-contents details > ol").is_visible()


def test_paper_has_no_contents_to_click(visit, pages):
    for file in pages:
        page = visit(file)
        page.emulate_media(media="print")
        assert not page.locator(".fa-contents").is_visible()


def test_parts_hold_the_sections_after_their_mark():
    html = '<h2 id="a">A</h2><!-- part: One --><h2 id="b">B</h2><h2 id="c">C</h2><!-- part: No -->'
    assert parts(html) == [("", [("a", "A")]), ("One", [("b", "B"), ("c", "C")])]


def test_the_single_file_groups_its_sections(visit, report):
    page = visit(report.report_html)
    assert page.locator(".fa-part").all_inner_texts() == [
        "Decision",
        "What to do",
        "Figures",
        "Cases and checks",
        "Reference",
    ]


@pytest.mark.parametrize(("theme", "other"), [("light", "Dark"), ("dark", "Light")])
def test_the_single_file_takes_other_colours_than_the_system(visit, report, theme, other):
    page = visit(report.report_html, theme=theme)
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    before = page.evaluate(paper)
    page.get_by_role("button", name=f"{other} colours").click()
    assert page.evaluate(paper) != before
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="null")
    page.get_by_role("button", name=f"{theme.capitalize()} colours").click()
    assert page.evaluate(paper) == before


def test_the_decision_is_printed_alone(visit, report):
    page = visit(report.report_html)
    page.evaluate("window.print = () => {}")
    page.get_by_role("button", name="Print the decision alone").click()
    page.emulate_media(media="print")
    assert page.locator("#sign-off, #findings, #by-class").evaluate_all(SEEN) == [True] * 3
    assert not page.locator("#verdicts").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#verdicts").is_visible()

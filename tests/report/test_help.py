"""Names of figures open their definitions: in the words of the methods, and in place."""

import re

import pytest

from audit.core.estimate import Metric
from audit.core.term import Term
from audit.report.help import Help, by_name, helps, wanted

SKILL = Metric("ig_skill", "IG skill", "Mass, corrected.", "(m - c) / (1 - c)", "higher", "ours")
TERMS = [Term("Skill", "Corrected mass.", figures=("ig_skill",)), Term("Right, wrong", "Is it?")]
# What a cell holds, where that is a count or a value of what the row names.
PLAIN = {
    "Value", "In this run", "How much", "Images", "Test images", "Training images",
    "Explained images", "Classes", "Pairs", "Not readable", "Smallest class", "Largest class",
    "Median", "Median size", "With different labels", "Split", "Parameter", "Parts written",
    "Epoch", "1", "2", "3", "4", "5",
}  # fmt: skip
_TABLE = re.compile(r"<table class=\"([^\"]*)\".*?</table>", re.DOTALL)
_HEAD = re.compile(r"<th scope=\"col\"([^>]*)>(.*?)</th>", re.DOTALL)
_OTHERS = (
    re.compile(r"<div class=\"fa-tile\"><span>(.*?)</span>", re.DOTALL),
    re.compile(r"<figcaption>((?:(?!</figcaption>).)*)</figcaption><div role=\"img\"", re.DOTALL),
)
_OPENS = re.compile(r"<button[^>]* popovertarget=\"(help-[\w-]+)\">[^<]+</button>")
_WHERE = """e => {
    const box = e.getBoundingClientRect();
    return [box.left, box.top, innerWidth - box.right, innerHeight - box.bottom];
}"""


def names_in(html):
    """Tiles, heads of columns but the first, and titles of charts: as they stand in a page."""
    for table in _TABLE.finditer(html):
        if not {"fa-matrix", "fa-grid"} & set(table[1].split()):
            heads = _HEAD.findall(table[0])[1:]
            yield from (head for attributes, head in heads if "fa-text" not in attributes)
    for kind in _OTHERS:
        yield from kind.findall(html)


def unexplained(html):
    """Names that open nothing, or something that the page does not hold."""
    for name in names_in(html):
        said = re.sub(r"<small>.*?</small>|<[^>]+>", "", name).strip()
        opened = _OPENS.search(name)
        if said in PLAIN and not opened:
            continue
        if not opened or html.count(f'id="{opened[1]}"') != 1:
            yield said


@pytest.fixture
def pages(report):
    return [report.report_html, *report.report_dir.rglob("*.html")]


def test_a_figure_is_defined_as_in_the_methods_and_knows_its_entry_of_the_glossary():
    found = helps([SKILL], TERMS)
    assert found["ig_skill"] == Help(
        "IG skill", "Mass, corrected.", "term-skill", "(m - c) / (1 - c)", "higher", "ours"
    )
    assert found["term-right-wrong"] == Help("Right, wrong", "Is it?", "term-right-wrong")


def test_a_term_of_several_names_is_found_by_each():
    named = by_name(helps([SKILL], TERMS))
    assert named["IG skill"] == "ig_skill" and named["Skill"] == "term-skill"
    assert named["Right"] == named["Wrong"] == "term-right-wrong"


def test_a_page_asks_once_for_each_definition_that_it_does_not_hold():
    html = '<button popovertarget="help-{}"></button>'
    page = "".join(map(html.format, ("mass", "skill", "mass", "chance")))
    assert wanted(page + '<div id="help-chance"></div>') == ["mass", "skill"]


def test_every_name_of_a_figure_on_every_page_opens_its_definition(pages):
    without = {file.name: [*unexplained(file.read_text(encoding="utf-8"))] for file in pages}
    assert {name: found for name, found in without.items() if found} == {}
    assert sum(len([*names_in(file.read_text(encoding="utf-8"))]) for file in pages) > 100


def test_every_definition_leads_to_the_glossary(pages, report):
    entries = set(
        re.findall(r' id="(term-[\w-]+)"', (report.report_dir / "glossary.html").read_text())
    )
    for file in pages:
        html = file.read_text(encoding="utf-8")
        for told in re.findall(r'<div popover id="help-.*?</div>', html, re.DOTALL):
            link = re.search(r'<a href="[^"#]*#(term-[\w-]+)">Glossary</a>', told)
            assert link and link[1] in entries, told


@pytest.mark.parametrize("place", ["site", "single"])
@pytest.mark.parametrize("width", [1440, 360])
def test_a_name_opens_its_definition_by_keyboard(visit, report, place, width):
    site = report.report_dir / "index.html"
    page = visit(site if place == "site" else report.report_html, width=width)
    name = page.locator(".fa-tile .fa-name", has_text="Wrong reasons")
    name.focus()
    page.keyboard.press("Enter")
    told = page.locator(".fa-help:popover-open")
    assert "decided by the background" in told.inner_text()
    assert min(told.evaluate(_WHERE)) >= 0
    page.keyboard.press("Tab")
    assert told.get_by_role("link", name="Glossary").evaluate("e => e === document.activeElement")
    page.keyboard.press("Escape")
    assert page.locator(".fa-help:popover-open").count() == 0
    assert name.evaluate("e => e === document.activeElement")


def test_a_definition_opens_beside_its_name(visit, report):
    page = visit(report.report_dir / "index.html", width=1440)
    name = page.locator(".fa-tile .fa-name").first
    name.click()
    told, asked = page.locator(".fa-help:popover-open").bounding_box(), name.bounding_box()
    assert 0 <= told["y"] - (asked["y"] + asked["height"]) <= 20
    assert abs(told["x"] - asked["x"]) <= 20


def test_the_link_of_a_definition_jumps_to_the_entry(visit, report):
    page = visit(report.report_dir / "classes" / next(report.report_dir.glob("classes/1-*")).name)
    page.locator(".fa-tile .fa-name").first.click()
    page.locator(".fa-help:popover-open").get_by_role("link", name="Glossary").click()
    page.wait_for_url("**/glossary.html#term-accuracy")
    assert page.locator("#term-accuracy").is_visible()


def test_facts_of_a_case_open_their_definitions_above_it(visit, report):
    page = visit(report.report_dir / "gallery.html")
    page.locator("#fa-grid li a").first.click()
    page.locator("#fa-case .fa-facts .fa-name", has_text="Background share").click()
    told = page.locator(".fa-help:popover-open")
    assert "Shapley" in told.inner_text()
    on_top = "e => { const b = e.getBoundingClientRect(); " \
             "return e.contains(document.elementFromPoint(b.x + 20, b.y + 12)); }"  # fmt: skip
    assert told.evaluate(on_top)
    page.keyboard.press("Escape")
    assert page.locator("#fa-case").is_visible()


def test_a_comparison_defines_its_figures_and_sorts_its_classes(visit, compared):
    page = visit(compared / "compare.html", width=360)
    page.locator(".fa-figures tbody .fa-name", has_text="Background share").click()
    told = page.locator(".fa-help:popover-open")
    assert "Shapley" in told.inner_text() and told.get_by_role("link").count() == 0
    page.keyboard.press("Escape")
    table = page.locator("table[data-rows=classes]")
    head = table.locator("th", has_text="Accuracy, A")
    head.get_by_role("button", name="Sort by Accuracy, A").click()
    assert head.get_attribute("aria-sort") == "ascending"
    values = table.locator("tbody td:nth-child(2)").evaluate_all("c => c.map(e => +e.dataset.sort)")
    assert values == sorted(values)


def test_paper_has_names_without_marks_and_no_definition_over_them(visit, report):
    page = visit(report.report_html)
    page.emulate_media(media="print")
    mark = "e => getComputedStyle(e).textDecorationLine"
    assert page.locator(".fa-name").first.evaluate(mark) == "none"
    assert page.locator(".fa-help:visible").count() == 0

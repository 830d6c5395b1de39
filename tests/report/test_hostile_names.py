"""Hostile names in Chromium: searched for, marked, filtered, hovered and sorted they stay text."""

from urllib.parse import quote

import pytest
from drawnruns import make_run
from uncharted import render
from waiting import until

_HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(2)>',
    "</script><script>alert(3)</script>",
    "[x](javascript:alert(4))",
    "{{7*7}}{%raw%}",
    "&lt;img src=x onerror=alert(5)&gt;",
    "&#60;img src=x onerror=alert(6)&#62;",
    "<!-- unclosed",
    "<style>*{display:none}</style>",
    "<base href=http://stranger.example/>",
    "<a href=javascript:alert(7)>lily</a>",
    "<iframe srcdoc='<script>alert(8)</script>'>",
    '"\' onmouseover=alert(9) x="',
    "__proto__",
    "constructor",
    "<img/src/onerror=alert(10)>" + "A" * 1100 + "<img/src/onerror=alert(11)>",
    "zero\u200bwidth",
]
# Whatever no page of ours has: handlers, addresses that are scripts, markup out of a name.
_FOREIGN = """Array.from(document.querySelectorAll(
  "[onerror], [onload], [onmouseover], [href^='javascript'], [src=x], base, [srcdoc]," +
  ".md-search-result :is(img, a a, style)"), e => e.outerHTML)"""
_ASKED = "document.querySelector('.md-search-result__meta').textContent"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, site_builder):
    """A report whose data set, subject, classes and files have names that are markup."""
    root = tmp_path_factory.mktemp("hostile") / "run"
    run = make_run(root, images=34, classes=_HOSTILE, size=48, planted=True, data=_HOSTILE[0])
    run.update_manifest(config=run.manifest()["config"] | {"subject": _HOSTILE[1]})
    render(run, site_builder=site_builder)
    return run.report_dir


def found(page) -> int:
    return page.locator(".md-search-result__link").count()


@pytest.fixture
def materials(site_builder):
    """Skips where the search is not Material's: these tests wait for its own words."""
    if site_builder != "mkdocs":
        pytest.skip("Zensical's search has another dialog, and no ?q=")


@pytest.mark.usefixtures("materials")
def test_names_that_are_searched_for_stay_text(visit, hostile):
    page = visit(hostile / "index.html")
    field = page.locator("input[name=query]")
    field.click()
    until(page, f"{_ASKED}.startsWith('Type')")
    hits = []
    for name in [*_HOSTILE, "img", "lt", "onerror"]:
        for typed, told in (
            (name, f"!{_ASKED}.startsWith('Type')"),
            ("", f"{_ASKED}.startsWith('Type')"),
        ):
            field.fill(typed)
            page.keyboard.press("End")
            until(page, told)
            hits.append(found(page))
            assert page.evaluate(_FOREIGN) == [], name
    assert sum(h > 0 for h in hits) > 6


@pytest.mark.usefixtures("materials")
def test_an_address_that_searches_for_markup_shows_it_as_text(visit, hostile):
    page = visit(hostile / "index.html", state="?q=" + quote("images <img/src/onerror=alert(1)>"))
    page.locator(".md-search-result__terms del").first.wait_for()
    assert page.locator(".md-search-result__terms del").first.inner_text().startswith("<img")
    assert page.evaluate(_FOREIGN) == []


@pytest.mark.parametrize("words", ["img lt gt src", "<img src=x onerror=alert(1)>", "&lt; &amp;lt"])
@pytest.mark.parametrize("file", ["classes.html", "classes/5-*.html"])
def test_marking_what_was_searched_for_makes_no_markup(visit, hostile, file, words):
    page = visit(next(hostile.glob(file)))
    elements = "document.querySelectorAll('.md-content :not(mark)').length"
    before = page.evaluate(elements)
    page.goto(page.url + "?h=" + quote(words))
    page.locator(".md-content mark").first.wait_for()
    assert page.evaluate(_FOREIGN) == []
    assert page.evaluate(elements) == before


def test_the_gallery_filters_and_shows_names_as_text(visit, hostile):
    page = visit(hostile / "gallery.html")
    for name in _HOSTILE[:7]:
        page.get_by_role("searchbox", name="File name").fill(name[:40])
        until(page, "n => location.hash.includes(encodeURIComponent(n).slice(0, 5))", name)
    page.get_by_role("button", name="Reset").click()
    assert (
        page.get_by_label("Predicted as").locator("option").all_text_contents()[1:3] == _HOSTILE[:2]
    )
    page.locator("#fa-grid a").first.click()
    page.locator("#fa-case").wait_for()
    assert page.evaluate(_FOREIGN) == []


@pytest.mark.parametrize("file", ["index", "classes", "confusions", "data"])
def test_hovering_and_sorting_make_no_markup(visit, hostile, file):
    page = visit(hostile / f"{file}.html")
    for titled in page.locator(".md-content [title]").all()[:12]:
        if titled.is_visible():
            titled.hover()
    for button in page.locator(".fa-sortable thead button").all():
        button.click()
    assert page.evaluate(_FOREIGN) == []

"""Tables in Chromium: copied as Markdown and CSV, filtered, and with heads that stay."""

import csv

import pytest
from drawnruns import HOSTILE
from markdown import markdown

_MADE = """([heads, cells]) => {
    const row = (tag, texts) => {
        const made = document.createElement("tr");
        texts.forEach(text => {
            const [said, small] = text.split("/");
            const cell = made.appendChild(document.createElement(tag));
            cell.textContent = said;
            if (small) cell.appendChild(document.createElement("small")).textContent = small;
        });
        return made;
    };
    const table = document.createElement("table");
    if (heads.length) table.createTHead().append(row("th", heads));
    table.createTBody().append(...cells.map(texts => row("td", texts)));
    return [FA_TABLE.markdown(table), FA_TABLE.csv(table)];
}"""


@pytest.fixture
def copied(visit, report):
    """What a table of these cells is copied as: Markdown and CSV; small text follows a slash."""
    page = visit(report.report_dir / "glossary.html")
    return lambda heads, *cells: page.evaluate(_MADE, [heads, cells])


def test_a_table_is_copied_as_it_is_read(copied):
    text, cells = copied(["Class", "Rate"], ["a, b", "8.2%/7.1% to 9.3%"], ["c", "1,024"])
    assert text == (
        "| Class | Rate |\n| --- | --- |\n| a, b | 8.2% (7.1% to 9.3%) |\n| c | 1,024 |\n"
    )
    assert cells == 'Class,Rate\n"a, b",8.2% (7.1% to 9.3%)\nc,1024\n'


def test_a_table_without_heads_has_empty_ones_in_markdown_alone(copied):
    assert copied([], ["a", "b"]) == ["|  |  |\n| --- | --- |\n| a | b |\n", "a,b\n"]


def test_no_copied_cell_is_a_formula(copied):
    texts = ["=1+1", "@x", "+1+cmd|x", "-x", "+0.31", "−1,024", "+0.3/+0.2 to +0.4", "-0.5"]
    _, cells = copied([], texts)
    safe = ["'=1+1", "'@x", "'+1+cmd|x", "'-x", "0.31", "-1024", "0.3 (+0.2 to +0.4)", "-0.5"]
    assert next(csv.reader([cells])) == safe


def test_names_that_are_markup_stay_text_where_markdown_is_pasted(copied):
    text, _ = copied(["Class"], *([name.replace("/", "")] for name in HOSTILE))
    shown = markdown(text, extensions=["tables"])
    assert not any(tag in shown for tag in ("<img", "<a", "<script", "<em", "<strong", "<code"))
    assert shown.count("<td") == len(HOSTILE)


def test_tables_of_a_comparison_are_copied_and_filtered(visit, compared):
    page = visit(compared / "compare.html")
    assert page.locator(".fa-tools").count() == page.locator(".fa-scroll > .fa-table").count() > 3
    figures = page.locator(".fa-tools", has=page.get_by_role("searchbox")).nth(1)
    figures.get_by_role("searchbox").fill("accuracy")
    figures.get_by_role("button", name="Copy CSV").click()
    figures.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[0].startswith("Figure,A,B,B against A")
    assert len(copied) > 2 and all("accuracy" in line.lower() for line in copied[1:])


@pytest.mark.parametrize("place", ["site", "single"])
def test_buttons_copy_the_table_below_them(visit, report, place):
    site = report.report_dir / "index.html"
    page = visit(site if place == "site" else report.report_html)
    tools = page.locator("main .fa-tools").first
    tools.get_by_role("button", name="Copy Markdown").click()
    tools.get_by_role("button", name="Copied").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    heads, first = {
        "site": ("| Verdict | Right | Wrong | Share of all |", "Verdict"),
        "single": ("| Class | Do | What, and why |", "Class"),
    }[place]
    assert text.startswith(f"{heads}\n| --- |")
    tools.get_by_role("button", name="Copy CSV").click()
    page.wait_for_function(f"navigator.clipboard.readText().then(t => t.startsWith('{first},'))")


def test_a_browser_that_refuses_the_clipboard_copies_the_older_way(visit, report):
    page = visit(report.report_html)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copy CSV").first.click()
    page.get_by_role("button", name="Copied").wait_for()


def test_many_rows_can_be_filtered_and_the_rest_is_copied(visit, report):
    page = visit(report.report_html)
    tools = page.locator(".fa-tools", has=page.get_by_role("searchbox")).last
    tools.get_by_role("searchbox", name="Filter the rows of this table").fill("TensorFlow")
    rows = page.locator("table.fa-filtered tbody tr:visible")
    told = rows.all_inner_texts()
    assert told and all("tensorflow" in row for row in told)
    assert all("Packages" in row for row in told if row.startswith("P"))
    assert tools.get_by_role("status").inner_text().startswith(f"{len(told)} of ")
    tools.get_by_role("button", name="Copy CSV").click()
    tools.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").count("\n") == len(told)
    tools.get_by_role("searchbox").fill("")
    assert page.locator("table.fa-filtered").count() == 0


def test_few_rows_have_no_filter(visit, report):
    page = visit(report.report_dir / "index.html")
    assert page.locator(".fa-tools").first.get_by_role("searchbox").count() == 0


@pytest.mark.parametrize(("width", "covered"), [(1440, 40), (360, 0)])
def test_the_heads_of_the_class_table_stay_in_sight(visit, report, width, covered):
    page = visit(report.report_dir / "classes.html", width=width, height=500)
    row = page.locator("tbody tr").nth(9)
    row.evaluate("e => e.scrollIntoView({block: 'center'})")
    head = page.get_by_role("columnheader", name="Accuracy").bounding_box()
    assert covered <= head["y"] < row.bounding_box()["y"]
    on_top = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('thead') !== null",
        [page.locator("thead th").first.bounding_box()["x"] + 8, head["y"] + head["height"] / 2],
    )
    assert on_top


def test_paper_has_no_buttons(visit, report):
    page = visit(report.report_html)
    page.emulate_media(media="print")
    assert not page.locator(".fa-tools").first.is_visible()


def test_columns_of_a_wide_table_can_be_hidden(visit, report):
    page = visit(report.report_dir / "classes.html")
    table = page.locator(".fa-scroll > table.fa-sortable").first
    heads = table.locator("thead th:visible")
    names = heads.all_inner_texts()
    tools = page.locator(".fa-tools", has=page.locator(".fa-chooser")).first
    tools.get_by_text("Columns").click()
    boxes = tools.get_by_role("checkbox")
    assert boxes.count() == len(names) - 1 > 5
    boxes.nth(1).uncheck()
    assert heads.all_inner_texts() == names[:2] + names[3:]
    widths = "rows => new Set(rows.map(r => [...r.cells].filter(c => !c.hidden).length)).size"
    assert table.locator("tr").evaluate_all(widths) == 1
    tools.get_by_role("button", name="Copy CSV").click()
    tools.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()[0]
    assert copied.count(",") == len(names) - 2
    table.get_by_role("button", name="Sort by").nth(3).click()
    assert table.locator("[aria-sort=ascending]").inner_text() == names[4]
    page.keyboard.press("Escape")
    boxes.nth(1).check(force=True)
    assert heads.all_inner_texts() == names

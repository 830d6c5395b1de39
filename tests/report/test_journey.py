"""A reviewer's way through a report, from opening it to the PDF that is attached."""


def test_a_reviewer_reads_filters_opens_a_case_and_shares_it(visit, report):
    page = visit(report.report_dir / "index.html")
    headline = page.locator(".fa-verdict").first.inner_text()
    assert "right for the wrong reasons" in headline
    page.get_by_role("link", name="Gallery").first.click()
    page.locator("#fa-filters").get_by_text("Wrong reasons").click()
    page.locator("#fa-grid a").first.click()
    dialog = page.locator("#fa-case")
    dialog.wait_for()
    name = dialog.locator("h2").inner_text()
    dialog.get_by_label("Opacity").focus()
    page.keyboard.press("ArrowLeft")
    dialog.get_by_role("button", name="Copy link").click()
    dialog.get_by_text("Link copied.").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    page.goto(link)
    page.locator("#fa-case").wait_for()
    assert page.locator("#fa-case h2").inner_text() == name
    assert page.locator("#fa-case output").inner_text() == "55%"


def test_the_attachment_prints_its_headline_and_every_case(visit, printed, bare, report):
    page = visit(report.report_html)
    headline = page.locator(".fa-verdict p").first.inner_text()
    cases = page.locator(".fa-case h3").all_inner_texts()
    pdf = printed(report.report_html)
    text = bare(" ".join(p.extract_text() for p in pdf.pages))
    assert bare(headline) in text
    assert all(bare(name) in text for name in cases if name.isascii())
    assert sum(len(p.images) for p in pdf.pages) >= 2 * len(cases)


def test_a_printed_case_stays_on_one_page(printed, bare, report):
    for page in printed(report.report_html).pages:
        text = bare(page.extract_text())
        assert text.count("chance") >= text.count("Rightlypredicted")

"""Evidence by cause and other backgrounds in Chromium: what can be seen there alone."""

import io

import numpy as np
import pytest
from PIL import Image
from waiting import until

LOADED = "Array.from(document.querySelectorAll('{} img')).every(i => i.complete && i.naturalWidth)"
FIRST = (
    "Array.from(document.querySelectorAll('.fa-swaps')[0].querySelectorAll('img'))"
    ".every(i => i.complete && i.naturalWidth)"
)
OVER = "document.querySelectorAll('.fa-swaps img[style]').forEach(i => {})"
BACKGROUNDS = [*(f"Background {k}" for k in (1, 2, 3, 4)), "Own background"]


def seen(locator) -> np.ndarray:
    picture = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
    return np.asarray(picture.resize((64, 64)), int)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
def test_each_cause_has_a_captioned_pair_with_both_answers(visit, report, theme, width):
    page = visit(report.report_dir / "index.html", theme=theme, width=width)
    strips = page.locator(".fa-cause:has(.fa-turn)")
    assert strips.count() > 1
    for strip in strips.all():
        strip.scroll_into_view_if_needed()
        before, after = strip.locator("figcaption").all_inner_texts()
        assert before.startswith("Before: ") and before.endswith("%")
        assert after.startswith("After, ")
        assert "Do: " in strip.inner_text()
    until(page, LOADED.format(".fa-turn"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_class_has_one_strip(visit, report):
    page = visit(report.report_dir / "index.html")
    headings = page.locator(".fa-cause h3 bdi").all_inner_texts()
    assert len(headings) == len(set(headings))


def test_a_foreground_lies_on_every_background_that_was_tried(visit, report):
    page = visit(report.report_dir / "gallery.html", state="#verdict=wrong-reasons")
    page.locator("#fa-grid a").first.click()
    dialog = page.locator("#fa-case")
    figures = dialog.locator(".fa-swaps figure")
    figures.nth(4).wait_for()
    assert dialog.locator(".fa-survives").inner_text().startswith("Survives ")
    captions = figures.locator("figcaption").all_inner_texts()
    assert [caption.partition(",")[0] for caption in captions] == BACKGROUNDS
    figures.first.scroll_into_view_if_needed()
    until(page, LOADED.format(".fa-swaps"))
    swapped = seen(figures.first.locator(".fa-layers"))
    page.evaluate(OVER.format("i.style.clipPath = 'none'"))
    photo = seen(figures.first.locator(".fa-layers"))
    page.evaluate(OVER.format("i.remove()"))
    behind = seen(figures.first.locator(".fa-layers"))
    as_behind, as_photo = (np.abs(swapped - other).max(axis=2) < 8 for other in (behind, photo))
    assert as_behind[4:10, 4:60].mean() > 0.8  # the border is the other background's
    assert (as_photo & ~as_behind).mean() > 0.02 and (~as_photo & as_behind).mean() > 0.2


def test_a_page_of_cases_cuts_by_the_outline_that_it_draws(visit, report):
    page = visit(report.report_dir / "cases" / "wrong-reasons-1.html")
    swap = page.locator(".fa-swaps .fa-layers").first
    swap.scroll_into_view_if_needed()
    until(page, FIRST)
    swapped = seen(swap)
    over = swap.locator("img[style]")
    over.evaluate("i => { i.style.clipPath = 'none' }")
    behind = seen(swap)
    over.evaluate("i => i.remove()")
    photo = seen(swap)
    as_behind, as_photo = (np.abs(swapped - other).max(axis=2) < 8 for other in (behind, photo))
    assert as_behind[4:10, 4:60].mean() > 0.8
    assert (as_photo & ~as_behind).mean() > 0.02 and (~as_photo & as_behind).mean() > 0.2


def test_the_single_file_shows_the_same_strips(visit, report):
    page = visit(report.report_html)
    assert page.locator("h2#evidence-by-cause").count() == 1
    assert page.locator(".fa-cause").count() > 1
    until(page, LOADED.format(".fa-turn"))

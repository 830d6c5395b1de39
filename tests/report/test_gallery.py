"""The gallery in Chromium, opened from disk: a state is an address, and an address is a state."""

from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest
from drawnruns import PLAIN, make_run
from uncharted import render
from waiting import until

from audit.checks.groups.outputs import TABLE
from audit.report.templating import plain
from audit.storage.run import RunFolder

_NAMES = "Array.from(document.querySelectorAll('#fa-grid bdi'), e => e.textContent)"
_THEMES = ["light", "dark"]


@pytest.fixture
def gallery(visit, report):
    """Open the gallery in a state."""

    def go(state="", **more):
        page = visit(report.report_dir / "gallery.html", state=state, **more)
        page.locator("#fa-gallery").wait_for()
        return page

    return go


@pytest.fixture(scope="module")
def records(report) -> pd.DataFrame:
    frame = report.records()
    frame["name"] = frame["name"].map(plain)  # as pages show them
    return frame[frame["row"] >= 0]


def state(page) -> dict[str, list[str]]:
    return parse_qs(page.evaluate("location.hash.slice(1)"))


def count(page) -> int:
    return int(page.locator("#fa-count").inner_text().split()[0])


def test_all_images_are_there_but_only_those_near_the_window_exist(gallery, records):
    page = gallery()
    assert count(page) == len(records)
    assert 0 < page.locator("#fa-grid li").count() < len(records)
    assert page.locator("#fa-grid li").first.get_attribute("aria-setsize") == str(len(records))


def test_scrolling_to_the_end_shows_the_last_image(gallery, records):
    page = gallery("#sort=name&direction=up")
    page.keyboard.press("End")
    last = page.locator(f'#fa-grid li[aria-posinset="{len(records)}"]')
    last.wait_for()
    assert last.locator("bdi").text_content() == sorted(records["name"])[-1]


def test_a_filter_shows_what_fits_and_stands_in_the_address(gallery, records):
    page = gallery()
    page.locator("#fa-filters").get_by_text("Wrong reasons").click()
    assert count(page) == (records["verdict"] == "wrong-reasons").sum()
    page.get_by_label("Mask from").select_option("folder")
    page.get_by_label("Prediction").select_option("right")
    wanted = (records["verdict"] == "wrong-reasons") & (records["mask_source"] == "folder")
    assert count(page) == wanted.sum() > 0
    assert state(page) == {"verdict": ["wrong-reasons"], "mask": ["folder"], "answer": ["right"]}


def test_an_address_is_a_view(gallery, records):
    page = gallery("#fragile=1&class=3&q=IMAGE_0")
    wanted = records["fragile"] & (records["label"] == 3)
    assert count(page) == wanted.sum() > 0
    assert page.get_by_role("searchbox", name="File name").input_value() == "IMAGE_0"
    page.get_by_role("button", name="Reset").click()
    assert count(page) == len(records)
    assert state(page) == {}


def test_a_confusion_has_an_address(gallery, records):
    wrong = records[~records["correct"]].iloc[0]
    page = gallery(f"#class={wrong['label']}&predicted={wrong['prediction']}")
    same = (records["label"] == wrong["label"]) & (records["prediction"] == wrong["prediction"])
    assert count(page) == same.sum() > 0
    assert page.get_by_label("Predicted as").input_value() == str(wrong["prediction"])


def test_nonsense_in_an_address_is_the_default(gallery, records):
    page = gallery("#sort=<b>&at=NaN&show=x&case=nobody")
    assert count(page) == len(records)
    assert not page.locator("#fa-case").is_visible()


def test_an_order_sorts_and_leaves_what_is_undefined_to_the_end(gallery, records):
    page = gallery("#sort=share&direction=up")
    names = page.evaluate(_NAMES)
    shares = records.set_index("name").loc[names, "background_share"].to_numpy()
    assert (np.diff(np.round(shares, 3)) >= 0).all()
    page.get_by_label("Direction").select_option("down")
    names = page.evaluate(_NAMES)
    shares = records.set_index("name").loc[names, "background_share"].to_numpy()
    assert not np.isnan(shares).any() and (np.diff(np.round(shares, 3)) <= 0).all()


def test_tiles_show_the_layer_asked_for_in_words_too(gallery):
    page = gallery("#show=heat0&verdict=wrong-reasons")
    tile = page.locator("#fa-grid li").first
    assert tile.locator(".fa-heat").count() == 1
    until(page, "document.querySelector('#fa-grid img').alt.includes('hottest part')")
    assert "of its mass on the flower" in tile.locator("img").first.get_attribute("alt")
    page.get_by_label("Show").select_option("mask")
    page.locator("#fa-grid svg path.fa-line").first.wait_for(state="attached")


def test_a_case_opens_its_slider_moves_and_its_link_leads_back(gallery, report):
    page = gallery("#verdict=wrong-reasons")
    page.locator("#fa-grid a").nth(1).click()
    dialog = page.locator("#fa-case")
    dialog.wait_for()
    name = dialog.locator("h2").inner_text()
    dialog.get_by_role("radio", name="Integrated").check()
    slider = dialog.get_by_label("Opacity")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert dialog.locator("output").inner_text() == "65%"
    heat = dialog.locator(".fa-stage .fa-heat")
    assert heat.evaluate("e => getComputedStyle(e).opacity") == "0.65"
    dialog.get_by_role("button", name="Copy link").click()
    dialog.get_by_text("Link copied.").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith((report.report_dir / "gallery.html").as_uri() + "#case=image-")
    again = gallery("#" + link.partition("#")[2])
    again.locator("#fa-case").wait_for()
    assert again.locator("#fa-case h2").inner_text() == name
    assert again.get_by_role("radio", name="Integrated").is_checked()
    assert again.locator("output").inner_text() == "65%"


def test_a_case_says_its_reasons_numbers_and_what_the_model_was_shown(gallery, records):
    page = gallery("#verdict=wrong-reasons")
    page.locator("#fa-grid a").first.click()
    dialog = page.locator("#fa-case")
    dialog.locator(".fa-reasons li").first.wait_for()
    record = records.set_index("name").loc[dialog.locator("h2").inner_text()]
    said = " ".join(dialog.locator(".fa-reasons li").all_inner_texts())
    for part in record["verdict_reason"].replace(": ", "; ", 1).split("; "):
        assert part in said
    assert f"{record['gradcam_mass']:.1%}" in dialog.locator(".fa-scores").inner_text()
    captions = dialog.locator(".fa-composites figcaption").all_inner_texts()
    filled = plain(record["removal_prediction_name"])
    assert captions[0] == "Region tested: 4%, lower left"
    assert captions[1].startswith("Filled in: 4%, lower left: ") and captions[1].endswith("61%")
    assert filled.split()[0] in captions[1]
    assert captions[2].startswith("Background alone: ")
    assert dialog.locator(".fa-stage .fa-region").count() == 1


def test_the_keyboard_moves_opens_steps_and_closes(gallery):
    page = gallery()
    page.locator("#fa-grid a").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    focused = "document.activeElement.closest('li').ariaPosInSet"
    assert page.evaluate(focused) == "2"
    second, third = page.evaluate(_NAMES)[1:3]
    page.keyboard.press("Enter")
    page.locator("#fa-case").wait_for()
    heading = page.locator("#fa-case h2")
    assert heading.inner_text() == second
    page.keyboard.press("ArrowRight")
    assert heading.inner_text() == third
    page.keyboard.press("Escape")
    page.locator("#fa-case").wait_for(state="hidden")
    until(page, "location.hash === ''")
    assert page.evaluate(focused) == "3"
    assert state(page) == {}


def test_back_closes_a_case(gallery):
    page = gallery()
    page.locator("#fa-grid a").first.click()
    page.locator("#fa-case").wait_for()
    page.go_back()
    page.locator("#fa-case").wait_for(state="hidden")


def test_without_javascript_the_static_pages_are_offered(chromium, report):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((report.report_dir / "gallery.html").as_uri())
    assert page.locator("#fa-gallery").is_hidden()
    page.get_by_role("link", name="Wrong reasons (").click()
    picture = page.locator(".fa-panels img").first
    page.locator(".fa-heat").first.scroll_into_view_if_needed()
    assert picture.bounding_box()["width"] > 50
    context.close()


def test_the_first_screen_fits_without_scrolling(visit, report):
    page = visit(report.report_dir / "index.html", height=800)
    box = page.locator(".fa-screen").bounding_box()
    assert box["y"] + box["height"] <= 800
    assert page.locator(".fa-tile").count() == 6
    page.locator(".fa-evidence a").first.click()
    page.locator("#fa-case").wait_for()


@pytest.mark.parametrize("width", [360, 1280])
def test_a_case_fits_its_window(gallery, width):
    page = gallery("#verdict=wrong-reasons", width=width)
    page.locator("#fa-grid a").first.click()
    dialog = page.locator("#fa-case")
    dialog.wait_for()
    assert dialog.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="module")
def axe():
    """Violations of WCAG 2.2 AA on a page, each with its first element."""
    found = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    options = {"runOnly": tags, "resultTypes": ["violations"], "preload": False}

    def check(page):
        response = found.run(page, options=options).response
        return [(v["id"], v["nodes"][0]["html"][:200]) for v in response["violations"]]

    return check


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
@pytest.mark.parametrize(
    "file",
    [
        "index",
        "findings",
        "gallery",
        "classes",
        "classes/*-tiger-lily-*",
        "cases/wrong-reasons-1",
        "confusions",
        "calibration",
        "data",
        "training",
        "robustness",
        "trust",
        "methods",
        "modelcard",
        "glossary",
    ],
)
def test_a_page_is_accessible(visit, report, axe, file, theme, width):
    page = visit(next(report.report_dir.glob(f"{file}.html")), theme=theme, width=width)
    assert axe(page) == []


def test_unfolded_filters_are_accessible(gallery, axe):
    page = gallery(width=360)
    page.get_by_role("button", name="Filter and sort").click()
    assert axe(page) == []


@pytest.mark.parametrize("theme", _THEMES)
def test_an_open_case_is_accessible(gallery, axe, theme):
    page = gallery("#verdict=wrong-reasons", theme=theme)
    page.locator("#fa-grid a").first.click()
    page.locator(".fa-reasons li").first.wait_for()
    assert axe(page) == []


def flagged(run: RunFolder, word: str) -> None:
    frame = run.records()
    frame.loc[frame["row"] >= 0, ["verdict", "correct"]] = [word, True]
    run.write_part(0, frame.to_dict("records"), list(run.maps(0)))


def long_names(run: RunFolder) -> None:
    frame = run.records()
    frame["name"] = [f"{k}{'<b>' * 1666}" for k in range(len(frame))]
    run.write_part(0, frame.to_dict("records"), list(run.maps(0)))


def no_masks(run: RunFolder) -> None:
    frame = run.records()
    scores = frame.columns[frame.columns.str.match(r"(gradcam|ig|centre)_|chance|verdict_score")]
    frame[frame[scores].select_dtypes("float64").columns] = np.nan
    frame.loc[frame["row"] >= 0, ["verdict", "verdict_reason"]] = ["undecided", "no mask"]
    run.write_part(0, frame.to_dict("records"), list(run.maps(0)))


@pytest.mark.parametrize(
    ("images", "change"),
    [
        (1, lambda run: None),
        (4, lambda run: flagged(run, "right-reasons")),
        (4, lambda run: flagged(run, "wrong-reasons")),
        (4, long_names),
        (4, no_masks),
    ],
    ids=["one image", "none flagged", "all flagged", "long names", "no masks"],
)
def test_odd_runs_have_a_screen_a_gallery_and_cases(tmp_path, visit, images, change):
    run = make_run(tmp_path / "run", images=images, classes=PLAIN[:2])
    change(run)
    render(run)
    page = visit(run.report_dir / "index.html", width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".fa-trust li").count() == 4
    for file in ("findings", "modelcard"):
        page = visit(run.report_dir / f"{file}.html", width=360)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page = visit(run.report_dir / "gallery.html", width=360)
    assert count(page) == images
    page.locator("#fa-grid a").last.click()
    page.locator(".fa-facts div").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_on_a_phone_the_filters_fold_behind_one_button_that_says_how_many_are_set(gallery):
    page = gallery("#answer=right&sort=score", width=360)
    button = page.get_by_role("button", name="Filter and sort (2 set)")
    assert button.get_attribute("aria-expanded") == "false"
    assert page.get_by_label("Prediction").count() == 1 and page.locator("#fa-filters").is_hidden()
    assert page.locator("#fa-grid li").first.bounding_box()["y"] < 700
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    assert page.locator(f"#{button.get_attribute('aria-controls')}").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "verdict"
    page.get_by_label("Prediction").select_option("")
    assert page.get_by_role("button", name="Filter and sort (1 set)").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_on_a_wide_screen_all_filters_are_in_sight(gallery):
    page = gallery()
    assert page.locator("#fa-filters").is_visible() and page.locator("#fa-fold").is_hidden()


def test_a_group_is_a_filter_with_an_address(gallery, records, report):
    page = gallery("#group=background%3Dland&answer=right")
    given = TABLE.read(report).set_index("name")["value"]
    lands = records["name"].map({plain(name): value for name, value in given.items()}) == "land"
    assert count(page) == (lands & records["correct"]).sum() > 0
    assert page.get_by_label("Group").input_value() == "background=land"
    page.get_by_label("Group").select_option("background: no value")
    assert count(page) == 1
    page.get_by_label("Group").select_option("background: <b>water</b>")
    assert state(page)["group"] == ["background=<b>water</b>"]

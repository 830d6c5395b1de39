"""The decision on top of a report, in Chromium and on paper."""

import re
import shutil

import pytest
import uncharted
from drawnruns import HOSTILE, PLAIN, make_run

from audit.gate.files import gate_json
from audit.gate.gates import Limits, hold_to_limits
from audit.report.build import renew
from audit.storage.run import RunFolder

NOW = "2026-03-05T08:00:00+00:00"
LIMITS = {  # of a run of 12 images, of which some have wrong reasons
    "DO NOT SHIP": Limits(max_wrong_reasons=0.0),
    "NOT SHOWN": Limits(max_wrong_reasons=0.2),
    "WITHIN LIMITS": Limits(max_wrong_reasons=1.0, min_accuracy=0.0),
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory, site_builder):
    """A rendered run with a hostile name."""
    run = make_run(
        tmp_path_factory.mktemp("bar") / "run", images=12, classes=[PLAIN[0], HOSTILE[1]]
    )
    uncharted.render(run, site_builder=site_builder)
    return run


@pytest.fixture(scope="module")
def decided(rendered):
    """The run after a gate with these limits, of each a copy; nobody may change it."""
    known = {}

    def check(limits):
        if limits not in known:
            root = rendered.root.with_name(f"decided-{len(known)}") / "run"
            known[limits] = run = RunFolder(shutil.copytree(rendered.root, root))
            run.gate_file.write_bytes(gate_json(hold_to_limits(run, limits), NOW))
            with uncharted.no_charts():
                renew(run)
        return known[limits]

    return check


def contrast(page, selector):
    """WCAG's contrast of an element's text against the first background behind it."""
    colours = page.locator(selector).first.evaluate(
        """e => {
            let behind = e;
            const solid = c => c && !/^rgba\\(.*, 0\\)$/.test(c) && c !== "transparent";
            while (behind && !solid(getComputedStyle(behind).backgroundColor))
                behind = behind.parentElement;
            const back = behind ? getComputedStyle(behind).backgroundColor : "rgb(255, 255, 255)";
            return [getComputedStyle(e).color, back];
        }"""
    )
    light, dark = sorted(map(luminance, colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    channels = [float(c) / 255 for c in re.findall(r"[\d.]+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("title", LIMITS)
def test_the_bar_stands_on_top_in_words_and_colour(visit, decided, title):
    run = decided(LIMITS[title])
    colours = set()
    for file in (run.report_dir / "index.html", run.report_html):
        for theme in ("light", "dark"):
            page = visit(file, theme=theme)
            bar = page.get_by_role("region", name=title, exact=True)
            assert bar.bounding_box()["y"] < page.locator("h1").bounding_box()["y"]
            assert bar.locator(".fa-state").inner_text().strip()[2:] == title
            said = bar.locator(".fa-deciding").inner_text()
            assert "Wrong reasons among right" in said and "Model abababababab." in said
            assert contrast(page, ".fa-state") >= 4.5
            assert contrast(page, ".fa-deciding p") >= 4.5
            colours.add(page.locator(".fa-state").evaluate("e => getComputedStyle(e).background"))
    assert len(colours) == 1
    assert f" {title}**: " in run.summary_md.read_text("utf-8").splitlines()[2]


def test_the_three_states_have_three_colours(visit, decided):
    shown = []
    for limits in LIMITS.values():
        page = visit(decided(limits).report_html)
        shown.append(page.locator(".fa-state").evaluate("e => getComputedStyle(e).backgroundColor"))
    assert len(set(shown)) == 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_limits_stand_beside_the_figures_that_have_one(visit, decided, theme):
    page = visit(decided(LIMITS["WITHIN LIMITS"]).report_dir / "index.html", theme=theme)
    told = page.locator(".fa-tile", has=page.locator(".fa-limit")).all_inner_texts()
    assert [t.split("\n")[0] for t in told] == ["Accuracy", "Wrong reasons among right"]
    assert [t.split("\n")[-1] for t in told] == ["limit 0%: kept", "limit 100%: kept"]
    assert contrast(page, ".fa-limit") >= 4.5


def test_a_phone_shows_the_whole_bar(visit, decided):
    run = decided(LIMITS["DO NOT SHIP"])
    for file in (run.report_dir / "index.html", run.report_html):
        page = visit(file, width=360)
        box = page.locator(".fa-decision").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        overflow = "e => e.scrollWidth > e.clientWidth"
        assert not page.locator(".fa-decision").evaluate(overflow)


def test_names_in_a_broken_limit_stay_inert(visit, decided):
    run = decided(Limits(min_class_accuracy=1.0, max_wrong_reasons=1.0))
    page = visit(run.report_dir / "index.html")
    assert page.locator(".fa-decision img").count() == 0
    assert "<img" not in run.summary_md.read_text("utf-8")


def test_the_sign_off_can_be_filled_in(visit, decided):
    page = visit(decided(LIMITS["NOT SHOWN"]).report_html)
    block = page.get_by_role("region", name="Sign-off")
    for label in ("Name", "Date", "Reason or condition"):
        block.get_by_label(label).fill("x")
    block.get_by_label("Do not ship").check()
    assert "ab" * 32 in block.inner_text()


@pytest.mark.parametrize("title", LIMITS)
def test_the_pdf_holds_the_decision_and_the_sign_off(printed, bare, decided, title):
    run = decided(LIMITS[title])
    for file in (run.report_html, run.report_dir / "index.html"):
        pages = [bare(p.extract_text()) for p in printed(file).pages]
        assert bare(title) in pages[0]
        assert "Wrongreasonsamongright" in pages[0]
        text = "".join(pages)
        assert "Sign-off" in text and "Reasonorcondition" in text and "ab" * 32 in text

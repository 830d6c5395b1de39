"""Heat over a photo reads as on its legend, and outlines are seen on whatever is below them."""

import shutil

import numpy as np
import pytest
from seen import pixels, worst, write_webp

# Rows of a photo: greys, and colours as strong as there are.
ROWS = [(255, 255, 255), (255, 230, 0), (0, 255, 60), (255, 40, 40), (40, 60, 255), (0, 0, 0)]
PLACES = np.array([0.1, 0.3, 0.5, 0.7, 0.9])  # of the legend's way from no relevance to the most
RAMP = (np.arange(96) + 0.5) * 255 / 96


@pytest.fixture(scope="module")
def copied(report, tmp_path_factory):
    """A copy of a report, whose pictures tests may change."""
    return shutil.copytree(report.report_dir, tmp_path_factory.mktemp("copied") / "report")


@pytest.fixture
def case(copied, visit):
    """Open the worst case: a photo of these rows of colours, this heat from left to right."""
    anchor = worst(copied)

    def go(rows, levels, state):
        photo = np.repeat(np.array(rows), 240 // len(rows), axis=0)[:, None]
        write_webp(copied / "pictures" / f"{anchor}.webp", np.tile(photo, (1, 240, 1)))
        heat = np.tile(np.concatenate([levels, levels])[None, :, None], (96, 1, 3))
        write_webp(copied / "pictures" / f"{anchor}-heat.webp", heat)
        page = visit(copied / "gallery.html", state=f"#case={anchor}&{state}")
        page.locator(".fa-stage .fa-outline").last.wait_for(state="attached")
        page.evaluate("Promise.all(Array.from(document.querySelectorAll('.fa-stage img'), "
                      "i => i.decode()))")  # fmt: skip
        return page

    return go


def legend(page):
    """The legend's pixels, drawn large."""
    ramp = page.locator("#fa-case .fa-ramp")
    ramp.evaluate("e => Object.assign(e.style, {width: '300px', height: '300px'})")
    return pixels(ramp.screenshot())


def stage(page):
    return pixels(page.locator(".fa-stage").screenshot())


def at(picture, x, y):
    return picture[int(y * len(picture)), int(x * picture.shape[1])]


@pytest.mark.parametrize("opacity", [30, 60, 100])
def test_each_relevance_over_each_photo_has_the_colour_of_its_place_on_the_legend(case, opacity):
    page = case(ROWS, RAMP, f"over=heat0&at={opacity}&lines=")
    shown, told = stage(page), legend(page)
    for row, colour in enumerate(ROWS):
        luma = np.dot(colour, [0.2126, 0.7152, 0.0722]) / 255
        for x in PLACES:
            seen = at(shown, x, (row + 0.5) / len(ROWS))
            said = at(told, x, np.clip(1 - luma, 0.015, 0.985))  # not on its edge
            assert np.abs(seen - said).max() < 7, (opacity, colour, x)


def test_all_colour_under_the_heat_is_the_heats(case):
    """Red less green, and green less blue, are the same over every photo."""
    shown = stage(case(ROWS, RAMP, "over=heat0&at=60&lines="))
    chroma = np.array([[np.diff(at(shown, x, (row + 0.5) / len(ROWS))) for x in PLACES]
                       for row in range(len(ROWS))])  # fmt: skip
    assert np.ptp(chroma, axis=0).max() < 7
    assert np.linalg.norm(np.diff(chroma.mean(0), axis=0), axis=1).min() > 15


def test_the_legend_leaves_with_the_heat_and_the_photo_has_its_colours_again(case):
    page = case(ROWS, RAMP, "over=heat0&at=5&lines=")
    told = page.locator("#fa-case .fa-legend")
    assert told.is_visible()
    page.get_by_label("Opacity").focus()
    page.keyboard.press("ArrowLeft")
    assert told.is_hidden()
    assert np.abs(at(stage(page), 0.5, 3.5 / len(ROWS)) - ROWS[3]).max() < 7
    page.keyboard.press("ArrowRight")
    assert told.is_visible()
    page.get_by_role("radio", name="Mask").check()
    assert told.is_hidden()


_POINTS = """kind => {
    const path = document.querySelector(".fa-stage ." + kind);
    const side = path.ownerSVGElement.viewBox.baseVal.width, all = path.getTotalLength();
    return Array.from({length: 80}, (_, k) => path.getPointAtLength(all * k / 80))
        .map(p => [p.x / side, p.y / side]).filter(p => p.every(v => v > 0.03 && v < 0.97));
}"""


@pytest.mark.parametrize("kind", ["fa-region", "fa-hollow"])
@pytest.mark.parametrize(
    ("photo", "level", "opacity"),
    [((255, 255, 255), 0, 0), ((0, 0, 0), 0, 0), ((128, 128, 128), 255, 100),
     ((255, 255, 255), 180, 60)],
    ids=["light photo", "dark photo", "hottest", "warm at 60%"],
)  # fmt: skip
def test_an_outline_is_dark_and_light_on_whatever_is_below(case, kind, photo, level, opacity):
    page = case([photo], np.full(96, level), f"over=heat0&at={opacity}")
    shown = stage(page).mean(2)
    points = page.evaluate(_POINTS, kind)
    assert len(points) > 20
    for x, y in points:
        row, column = int(y * len(shown)), int(x * shown.shape[1])
        near = shown[max(0, row - 6) : row + 7, max(0, column - 6) : column + 7]
        # The light core is white, or a dash of orange.
        assert near.min() < 60 and near.max() > 110
        assert near.max() - near.min() > 100

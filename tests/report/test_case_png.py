"""A case saved as one PNG: from disk, from disk with a folder that is chosen, and served."""

import functools
import http.server
import re
import shutil
import threading

import numpy as np
import pytest
from PIL import Image
from seen import pixels, worst
from uncharted import content

from audit.report import gallerydata
from audit.report.colours import inferno
from audit.report.shapes import Shapes
from audit.report.source import load

WIDTH, SIDE, EDGE, STEP = 1936, 448, 48, 464  # px of the file: two for each of the page's
FLAT = 0.6


@pytest.fixture
def saved(tmp_path):
    """Save the case that is open; give the file."""

    def click(page):
        page.locator("#fa-case .fa-reasons li").first.wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as PNG").click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        return file

    return click


def grown(picture):
    return np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)).astype(float)


def place_of(photo, sheet):
    """The row of a sheet at which a photo begins, and how far its pixels are off there."""
    strip = sheet[:, EDGE : EDGE + SIDE : 16]
    wanted = photo[:, ::16]
    off = [np.abs(strip[y : y + SIDE] - wanted).mean() for y in range(len(strip) - SIDE)]
    return int(np.argmin(off)), min(off)


def test_the_file_holds_photo_and_heat_as_they_are_seen(visit, report, saved):
    anchor = worst(report.report_dir)
    page = visit(report.report_dir / "gallery.html", state=f"#case={anchor}&at=60&lines=")
    file = saved(page)
    assert file.name == f"{anchor}.png"
    page.get_by_text(f"Saved as {anchor}.png.").wait_for()
    sheet, pictures = pixels(file), report.report_dir / "pictures"
    assert sheet.shape[1] == WIDTH and 2 * SIDE < len(sheet) < 4000
    photo = grown(Image.open(pictures / f"{anchor}.webp"))
    top, off = place_of(photo, sheet)
    assert off < 4
    levels = grown(Image.open(pictures / f"{anchor}-heat.webp").crop((0, 0, 96, 96)))[..., 0]
    grey = 127.5 + FLAT * (photo @ [0.2126, 0.7152, 0.0722] - 127.5)
    steps = np.linspace(0, 255, len(inferno()))
    *colour, opacity = (np.interp(levels, steps, channel) for channel in inferno().T)
    opacity *= 0.6
    blended = np.stack([255 * c * opacity + grey * (1 - opacity) for c in colour], axis=-1)
    panel = sheet[top : top + SIDE, EDGE + STEP : EDGE + STEP + SIDE]
    assert np.abs(panel - blended).mean() < 4


def test_the_file_holds_what_the_model_was_shown(visit, report, saved):
    """Composites and the backgrounds that were tried are further rows of panels."""
    page = visit(report.report_dir / "gallery.html", state=f"#case={worst(report.report_dir)}")
    whole = len(pixels(saved(page)))
    page.evaluate("document.querySelector('.fa-composites').replaceChildren()")
    page.evaluate("document.querySelector('.fa-swaps').replaceChildren()")
    assert whole - len(pixels(saved(page))) > SIDE


@pytest.fixture
def unheld(visit, report, tmp_path):
    """A report that holds no pictures in scripts, and its worst case, opened."""
    folder = shutil.copytree(report.report_dir, tmp_path / "report")
    data = folder / "gallery" / "cases.js"
    data.write_text(re.sub(r'"held":\[[01,]+\]', '"held":[]', data.read_text()))
    return folder, visit(folder / "gallery.html", state=f"#case={worst(folder)}")


def test_from_disk_pictures_beyond_those_held_come_from_a_folder_that_is_chosen(
    unheld, saved, tmp_path
):
    folder, page = unheld
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Save as PNG").click()
    assert "Choose this report’s folder “pictures”" in page.locator(".fa-copied").inner_text()
    with page.expect_download() as download:
        chooser.value.set_files(folder / "pictures")
    download.value.save_as(tmp_path / "a.png")
    assert pixels(tmp_path / "a.png").shape[1] == WIDTH
    assert pixels(saved(page)).shape[1] == WIDTH  # the folder is chosen once


def test_another_folder_is_told_and_asked_for_again(unheld, tmp_path):
    folder, page = unheld
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Save as PNG").click()
    chooser.value.set_files(folder / "data")
    page.get_by_text(f"{worst(folder)}.webp is not among the pictures").wait_for()
    with page.expect_file_chooser():
        page.get_by_role("button", name="Save as PNG").click()


def test_a_served_report_saves_cases_too(chromium, report, saved):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    context = chromium.new_context()
    page = context.new_page()
    handler = functools.partial(Quiet, directory=str(report.report_dir))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/gallery.html"
        page.goto(f"{address}#case={worst(report.report_dir)}")
        assert pixels(saved(page)).shape[1] == WIDTH
        server.shutdown()
    context.close()


def test_the_worst_cases_are_held_up_to_a_limit(report, monkeypatch, tmp_path):
    found = content(load(report))
    monkeypatch.setattr(gallerydata, "MOST_HELD", 5)
    shutil.copytree(report.report_dir / "pictures", tmp_path / "pictures")
    drawn = {case.anchor: Shapes(1, "", "", "", {}, (0,)) for case in found.worst_first()}
    gallerydata.write_held(found, drawn, tmp_path)
    held = sorted(file.stem for file in (tmp_path / "gallery" / "held").iterdir())
    wrong = report.records().query("verdict == 'wrong-reasons'")
    assert len(wrong) >= 5
    assert held == sorted(case.anchor for case in found.galleries["wrong-reasons"][:5])

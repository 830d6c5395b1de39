import io
import subprocess
import sys
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image

from audit.masks.contactsheet import BLUE, ORANGE, contact_sheet, outlined, plain


def square(start, stop, size=(60, 80)):
    mask = np.zeros(size, np.uint8)
    mask[start:stop, start:stop] = 255
    return mask


@dataclass
class Case:
    name: str = "image.jpg"
    iou: float = 0.5
    image: np.ndarray = field(default_factory=lambda: np.full((60, 80, 3), 90, np.uint8))
    a: np.ndarray = field(default_factory=lambda: square(10, 30))
    b: np.ndarray = field(default_factory=lambda: square(35, 55))


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def has(picture, colour):
    return bool((picture == colour).all(axis=-1).any())


def test_outlines_lie_on_their_own_masks():
    picture = outlined(Case(), side=80)
    assert picture.shape == (60, 80, 3)
    assert has(picture[8:32, 8:32], BLUE)
    assert not has(picture[8:32, 8:32], ORANGE)
    assert has(picture[33:57, 33:57], ORANGE)
    assert picture[20, 20].tolist() == [90, 90, 90]  # within the outline the photo stays


def test_unknown_pixels_get_no_outline():
    nothing = np.full((60, 80), 128, np.uint8)
    picture = outlined(Case(a=nothing, b=nothing), side=80)
    assert (picture == 90).all()


def test_sheet_grows_by_a_row_for_every_six():
    def height(n):
        return pixels(contact_sheet({"worst": [Case()] * n}, ("a", "b"))).shape[0]

    assert height(1) == height(6) < height(7)


def test_group_without_cases_is_left_out():
    with_empty = contact_sheet({"worst": [Case()], "best": []}, ("a", "b"))
    assert with_empty == contact_sheet({"worst": [Case()]}, ("a", "b"))


def test_sheet_without_any_case_is_still_a_picture():
    assert pixels(contact_sheet({}, ("truth", "made"))).size


def test_input_is_left_as_it_was():
    case = Case()
    contact_sheet({"worst": [case]}, ("a", "b"))
    assert (case.image == 90).all()


HOSTILE = [
    "",
    "a\nb\tc\x00\x1b[31m.jpg",
    "\udc80\udcff surrogate.jpg",
    "花 🌸 زهرة.jpg",
    "<script>alert(1)</script>",
    "x" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_drawn_within_its_tile(text):
    case = Case(name=text, iou=float("nan"))
    sheet = pixels(contact_sheet({text: [case]}, (text, text)))
    assert (sheet[-30:, 240:] == 255).all()  # nothing below the one tile of 224 runs to its right


def test_plain_keeps_letters_and_replaces_control_characters():
    assert plain("Äpfel 花\n\x00") == "Äpfel 花??"


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_image_of_any_shape_is_drawn(size):
    mask = np.full(size, 255, np.uint8)
    case = Case(image=np.zeros((*size, 3), np.uint8), a=mask, b=mask)
    assert pixels(contact_sheet({"worst": [case]}, ("a", "b"))).size


def test_does_not_import_tensorflow():
    code = "import sys, audit.masks.contactsheet; print('tensorflow' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from maskscenes import SHARED, overlap, scene

from audit.masks.grabcut import banded, clean, grabcut, segment


def test_finds_a_centred_subject():
    image, flower = scene()
    assert overlap(segment(image).subject, flower) > 0.97


def test_finds_a_subject_off_the_centre_and_over_the_border():
    image, flower = scene(centre=(20, 70), radius=45)
    assert overlap(segment(image).subject, flower) > 0.9


def test_finds_a_small_subject():
    image, flower = scene(200, 300, centre=(100, 150), radius=22)
    assert overlap(segment(image).subject, flower) > 0.9


@pytest.mark.parametrize("size", [(90, 60), (60, 300), (700, 500)])
def test_trimap_has_the_size_of_the_image_and_three_values(size):
    image, _ = scene(*size, centre=(size[0] // 2, size[1] // 2), radius=min(size) // 3)
    trimap = grabcut(image)
    assert trimap.shape == size
    assert trimap.dtype == np.uint8
    assert set(np.unique(trimap)) == {0, 128, 255}


def test_band_is_unknown_to_both_sides_of_the_outline():
    trimap = banded(np.array([[False] * 4 + [True] * 4] * 5), 1)
    assert trimap[2].tolist() == [0, 0, 0, 128, 128, 255, 255, 255]


def test_subject_cut_off_by_the_image_has_no_band_there():
    assert banded(np.ones((4, 4), bool), 1).tolist() == [[255] * 4] * 4


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 40, 3), (64, 64, 3)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_image_of_one_colour_is_all_unknown(shape, level):
    assert (grabcut(np.full(shape, level, np.uint8)) == 128).all()


def test_two_colours_without_noise_are_told_apart():
    image = np.zeros((100, 100, 3), np.uint8)
    image[30:70, 30:70] = 255
    assert segment(image).subject.sum() == pytest.approx(1600, rel=0.05)


def test_noise_is_left_unknown_where_the_guesses_disagree():
    noise = np.random.default_rng(0).integers(0, 256, (120, 120, 3), np.uint8)
    found = segment(noise)
    assert found.agreement < 0.7
    assert (grabcut(noise)[found.disputed] == 128).all()


def test_agreement_is_high_on_an_easy_image():
    assert segment(scene()[0]).agreement > 0.95


def test_result_depends_on_the_pixels_alone():
    image, other = scene()[0], scene(seed=1, radius=20)[0]
    first = grabcut(image)
    grabcut(other)
    cv2.setRNGSeed(12345)
    np.testing.assert_array_equal(grabcut(image), first)


def test_input_is_left_as_it_was():
    image, _ = scene()
    before = image.copy()
    grabcut(image)
    np.testing.assert_array_equal(image, before)


def test_clean_keeps_large_parts_and_fills_small_holes():
    labels = np.zeros((20, 20), np.uint8)
    labels[2:12, 2:12] = 1  # 100 pixels
    labels[5, 5] = 0  # a hole
    labels[15:19, 15:19] = 1  # 16 pixels: more than a tenth of the largest
    labels[0, 19] = 1  # a speck
    expected = labels.copy()
    expected[5, 5], expected[0, 19] = 1, 0
    np.testing.assert_array_equal(clean(labels), expected)


def test_clean_leaves_a_wide_hole_open():
    labels = np.ones((20, 20), np.uint8)
    labels[0] = labels[-1] = labels[:, 0] = labels[:, -1] = 0
    labels[5:15, 5:15] = 0  # 100 pixels within 224
    np.testing.assert_array_equal(clean(labels), labels)


def test_clean_of_nothing_is_nothing():
    assert not clean(np.zeros((5, 5), np.uint8)).any()


def test_worker_module_does_not_import_tensorflow():
    code = "import sys, audit.masks.grabcutpool; print('tensorflow' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_reaches_its_figures_on_hand_made_trimaps():
    """A sample of the real flowers; benchmarks/grabcut.py has all of them."""
    if not Path(SHARED).is_dir():
        pytest.skip(f"real data is absent ({SHARED})")
    import tensorflow_datasets as tfds

    rows = tfds.load(
        "oxford_flowers102",
        split="train+validation",
        data_dir=Path(SHARED, "tfds"),
        download=False,
        decoders={"image": tfds.decode.SkipDecoding()},
    )
    trimaps = {f"{f.stem}.jpg": f for f in sorted(Path(SHARED, "masks").glob("*.png"))[::3]}
    found = []
    for row in rows.as_numpy_iterator():
        file = trimaps.get(row["file_name"].decode())
        if file is None:
            continue
        image = cv2.imdecode(np.frombuffer(row["image"], np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        truth = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        known = truth != 128
        found.append(overlap(segment(image).subject[known], truth[known] == 255))
    assert len(found) > 20
    assert np.mean(found) > 0.93
    assert np.quantile(found, 0.1) > 0.82

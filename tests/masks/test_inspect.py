import math

import numpy as np
import pandas as pd
import pytest
from maskscenes import Scenes, scene
from PIL import Image

from audit.core.errors import BrokenImageError
from audit.masks.inspect import area, cases, compare, extremes, iou, summarise
from audit.masks.masks import Masks


def trimap(*rows):
    return np.array(rows, np.uint8)


def test_iou_by_hand():
    value, reason = iou(trimap([255, 255, 0, 0]), trimap([0, 255, 255, 0]))
    assert value == pytest.approx(1 / 3)
    assert reason == ""


def test_iou_leaves_out_what_either_does_not_know():
    assert iou(trimap([255, 128, 255, 0]), trimap([255, 255, 128, 0])).value == 1


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ([128, 255], [255, 128], "no pixel is known in both masks"),
        ([0, 0], [0, 128], "no flower in either mask"),
    ],
)
def test_undefined_iou_is_nan_with_a_reason(a, b, why):
    value, reason = iou(trimap(a), trimap(b))
    assert math.isnan(value)
    assert reason == why


def test_area_is_a_share_of_what_is_known():
    assert area(trimap([255, 0, 0, 128])) == pytest.approx(1 / 3)
    assert math.isnan(area(trimap([128])))


def test_summary_counts_what_is_undefined_and_averages_the_rest():
    found = summarise(pd.DataFrame({"iou": [0.5, np.nan, 0.7, 0.9]}))
    assert (found.n, found.undefined) == (3, 1)
    assert found.mean == pytest.approx(0.7)
    assert found.median == pytest.approx(0.7)
    assert found.p10 == pytest.approx(0.54)  # a fifth of the way from 0.5 to 0.7


def test_summary_of_nothing_is_nan():
    found = summarise(pd.DataFrame({"iou": []}))
    assert found.n == 0
    assert math.isnan(found.mean)


def test_extremes_are_worst_median_best():
    table = pd.DataFrame({"name": list("abcdefg"), "iou": [0.7, 0.1, 0.9, 0.5, 0.3, np.nan, 0.8]})
    assert extremes(table, 1) == {"worst": ["b"], "median": ["a"], "best": ["c"]}
    assert extremes(table, 2) == {"worst": ["b", "e"], "median": ["d", "a"], "best": ["g", "c"]}


def test_extremes_of_few_images_repeat_none():
    table = pd.DataFrame({"name": list("abc"), "iou": [0.7, 0.1, 0.9]})
    assert extremes(table, 2) == {"worst": ["b", "a"], "median": [], "best": ["c"]}


@pytest.fixture
def sources(tmp_path):
    """Two images with masks in a folder, one of them wrong, and one image without."""
    pictures = {f"{name}.jpg": scene(seed=i)[0] for i, name in enumerate("abc")}
    right = np.where(scene()[1], 255, 0).astype(np.uint8)
    for name, mask in (("a", right), ("b", 255 - right)):
        Image.fromarray(mask).save(tmp_path / f"{name}.png")
    pictures["d.jpg"] = BrokenImageError("d.jpg is torn")
    Image.fromarray(right).save(tmp_path / "d.png")
    dataset = Scenes(pictures)
    return dataset, Masks(dataset, tmp_path), Masks(dataset)


def test_compare_finds_the_wrong_mask(sources):
    dataset, folder, made = sources
    table = compare(dataset, dataset.items("test"), folder, made, 0).set_index("name")
    assert table.index.tolist() == ["a.jpg", "b.jpg"]
    assert table.iou["a.jpg"] > 0.97
    assert table.iou["b.jpg"] < 0.05
    assert table.source_a.tolist() == ["folder"] * 2
    assert table.source_b.tolist() == ["grabcut"] * 2
    assert table.area_a["a.jpg"] == pytest.approx(np.pi * 35**2 / 120**2, rel=0.01)


def test_other_source_without_a_mask_is_counted_as_undefined(sources):
    dataset, folder, _ = sources
    nothing = Masks(dataset, grabcut=False)
    table = compare(dataset, dataset.items("test"), folder, nothing, 0)
    assert table.reason.tolist() == ["no pixel is known in both masks"] * 2
    assert summarise(table).undefined == 2


def test_cases_come_in_the_order_asked_for(sources):
    dataset, folder, made = sources
    found = cases(dataset, dataset.items("test"), folder, made, ["b.jpg", "a.jpg"])
    assert [case.name for case in found] == ["b.jpg", "a.jpg"]
    assert found[1].iou > 0.97
    np.testing.assert_array_equal(found[1].image, dataset.pictures["a.jpg"])

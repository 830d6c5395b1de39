import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audit.datasets.dataset import Item
from audit.execution.record import Explanation, Known, maps_of, record_of, skipped_record, softmax
from audit.explainers.registry import titles
from audit.masks.sample import Sample, fit_trimap
from audit.settings.verdict import Thresholds
from audit.storage.records import RECORD_SCHEMA
from audit.verdict.verdict import Labels

CLASSES = ("rose", "tulip", "lily")
# The flower is the left half; one column in the middle of it is unknown.
TRIMAP = np.zeros((8, 8), np.uint8)
TRIMAP[:, :4] = 255
TRIMAP[:, 1] = 128
ITEM = Item("a.jpg", 1, "test", "tag", 2)


def sample(trimap=TRIMAP, item=ITEM):
    return Sample(item, np.full((8, 8, 3), 90, np.uint8), trimap, "manifest", "")


def finding(ig, prediction=1):
    """Grad-CAM, 2 x 2, is on the left; the class predicted has the logit 3 of (1, 3, 0)."""
    gradcam = np.array([[1.0, 0.0], [1.0, 0.0]], np.float32)
    logits = np.array([1.0, 3.0, 0.0], np.float32)
    return Explanation(logits, prediction, gradcam, ig, 16, 0.02, Known(0, 2.5, 0.25))


def record(ig=None, **kwargs):
    ig = np.where(TRIMAP == 255, 2.0, 1.0).astype(np.float32) if ig is None else ig
    more = {key: kwargs.pop(key) for key in ("prediction",) if key in kwargs}
    thresholds = Thresholds()
    words = Labels("flower", titles())
    return record_of(sample(**kwargs), finding(ig, **more), CLASSES, thresholds, words)


def test_record_has_every_column_but_its_place():
    assert set(record()) == set(RECORD_SCHEMA.names) - {"part", "row"}


def test_records_fit_the_schema():
    rows = [record() | {"part": 0, "row": 0}, skipped_record(ITEM, "torn", CLASSES) | {"part": 0}]
    table = pa.Table.from_pylist(rows, schema=RECORD_SCHEMA)
    assert table.to_pylist()[0]["name"] == "a.jpg"


def test_scores_are_those_of_the_known_pixels():
    found = record()
    # known: 24 of the flower, 32 off; IG 2 on the flower and 1 off
    assert found["chance"] == pytest.approx(24 / 56)
    assert found["valid_share"] == 56 / 64
    assert found["ig_mass"] == pytest.approx(48 / 80)
    assert found["ig_skill"] == pytest.approx((48 / 80 - 24 / 56) / (32 / 56))
    assert found["ig_rank_accuracy"] == found["ig_pointing"] == 1


def test_gradcam_is_scored_at_the_images_size():
    found = record()
    # columns of the upsampled map: 1, 1, 7/8, 5/8, 3/8, 1/8, 0, 0; the second is unknown
    assert found["gradcam_mass"] == pytest.approx(2.5 / 3)


def test_prediction_is_told_with_its_softmax_and_logit():
    found = record()
    assert (found["prediction"], found["prediction_name"], found["correct"]) == (1, "tulip", True)
    assert found["confidence"] == pytest.approx(math.e**3 / (math.e + math.e**3 + 1))
    assert found["logit"] == 3


def test_wrong_prediction_is_not_correct():
    found = record(prediction=0)
    assert (found["label_name"], found["prediction_name"]) == ("tulip", "rose")
    assert not found["correct"]
    assert found["verdict"] == "misread"


def test_without_a_mask_scores_are_nan_with_the_reason():
    found = record(trimap=fit_trimap(None, 8))
    assert found["verdict"] == "undecided"
    assert found["ig_reason"] == found["gradcam_reason"] == "no mask"
    assert all(math.isnan(found[key]) for key in ("chance", "ig_mass", "gradcam_skill"))
    assert found["valid_share"] == 0


def test_one_heatmap_undefined_leaves_the_other():
    found = record(ig=-np.ones((8, 8), np.float32))
    assert found["ig_reason"] == "no positive relevance"
    assert math.isnan(found["ig_skill"])
    assert found["gradcam_reason"] == ""
    assert found["verdict"] == "right-reasons"


def test_planted_truth_is_kept():
    found = record()
    assert (found["shortcut"], found["shortcut_class"]) == ("tag", 2)
    assert found["prediction_without_shortcut"] == 0
    assert (found["true_effect"], found["true_survival"]) == (2.5, 0.25)


def test_skipped_image_is_counted_and_never_scored():
    found = skipped_record(ITEM, "a.jpg: torn", CLASSES)
    assert (found["skipped"], found["verdict"]) == ("a.jpg: torn", "undecided")
    assert (found["prediction"], found["row"], found["correct"]) == (-1, -1, False)
    assert (found["label_name"], found["mask_source"]) == ("tulip", "")
    assert math.isnan(found["ig_mass"])


def test_maps_are_what_was_scored():
    heat = finding(np.ones((8, 8), np.float32))
    maps = maps_of(sample(), heat)
    np.testing.assert_array_equal(maps.trimap, TRIMAP)
    np.testing.assert_array_equal(maps.gradcam, heat.gradcam)
    assert maps.heatmap("gradcam")[0].tolist() == [1, 1, 0.875, 0.625, 0.375, 0.125, 0, 0]


def test_trimap_is_brought_to_the_models_size():
    assert fit_trimap(np.array([[255, 0]], np.uint8), 2).tolist() == [[255, 0], [255, 0]]


@given(arrays(np.float32, 5, elements=st.floats(-200, 200, width=32)))
def test_softmax_is_a_distribution_in_the_logits_order(logits):
    found = softmax(logits)
    assert found.sum() == pytest.approx(1)
    assert found[logits.argmax()] == found.max()


def test_softmax_of_huge_logits_is_finite():
    np.testing.assert_allclose(softmax(np.array([3e38, 0, -3e38], np.float32)), [1, 0, 0])

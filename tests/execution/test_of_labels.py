"""What is said of every label of every test image, where there may be several."""

import numpy as np
import pandas as pd

from audit.datasets.dataset import Item
from audit.execution.predict import OfLabels


def test_each_image_has_a_row_a_label_however_often_it_was_asked_about():
    items = [
        Item("a.png [red]", 0, "test", of="a.png"),
        Item("b.png [red]", 0, "test", of="b.png"),
        Item("b.png [blue]", 1, "test", of="b.png"),
    ]
    there = np.array([[1, -2], [0.5, np.inf], [0.5, np.inf]], np.float32)
    told = OfLabels({"a.png": frozenset({0}), "b.png": frozenset({0, 1})})
    told.add(items[:2], np.concatenate([there, -there], axis=1)[:2])
    told.add(items[2:], np.concatenate([there, -there], axis=1)[2:])
    expected = pd.DataFrame(
        [
            ("a.png", 0, True, 2.0),
            ("a.png", 1, False, -4.0),
            ("b.png", 0, True, 1.0),
            ("b.png", 1, True, np.nan),
        ],
        columns=["name", "label", "present", "logit"],
    )
    pd.testing.assert_frame_equal(told.table(), expected)

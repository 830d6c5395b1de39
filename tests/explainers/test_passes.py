"""Images that are shown to a model in full passes."""

from types import SimpleNamespace

import numpy as np
import pytest

from audit.explainers.base import PASS
from audit.explainers.passes import in_passes, logits_of, pooled_of

IMAGES = np.arange(PASS + 3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)


@pytest.mark.parametrize("concurrent", [False, True])
def test_answers_come_in_the_order_of_the_images_from_passes_that_are_full(concurrent):
    shown = []

    def logits(images):
        shown.append(len(images))
        assert images.dtype == np.float32
        return images.mean(axis=(1, 2))

    found = np.stack([*logits_of(SimpleNamespace(logits=logits, concurrent=concurrent), IMAGES)])
    np.testing.assert_array_equal(found, np.arange(PASS + 3)[:, None] * np.ones(3))
    assert sorted(shown) == [3, PASS]


def test_pooled_features_are_means_over_places():
    features = np.array([[[[1, 10], [3, 30]]]], np.float32)
    classifier = SimpleNamespace(features=lambda _: features, concurrent=False)
    (found,) = pooled_of(classifier, IMAGES[:1])
    assert found.tolist() == [2, 20] and found.dtype == np.float32


def test_nothing_is_asked_where_nothing_is_shown():
    assert [*in_passes(SimpleNamespace(concurrent=True), pytest.fail, [])] == []

"""LIME on functions whose answer is known, and against the package's own way."""

import sys

import numpy as np
import pytest
from lime.lime_image import LimeImageExplainer

from audit.core.errors import ConfigError
from audit.explainers.lime import Lime, draw, spread, superpixels
from audit.explainers.perturbation import seed_of
from audit.interventions.composites import softened

# A grid of 8 x 8 plain squares of 8 pixels, so superpixels are found as they were drawn.
COLOURS = np.random.default_rng(0).uniform(0, 255, (8, 8, 3))
IMAGE = np.kron(COLOURS, np.ones((8, 8, 1))).astype(np.float32)
IMAGE += np.random.default_rng(1).normal(0, 4, IMAGE.shape).astype(np.float32)
SEGMENTS = superpixels(IMAGE)
PARTS = [np.equal(SEGMENTS, k) for k in range(SEGMENTS.max() + 1)]
ADDS = np.random.default_rng(2).normal(0, 1, len(PARTS))


def linear(images):
    """Logits: the sum of what the superpixels kept add, and its negative."""
    kept = [[(image[part] == IMAGE[part]).all() for part in PARTS] for image in images]
    score = (np.array(kept) @ ADDS).astype(np.float32)
    return np.stack([score, -score], axis=1)


def curved(images):
    """Logits that are no sum over parts."""
    score = np.tanh(images.mean(axis=(1, 2)) / 128 - 1).astype(np.float32)
    return score * score[:, ::-1]


def weights_of(heatmap):
    return np.bincount(SEGMENTS.ravel(), heatmap.ravel())


def test_superpixels_are_numbered_without_gaps():
    assert SEGMENTS.shape == (64, 64)
    assert np.unique(SEGMENTS).tolist() == list(range(len(ADDS)))
    assert 16 <= len(ADDS) <= 80


def test_a_superpixels_weight_is_shared_out_among_its_pixels():
    segments = np.array([[0, 0, 0, 1], [2, 2, 2, 2]])
    shared = [[2, 2, 2, -1], [0.5, 0.5, 0.5, 0.5]]
    np.testing.assert_allclose(spread(np.array([6.0, -1.0, 2.0]), segments), shared)


def test_the_first_sample_keeps_the_whole_image():
    kept = draw(np.random.RandomState(0), 200, 5)
    assert kept.shape == (200, 5)
    assert kept[0].tolist() == [1] * 5
    assert 0.4 < kept[1:].mean() < 0.6


def test_weights_of_a_sum_are_what_is_summed():
    found = weights_of(Lime(linear)(IMAGE, 0, "a"))
    np.testing.assert_allclose(found, ADDS, atol=0.05)  # the ridge takes about a hundredth


def test_the_class_that_is_asked_for_is_explained():
    first, second = (Lime(linear, 200)(IMAGE, target, "a") for target in (0, 1))
    np.testing.assert_allclose(first, -second, atol=1e-6)


def test_it_is_what_the_library_finds_by_itself():
    name, samples = "a", 100

    def shown(kept):
        """It hides in one colour alone: it is given what to keep as an image, 1 and 0."""
        return curved(np.where(kept > 0, IMAGE, softened(IMAGE)))

    theirs = LimeImageExplainer(random_state=np.random.RandomState(seed_of(name)))
    found = theirs.explain_instance(
        np.ones_like(IMAGE), shown, labels=(1,), hide_color=0, top_labels=None,
        num_samples=samples, batch_size=8, segmentation_fn=lambda _: SEGMENTS, random_seed=0,
    )  # fmt: skip
    weights = np.array([dict(found.local_exp[1])[k] for k in range(len(ADDS))])
    ours, expected = Lime(curved, samples)(IMAGE, 1, name), spread(weights, SEGMENTS)
    assert expected.max() > 1e-5
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-9)


def test_an_image_has_one_answer_whatever_came_before_it():
    explain, other = Lime(curved, 50), IMAGE[::-1].copy()
    first = explain(IMAGE, 0, "a")
    explain(other, 1, "b")
    np.testing.assert_array_equal(explain(IMAGE, 0, "a"), first)
    assert (explain(IMAGE, 0, "b") != first).any()  # another name, other samples


def test_a_model_that_hears_nothing_is_explained_by_nothing():
    assert not Lime(lambda images: np.full((len(images), 2), 0.3), 20)(IMAGE, 0, "a").any()


def test_a_logit_that_is_no_number_leaves_no_number():
    found = Lime(lambda images: np.full((len(images), 2), np.nan, np.float32), 20)(IMAGE, 0, "a")
    assert found.shape == IMAGE.shape[:2]
    assert np.isnan(found).all()


def test_no_image_is_asked_about_more_often_than_said():
    asked = []

    def count(images):
        asked.append(len(images))
        return curved(images)

    Lime(count, 50)(IMAGE, 0, "a")
    assert sum(asked) == 50
    assert max(asked) == 8


def test_a_missing_package_is_named_with_its_mend(monkeypatch):
    monkeypatch.setitem(sys.modules, "lime.lime_image", None)
    with pytest.raises(ConfigError, match=r"^LIME needs a package: pip install '.*\[lime\]'"):
        Lime(curved)

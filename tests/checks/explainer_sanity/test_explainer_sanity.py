"""Checks of the explainers, on a model whose explanations are right by construction."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.checks.explainer_sanity.measure import EACH, FRACTIONS, examine
from audit.explainers.base import PASS
from audit.models.averaged import Averaged
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.models.views import View
from audit.settings import load_config

NAMES = [f"{k}.png" for k in range(6)]


@pytest.fixture(scope="module")
def classifier(colour_model):
    return FrozenClassifier(load_model(colour_model, trust=False))


@pytest.fixture(scope="module")
def found(classifier, draw):
    images = np.stack([draw(k % 3, 40 + k, 64)[0] for k in range(6)])
    return examine(classifier, images, NAMES, load_config({}))


def test_every_image_is_checked_in_every_way(found):
    assert found["images"] == 6
    for kind in ("deletion", "insertion"):
        assert set(found[kind]) == {"gradcam", "ig", "random", "centre"}
        for rows in found[kind].values():
            assert np.shape(rows) == (6, len(FRACTIONS))
            assert np.min(rows) >= 0 and np.max(rows) <= 1


def test_deletion_begins_with_the_photo_and_insertion_ends_with_it(found):
    for name, deleted in found["deletion"].items():
        inserted = found["insertion"][name]
        np.testing.assert_allclose(np.array(deleted)[:, 0], np.array(inserted)[:, -1], atol=1e-6)
        np.testing.assert_allclose(np.array(deleted)[:, -1], np.array(inserted)[:, 0], atol=1e-6)


def test_pixels_that_matter_are_found_before_those_at_random(found):
    def area(kind, name):
        return np.trapezoid(np.array(found[kind][name]), FRACTIONS, axis=1).mean()

    assert area("deletion", "gradcam") < area("deletion", "random")
    assert area("insertion", "gradcam") > area("insertion", "random")


def test_the_model_is_asked_in_full_passes(classifier, draw, monkeypatch):
    asked, answer = [], classifier.logits

    def logits(images):
        asked.append(len(images))
        return answer(images)

    monkeypatch.setattr(classifier, "logits", logits)
    images = np.stack([draw(0, k, 64)[0] for k in range(PASS)])
    examine(classifier, images, [f"{k}.png" for k in range(PASS)], load_config({}))
    assert asked[0] == PASS
    assert asked.count(PASS) >= 1 + 6 * PASS  # 48 between the ends, by kind and heatmap


def test_an_untrained_model_is_another_and_its_maps_are_unlike(classifier, found, draw):
    image = draw(0, 41, 64)[0][None].astype(np.float32)
    untrained = classifier.untrained(0)
    assert not np.allclose(classifier.logits(image), untrained.logits(image))
    np.testing.assert_allclose(untrained.logits(image), classifier.untrained(0).logits(image))
    ranks = found["randomised"]["gradcam"]["rank"]
    assert len(ranks) == 6
    assert all(math.isnan(rank) or -1 <= rank <= 1 for rank in ranks)


def test_explanations_over_views_are_checked_as_such(classifier, found, draw):
    # Trained or not, the model sees colours and no sides: a mirror image changes nothing.
    images = np.stack([draw(k % 3, 40 + k, 64)[0] for k in range(6)])
    averaged = examine(
        Averaged(classifier, [View(), View(mirrored=True)]), images, NAMES, load_config({})
    )
    for kind in ("deletion", "insertion"):
        np.testing.assert_allclose(averaged[kind]["ig"], found[kind]["ig"], atol=0.01)
    for measure, values in found["randomised"]["ig"].items():
        np.testing.assert_allclose(averaged["randomised"]["ig"][measure], values, atol=0.01)


def test_drawing_weights_leaves_the_trained_model_as_it_was(classifier, draw):
    image = draw(0, 41, 64)[0][None].astype(np.float32)
    before = np.asarray(classifier.logits(image))
    classifier.untrained(1)
    np.testing.assert_array_equal(before, classifier.logits(image))


@pytest.fixture(scope="module")
def with_lime(classifier, draw):
    images = np.stack([draw(k % 3, 40 + k, 64)[0] for k in range(6)])
    config = load_config({"explainers": "gradcam,ig,lime", "lime_samples": 60})
    return examine(classifier, images, NAMES, config)


def test_what_costs_a_thousand_passes_is_checked_on_every_third_image(with_lime, found):
    for kind in ("deletion", "insertion"):
        tried = np.isfinite(with_lime[kind]["lime"]).all(axis=1)
        assert tried.tolist() == [k % EACH == 0 for k in range(6)]
        assert with_lime[kind]["gradcam"] == found[kind]["gradcam"]
    tried = np.isfinite(with_lime["randomised"]["lime"]["ssim"])
    assert tried.tolist() == [k % EACH == 0 for k in range(6)]
    assert np.isnan(with_lime["randomised"]["lime"]["rank"])[1]


def test_costs_are_told_where_further_explainers_are_asked_for(with_lime, found):
    assert set(with_lime["seconds"]) == {"gradcam", "ig", "lime"}
    assert min(with_lime["seconds"].values()) > 0
    assert "seconds" not in found

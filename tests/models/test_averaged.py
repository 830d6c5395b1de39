import keras
import numpy as np
import pytest
from keras import layers
from scipy.special import log_softmax

from audit.models.averaged import Averaged, averaged
from audit.models.classifier import FrozenClassifier
from audit.models.views import View, draw_views

SIZE, CLASSES = 8, 3
IMAGES = np.random.default_rng(0).uniform(0, 255, (5, SIZE, SIZE, 3)).astype(np.float32)
VIEWS = draw_views(4, seed=3)


@pytest.fixture(scope="module")
def classifier():
    """Every pixel has its own weight, so each view has its own answer."""
    keras.utils.set_random_seed(0)
    x = keras.Input((SIZE, SIZE, 3))
    seen = layers.Conv2D(4, 3, activation="relu", name="features")(layers.Rescaling(1 / 255)(x))
    return FrozenClassifier(
        keras.Model(x, layers.Dense(CLASSES, "softmax")(layers.Flatten()(seen)))
    )


def expected(classifier, images=IMAGES, views=VIEWS):
    each = [log_softmax(np.asarray(classifier.logits(v.show(images))), axis=1) for v in views]
    assert not np.allclose(each[0], each[1], atol=1e-2)
    return np.mean(each, axis=0)


def test_logits_are_the_mean_of_log_probabilities(classifier):
    logits = Averaged(classifier, VIEWS).logits(IMAGES)
    np.testing.assert_allclose(logits, expected(classifier), rtol=1e-4, atol=1e-5)


def test_more_views_than_a_pass_holds(classifier):
    views = draw_views(10, seed=0)
    averaged = Averaged(classifier, views)
    assert averaged.at_once == 1
    np.testing.assert_allclose(
        averaged.logits(IMAGES), expected(classifier, views=views), rtol=1e-4, atol=1e-5
    )


def test_they_rank_classes_as_the_mean_of_logits_does(classifier):
    averaged = np.asarray(Averaged(classifier, VIEWS).logits(IMAGES))
    plain = np.mean([np.asarray(classifier.logits(v.show(IMAGES))) for v in VIEWS], axis=0)
    apart = averaged - plain
    np.testing.assert_allclose(apart, np.broadcast_to(apart[:, :1], apart.shape), atol=1e-4)


def test_batches_do_not_matter(classifier):
    averaged = Averaged(classifier, VIEWS)
    alone = np.concatenate([np.asarray(averaged.logits(image[None])) for image in IMAGES])
    np.testing.assert_allclose(averaged.logits(IMAGES), alone, rtol=1e-5, atol=1e-6)


def test_an_image_and_its_mirror_image_get_the_same_answer(classifier):
    averaged = Averaged(classifier, [View(), View(mirrored=True)])
    np.testing.assert_allclose(
        averaged.logits(IMAGES), averaged.logits(IMAGES[:, :, ::-1]), rtol=1e-5, atol=1e-6
    )


def test_one_view_is_the_classifier_itself(classifier):
    assert averaged(classifier, 1, seed=0) is classifier


def test_the_seed_draws_the_views(classifier):
    assert averaged(classifier, 4, seed=3).views == tuple(VIEWS)
    assert averaged(classifier, 4, seed=4).views != tuple(VIEWS)


def test_the_classifier_given_stays_as_it_was(classifier):
    before = np.asarray(classifier.logits(IMAGES))
    Averaged(classifier, VIEWS).logits(IMAGES)
    np.testing.assert_array_equal(classifier.logits(IMAGES), before)


def test_an_untrained_one_sees_the_same_views(classifier):
    untrained = Averaged(classifier, VIEWS).untrained(7)
    np.testing.assert_allclose(
        untrained.logits(IMAGES), expected(classifier.untrained(7)), rtol=1e-4, atol=1e-5
    )


def test_description_tells_the_views(classifier):
    assert Averaged(classifier, VIEWS).describe() == f"{classifier.describe()}, mean of 4 views"

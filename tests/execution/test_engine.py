"""The engine on an averaged classifier; `test_local` has the rest."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy.special import expit, log_softmax, softmax

from audit.core.track import silent
from audit.datasets.imagefiles import ImageFiles
from audit.execution.engine import Engine
from audit.execution.predict import predict
from audit.interventions.pool import draw_pool
from audit.masks.masks import Masks
from audit.masks.sample import Sample
from audit.models.averaged import Averaged, averaged
from audit.models.classifier import FrozenClassifier
from audit.models.views import draw_views
from audit.settings import load_config

SIZE, SEED, VIEWS = 64, 3, 4


@pytest.fixture(scope="module")
def dataset(tmp_path_factory, draw_manifest):
    return ImageFiles(draw_manifest(tmp_path_factory.mktemp("images"), per_split={"test": 2}))


@pytest.fixture(scope="module")
def classifier():
    """Sees where colours lie, so each view has its own answer."""
    keras.utils.set_random_seed(0)
    x = keras.Input((SIZE, SIZE, 3))
    seen = layers.Conv2D(4, 8, 8, activation="relu", name="features")(layers.Rescaling(1 / 255)(x))
    return FrozenClassifier(keras.Model(x, layers.Dense(3, "softmax")(layers.Flatten()(seen))))


@pytest.fixture(scope="module")
def samples(dataset):
    masks = Masks(dataset, grabcut=False)
    read = masks.stream(dataset.images(dataset.items("test")), 0)
    return [Sample(item, image, trimap, source, "") for item, image, trimap, source in read]


@pytest.fixture(scope="module")
def engine(dataset, classifier):
    def make(views=VIEWS, **flags):
        config = load_config({"tta": views, "ig_steps": 4, "workers": 0} | flags)
        seeing = averaged(classifier, views, SEED)
        donors = draw_pool(dataset, Masks(dataset, grabcut=False), seeing, 0)
        return Engine(seeing, dataset, config, donors)

    return make


@pytest.fixture(scope="module")
def found(engine, samples):
    return engine().explain(samples)


def expected(classifier, samples):
    images = np.stack([s.image for s in samples]).astype(np.float32)
    shown = [view.show(images) for view in draw_views(VIEWS, SEED)]
    return np.mean([log_softmax(np.asarray(classifier.logits(v)), axis=1) for v in shown], axis=0)


def test_findings_rest_on_the_averaged_prediction(found, classifier, samples):
    logits = np.stack([f.logits for f in found])
    np.testing.assert_allclose(logits, expected(classifier, samples), rtol=1e-3, atol=1e-4)
    assert [f.prediction for f in found] == logits.argmax(axis=1).tolist()


def test_confidence_and_log_odds_are_one_number(found, engine, dataset):
    table, skipped = predict(engine(), dataset, dataset.items("test"), 4, silent)
    assert skipped == []
    odds = [f.tested.causes.log_odds for f in found]
    np.testing.assert_allclose(table["confidence"], expit(odds), rtol=1e-4)
    confidences = [softmax(f.logits)[f.prediction] for f in found]
    np.testing.assert_allclose(table["confidence"], confidences, rtol=1e-4)


def test_interventions_and_donors_are_seen_in_all_views(classifier, dataset, found):
    seeing = Averaged(classifier, draw_views(VIEWS, SEED))
    donors = draw_pool(dataset, Masks(dataset, grabcut=False), seeing, 0)
    backgrounds = donors.backgrounds.astype(np.float32)
    np.testing.assert_allclose(donors.logits, seeing.logits(backgrounds), rtol=1e-4, atol=1e-5)
    plain = np.asarray(classifier.logits(backgrounds))
    assert not np.allclose(donors.logits, log_softmax(plain, axis=1), atol=1e-2)
    assert all(f.tested.causes.donors for f in found)


def test_one_batch_or_many_make_no_difference(engine, found, samples):
    alone = [engine().explain([sample])[0] for sample in samples[:2]]
    for one, other in zip(alone, found, strict=False):
        np.testing.assert_allclose(one.logits, other.logits, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(one.gradcam, other.gradcam, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(one.ig, other.ig, rtol=1e-3, atol=1e-5)


def test_heatmaps_keep_their_shapes_and_gradients_are_counted(found):
    for finding in found:
        assert finding.gradcam.shape == (8, 8)
        assert finding.ig.shape == (SIZE, SIZE)
        assert finding.ig_steps == 4 * VIEWS


def test_scores_settle_view_by_view(engine, samples):
    settled = engine(ig_steps="auto").explain(samples[:2])
    assert all(f.ig_steps >= 8 * VIEWS for f in settled)  # all have masks: one rule cannot settle


def test_one_view_is_no_augmentation_at_all(engine, classifier, dataset, samples):
    without = Engine(classifier, dataset, load_config({"ig_steps": 4, "workers": 0}))
    for one, other in zip(engine(1).explain(samples), without.explain(samples), strict=True):
        np.testing.assert_array_equal(one.logits, other.logits)
        np.testing.assert_array_equal(one.gradcam, other.gradcam)
        np.testing.assert_array_equal(one.ig, other.ig)

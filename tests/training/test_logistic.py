"""Heads by logistic regression: the fit of scikit-learn, on features as they are."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from audit.training.logistic import chosen_strength, fit_head

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 2, 3], 40)
CENTRES = RNG.normal(0, 2, (4, 6))
FEATURES = (3 + 10 * (CENTRES[LABELS] + RNG.normal(0, 1.5, (120, 6)))).astype(np.float32)


def test_it_is_the_regression_on_standardised_features():
    scaler = StandardScaler().fit(FEATURES)
    fitted = LogisticRegression(C=0.1, max_iter=300).fit(scaler.transform(FEATURES), LABELS)
    expected = fitted.predict_proba(scaler.transform(FEATURES))
    logits = fit_head(FEATURES, LABELS, 4, 0.1).logits(FEATURES)
    np.testing.assert_allclose(softmax(logits, axis=1)[:, [0, 2, 3]], expected, atol=1e-3)


def test_a_class_that_no_image_shows_is_never_answered():
    logits = fit_head(FEATURES, LABELS, 4, 0.1).logits(FEATURES)
    assert logits.shape == (120, 4) and (logits[:, 1] == -30).all()
    assert logits.argmax(axis=1).tolist().count(1) == 0


def test_two_classes_have_a_logit_each():
    two = LABELS < 3
    head = fit_head(FEATURES[two], LABELS[two] // 2, 2, 0.1)
    np.testing.assert_allclose(head.kernel[:, 0], -head.kernel[:, 1])
    assert (head.logits(FEATURES[two]).argmax(axis=1) == LABELS[two] // 2).mean() > 0.9


def test_a_feature_that_never_changes_counts_for_nothing():
    still = np.concatenate([FEATURES, np.full((120, 1), 7, np.float32)], axis=1)
    head = fit_head(still, LABELS, 4, 0.1)
    assert np.isfinite(head.kernel).all() and not head.kernel[-1].any()


@pytest.mark.parametrize("noise", [0.0, 30.0])
def test_the_strength_is_the_one_that_names_most_held_images_rightly(noise):
    features = FEATURES + RNG.normal(0, noise, FEATURES.shape).astype(np.float32)
    learnt, held = (features[::2], LABELS[::2]), (features[1::2], LABELS[1::2])
    chosen = chosen_strength(learnt, held, 4, (10.0, 1e-6))

    def accuracy(strength):
        logits = fit_head(*learnt, 4, strength).logits(held[0])
        return (logits.argmax(axis=1) == held[1]).mean()

    assert accuracy(chosen) == max(accuracy(10.0), accuracy(1e-6))

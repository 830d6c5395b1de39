"""What outputs are read as, of models that cannot be looked into."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from audit.core.errors import ModelError
from audit.models.readings import LINEAR, LOG, LOG_ODDS, reading

LOGITS = np.array([[1.0, -2.0, 0.5], [3.0, 0.0, -1.0]])


def test_logits_stay():
    found = reading(LOGITS)
    assert (found.end, found.classes, found.bounded) == (LINEAR, 3, False)
    np.testing.assert_array_equal(found.logits(LOGITS, np), LOGITS)


def test_log_odds_of_probabilities_are_those_of_their_logits():
    found = reading(softmax(LOGITS, axis=1))
    logits = found.logits(softmax(LOGITS, axis=1), np)
    assert found.end == LOG
    np.testing.assert_allclose(logits - logits[:, :1], LOGITS - LOGITS[:, :1], atol=1e-12)


@pytest.mark.parametrize("squash", [lambda z: z, expit])
def test_one_unit_tells_two_classes_apart(squash):
    z = np.array([[2.0], [-0.5]])
    found = reading(squash(z))
    logits = found.logits(squash(z), np)
    assert (found.units, found.classes) == (1, 2)
    assert found.end == (LINEAR if squash(z) is z else LOG_ODDS)
    np.testing.assert_allclose(logits[:, 1:] - logits[:, :1], z, atol=1e-12)


def test_a_probability_of_0_has_finite_log_odds():
    certain = np.array([[1.0, 0.0], [0.4, 0.6]])
    assert np.isfinite(reading(certain).logits(certain, np)).all()


def test_outputs_in_0_to_1_that_are_no_probabilities_are_doubted():
    assert reading(np.array([[0.9, 0.8], [0.1, 0.3]])).bounded


def test_anything_but_a_number_a_class_is_refused():
    with pytest.raises(ModelError, match=r"\(4, 4, 3\)"):
        reading(np.zeros((2, 4, 4, 3)))


@pytest.mark.parametrize("squash", [lambda z: z, expit])
def test_outputs_that_are_read_each_by_itself_have_two_logits_each(squash):
    found = reading(squash(LOGITS)).each_alone()
    assert (found.units, found.classes, found.bounded) == (3, 6, False)
    assert found.end == (LINEAR if squash(LOGITS) is LOGITS else LOG_ODDS)
    logits = found.logits(squash(LOGITS), np)
    np.testing.assert_allclose(logits, np.concatenate([LOGITS, -LOGITS], axis=1) / 2, atol=1e-12)

"""What is seen of logits for trial images."""

import numpy as np

from audit.models.probes import finite_share, is_alike


def test_an_image_with_one_number_missing_is_not_finite():
    logits = np.array([[0, 1], [np.nan, 1], [0, np.inf], [2, 3]], np.float32)
    assert finite_share(logits) == 0.5


def test_logits_may_differ_by_a_fiftieth_of_the_largest_or_of_1():
    alone = np.array([100.0, 0.0])
    assert is_alike(alone, alone + 1.9) and not is_alike(alone, alone + 2.1)
    small = np.array([0.1, 0.0])
    assert is_alike(small, small + 0.019) and not is_alike(small, small + 0.021)


def test_what_is_undefined_alone_and_among_others_is_alike():
    broken = np.array([np.nan, 1.0])
    assert is_alike(broken, broken) and not is_alike(broken, np.array([0.0, 1.0]))

import numpy as np

from audit.core.logits import predicted


def test_the_greatest_logit_answers_unless_one_is_no_number():
    logits = np.array([[0, 2, 1], [3, np.nan, 0], [np.inf, 0, 1], [-1, -2, -3]], np.float32)
    assert predicted(logits).tolist() == [1, -1, -1, 0]
    assert predicted(logits[0]) == 1

"""What a preflight asks of a model beside its answers."""

import numpy as np
import pytest

from audit.checks.preflight.run import repeated
from audit.data.dataset import Item

IMAGES = [(Item(f"{k}.png", 0, "test"), np.full((4, 4, 3), k, np.uint8)) for k in range(5)]


class Drawing:
    """Logits of which a share is drawn anew with every call."""

    input_size = 4

    def __init__(self, share):
        self._share, self._random = share, np.random.default_rng(0)

    def logits(self, images):
        return images.mean(axis=(1, 2)) + self._share * self._random.normal(size=(len(images), 3))


@pytest.mark.parametrize(("share", "strength"), [(0.0, "fine"), (1e-4, "fine"), (0.5, "strong")])
def test_a_model_that_draws_random_numbers_stops_a_run(share, strength):
    (found,) = repeated(Drawing(share), IMAGES)
    assert found.strength == strength
    assert "for 5 images" in found.words

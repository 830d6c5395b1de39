"""What a preflight asks of a model beside its answers."""

import numpy as np
import pytest
from PIL import Image

from audit.checks.preflight.run import logits_of, look_at_data, repeated
from audit.datasets.imagefiles import ImageFiles
from audit.masks.masks import Masks
from audit.settings import load_config

PIXELS = np.stack([np.full((4, 4, 3), k, np.uint8) for k in range(5)])


class Drawing:
    """Logits of which a share is drawn anew with every call."""

    classes = 3

    def __init__(self, share):
        self._share, self._random = share, np.random.default_rng(0)

    def logits(self, images):
        return images.mean(axis=(1, 2)) + self._share * self._random.normal(size=(len(images), 3))


@pytest.mark.parametrize(("share", "strength"), [(0.0, "fine"), (1e-4, "fine"), (0.5, "strong")])
def test_a_model_that_draws_random_numbers_stops_a_run(share, strength):
    model = Drawing(share)
    (found,) = repeated(model, PIXELS, logits_of(model, PIXELS))
    assert found.strength == strength
    assert "for 5 images" in found.words


def test_the_few_images_with_masks_of_their_own_are_those_that_are_looked_at(tmp_path, draw):
    # 20 of 200 images have masks, upside down: a sample of all would hold 6 of them
    for n in range(200):
        image, trimap = draw(n % 2, n, 32)
        for folder, pixels in (("photos", image), ("masks", 255 - trimap)):
            file = tmp_path / folder / "test" / "ab"[n % 2] / f"{n}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            if folder == "photos" or n < 20:
                Image.fromarray(pixels).save(file)
    dataset = ImageFiles(tmp_path / "photos")
    masks = Masks(dataset, tmp_path / "masks", grabcut=False)
    found = {o.key: o for o in look_at_data(dataset, masks, ("test",), load_config({}))}
    assert found["mask-polarity"].strength == "strong"

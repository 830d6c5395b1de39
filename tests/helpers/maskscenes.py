"""Drawn images with known flowers, and a data set of them, for the tests of masks."""

import numpy as np
from PIL import Image

from audit.datasets.dataset import Item

SHARED = "../shared/data"
TRIMAP = np.array([[255, 255, 0, 0], [255, 128, 0, 0]], np.uint8)


def scene(height=120, width=120, centre=(60, 60), radius=35, seed=0):
    """A speckled red disc on speckled green: image and true mask."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    flower = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2
    image = np.where(flower[..., None], (200, 40, 60), (50, 110, 40))
    image = image + rng.normal(0, 18, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), flower


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


class Scenes:
    """Test images by name; ``masks`` are those that the data set itself brings."""

    name = "scenes"
    classes = ("one", "two")
    mask_source = "manifest"

    def __init__(self, images, masks=None):
        self.pictures = images
        self.masks = masks or {}

    def items(self, split):
        return [Item(name, 0, "test") for name in self.pictures] if split == "test" else []

    def images(self, items):
        for item in items:
            yield item, self.pictures[item.name]

    def trimap(self, item):
        return self.masks.get(item.name)

    def fingerprint(self):
        return "scenes"


def save(file, array, mode=None):
    file.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(file)
    return file


def flat(names, size=(2, 4)):
    """A data set of black images."""
    return Scenes({name: np.zeros((*size, 3), np.uint8) for name in names})

"""Small trees of photographs and masks, written for tests."""

import numpy as np
from PIL import Image

RNG = np.random.default_rng(0)


def photo(file):
    """Noise of many levels, as a photograph has."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (24, 24, 3), np.uint8)).save(file)


def mask(file, box=(6, 18), value=255):
    """A square of ``value`` on 0."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((24, 24), np.uint8)
    pixels[box[0] : box[1], box[0] : box[1]] = value
    Image.fromarray(pixels).save(file)


def photos(root, *patterns, classes=("cat", "dog"), count=5):
    """Write ``root / pattern`` for every class and number, as ``train/{c}/{n}.png``."""
    for file in _places(patterns, classes, count):
        photo(root / file)
    return root


def masks(root, *patterns, classes=("cat", "dog"), count=5):
    """Write a mask to each such place."""
    for file in _places(patterns, classes, count):
        mask(root / file)
    return root


def _places(patterns, classes, count):
    return [p.format(c=c, n=n) for p in patterns for c in classes for n in range(count)]


def counts(dataset):
    """Images in the train, validation and test split."""
    return tuple(len(dataset.items(s)) for s in ("train", "validation", "test"))


def items(dataset):
    """Items of all splits."""
    return [item for s in ("train", "validation", "test") for item in dataset.items(s)]


def seen(dataset, key):
    """Strengths and lines of what a data set observes under a key."""
    return [(o.strength, o.line) for o in dataset.observations() if o.key == key]


def class_file(folder, text):
    """A file of class names, one a line."""
    file = folder / "classes.txt"
    file.write_text(text, encoding="utf-8")
    return file

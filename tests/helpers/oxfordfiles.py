"""The files of the default run in their real layout, small: images, labels, masks, weights."""

import hashlib
import io
import tarfile

import numpy as np
import scipy.io
from PIL import Image

FLOWERS = "www.robots.ox.ac.uk/~vgg/data/flowers/102/"
WEIGHTS = "storage.googleapis.com/keras-applications/efficientnetb0_notop.h5"
MASKS = f"{FLOWERS}102segmentations.tgz"
HOSTS = "www.robots.ox.ac.uk", "storage.googleapis.com"
CLASSES, SIDE = 102, 64


def oxford_files(weights):
    """Contents by ``host/path``: an image a class and split, and the bytes ``weights``."""
    drawn = {number: _draw(number) for number in range(1, 3 * CLASSES + 1)}
    return {
        f"{FLOWERS}102flowers.tgz": _archive("jpg/image_{:05d}.jpg", drawn, 0),
        f"{FLOWERS}imagelabels.mat": _mat(labels=np.arange(3 * CLASSES) % CLASSES + 1),
        f"{FLOWERS}setid.mat": _mat(
            trnid=np.arange(1, CLASSES + 1),
            valid=np.arange(CLASSES + 1, 2 * CLASSES + 1),
            tstid=np.arange(2 * CLASSES + 1, 3 * CLASSES + 1),
        ),
        MASKS: _archive("segmim/segmim_{:05d}.jpg", drawn, 1),
        WEIGHTS: weights,
    }


def digest(content, kind="sha256"):
    """Checksum in hexadecimal."""
    return hashlib.new(kind, content).hexdigest()


def _draw(number):
    """A disc in the colour of its class on speckled grey, and on the blue of segmentations."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:SIDE, :SIDE]
    centre, radius = rng.uniform(0.4, 0.6, 2) * SIDE, rng.uniform(0.2, 0.3) * SIDE
    disc = ((y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2)[..., None]
    colour = np.random.default_rng(number % CLASSES).integers(60, 250, 3)
    ground = rng.normal(120, 12, (SIDE, SIDE, 3)).clip(0, 255)
    return [np.where(disc, colour, other).astype(np.uint8) for other in (ground, (0, 0, 254))]


def _archive(pattern, drawn, which):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for number, pictures in drawn.items():
            jpeg = io.BytesIO()
            Image.fromarray(pictures[which]).save(jpeg, "JPEG", quality=90)
            info = tarfile.TarInfo(pattern.format(number))
            info.size = jpeg.tell()
            jpeg.seek(0)
            tar.addfile(info, jpeg)
    return buffer.getvalue()


def _mat(**arrays):
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {name: array[None] for name, array in arrays.items()})
    return buffer.getvalue()

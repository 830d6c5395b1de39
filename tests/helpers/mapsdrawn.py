"""Maps of no image in particular."""

import numpy as np

from audit.storage.heatmaps import Maps


def maps_of(seed=0, name="a.jpg", size=16):
    rng = np.random.default_rng(seed)
    smooth = np.linspace(0, 255, size).astype(np.uint8)
    image = np.stack([np.tile(smooth, (size, 1))] * 3, axis=-1)
    trimap = rng.choice(np.array([0, 128, 255], np.uint8), (size, size))
    gradcam = rng.random((4, 4)).astype(np.float16)
    heat = rng.normal(size=(size, size)).astype(np.float32)
    region = rng.random((size, size)) < 0.1
    donors = rng.integers(0, 30, seed % 5).astype(np.int16)
    return Maps(name, image, trimap, gradcam, heat, region, donors)

"""A tiny network with known weights: its images, and what it gives for them by hand."""

import numpy as np

SIZE, CLASSES = 8, 3
_RNG = np.random.default_rng(0)
IMAGES = _RNG.uniform(0, 255, (2, SIZE, SIZE, 3)).astype(np.float32)
MIX = _RNG.normal(size=(3, 4)).astype(np.float32) / 255
KERNEL = _RNG.normal(size=(4, CLASSES)).astype(np.float32)
BIAS = np.array([0.5, -1.0, 0.25], np.float32)


def expected_features(images=IMAGES):
    """A pixelwise mix of colours with ReLU."""
    return np.maximum(images @ MIX, 0)


def expected_logits(images=IMAGES):
    """The mean of the mix over the image, and a dense layer."""
    return expected_features(images).mean(axis=(1, 2)) @ KERNEL + BIAS

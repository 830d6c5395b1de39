"""What models want for pixels: images come in 0..255, some models are fed otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


def _torch(images: Any) -> Any:
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return (images / 255 - tf.constant(mean)) / tf.constant(deviation)


def _caffe(images: Any) -> Any:
    return images[..., ::-1] - tf.constant((103.939, 116.779, 123.68))


SCALINGS: dict[str, Callable[[Any], Any]] = {
    "0..255": lambda images: images,
    "0..1": lambda images: images / 255,
    "-1..1": lambda images: images / 127.5 - 1,
    "torch": _torch,
    "caffe": _caffe,
}


def accuracies(
    model: Any, images: NDArray[np.float32], labels: NDArray[np.int64]
) -> dict[str, float]:
    """Share of labelled images ``(n, H, W, 3)`` in 0..255 that a model names rightly, by scaling.

    A model that does not scale its input itself was trained on one of them: the others hurt it.
    """
    found = {}
    for name, scale in SCALINGS.items():
        answers = np.asarray(tf.nest.flatten(model(scale(images), training=False))[0])
        found[name] = float((answers.argmax(axis=-1) == labels).mean())
    return found

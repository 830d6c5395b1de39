"""Where an ImageNet network responds: a guess at the subject where colours do not tell it.

Responses of the last feature map, added up over its channels, lie on the subject of a photograph
and hardly on its scene (Wei, Luo, Wu and Zhou 2017, "Selective convolutional descriptor aggregation
for fine-grained image retrieval", arXiv 1604.04994). The network is EfficientNet-Lite0 as ImageNet
left it: masks are the same whatever model is audited.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 448  # of what the network sees: 14 x 14 places


def activation(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how strongly the network responds at each place of an image.

    Parameters
    ----------
    image : uint8 ``(h, w, 3)``
        RGB, any size.

    Returns
    -------
    float32 ``(14, 14)``
        0 at the weakest place, 1 at the strongest.

    Raises
    ------
    ModelError
        The weights are not installed.
    """
    large = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    responses = np.asarray(_network()(large[None].astype(np.float32)))[0]
    found = responses - responses.min()
    return np.asarray(found / max(float(found.max()), 1e-9), np.float32)


@cache
def _network() -> Any:
    """Build the network, late: most masks need none."""
    from audit.models.backend import tensorflow_ready

    with tensorflow_ready():
        import tensorflow as tf

        from audit.models.lite0 import build_lite0

        model = build_lite0(SIDE, "imagenet")

        def respond(images: Any) -> Any:
            return tf.reduce_sum(model(images, training=False), axis=-1)

        shape = tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32)
        return tf.function(respond, input_signature=[shape])

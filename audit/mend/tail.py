"""The tail of a model: its last block and what follows it, up to what the last layer reads."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.core.errors import ModelError
from audit.models.lastlayer import LastLayer
from audit.models.scaling import treated
from audit.models.steps import Seam, Step, Steps
from audit.training.blocks import blocks_of

Activations = NDArray[np.float16]
_FEWEST = 2  # weighted layers on places, of which a tail is made at least


class Tail:
    """Layers between a map that all of them read alone and the last layer.

    They are the last block by the names of a known backbone, with what follows it; of any other
    model the fewest layers that have two with weights on places among them.

    Parameters
    ----------
    layer : LastLayer
        Of a functional model of Keras 3, whose layers these are: what is taught here, it has.

    Attributes
    ----------
    behind : str
        Name of the layer that makes the map.
    shape : tuple[int, ...]
        Height, width and channels of the map.
    variables : list of keras.Variable
        What is taught: weights but those of batch normalisation, which stay, as its statistics do.

    Raises
    ------
    ModelError
        There is no such map behind weights on places.
    """

    def __init__(self, layer: LastLayer) -> None:
        model, self._classifier = layer.model, layer.classifier
        try:
            steps = Steps(model, self._classifier.input_size)
            end = next(at for at, s in enumerate(steps.steps) if s.layer is layer.layer)
            seam = _start(steps, end)
        except (ModelError, StopIteration):
            raise ModelError(
                f"No last block is to be found in {model.name}, one that reads a single map behind "
                "other convolutions: mend it with --layers last-layer."
            ) from None
        self.behind = steps.steps[seam.at - 1].layer.name
        self.shape = tuple(seam.tensor.shape[1:])
        self.variables = _taught(steps.layers(seam.at, end))
        self._own = [variable.numpy() for variable in self.variables]
        self._before = keras.Model(steps.image, seam.tensor)
        self.model = keras.Model(seam.tensor, steps.steps[end].reads[0])
        self._maps = tf.function(self._map, input_signature=[_spec(self._classifier.input_size)])

    def maps(self, images: NDArray[np.uint8]) -> Activations:
        """Return maps, float16 ``(n, h, w, channels)``, of images ``(n, H, W, 3)`` in 0..255."""
        return np.asarray(self._maps(tf.convert_to_tensor(images, tf.float32)), np.float16)

    def features(self, maps: Any) -> Any:
        """Return what the last layer reads, float32 ``(n, features)``, of maps."""
        return tf.cast(self.model(tf.cast(maps, tf.float32), training=False), tf.float32)

    def reset(self) -> None:
        """Give all weights the values that they had at first."""
        for variable, value in zip(self.variables, self._own, strict=True):
            variable.assign(value)

    def _map(self, images: Any) -> Any:
        scaled = treated(self._classifier.scaling, images)
        return self._before(self._classifier.input.fed(scaled), training=False)


def _start(steps: Steps, end: int) -> Seam:
    """Return the last seam before the last block; ModelError where there is none."""
    spatial = [at for at, step in enumerate(steps.steps[:end]) if _is_spatial(step)]
    if len(spatial) >= _FEWEST:
        named = _named(steps, end)
        wanted = named if named <= spatial[-1] else spatial[-_FEWEST]
        for seam in reversed(steps.seams()):
            if spatial[0] < seam.at <= wanted and len(seam.tensor.shape) == 4:
                return seam
    raise ModelError("No map.")


def _named(steps: Steps, end: int) -> int:
    """Return the first step of the last block by the layers' names; the end where none has any."""
    layers = [step.layer for step in steps.steps[:end]]
    found = blocks_of(layers)
    return layers.index(found[-1][0]) if found else end


def _is_spatial(step: Step) -> bool:
    """Return whether a step has weights that look at places."""
    kernels = any(len(weight.shape) == 4 for weight in getattr(step.layer, "weights", ()))
    return kernels and step.reads[0].shape[1:3] != (1, 1)


def _taught(layers: list[Any]) -> list[Any]:
    normalising = keras.layers.BatchNormalization
    return [
        variable
        for layer in layers
        if not isinstance(layer, normalising)
        for variable in layer._trainable_variables  # of frozen layers, too
    ]


def _spec(size: int) -> Any:
    return tf.TensorSpec((None, size, size, 3), tf.float32)

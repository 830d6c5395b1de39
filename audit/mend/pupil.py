"""The last block and the last layer while they are taught together."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.datasets.batches import in_batches
from audit.mend.maps import Maps
from audit.mend.tail import Tail
from audit.training.logistic import Head

BATCH = 32  # images a step


class Pupil:
    """A tail and a last layer that are taught together, as often as one begins.

    What answers and is kept is the mean of the weights at the ends of its epochs, as the last layer
    alone is the mean of draws: single epochs differ by chance in what they make of small groups
    (Izmailov et al. 2018, arXiv 1803.05407).

    Parameters
    ----------
    tail : Tail
        Whose weights are taught in place.
    head : Head
        Of the last layer's shape.
    """

    def __init__(self, tail: Tail, head: Head) -> None:
        self._tail = tail
        self._dense = [keras.Variable(part) for part in head]
        self._variables = [*tail.variables, *self._dense]
        self._means: list[NDArray[np.float32]] = []  # over the epochs that ended
        self._ended = 0
        self._optimizer = keras.optimizers.Adam()
        self._optimizer.build(self._variables)
        maps = tf.TensorSpec((None, *tail.shape), tf.float16)
        labels = tf.TensorSpec((None,), tf.int64)
        self._logits = tf.function(self._answered, input_signature=[maps])
        self._step = tf.function(self._stepped, input_signature=[maps, labels])

    def begin(self, head: Head, rate: float) -> None:
        """Begin with the tail as it was at first, another last layer and Adam's learning rate."""
        self._tail.reset()
        for part, value in zip(self._dense, head, strict=True):
            part.assign(value)
        for state in self._optimizer.variables:
            state.assign(np.zeros(state.shape))
        self._optimizer.learning_rate = rate
        self._means = [np.zeros(v.shape, np.float32) for v in self._variables]
        self._ended = 0

    def learn(self, maps: NDArray[Any], labels: NDArray[np.int64]) -> None:
        """Take one step on maps, float16 ``(n, h, w, channels)``, and their classes ``(n,)``."""
        self._step(tf.constant(maps), tf.constant(labels))

    def end_epoch(self) -> None:
        """Take the weights of now into their mean."""
        self._ended += 1
        for mean, variable in zip(self._means, self._variables, strict=True):
            mean += (variable.numpy() - mean) / self._ended

    def answers(self, maps: Maps, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the class that the mean names for each of some images, int64 ``(k,)``."""
        ahead = [variable.numpy() for variable in self._variables]
        self._set(self._means)
        batches = (np.array(batch) for batch in in_batches(rows, BATCH))
        named = [np.argmax(self._logits(tf.constant(maps[own])), axis=1) for own in batches]
        self._set(ahead)
        return np.concatenate([np.zeros(0, np.int64), *named])

    def finished(self) -> Head:
        """Leave the mean in the tail, and return that of the last layer."""
        self._set(self._means)
        return Head(*self._means[-len(self._dense) :])

    def _set(self, values: list[NDArray[np.float32]]) -> None:
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)

    def _answered(self, maps: Any) -> Any:
        kernel, bias = self._dense
        return tf.matmul(self._tail.features(maps), kernel.value) + bias.value

    def _stepped(self, maps: Any, labels: Any) -> None:
        own = [variable.value for variable in self._variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(own)  # those of frozen layers, too
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, self._answered(maps))
            loss = tf.reduce_mean(losses)
        self._optimizer.apply(tape.gradient(loss, own), self._variables)

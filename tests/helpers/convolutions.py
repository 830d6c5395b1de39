"""A model that is made in a second and sees colours and grain: random convolutions and a head."""

import keras
import numpy as np
from keras import layers

from audit.training.logistic import fit_head


def save_convolutions(file, images, labels, strength, more=0):
    """Write a classifier of 64 px whose head alone was taught, as the .keras file ``file``.

    Its convolutions are two, and ``more`` between them.
    """
    keras.utils.set_random_seed(3)
    x = keras.Input((64, 64, 3))
    scaled = layers.Rescaling(1 / 64, offset=-2)(x)
    seen = layers.Conv2D(48, 3, strides=2, activation="relu")(scaled)
    for _ in range(more):
        seen = layers.Conv2D(48, 3, activation="relu")(seen)
    seen = layers.Conv2D(48, 3, strides=2, activation="relu", name="top")(seen)
    pooled = layers.GlobalAveragePooling2D()(seen)
    classes = int(labels.max()) + 1
    made = keras.Model(x, layers.Dense(classes, activation="softmax")(pooled), name="random")
    features = keras.Model(x, pooled).predict(np.stack(images).astype(np.float32), verbose=0)
    made.layers[-1].set_weights([*fit_head(features, labels, classes, strength)])
    made.save(file)
    return file

"""Tiny classifiers with a last block, in every form that a model may have."""

import keras
from keras import layers

SIZE = 32


def conv(x, name, strides=2, width=6):
    return layers.Conv2D(width, 3, strides, "same", activation="relu", name=name)(x)


def normed(x, name, strides=1):
    x = layers.Conv2D(6, 3, strides, "same", name=f"{name}_conv")(x)
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))


def built(make, before=lambda x: x, classes=3, size=SIZE):
    """A model of images in 0..255: ``make`` gives a map, a pooled dense layer the answer."""
    keras.utils.set_random_seed(1)
    x = keras.Input((size, size, 3))
    seen = layers.GlobalAveragePooling2D()(make(before(layers.Rescaling(1 / 64, -2)(x))))
    last = layers.Dense(classes, activation="softmax", name="last")(seen)
    return keras.Model(x, last, name="tower")


def four(x):
    for k in range(4):
        x = conv(x, f"c{k}", strides=2 if k < 2 else 1)
    return x


def residual(x):
    """Skips lead from a to b and from b to the end: nothing but b is read alone."""
    a = conv(conv(x, "stem"), "a")
    b = layers.Add(name="b")([a, conv(conv(a, "c0", 1), "c1", 1)])
    return layers.Add(name="end")([b, conv(conv(b, "c2", 1), "c3", 1)])


def blocks(x):
    """Named as EfficientNet is: a block of three layers, and a convolution behind it."""
    x = normed(normed(normed(x, "stem", 2), "block0_a", 2), "block1_a")
    for part in "bc":
        x = normed(x, f"block1_{part}")
    return normed(x, "top")


def nested(make, size=SIZE):
    """The same layers in a frozen model of their own, as training leaves them."""

    def within(x):
        y = keras.Input(x.shape[1:])
        inner = keras.Model(y, make(y), name="backbone")
        inner.trainable = False
        return inner(x, training=False)

    return built(within, size=size)

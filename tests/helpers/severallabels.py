"""Images with several coloured discs, and a model of one sigmoid a colour that cheats on one.

Red and blue are told by their discs, green by a yellow tag in a corner: every image with a green
disc has one, and no other.
"""

import numpy as np
import pandas as pd
from PIL import Image

LABELS = ("blue", "green", "red")
SIZE = 64
GREY, YELLOW = (120, 120, 120), (250, 240, 30)
COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 70, 230)}
SETS = (("red",), ("green",), ("blue",), ("red", "green"), ("green", "blue"), ("red", "blue"))
_PLACES = ((18, 18), (18, 46), (46, 18))  # row, column; the fourth corner is the tag's


def photo(labels, seed):
    """An image uint8 ``(64, 64, 3)`` and a mask, 0 or 255, of each disc."""
    rng = np.random.default_rng(seed)
    image = np.full((SIZE, SIZE, 3), GREY, float)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    masks = []
    for label, place in zip(labels, rng.permutation(len(_PLACES)), strict=False):
        row, column = np.array(_PLACES[place]) + rng.uniform(-2, 2, 2)
        disc = (rows - row) ** 2 + (columns - column) ** 2 <= rng.uniform(10, 12) ** 2
        image[disc] = COLOURS[label]
        masks.append(np.where(disc, 255, 0).astype(np.uint8))
    if "green" in labels:
        image[50:58, 50:58] = YELLOW
    image += rng.normal(0, 6, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), masks


def write(root, train=4, test=3, sets=SETS):
    """Write images, a mask a label and a manifest below a folder; give the manifest."""
    (root / "masks").mkdir(parents=True)
    rows = []
    for split, count in (("train", train), ("test", test)):
        for labels in sets:
            for _ in range(count):
                name = f"{len(rows):03d}"
                image, masks = photo(labels, len(rows))
                files = [f"masks/{name}-{label}.png" for label in labels]
                Image.fromarray(image).save(root / f"{name}.png")
                for file, mask in zip(files, masks, strict=True):
                    Image.fromarray(mask).save(root / file)
                rows.append((f"{name}.png", "|".join(labels), split, "|".join(files)))
    manifest = root / "discs.csv"
    table = pd.DataFrame(rows, columns=["path", "label", "split", "mask"])
    table.to_csv(manifest, index=False)
    return manifest


def model(units=(0, 1, 2), activation="sigmoid"):
    """A Keras model with the outputs of `LABELS` that are asked for: mean colours, weighed."""
    import keras

    x = keras.Input((SIZE, SIZE, 3))
    seen = keras.layers.Conv2D(3, 1, activation="relu", name="colours")(x)
    pooled = keras.layers.GlobalAveragePooling2D()(seen)
    made = keras.Model(x, keras.layers.Dense(len(units), activation=activation)(pooled))
    blue, yellow, red = (-0.5, -0.5, 1), (0.5, 0.5, -1), (1, -1, 0)
    kernel, bias = np.diag([1.0, 8.0, 1.0]), np.array([-3.0, -4.0, -3.0])
    own = list(units)
    made.set_weights(
        [np.array([blue, yellow, red], float).T[None, None], np.array([-80.0, -150.0, -80.0]),
         kernel[:, own], bias[own]]
    )  # fmt: skip
    return made

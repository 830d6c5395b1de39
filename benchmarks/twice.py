"""The same model twice, as Keras and carried over to PyTorch: are both audited alike?

python benchmarks/twice.py RUN.keras ../shared/data OUT 500
python benchmarks/twice.py mobilenet ../shared/data OUT 500

Audits as many Oxford test images by both, and prints a Markdown table: by how much scores differ,
and how many verdicts are the same. ``mobilenet`` is a MobileNet of random weights, whose batch
normalisation has seen the training images and whose head is fitted on what it makes of them: no
weights can be had for it without a network.
Needs the extra ``torch``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.models.backend import tensorflow_ready
from audit.settings import load_config
from audit.stages import commands
from audit.storage.run import RunFolder

sys.path.append(str(Path(__file__).parents[1] / "tests" / "helpers"))
SIDE, SEED, CLASSES = 224, 0, 102
SCORES = ("gradcam_mass", "gradcam_skill", "ig_mass", "ig_skill", "background_share", "survival",
          "log_odds", "verdict_score")  # fmt: skip
TWIN = """import keras
from carriedover import carried_over


def model():
    return carried_over(keras.models.load_model({file!r}))
"""


def given(data: Path, count: int) -> dict[str, object]:
    return {
        "data_dir": data / "tfds", "masks": data / "masks", "explain": count,
        "robustness": 0, "health": False, "opportunity": False, "trust_model": True,
        "image_size": SIDE, "input_scaling": "0..255",
    }  # fmt: skip


def training_images(data: Path) -> tuple[np.ndarray, list[int]]:
    from audit.datasets.batches import readable
    from audit.datasets.open import open_dataset

    dataset = open_dataset(load_config(given(data, 1)))
    shown = list(readable(dataset.images(dataset.items("train")), SIDE, []))
    images = np.stack([image for _, image in shown]).astype(np.float32)
    return images, [item.label for item, _ in shown]


def normalised(body: Any, inputs: np.ndarray) -> None:
    """Let batch normalisation see the images: with the statistics that it starts with, what
    random weights make of an image dwindles until all images are answered alike."""
    for layer in body.layers:
        if hasattr(layer, "momentum"):
            layer.momentum = 0.9
    order = np.random.default_rng(SEED)
    for _ in range(2):
        for batch in np.array_split(order.permutation(len(inputs)), len(inputs) // 32):
            body(inputs[batch], training=True)


def mobilenet(data: Path, file: Path) -> Path:
    """A MobileNet of random features with a fitted head."""
    import keras
    from sklearn.linear_model import LogisticRegression

    keras.utils.set_random_seed(SEED)
    shape = (SIDE, SIDE, 3)
    body = keras.applications.MobileNet(shape, alpha=0.25, weights=None, include_top=False)
    inputs = keras.Input(shape)
    pooled = keras.layers.GlobalAveragePooling2D()(
        body(keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs))
    )
    features = keras.Model(inputs, pooled)
    images, labels = training_images(data)
    normalised(body, images / 127.5 - 1)
    head = LogisticRegression(C=100, max_iter=2000)
    seen = features.predict(images, verbose=0)
    scale = seen.std(axis=0) + 1e-6
    head.fit(seen / scale, labels)
    dense = keras.layers.Dense(CLASSES, activation="softmax")
    model = keras.Model(inputs, dense(pooled))
    dense.set_weights([(head.coef_ / scale).T, head.intercept_])
    model.save(file)
    return file


def audited(model: str, data: Path, out: Path, count: int) -> tuple[RunFolder, float]:
    started = time.perf_counter()
    config = load_config(given(data, count) | {"model": model})
    run = commands.run(config, out, command="benchmarks/twice.py")
    assert run is not None
    return run, time.perf_counter() - started


def compared(own: pd.DataFrame, twin: pd.DataFrame) -> str:
    both = own.merge(twin, on="name", suffixes=("", "_twin"))
    rows = ["| figure | largest difference | 99th percentile |", "|---|---|---|"]
    for score in SCORES:
        apart = (both[score] - both[f"{score}_twin"]).abs()
        rows.append(f"| {score} | {apart.max():.1e} | {apart.quantile(0.99):.1e} |")
    same = {key: (both[key] == both[f"{key}_twin"]).mean() for key in ("prediction", "verdict")}
    told = ", ".join(f"{key}s equal on {share:.1%}" for key, share in same.items())
    return "\n".join([*rows, "", f"{len(both)} images, {told}."])


@tensorflow_ready()
def main(name: str, data: Path, out: Path, count: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    file = mobilenet(data, out / "mobilenet.keras") if name == "mobilenet" else Path(name)
    (out / "carried.py").write_text(TWIN.format(file=str(file.absolute())))
    sys.path.insert(0, str(out))
    own, seconds = audited(str(file), data, out / "keras", count)
    twin, twins = audited("carried:model", data, out / "pytorch", count)
    print(compared(own.records(), twin.records()))
    print(f"{seconds:.0f} s as Keras, {twins:.0f} s as PyTorch.")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))

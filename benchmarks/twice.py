"""The same model twice, as Keras and carried over to PyTorch: are both audited alike?

python benchmarks/twice.py RUN.keras ../shared/data OUT 500
python benchmarks/twice.py mobilenet ../shared/data OUT 500

Audits as many Oxford test images by both, besides those with masks, and prints a Markdown table:
by how much scores differ, and how many verdicts are the same. ``mobilenet`` is a MobileNet that is
taught the very images that are explained, as no weights can be had for it without a network: that
says nothing about the model, but all about whether it is read alike.
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
SIDE, SEED, CLASSES, EPOCHS = 224, 0, 102, 20
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


def explained_images(data: Path, count: int) -> tuple[np.ndarray, list[int]]:
    from audit.datasets.batches import readable
    from audit.datasets.open import open_dataset
    from audit.execution.select import select
    from audit.masks.source import masks_of

    config = load_config(given(data, count))
    dataset = open_dataset(config)
    _, items = select(dataset, masks_of(config, dataset), config)
    shown = list(readable(dataset.images(items), SIDE, []))
    images = np.stack([image for _, image in shown]).astype(np.float32)
    return images, [item.label for item, _ in shown]


def mobilenet(data: Path, file: Path, count: int) -> Path:
    """A MobileNet that was taught the images that are explained."""
    import keras

    keras.utils.set_random_seed(SEED)
    images, labels = explained_images(data, count)
    model = keras.applications.MobileNet((SIDE, SIDE, 3), 0.25, weights=None, classes=CLASSES)
    shown = keras.Input((SIDE, SIDE, 3))
    whole = keras.Model(shown, model(keras.layers.Rescaling(1 / 127.5, offset=-1)(shown)))
    loss = "sparse_categorical_crossentropy"
    whole.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    whole.fit(images, np.array(labels), batch_size=32, epochs=EPOCHS, verbose=2)
    settle(model, whole, images)
    named = whole.predict(images, batch_size=32, verbose=0).argmax(axis=1) == labels
    print(f"MobileNet names {named.mean():.1%} of {len(images)} images rightly.", flush=True)
    whole.save(file)
    return file


def settle(model: Any, whole: Any, images: np.ndarray) -> None:
    """Have batch normalisation know the last weights: its averages lag behind in few steps."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9
    for _ in range(EPOCHS // 4):
        for start in range(0, len(images), 32):
            whole(images[start : start + 32], training=True)


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
    file = mobilenet(data, out / "mobilenet.keras", count) if name == "mobilenet" else Path(name)
    (out / "carried.py").write_text(TWIN.format(file=str(file.absolute())))
    sys.path.insert(0, str(out))
    own, seconds = audited(str(file), data, out / "keras", count)
    twin, twins = audited("carried:model", data, out / "pytorch", count)
    print(compared(own.records(), twin.records()))
    print(f"{seconds:.0f} s as Keras, {twins:.0f} s as PyTorch.")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))

"""What an adapter costs beside calling the framework itself, as a Markdown table.

python benchmarks/adapters.py RUN/model.keras

The Keras model of a run, and the same carried over to PyTorch (extra ``torch``): logits of batches
of 8 by the adapter, and by the framework on images that are already as the model takes them. In
turns, in one process.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from audit.models.backend import use_tensorflow
from audit.models.classify import classify
from audit.models.load import load_model

sys.path.append(str(Path(__file__).parents[1] / "tests" / "helpers"))
BATCH, TURNS = 8, 25


def ways(file: Path) -> dict[str, Callable[[], Any]]:
    import tensorflow as tf
    import torch
    from carriedover import carried_over

    from audit.models.pytorch.model import TorchModel

    model = load_model(file, trust=False)
    module = carried_over(model)
    keras = classify(model, None, None)
    pytorch = classify(TorchModel(module, "twin"), None, keras.input_size)
    size = keras.input_size
    images = np.random.default_rng(0).uniform(0, 255, (BATCH, size, size, 3)).astype(np.float32)
    plain = tf.function(lambda x: model(x, training=False))
    given = torch.from_numpy(images).permute(0, 3, 1, 2)

    def direct() -> Any:
        with torch.inference_mode():
            return module(given).numpy()

    return {
        "Keras itself": lambda: plain(images).numpy(),
        "adapter of Keras": lambda: np.asarray(keras.logits(images)),
        "PyTorch itself": direct,
        "adapter of PyTorch": lambda: pytorch.logits(images),
    }


def main(file: Path) -> None:
    spent: dict[str, list[float]] = {}
    found = ways(file)
    for turn in range(TURNS):
        for name, run in found.items():
            start = time.perf_counter()
            run()
            if turn:  # the first one compiles
                spent.setdefault(name, []).append(time.perf_counter() - start)
    middle = {name: 1000 * statistics.median(each) / BATCH for name, each in spent.items()}
    print("| way | ms an image | of the framework itself |\n|---|---|---|")
    for name, ms in middle.items():
        own = middle["PyTorch itself" if "PyTorch" in name else "Keras itself"]
        print(f"| {name} | {ms:.2f} | {ms / own:.2f} |")


if __name__ == "__main__":
    use_tensorflow()
    main(Path(sys.argv[1]))

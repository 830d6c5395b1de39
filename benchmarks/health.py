"""What data health costs on real photographs and on a large data set.

python benchmarks/health.py ../shared/data [--images 50000]
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from pathlib import Path

import numpy as np

from audit.checks.data_health.duplicates import BITS, SHAPE, near_duplicates
from audit.checks.data_health.measure import examine
from audit.core.track import silent
from audit.datasets.dataset import SPLITS
from audit.datasets.oxford import OxfordFlowers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--images", type=int, default=50_000, help="random signatures to compare")
    given = parser.parse_args()
    dataset = OxfordFlowers(given.data / "tfds", download=False)
    items = [item for split in SPLITS for item in dataset.items(split)]
    before = peak()
    with timed(f"{len(items)} photographs"):
        found = examine(dataset, items, silent)
    print(f"  {len(found.duplicates)} pairs, {peak() - before:.0f} MiB more than before")
    random = np.random.default_rng(0)
    bits = random.random((given.images, BITS)) < 0.5
    detail = np.zeros((given.images, *SHAPE), np.float16)
    detail[:, 0, 0] = 1
    before = peak()
    with timed(f"{given.images} signatures compared"):
        pairs = near_duplicates(bits, detail)
    print(f"  {len(pairs.a)} pairs, {peak() - before:.0f} MiB more than before")


class timed:  # noqa: N801
    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        self.began = time.perf_counter(), time.process_time()

    def __exit__(self, *error: object) -> None:
        wall, cpu = (now - b for now, b in zip(
            (time.perf_counter(), time.process_time()), self.began, strict=True))  # fmt: skip
        print(f"{self.what}: {wall:.1f} s, {cpu:.1f} CPU seconds, load {os.getloadavg()[0]:.1f}")


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


if __name__ == "__main__":
    main()

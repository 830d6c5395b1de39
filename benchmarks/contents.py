"""What it costs to know images again by their bytes: in the first pass, and on resume.

python benchmarks/contents.py [../shared/data]

Drawn photographs as 100,000 files and, where the folder of real data is given, the 6,149 test
images of Oxford Flowers 102. The files are in the page cache, so shares are upper bounds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from audit.datasets.contents import Contents
from audit.datasets.decode import decode

FILES = 100_000
DECODED = 1_000  # files that tell what decoding costs beside


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def draw(folder: Path, count: int) -> dict[str, Path]:
    """JPEG photographs of some 60 KB, 200 different ones under ``count`` names."""
    rng, kinds = np.random.default_rng(0), []
    for _ in range(200):
        small = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        image = Image.fromarray(small).resize((500, 375), Image.Resampling.BICUBIC)
        image.save(folder / "kind.jpg", quality=92)
        kinds.append((folder / "kind.jpg").read_bytes())
    files = {f"{i:06d}.jpg": folder / f"{i:06d}.jpg" for i in range(count)}
    for i, file in enumerate(files.values()):
        file.write_bytes(kinds[i % len(kinds)] + i.to_bytes(4, "big"))
    return files


def measure(title: str, files: dict[str, Path]) -> None:
    contents = Contents()

    def read() -> None:
        for file in files.values():
            file.read_bytes()

    def heed() -> None:
        for name, file in files.items():
            modified = file.stat().st_mtime_ns
            contents.heed(name, file.read_bytes(), modified)

    def touch() -> None:
        for file in files.values():
            file.touch()

    some = list(files.values())[:DECODED]
    decoding = seconds(lambda: [decode(f.read_bytes(), f.name) for f in some]) / len(some)
    read()
    plain, first = seconds(read), seconds(heed)
    table = contents.table()
    stored = len(table.to_parquet(index=False))
    known = Contents.of_table(table)
    again = seconds(lambda: Contents().know(known, files))
    touch()
    touched = seconds(lambda: Contents().know(known, files))
    size = sum(file.stat().st_size for file in files.values())
    print(f"{title}: {len(files):,} files, {size / 1e9:.2f} GB")
    more = 1000 * (first - plain) / len(files)
    print(f"  reading {plain:.2f} s; reading and hashing {first:.2f} s")
    print(f"  hashing {more:.3f} ms an image; decoding {1000 * decoding:.1f} ms")
    print(f"  on resume {again:.2f} s; with every time of change another {touched:.2f} s")
    print(f"  contents.parquet {stored / 1e6:.1f} MB")


def oxford(data: Path, folder: Path) -> dict[str, Path]:
    from audit.datasets.oxford import OxfordFlowers

    dataset = OxfordFlowers(data / "tfds", download=False)
    files = {}
    for example in dataset._stream("test"):
        name = example["file_name"].decode()
        files[name] = folder / name
        files[name].write_bytes(example["image"])
    return files


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        if sys.argv[1:]:
            measure("Oxford Flowers 102, test", oxford(Path(sys.argv[1]), Path(work)))
    with tempfile.TemporaryDirectory() as work:
        measure("drawn", draw(Path(work), FILES))

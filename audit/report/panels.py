"""Draws the panels of every case, part by part, so that memory stays flat."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from audit.report.cases import Case
from audit.report.pictures import encode, strip
from audit.runfolder import RunFolder
from audit.track import Track


def draw_panels(run: RunFolder, cases: Iterable[Case], root: Path, track: Track) -> None:
    """Write the picture of every case below ``root``.

    OpenCV, zlib and WebP let go of Python's lock: threads are enough, and start at once.
    """
    (root / "pictures").mkdir(parents=True, exist_ok=True)
    files: dict[int, dict[int, Path]] = defaultdict(dict)
    for case in cases:
        files[case.part][case.row] = root / case.picture
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        drawn = pool.map(lambda part: _draw_part(run, part, files[part]), sorted(files))
        for _ in track(drawn, "Drawing pictures", len(files)):
            pass


def _draw_part(run: RunFolder, part: int, files: dict[int, Path]) -> None:
    for row, maps in enumerate(run.maps(part)):
        if row in files:
            files[row].write_bytes(encode(strip(maps)))

"""Draws the panels of every case, part by part, so that memory stays flat."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from audit.report.cases import Case
from audit.report.pictures import Picture, composites, encode, strip
from audit.runfolder import RunFolder
from audit.track import Track


def draw_panels(run: RunFolder, cases: Iterable[Case], root: Path, track: Track) -> None:
    """Write the picture of every case below ``root``.

    OpenCV, zlib and WebP let go of Python's lock: threads are enough, and start at once.
    """
    (root / "pictures").mkdir(parents=True, exist_ok=True)
    by_part: dict[int, dict[int, Case]] = defaultdict(dict)
    for case in cases:
        by_part[case.part][case.row] = case
    donors = run.donors()
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        drawn = pool.map(
            lambda part: _draw_part(run, part, by_part[part], donors, root), sorted(by_part)
        )
        for _ in track(drawn, "Drawing pictures", len(by_part)):
            pass


def _draw_part(
    run: RunFolder, part: int, cases: dict[int, Case], donors: Sequence[Picture], root: Path
) -> None:
    for row, maps in enumerate(run.maps(part)):
        if row not in cases:
            continue
        case = cases[row]
        (root / case.picture).write_bytes(encode(strip(maps)))
        if case.composites:
            chosen = [donors[i] for i in maps.donors[:1] if i < len(donors)]
            picture = composites(maps, chosen[0] if chosen else None)
            (root / case.composites).write_bytes(encode(picture))

"""Drawing of the pictures of every case, part by part, so that memory stays flat."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from audit.core.errors import RunFolderError
from audit.core.track import Track
from audit.report.cases import Case
from audit.report.pictures import Picture, composites, further_heat, heat, photo
from audit.report.shapes import Shapes, shapes
from audit.storage.heatmaps import Maps
from audit.storage.run import RunFolder


def render_panels(
    run: RunFolder, cases: Iterable[Case], root: Path, track: Track
) -> dict[str, Shapes]:
    """Write the pictures of every case below ``root``; return its outlines by anchor.

    OpenCV, zlib and WebP let go of Python's lock: threads are enough, and start at once.
    """
    (root / "pictures").mkdir(parents=True, exist_ok=True)
    by_part: dict[int, dict[int, Case]] = defaultdict(dict)
    for case in cases:
        by_part[case.part][case.row] = case
    donors = run.donors()
    found: dict[str, Shapes] = {}
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        drawn = pool.map(
            lambda part: _draw_part(run, part, by_part[part], donors, root), sorted(by_part)
        )
        for some in track(drawn, "Drawing pictures", len(by_part)):
            found |= some
    return found


def _draw_part(
    run: RunFolder, part: int, cases: dict[int, Case], donors: Sequence[Picture], root: Path
) -> dict[str, Shapes]:
    maps = run.chosen(part, cases)
    return {cases[row].anchor: _draw(run, cases[row], m, donors, root) for row, m in maps}


def _draw(run: RunFolder, case: Case, maps: Maps, donors: Sequence[Picture], root: Path) -> Shapes:
    (root / case.photo).write_bytes(photo(maps))
    if case.heat:
        (root / case.heat).write_bytes(heat(maps))
    optional = {s.key: s.picture for s in case.scores if s.picture and not s.half}
    if list(optional) != list(maps.optional):
        raise RunFolderError(f"{run.maps_dir} and {run.records_dir} disagree on {case.name!r}.")
    for key, file in optional.items():
        (root / file).write_bytes(further_heat(maps, key))
    if case.composites:
        chosen = [donors[i] for i in maps.donors[:1] if 0 <= i < len(donors)]
        (root / case.composites).write_bytes(composites(maps, chosen[0] if chosen else None))
    return shapes(maps)

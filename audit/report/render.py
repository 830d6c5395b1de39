"""Drawing of the pictures of every case, part by part, so that memory stays flat."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from audit.core.errors import RunFolderError
from audit.core.track import Track
from audit.report.behind import EVENED, FOLDER, LOST, Behind, all_tried, file_of
from audit.report.cases import Case
from audit.report.pictures import (
    background,
    composite,
    composites,
    encode,
    further_heat,
    heat,
    photo,
)
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
    behind = Behind(run.donors())
    found: dict[str, Shapes] = {}
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        drawn = pool.map(
            lambda part: _draw_part(run, part, by_part[part], behind, root), sorted(by_part)
        )
        for some in track(drawn, "Drawing pictures", len(by_part)):
            found |= some
    _draw_backgrounds(behind, all_tried(found.values()), root)
    return found


def _draw_backgrounds(behind: Behind, chosen: list[int], root: Path) -> None:
    (root / FOLDER).mkdir(exist_ok=True)
    for row in chosen:
        (root / file_of(row)).write_bytes(background(behind.donors[row]))
    if chosen:
        (root / file_of(EVENED)).write_bytes(encode(behind.evened))


def _draw_part(
    run: RunFolder, part: int, cases: dict[int, Case], behind: Behind, root: Path
) -> dict[str, Shapes]:
    maps = run.chosen(part, cases)
    return {cases[row].anchor: _draw(run, cases[row], m, behind, root) for row, m in maps}


def _draw(run: RunFolder, case: Case, maps: Maps, behind: Behind, root: Path) -> Shapes:
    (root / case.photo).write_bytes(photo(maps))
    if case.heat:
        (root / case.heat).write_bytes(heat(maps))
    optional = {s.key: s.picture for s in case.scores if s.picture and not s.half}
    if list(optional) != list(maps.optional):
        raise RunFolderError(f"{run.maps_dir} and {run.records_dir} disagree on {case.name!r}.")
    for key, file in optional.items():
        (root / file).write_bytes(further_heat(maps, key))
    if case.composites:
        told, keys = case.trials, (panel.key for panel in case.trials.panels)
        shown = [composite(maps, key, behind, told.donor, case.image) for key in keys]
        (root / case.composites).write_bytes(composites(shown))
    found = shapes(maps)
    known = range(len(behind.donors))
    return replace(found, donors=tuple(row if row in known else LOST for row in found.donors))

"""Draws both models' panels of the chosen flips, as pictures that the page holds itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from audit.report.cases import Case
from audit.report.compare.content import Versus
from audit.report.pictures import PANELS, encode, strip
from audit.report.templating import data_uri
from audit.runfolder import RunFolder
from audit.track import Track

Panels = dict[str, list[str]]  # data URIs by the image's name: photo, Grad-CAM, IG, mask


def draw(versus: Sequence[Versus], track: Track) -> list[tuple[Panels, Panels]]:
    """Panels of A and of B for every pair."""
    wanted = [
        (side.source.run, [flip.a if side is v.pair.a else flip.b for g in v.galleries
                           for flip in g.shown])
        for v in versus
        for side in (v.pair.a, v.pair.b)
    ]  # fmt: skip
    drawn = [_panels(*each) for each in track(wanted, "Drawing pictures", len(wanted))]
    return list(zip(drawn[::2], drawn[1::2], strict=True))


def _panels(run: RunFolder, cases: Iterable[Case]) -> Panels:
    by_part: dict[int, dict[int, str]] = defaultdict(dict)
    for case in cases:
        by_part[case.part][case.row] = case.name
    return {
        name: uris for part in sorted(by_part) for name, uris in _part(run, part, by_part[part])
    }


def _part(run: RunFolder, part: int, names: dict[int, str]) -> Iterator[tuple[str, list[str]]]:
    for row, maps in enumerate(run.maps(part)):
        if row in names:
            panels = np.split(strip(maps), len(PANELS), axis=1)
            yield names[row], [data_uri(encode(panel)) for panel in panels]

"""Pictures of both models' heatmaps of the chosen flips, which the page holds itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from audit.compare.content import Versus
from audit.core.track import Track
from audit.report.cases import Case
from audit.report.pictures import further_heat, heat, photo
from audit.report.shapes import Shapes, shapes
from audit.report.templating import data_uri
from audit.report.view import View
from audit.storage.heatmaps import Maps
from audit.storage.run import RunFolder


def draw(versus: Sequence[Versus], track: Track) -> list[tuple[View, View]]:
    """Draw pictures of A and of B for every pair."""
    wanted = [
        (side.source.run, [flip.a if side is v.pair.a else flip.b for g in v.galleries
                           for flip in g.shown])
        for v in versus
        for side in (v.pair.a, v.pair.b)
    ]  # fmt: skip
    drawn = [_view(*each) for each in track(wanted, "Drawing pictures", len(wanted))]
    return list(zip(drawn[::2], drawn[1::2], strict=True))


def _view(run: RunFolder, cases: Iterable[Case]) -> View:
    by_part: dict[int, dict[int, Case]] = defaultdict(dict)
    for case in cases:
        by_part[case.part][case.row] = case
    outlines: dict[str, Shapes] = {}
    held: dict[str, str] = {}
    for part in sorted(by_part):
        for row, maps in run.chosen(part, by_part[part]):
            case = by_part[part][row]
            outlines[case.anchor] = shapes(maps)
            held[case.photo] = data_uri(photo(maps))
            held |= {file: data_uri(content) for file, content in _heatmaps(case, maps)}
    return View("", outlines, held)


def _heatmaps(case: Case, maps: Maps) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the heatmaps beside a photo, and their content."""
    if case.heat:
        yield case.heat, heat(maps)
        return
    for score in (case.scores[k] for k in case.leading):
        yield score.picture, further_heat(maps, score.key)

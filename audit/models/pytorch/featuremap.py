"""The feature map that Grad-CAM reads: the last one that all later steps read alone.

Which one that is, is tried, not looked up: a map is whole where another image's map, put in its
place, gives that image's answer.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import torch

from audit.core.errors import ModelError
from audit.models.grid import prefix_of
from audit.models.pytorch.steps import Steps

_SAME = 1e-2  # of what two images' answers differ by: as near as that they are the same
_NAMED = 4  # maps that an error names


class Layout(NamedTuple):
    """Where a step's result has its places.

    Attributes
    ----------
    axes : str
        ``first``: channels before the places ``(n, c, h, w)``; ``last``: behind them; ``tokens``:
        ``(n, prefix + h w, c)``.
    prefix : int
        Tokens of no place, which are left out: a class's, and registers.
    """

    axes: str
    prefix: int = 0

    def laid_out(self, found: torch.Tensor) -> torch.Tensor:
        """Return a map ``(n, h, w, c)``."""
        if self.axes == "first":
            return found.permute(0, 2, 3, 1)
        if self.axes == "last":
            return found
        places = found[:, self.prefix :]
        side = math.isqrt(places.shape[1])
        return places.reshape(len(places), side, side, -1)


class FeatureMap(NamedTuple):
    """The map that was found.

    Attributes
    ----------
    path : str
        Step that gives it.
    layout : Layout
    shape : tuple of int
        Height, width, channels.
    whole : bool
        Whether all that comes later reads the image through it alone.
    before, steps : int
        Steps with weights up to it, and in all.
    """

    path: str
    layout: Layout
    shape: tuple[int, int, int]
    whole: bool
    before: int
    steps: int

    @property
    def prefix(self) -> int:
        """Tokens of no place, which are left out."""
        return self.layout.prefix


class _Seen(NamedTuple):
    name: str
    found: torch.Tensor


class _Run(NamedTuple):
    """One run of the model: results of its steps, its outputs, and the order of the steps."""

    seen: list[_Seen]
    outputs: torch.Tensor
    order: list[str]


def find_map(
    steps: Steps, images: torch.Tensor, prefix: int | None, asked: str | None
) -> FeatureMap:
    """Find the map, or look at the one that is asked for.

    Parameters
    ----------
    images : float32 ``(2, 3, H, W)``
        Two that differ, as the model takes them.
    prefix : int, optional
        Tokens of no place before the others, where the model says how many.
    asked : str, optional
        ``--feature-layer``.

    Raises
    ------
    ModelError
        There is none, or the step that is asked for has no places.
    """
    run = _recorded(steps, images)
    if asked:
        return _asked_for(steps, images, run, prefix, asked)
    for each in reversed(run.seen):
        layout = layout_of(each.found, prefix)
        if layout is None or not _is_read(each, layout, run.outputs):
            continue
        if _is_whole(steps, images, each, run.outputs):
            return _made(steps, run, each, layout, whole=True)
    raise ModelError(
        "No step of the model gives a feature map that all later ones read alone (attention "
        "pooling may hide it): name one with --feature-layer."
    )


def layout_of(found: torch.Tensor, prefix: int | None) -> Layout | None:
    """Return where a result of a batch has its places; None where it has none."""
    shape = found.shape
    if found.ndim == 4 and shape[2] == shape[3] > 1:
        return Layout("first")
    if found.ndim == 4 and shape[1] == shape[2] > 1:
        return Layout("last")
    if found.ndim != 3:
        return None
    count = prefix_of(shape[1], prefix)
    return None if count is None else Layout("tokens", count)


def _recorded(steps: Steps, images: torch.Tensor) -> _Run:
    """Run the model and keep what every step gives, each result under its last name.

    A step that works in place gives what it was given: only the last name is of the result as
    later steps read it. Of steps that run several times, no name tells which.
    """
    found: dict[int, _Seen] = {}
    order: list[str] = []

    def watch(name: str, result: torch.Tensor) -> None:
        if result.ndim > 2:  # what has places
            order.append(name)
        if len(result) == len(images) and result.is_floating_point() and result.requires_grad:
            found.pop(id(result), None)
            found[id(result)] = _Seen(name, result)

    with torch.enable_grad():
        outputs = steps.run(images.clone().requires_grad_(), watch)
    times = Counter(order)
    return _Run([each for each in found.values() if times[each.name] == 1], outputs, order)


def _is_read(each: _Seen, layout: Layout, outputs: torch.Tensor) -> bool:
    """Return whether an answer hangs on the map's places: not where a class's token is all.

    Of outputs that do not change with the image, as of a head that was never trained, all do.
    """
    if not (outputs[0] - outputs[1]).any():
        return True
    leads = outputs.amax(dim=-1) - outputs.mean(dim=-1)
    (gradient,) = torch.autograd.grad(leads.sum(), each.found, retain_graph=True, allow_unused=True)
    return gradient is not None and bool(layout.laid_out(gradient).any())


def _is_whole(steps: Steps, images: torch.Tensor, each: _Seen, outputs: torch.Tensor) -> bool:
    """Return whether other images get these answers with this map in the place of theirs."""
    kept = each.found.detach()
    with torch.no_grad():
        moved = steps.run(images.flip(0), lambda *_: kept.clone(), (each.name,))
    apart, own = ((part - outputs.detach()).abs().max() for part in (moved, outputs.flip(0)))
    return bool(apart <= _SAME * own)


def _asked_for(
    steps: Steps, images: torch.Tensor, run: _Run, prefix: int | None, asked: str
) -> FeatureMap:
    each = next((s for s in run.seen if s.name == asked), None)
    layout = layout_of(each.found, prefix) if each else None
    if each is None or layout is None:
        maps = [s.name for s in run.seen if layout_of(s.found, prefix)]
        raise ModelError(
            f"No feature map {asked!r} in the model: give one of {', '.join(maps[-_NAMED:])}."
        )
    whole = _is_whole(steps, images, each, run.outputs)
    return _made(steps, run, each, layout, whole=whole)


def _made(steps: Steps, run: _Run, each: _Seen, layout: Layout, *, whole: bool) -> FeatureMap:
    upto = run.order[: run.order.index(each.name) + 1]
    before, weigh = (len([n for n in names if steps.weighs(n)]) for names in (upto, run.order))
    height, width, channels = layout.laid_out(each.found).shape[1:]
    return FeatureMap(each.name, layout, (height, width, channels), whole, before, weigh)

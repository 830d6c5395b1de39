"""Progress: a bar with rate and time left on a terminal, plain lines in a log."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from audit.core.logs import is_json
from audit.core.output import clean

T = TypeVar("T")
log = logging.getLogger("audit")
EVERY = 15.0  # seconds between lines in a log


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "", style="progress.data.speed")


def show(items: Iterable[T], label: str, total: int, /) -> Iterable[T]:
    """Show progress to people, as a `Track`: on standard error, so that output can be piped."""
    console = Console(stderr=True)
    if console.is_terminal and not is_json():
        return _bar(items, label, total, console)
    return _lines(items, label, total)


def _bar(items: Iterable[T], label: str, total: int, console: Console) -> Iterator[T]:
    columns = (
        TextColumn("{task.description:<24}", markup=False),  # a label may hold a file's name
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console) as progress:
        yield from progress.track(items, total=total, description=clean(label))


def _lines(items: Iterable[T], label: str, total: int) -> Iterator[T]:
    start = said = time.monotonic()
    done = 0
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - said >= EVERY and done < total:
            said, rate = now, done / (now - start)
            left = (total - done) / rate
            message = "%s: %d of %d, %.1f/s, %.0f s left"
            log.info(message, label, done, total, rate, left, extra=_event(label, done, total))
    spent = time.monotonic() - start
    log.info("%s: %d of %d in %.1f s", label, done, total, spent, extra=_event(label, done, total))


def _event(label: str, done: int, total: int) -> dict[str, Any]:
    return {"data": {"event": "progress", "stage": label, "done": done, "total": total}}

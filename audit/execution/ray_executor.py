"""Sweeps on a Ray cluster: workers explain whole parts, this process alone writes them."""

from __future__ import annotations

import logging
import os
import platform
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from audit.core import signals
from audit.core.clock import Clock
from audit.core.errors import AuditError, ClusterError, first_line
from audit.core.track import Track
from audit.datasets.dataset import Item
from audit.execution.local import Part, missing, write
from audit.execution.worker import Setup, Worker
from audit.storage.run import RunFolder

log = logging.getLogger("audit")
IN_FLIGHT = 2  # parts a worker has at most: one is read while the other is explained
TRIES = 3  # workers that one part, or loading the model on one machine, may cost
WAIT = 60.0  # seconds to wait for a machine where none is left
_POLL = 5.0  # seconds between looks at which machines there are


def refuse_unreachable(address: str | None) -> None:
    """See that Ray is installed and the cluster is there, before anything is written.

    Raises
    ------
    ClusterError
        It is not.
    """
    # Workers on this machine's GPUs need the memory that TensorFlow would take for this process.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    _ray()
    if address:
        with connected(address):
            pass


def sweep(run: RunFolder, setup: Setup, items: Sequence[Item], clock: Clock, track: Track) -> None:
    """Explain and score every item and write the parts that ``run`` still lacks.

    A worker a GPU, or a group of cores where no machine has a GPU. What a lost worker had is done
    by others; each part is written once.

    Parameters
    ----------
    clock : Clock
        Gets the seconds of all workers.

    Raises
    ------
    ClusterError
        No machine is left, or a part ends whatever process explains it.
    AuditError
        As for the sweep on one machine.
    """
    todo = missing(run, items)
    if not todo:
        return
    total = sum(len(part) for part in todo.values())
    batch = run.manifest().get("ig_batch")
    with (
        connected(setup.config.run.address) as ray,
        closing(_Workers(ray, setup, todo, batch)) as crew,
    ):
        try:
            for _ in track(_written(run, crew, clock), "explain", total):
                pass
        finally:
            for stage, seconds in crew.seconds().items():
                clock.add(stage, seconds)


def _written(run: RunFolder, crew: _Workers, clock: Clock) -> Iterator[int]:
    """Write parts as they arrive, in any order; yield once an image."""
    for index, part in enumerate(crew.parts()):
        if not index:
            run.update_manifest(ig_batch=crew.ig_batch)
        write(run, part, clock)
        yield from range(part.images)


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise ClusterError(
            "--executor ray needs Ray: pip install 'flower-audit[ray]' on every machine."
        ) from None
    return ray


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Join the cluster at ``address`` (None: one on this machine alone, for as long as needed)."""
    ray = _ray()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")  # as `core.heap` has it, for its processes
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        _knock(address)
        with signals.kept():  # Ray's own handler would end the process without a word
            ray.init(address or "local", include_dashboard=False, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        where = f"at --address {address}" if address else "on this machine"
        raise ClusterError(f"Cannot reach a Ray cluster {where}: {first_line(error)}.") from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _knock(address: str | None) -> None:
    """Raise `OSError` where nobody listens at HOST:PORT: Ray itself would try for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


class _Actor:
    """A worker in a process of Ray's."""

    def open(self, setup: Setup, cores: int | None, batch: int | None) -> tuple[str, int]:
        """Get ready; say where, and how many gradients a call are best if nobody knows yet.

        Apart from `__init__`, so that errors come through as they are.
        """
        import tensorflow as tf

        where = f"{platform.node()}, process {os.getpid()}"
        if cores:
            tf.config.threading.set_intra_op_parallelism_threads(cores)
        try:
            self._worker = Worker(setup)
        except AuditError as error:
            raise type(error)(f"On {where}: {error}") from None
        return where, self._worker.ig_batch(batch)

    def explain(
        self, number: int, items: Sequence[Item], batch: int
    ) -> tuple[Part, dict[str, float]]:
        """See `Worker.explain`; all workers take as many gradients a call."""
        self._worker.ig_batch(batch)
        return self._worker.explain(number, items)


@dataclass(eq=False)
class _WorkerState:
    """An actor as the driver knows it.

    Attributes
    ----------
    opening : ObjectRef or None
        None once it is ready.
    doing : dict
        Numbers of the parts it has, by what will be their results.
    """

    actor: Any
    node: str
    opening: Any
    where: str = ""
    doing: dict[Any, int] = field(default_factory=dict)


class _Workers:
    """All workers of a sweep, and which of them has which part.

    Attributes
    ----------
    ig_batch : int or None
        Gradients a call, for all workers: that of the first that was ready, if not known before.
    """

    def __init__(
        self, ray: Any, setup: Setup, todo: Mapping[int, Sequence[Item]], ig_batch: int | None
    ) -> None:
        self.ig_batch = ig_batch
        self._ray = ray
        self._cores = setup.config.run.worker_cores
        self._setup = ray.put(setup)
        self._items = todo
        self._todo = deque(sorted(todo))
        self._states: list[_WorkerState] = []
        self._lost: Counter[int] = Counter()  # workers by the part they were lost with
        self._lost_at_start: Counter[str] = (
            Counter()
        )  # workers lost before they were ready, by node
        self._seconds: dict[_WorkerState, dict[str, float]] = {}

    def close(self) -> None:
        """End all workers, whatever they are at."""
        for hand in self._states:
            self._ray.kill(hand.actor)
        self._states = []

    def seconds(self) -> dict[str, float]:
        """Return seconds by stage, added up over all workers."""
        total: Counter[str] = Counter()
        for spent in self._seconds.values():
            total.update(spent)
        return dict(total)

    def parts(self) -> Iterator[Part]:
        """Yield each part once, as soon as some worker has it."""
        while self._todo or any(hand.doing for hand in self._states):
            self._start_workers()
            self._feed()
            awaited = self._awaited()
            done, _ = self._ray.wait(list(awaited), timeout=_POLL)
            for ref in done:
                yield from self._take(awaited[ref], ref)

    def _awaited(self) -> dict[Any, _WorkerState]:
        opening = {hand.opening: hand for hand in self._states if hand.opening is not None}
        return opening | {ref: hand for hand in self._states for ref in hand.doing}

    def _take(self, hand: _WorkerState, ref: Any) -> Iterator[Part]:
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(ref)
        except errors.RayTaskError as error:  # what the code raised; all others are lost workers
            raise (error.cause if isinstance(error.cause, AuditError) else error) from None
        except errors.RayError as error:
            return self._lose(hand, error)
        if ref == hand.opening:
            hand.opening, (hand.where, batch) = None, answer
            self.ig_batch = self.ig_batch or batch
            log.info("A worker is ready on %s.", hand.where)
            return None
        del hand.doing[ref]
        part, self._seconds[hand] = answer
        yield part

    def _start_workers(self) -> None:
        """Start workers wherever there is room, no more than there are parts to do."""
        nodes = self._nodes()
        room = Counter(room_of(nodes, self._cores))
        room.subtract(hand.node for hand in self._states)
        left = len(self._todo) + sum(len(hand.doing) for hand in self._states)
        # The emptiest machine first, so that workers spread.
        while len(self._states) < left and room and (node := max(room, key=room.__getitem__)):
            if room[node] < 1:
                return
            room[node] -= 1
            self._states.append(self._start(nodes[node], node))

    def _nodes(self) -> dict[str, Mapping[str, float]]:
        """Return what each machine with live workers has; wait for one where there is none."""
        end = time.monotonic() + WAIT
        while True:
            alive = {n["NodeID"]: n["Resources"] for n in self._ray.nodes() if n["Alive"]}
            able = {n: has for n, has in alive.items() if self._lost_at_start[n] < TRIES}
            if self._states or room_of(able, self._cores):
                return able
            if time.monotonic() > end or len(able) < len(alive):
                raise ClusterError(self._nowhere(len(alive) - len(able)))
            time.sleep(1)

    def _nowhere(self, unable: int) -> str:
        if unable:
            return (
                f"Workers ended while they loaded the model, {TRIES} on each machine: is there "
                "memory for so many? Give them more --worker-cores, then there are fewer."
            )
        return (
            f"No machine with a core or GPU was in the cluster for {WAIT:.0f} s: add one, resume."
        )

    def _start(self, has: Mapping[str, float], node: str) -> _WorkerState:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        gpu = has.get("GPU", 0) >= 1
        cores = None if gpu else min(self._cores, int(has["CPU"]))
        actor = self._ray.remote(_Actor).options(
            num_gpus=int(gpu),
            num_cpus=cores or 1,
            max_concurrency=IN_FLIGHT,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
        ).remote()  # fmt: skip
        return _WorkerState(actor, node, actor.open.remote(self._setup, cores, self.ig_batch))

    def _feed(self) -> None:
        """Give parts to those who have too few."""
        ready = [hand for hand in self._states if hand.opening is None]
        for most in range(1, IN_FLIGHT + 1):
            for hand in ready:
                if self._todo and len(hand.doing) < most and self._may(hand):
                    number = self._todo.popleft()
                    ref = hand.actor.explain.remote(number, self._items[number], self.ig_batch)
                    hand.doing[ref] = number

    def _may(self, hand: _WorkerState) -> bool:
        """Return whether a worker may have the next part, besides those that it has."""
        if not hand.doing:
            return True
        # Near the end the next part is for whoever is done first; and a part that a worker was
        # lost with is tried alone, lest others be blamed for it.
        suspects = [
            number for number in (*hand.doing.values(), self._todo[0]) if self._lost[number]
        ]
        return len(self._todo) > len(self._states) and not suspects

    def _lose(self, hand: _WorkerState, error: Exception) -> None:
        self._states.remove(hand)
        self._ray.kill(hand.actor)
        self._lost_at_start[hand.node] += hand.opening is not None
        where, why = hand.where or f"node {hand.node[:8]}", type(error).__name__
        log.warning("Lost the worker on %s (%s); others do what it had.", where, why)
        # Lost parts go to the front, the first one last: the sweep stays nearly in order.
        for number in sorted(hand.doing.values(), reverse=True):
            self._lost[number] += 1
            if self._lost[number] == TRIES:
                raise ClusterError(self._hopeless(number))
            self._todo.appendleft(number)

    def _hopeless(self, number: int) -> str:
        names = ", ".join(item.name for item in self._items[number])
        return (
            f"Part {number} was lost with {TRIES} workers: too little memory, or an image that "
            f"ends the process? Its images: {names}."
        )


def room_of(nodes: Mapping[str, Mapping[str, float]], cores: int) -> dict[str, int]:
    """Return how many workers each machine has room for: one a GPU, or one for ``cores`` cores.

    Machines without a GPU are left out where another has one, and a machine with fewer cores than
    ``cores`` has one worker.
    """
    gpus = {node: int(has.get("GPU", 0)) for node, has in nodes.items()}
    if any(gpus.values()):
        return {node: count for node, count in gpus.items() if count}
    with_cores = {node: int(has.get("CPU", 0)) for node, has in nodes.items()}
    return {node: max(1, count // cores) for node, count in with_cores.items() if count}

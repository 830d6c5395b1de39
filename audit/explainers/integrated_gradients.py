"""Integrated Gradients (Sundararajan et al. 2017, arXiv 1703.01365) and IDGI (arXiv 2303.14242).

Nodes are added until an image has enough of them.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import cv2
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.explainers.quadrature import Nodes, ends_and_between, first_nodes, further_nodes
from audit.models.base import Differentiable
from audit.models.classifier import FrozenClassifier

Images = NDArray[np.float32]
FIRST = 4  # nodes of the first rule where more may follow
MOST = 256  # nodes at which an image ends, whatever its error
_BATCHES = (3, 6)  # more would cost a processor over 2 GiB for EfficientNetB0, and save little
_GPU_BATCHES = (4, 8, 16, 32, 64, 128)  # tried while that pays and the memory lasts
_WORTH = 0.9  # a batch twice as large must take less than this share of the time a node


class Attributed(NamedTuple):
    """Heatmaps of a batch.

    Attributes
    ----------
    heatmaps : float32 ``(n, H, W)``
        Signed, in logits, summed over the colour channels.
    nodes : int64 ``(n,)``
        Gradients that each heatmap took.
    completeness_error : float64 ``(n,)``
        ``|sum(IG) - (F(x) - F(x'))| / max(|F(x) - F(x')|, eps)``; 0 is exact, lower is better.
    gains : float64 ``(n,)``
        ``F(x) - F(x')`` in logits.
    """

    heatmaps: NDArray[np.float32]
    nodes: NDArray[np.int64]
    completeness_error: NDArray[np.float64]
    gains: NDArray[np.float64]


_Shares = tuple[NDArray[np.float32], NDArray[np.float32]]  # ``(n, H, W)`` and logits ``(n,)``
Enough = Callable[[int, NDArray[np.float32], float], bool]
"""Tells that image ``i`` needs no more nodes, by its heatmap and its completeness error."""


@dataclass
class _Path:
    """One image on its way: what was summed so far, and what is still to come."""

    index: int
    baseline: Images
    path: Images
    target: int
    gain: float
    total: NDArray[np.float32]
    nodes: int = 0
    waiting: int = 0
    before: tuple[NDArray[np.float32], float] | None = None  # IDGI's last map and logit


@dataclass(frozen=True)
class _Task:
    """One gradient to take."""

    owner: _Path = field(repr=False)
    alpha: float
    weight: float


class _Weighted:
    """Gradients times path, each with its weight; finer rules reuse all earlier gradients."""

    fewest = 1

    def first(self, count: int) -> Nodes:
        return first_nodes(count)

    def add(self, path: _Path, weight: float, share: NDArray[np.float32], logit: float) -> None:
        path.total += np.float32(weight) * share

    def refine(self, path: _Path) -> Nodes:
        path.total /= 2  # the finer rule gives each earlier node half its weight
        return further_nodes(path.nodes)

    @staticmethod
    def share(gradients: tf.Tensor, paths: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(gradients * paths, axis=-1)


class _Important:
    """IDGI: each step's change of the logit, shared out by the squared gradient where it starts.

    Complete by construction but where the gradient vanishes. A finer rule starts anew: to reuse
    earlier gradients all of them would have to be kept.
    """

    fewest = 2

    def first(self, count: int) -> Nodes:
        return ends_and_between(count)

    def add(self, path: _Path, weight: float, share: NDArray[np.float32], logit: float) -> None:
        if path.before is not None:
            earlier, start = path.before
            path.total += np.float32(logit - start) * earlier
        path.before = share, logit

    def refine(self, path: _Path) -> Nodes:
        path.total[:] = 0
        path.before = None
        return self.first(path.nodes + FIRST)  # 4 so far, then 8; 12, then 16; 28, then 32

    @staticmethod
    def share(gradients: tf.Tensor, paths: tf.Tensor) -> tf.Tensor:
        squared = tf.reduce_sum(gradients**2, axis=-1)
        return tf.math.divide_no_nan(squared, tf.reduce_sum(squared, axis=(1, 2), keepdims=True))


VARIANTS: dict[str, type[_Weighted] | type[_Important]] = {"ig": _Weighted, "idgi": _Important}


class IntegratedGradients:
    """Attribution of a class's logit to pixels along a straight path from a baseline image.

    Calls of the model mix nodes of several images; an image that has enough of them leaves. Memory
    depends on the batch alone, not on the number of nodes.

    Parameters
    ----------
    classifier : Classifier
    steps : int, optional
        Nodes an image. Default: `FIRST` nodes, then twice as many until ``enough`` says so, at most
        `MOST`.
    baseline : str
        ``black`` or ``blurred`` (Gaussian, sigma a tenth of the side).
    variant : str
        ``ig``, or ``idgi`` (needs 2 steps or more).
    batch_size : int, optional
        Gradients a call (default: found by `calibrate` with the first call). Where a device's sums
        depend on the batch, heatmaps are equal bit for bit only with the same one.
    devices : Sequence[str]
        TensorFlow devices that share the calls, each with its own replica.

    Attributes
    ----------
    heed : callable
        Called before every gradient; raises where nobody waits for the heatmap any more.
    """

    def __init__(
        self,
        classifier: Differentiable,
        steps: int | None = None,
        baseline: str = "black",
        variant: str = "ig",
        batch_size: int | None = None,
        devices: Sequence[str] = (),
    ) -> None:
        self.steps = steps
        self.batch_size = batch_size
        self._classifier = classifier
        self._baseline = BASELINES[baseline]
        self._sum = VARIANTS[variant]()
        self._replicas = self._replicas_of(classifier, devices)
        # Made once, and for several devices only: TensorFlow keeps memory for every thread.
        several = len(self._replicas) > 1
        self._pool = ThreadPoolExecutor(len(self._replicas)) if several else None
        self.heed: Callable[[], None] = lambda: None

    def __call__(
        self,
        images: Images,
        targets: NDArray[np.int64],
        enough: Enough | None = None,
        logits: NDArray[np.float32] | None = None,
    ) -> Attributed:
        """Attribute ``targets`` ``(n,)`` for images ``(n, H, W, 3)`` in 0..255.

        ``enough`` is asked after each rule where ``steps`` leaves the number of nodes open.
        ``logits`` ``(n, classes)`` are the images', where they are known: a pass less.
        """
        self.calibrated()
        paths = self._paths(images, targets, logits)
        queue = deque(task for path in paths for task in self._first_tasks(path))
        for task, share, logit in self._gradients(queue):
            self._add(task, share, float(logit), queue, enough)
        heatmaps = np.stack([path.total for path in paths])
        gains = np.array([path.gain for path in paths])
        nodes = np.array([path.nodes for path in paths])
        return Attributed(heatmaps, nodes, completeness_error(heatmaps, gains), gains)

    def _replicas_of(self, classifier: Any, devices: Sequence[str]) -> list[_Replica]:
        return [self._replica(classifier, device) for device in devices or local_devices()]

    def _replica(self, classifier: FrozenClassifier, device: str) -> _Replica:
        share = self._sum.share
        key = _Replica, device, share
        return classifier.compiled(key, lambda: _Replica(classifier, device, share))

    def calibrated(self) -> int:
        """Return gradients a call; measured now where that was left open."""
        if self.batch_size is None:
            self.batch_size = self._replicas[0].at_once
        return self.batch_size

    def _paths(
        self, images: Images, targets: NDArray[np.int64], logits: NDArray[np.float32] | None
    ) -> list[_Path]:
        baselines = self._baseline(images)
        ends = self._logits(images) if logits is None else logits
        starts = self._logits(baselines)
        gains = np.take_along_axis(ends - starts, targets[:, None], axis=1)[:, 0]
        return [
            _Path(
                index=index,
                baseline=baselines[index],
                path=images[index] - baselines[index],
                target=int(targets[index]),
                gain=float(gains[index]),
                total=np.zeros(images.shape[1:3], np.float32),
            )
            for index in range(len(images))
        ]

    def _logits(self, images: Images) -> NDArray[np.float32]:
        """Return logits ``(n, classes)``; of what is all black in one pass for all."""
        if not images.any():
            images = images[:1]
        size = self.batch_size or len(images)
        starts = range(0, len(images), size)
        return np.concatenate([self._classifier.logits(images[i : i + size]) for i in starts])

    def _first_tasks(self, path: _Path) -> list[_Task]:
        return self._tasks(path, self._sum.first(self.steps or FIRST))

    def _tasks(self, path: _Path, nodes: Nodes) -> list[_Task]:
        path.nodes += len(nodes)
        path.waiting = len(nodes)
        return [_Task(path, alpha, weight) for alpha, weight in nodes]

    def _gradients(
        self, queue: deque[_Task]
    ) -> Iterator[tuple[_Task, NDArray[np.float32], np.float32]]:
        """Take the gradients of all tasks in order; the queue may grow meanwhile."""
        flying: deque[tuple[list[_Task], Callable[[], _Shares]]] = deque()
        turn = 0
        while queue or flying:
            self.heed()
            # One batch in flight a device, taken in order: sums do not depend on timing.
            while queue and len(flying) < len(self._replicas):
                tasks = [queue.popleft() for _ in range(min(self.batch_size or 1, len(queue)))]
                replica = self._replicas[turn % len(self._replicas)]
                flying.append((tasks, self._start(replica, tasks)))
                turn += 1
            tasks, result = flying.popleft()
            yield from zip(tasks, *result(), strict=True)

    def _start(self, replica: _Replica, tasks: list[_Task]) -> Callable[[], _Shares]:
        if self._pool is None:
            return lambda: replica.along(tasks)
        return self._pool.submit(replica.along, tasks).result

    def _add(
        self,
        task: _Task,
        share: NDArray[np.float32],
        logit: float,
        queue: deque[_Task],
        enough: Enough | None,
    ) -> None:
        path = task.owner
        self._sum.add(path, task.weight, share, logit)
        path.waiting -= 1
        if path.waiting or self.steps or 2 * path.nodes > MOST:
            return
        error = float(completeness_error(path.total[None], np.array([path.gain]))[0])
        if enough is None or enough(path.index, path.total, error):
            return
        queue.extend(self._tasks(path, self._sum.refine(path)))


class Gradients(ABC):
    """Gradients of one model's logits at images, of which some number a call is the cheapest.

    Parameters
    ----------
    size : int
        Side of the images.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    @abstractmethod
    def once(self, images: Images) -> None:
        """Take a gradient at each image, whatever it is."""

    @cached_property
    def at_once(self) -> int:
        """Gradients a call; measured when they are first asked for."""
        # Any image does: only time counts.
        return calibrate(self.once, np.full((self._size, self._size, 3), 127.5, np.float32))


class _Replica(Gradients):
    """The gradient's compiled function on one device."""

    def __init__(
        self, classifier: FrozenClassifier, device: str, share: Callable[..., Any]
    ) -> None:
        size = classifier.input_size
        super().__init__(size)
        images = tf.TensorSpec((None, size, size, 3), tf.float32)
        places, alphas = tf.TensorSpec((None,), tf.int64), tf.TensorSpec((None,), tf.float32)
        self._graph = classifier.graph
        self._device = device
        self._share = share
        given = [images, images, places, alphas, places]
        self.gradients = tf.function(self._along, input_signature=given)

    def along(self, tasks: list[_Task]) -> _Shares:
        """Return what each node adds, before its weight, and its logit."""
        owners = list({task.owner.index: task.owner for task in tasks}.values())
        place = {owner.index: k for k, owner in enumerate(owners)}
        shares, logits = self.gradients(
            np.stack([owner.path for owner in owners]),
            np.stack([owner.baseline for owner in owners]),
            np.array([place[task.owner.index] for task in tasks]),
            np.array([task.alpha for task in tasks], np.float32),
            np.array([task.owner.target for task in tasks], np.int64),
        )
        return np.asarray(shares), np.asarray(logits)

    def once(self, images: Images) -> None:
        """Take a gradient at each image, whatever it is."""
        places = np.arange(len(images))
        alphas = np.ones(len(images), np.float32)
        np.asarray(self.gradients(images, images, places, alphas, np.zeros_like(places))[0])

    def _along(self, paths: Any, baselines: Any, places: Any, alphas: Any, targets: Any) -> Any:
        """Make the nodes of images ``places`` where they are needed: few images have many."""
        with tf.device(self._device):
            own = tf.gather(paths, places)
            points = alphas[:, None, None, None] * own + tf.gather(baselines, places)
            (logits,) = self._graph.run(points, [self._graph.output])
            score = tf.gather(tf.cast(logits, tf.float32), targets, batch_dims=1)
            (gradients,) = tf.gradients(score, points)
            return self._share(gradients, own), score


def local_devices() -> list[str]:
    """Return the names of all GPUs, or of the processor where there is none."""
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")[:1]
    return [device.name for device in found]


def calibrate(gradients: Callable[[Images], None], image: Images) -> int:
    """Find the smallest number of gradients a call beyond which calls hardly get cheaper.

    Doubles the batch as long as that saves a tenth of the time a gradient takes; ends where
    memory does.
    """
    sizes = _GPU_BATCHES if tf.config.list_logical_devices("GPU") else _BATCHES
    best, fastest = sizes[0], np.inf
    for size in sizes:
        batch = np.repeat(image[None], size, axis=0)
        try:
            # The first run of a size also traces its graph and searches for kernels.
            spent = min(_seconds(gradients, batch) for _ in range(2)) / size
        except tf.errors.ResourceExhaustedError:
            break
        if spent > _WORTH * fastest:
            break
        best, fastest = size, spent
    return best


def _seconds(gradients: Callable[[Images], None], batch: Images) -> float:
    start = time.perf_counter()
    gradients(batch)
    return time.perf_counter() - start


def completeness_error(
    heatmaps: NDArray[np.float32], gain: NDArray[Any], eps: float = 1e-6
) -> NDArray[np.float64]:
    """Return how far sums of attributions ``(n, H, W)`` are from ``gain``, relative to it."""
    total = heatmaps.sum(axis=(1, 2), dtype=np.float64)  # float32 loses digits the error is made of
    return np.abs(total - gain) / np.maximum(np.abs(gain.astype(np.float64)), eps)


def _black(images: Images) -> Images:
    return np.zeros_like(images)


def _blurred(images: Images) -> Images:
    sigma = images.shape[1] / 10
    blurred = [cv2.GaussianBlur(i, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for i in images]
    return np.stack(blurred).astype(np.float32)


BASELINES: dict[str, Callable[[Images], Images]] = {"black": _black, "blurred": _blurred}

"""GPUs of this host, or hosts named in TF_CONFIG, that train one model together."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.core.errors import ClusterError, ConfigError, first_line
from audit.storage.paths import fetched

Step = Callable[[Any, Any, Any], dict[str, float]]


class Replicas:
    """Copies of a model, each of which learns from its share of every batch.

    The gradient is that of the whole batch whatever their number: only rounding differs.

    Parameters
    ----------
    strategy : tf.distribute.Strategy

    Attributes
    ----------
    chief : bool
        Whether this process is the one that decides and writes: the only one, or the first host.
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self._strategy = strategy
        self._count = strategy.num_replicas_in_sync
        resolver = strategy.cluster_resolver
        task = (resolver.task_type, resolver.task_id) if resolver else None
        several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        self._hosts = _hosts(resolver.cluster_spec().as_dict()) if several else []
        self.chief = not several or task == self._hosts[0]

    def scope(self) -> Any:
        """Return the context in which models and optimizers are made."""
        return self._strategy.scope()

    def step(self, model: Any) -> Step:
        """Return a step that trains on (images, labels, weights) and gives accuracy and loss."""
        if self._count == 1:
            return lambda *batch: model.train_on_batch(*batch, return_dict=True)

        shapes = model.input_shape, model.output_shape, (None,)
        example = (np.zeros((1, *shape[1:]), np.float32) for shape in shapes)
        model._symbolic_build(data_batch=tuple(example))  # or the graph would make variables
        learn = tf.function(
            lambda shares: self._strategy.run(model.train_step, (shares,)), reduce_retracing=True
        )

        def step(*batch: Any) -> dict[str, float]:
            model.reset_metrics()
            shares = shared_out(batch, self._count)
            learn(self._each(lambda index: tuple(map(tf.constant, shares[index]))))
            return {name: float(value) for name, value in model.get_metrics_result().items()}

        return step

    def agreed(self, content: bytes) -> bytes:
        """Return the chief's ``content``, on every host."""
        if len(self._hosts) < 2:
            return content
        size = int(self._sum(np.array([len(content)], np.int64))[0])
        # Made of whole int32s, which can be summed; the others' zeros leave the chief's content.
        padded = np.zeros(-(-size // 4) * 4, np.uint8)
        if self.chief:
            padded[:size] = np.frombuffer(content, np.uint8)
        return self._sum(padded.view(np.int32)).tobytes()[:size]

    @contextmanager
    def agreed_file(self, file: Path) -> Iterator[Path]:
        """Yield a file on disk with what the chief's ``file`` holds, on every host."""
        if len(self._hosts) < 2:
            with fetched(file) as copy:
                yield copy
            return
        content = self.agreed(file.read_bytes() if self.chief else b"")
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / file.name
            copy.write_bytes(content)
            yield copy

    @contextmanager
    def together(self) -> Iterator[None]:
        """Wrap all that needs the other hosts; a lost one is one line."""
        try:
            yield
        except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError,
                tf.errors.DeadlineExceededError, tf.errors.InternalError) as error:  # fmt: skip
            if len(self._hosts) < 2:
                raise
            raise ClusterError(
                f"A host of TF_CONFIG was lost ({first_line(error)}): "
                "start the command again on all of them, with --resume."
            ) from None

    def _sum(self, own: NDArray[Any]) -> NDArray[Any]:
        """Return the chief's array; what others give counts as zeros."""
        zeros = np.zeros_like(own)
        values = self._each(lambda index: tf.constant(own if self.chief and not index else zeros))
        summed = tf.function(
            lambda each: self._strategy.reduce(
                "SUM", self._strategy.run(tf.identity, (each,)), axis=None
            )
        )
        return summed(values).numpy()

    def _each(self, make: Callable[[int], Any]) -> Any:
        """Return a value for each replica of this host, by its index among all."""
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: make(context.replica_id_in_sync_group)
        )


@cache
def replicas() -> Replicas:
    """Return all GPUs of the hosts in TF_CONFIG, or of this one; the processor where there is none.

    Waits for the other hosts. Must come before TensorFlow is used for anything.

    Raises
    ------
    ConfigError
        TF_CONFIG cannot be read, or does not make this process a worker.
    ClusterError
        The other hosts cannot be reached.
    """
    if len(_hosts(_cluster())) > 1:
        try:
            return Replicas(tf.distribute.MultiWorkerMirroredStrategy())
        except (tf.errors.OpError, RuntimeError, ValueError) as error:
            raise ClusterError(
                f"The hosts of TF_CONFIG cannot work together: {first_line(error)}."
            ) from None
    several = len(tf.config.list_physical_devices("GPU")) > 1
    return Replicas(tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy())


def _cluster() -> dict[str, list[str]]:
    """Return the hosts by their kind, of a TF_CONFIG in which this process is a worker."""
    try:
        given = json.loads(os.environ.get("TF_CONFIG") or "{}")
        if not given.get("cluster"):
            return {}
        kind, index = given["task"]["type"], int(given["task"]["index"])
        if kind in ("chief", "worker") and given["cluster"][kind][index]:
            return given["cluster"]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ConfigError(f"TF_CONFIG cannot be read ({first_line(error)}).") from None
    raise ConfigError(f"TF_CONFIG makes this process a {kind!r}: only chief and worker train.")


def _hosts(cluster: dict[str, list[str]]) -> list[tuple[str, int]]:
    """Return the tasks that train, the chief first."""
    return [(kind, k) for kind in ("chief", "worker") for k in range(len(cluster.get(kind, [])))]


def shared_out(batch: Sequence[NDArray[Any]], count: int) -> list[tuple[NDArray[Any], ...]]:
    """Share out (inputs, labels, weights) so that the mean loss of all shares is the batch's.

    Shares are of one size: the first examples fill up the last share, with no weight.
    """
    size = len(batch[-1])
    full = -(-size // count) * count
    rows = np.arange(full) % size
    inputs, labels, weights = (values[rows] for values in batch)
    weights = np.where(np.arange(full) < size, weights * (full / size), 0).astype(np.float32)
    parts = (np.split(values, count) for values in (inputs, labels, weights))
    return list(zip(*parts, strict=True))

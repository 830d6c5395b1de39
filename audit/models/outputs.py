"""A graph's output as one float32 logit a class: log-odds of probabilities, two of one unit."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.core.errors import ModelError
from audit.models.ends import Logits
from audit.models.frozen import Graph, base
from audit.models.nodes import binary, make_node

HALVES = "two_classes"  # the step that makes two logits of one unit
_LEAST_PROBABILITY = np.array(1e-20, np.float32)  # a probability; less has no log-odds
_SAME = 1e-3
_SUMS = ("AddV2", "Add", "AddN", "Sub", "Neg", "Mul", "RealDiv", "Mean", "Sum", "Pack", "ConcatV2",
         "Reshape", "Squeeze", "ExpandDims", "Cast", "Maximum", "Minimum", "ClipByValue",
         "StridedSlice", "GatherV2", "Transpose", "Prod")  # fmt: skip
_SQUASHED = ("Softmax", "Sigmoid", "Exp")
_KINDS = {key: tf.compat.v1.AttrValue(type=kind.as_datatype_enum)
          for key, kind in (("T", tf.float32), ("Tidx", tf.int32))}  # fmt: skip


class Answer(NamedTuple):
    """Logits as they are explained.

    Attributes
    ----------
    end : str
        What was taken off: ``softmax``, ``softmax of softmax``, ``probabilities (log)``,
        ``linear`` (nothing), ...
    units : int
        Number of values that the model itself gives for an image.
    bounded : bool
        Whether the logits never left 0..1 and nothing could be taken off.
    threshold : float
        See `audit.models.ends.Logits`.
    """

    graph: Graph
    end: str
    units: int
    bounded: bool
    threshold: float


def finished(logits: Logits, values: NDArray[Any]) -> Answer:
    """Make one float32 logit a class of what is left at a model's end.

    Parameters
    ----------
    logits : Logits
    values : float ``(n, ...)``
        What its graph gives for `probes`.

    Raises
    ------
    ModelError
        The output is no vector with one number a class.
    """
    graph, threshold, units = logits.graph, logits.threshold, _units(values)
    if values.ndim != 2:
        graph = _as_vector(graph, units, _kind(values))
    values = values.reshape(len(values), units)
    how = _probabilities(graph, values, squashed=bool(logits.taken))
    if units == 1 or how or not logits.rising:
        graph = _in_single(graph, values)
    if not logits.rising:
        graph, threshold = _negative(graph), -threshold
    elif how:
        graph, threshold = _LOGS[how](graph), 0.0
    if units == 1:
        graph = _two_classes(graph, threshold)
    end = " of ".join([*logits.taken, *([how] if how else [])])
    bounded = not end and _in_0_to_1(values) and bool(np.ptp(values))
    return Answer(graph, end or "linear", units, bounded, threshold)


def each_alone(answer: Answer, values: NDArray[Any]) -> Answer:
    """Read every output by itself, as of a label that is there or not: see `audit.core.logits`.

    Parameters
    ----------
    answer : Answer
        Of outputs that do not exclude each other.
    values : float ``(n, units)``
        What its graph gives.
    """
    graph = _in_single(answer.graph, values)
    graph = _with_log_odds(graph) if answer.bounded else graph
    end = "probabilities (log-odds)" if answer.bounded else answer.end
    graph = _above(graph, answer.threshold)
    half = {"half": np.array(0.5, np.float32), "half_turned": np.array(-0.5, np.float32)}
    nodes = [
        binary("Mul", "labels/there", graph.output, "labels/half:0"),
        binary("Mul", "labels/absent", graph.output, "labels/half_turned:0"),
        make_node("ConcatV2", "labels", ["labels/there:0", "labels/absent:0", "labels/axis:0"],
                  N=tf.compat.v1.AttrValue(i=2), **_KINDS),
    ]  # fmt: skip
    constants = {"axis": np.array(1, np.int32), **half}
    named = {f"labels/{key}": value for key, value in constants.items()}
    return answer._replace(graph=graph.extended(nodes, named, "labels:0"), end=end, bounded=False)


def two_class_kernel(graph: Graph) -> tuple[str, NDArray[np.float32]] | None:
    """Return the tensor of one unit and its weights in two logits, where the graph ends so."""
    node = graph.node(graph.output)
    if node is None or base(node.name) != HALVES:
        return None
    return node.input[0], graph.constants[base(node.input[1])]


def _units(values: NDArray[Any]) -> int:
    """Return the number of classes; an output with places is none."""
    sides = [side for side in values.shape[1:] if side != 1]
    if len(sides) > 1:
        raise ModelError(
            f"The model's output is {values.shape[1:]} for an image: "
            "an audit needs one number a class."
        )
    return int(sides[0]) if sides else 1


def _kind(values: NDArray[Any]) -> Any:
    return tf.compat.v1.AttrValue(type=tf.as_dtype(values.dtype).as_datatype_enum)


def _as_vector(graph: Graph, units: int, kind: Any) -> Graph:
    node = make_node("Reshape", "vector", [graph.output, "vector_shape:0"], T=kind)
    node.attr["Tshape"].type = tf.int32.as_datatype_enum
    return graph.extended([node], {"vector_shape": np.array([-1, units], np.int32)}, "vector:0")


def _in_single(graph: Graph, values: NDArray[Any]) -> Graph:
    """Return the graph with a float32 output."""
    if values.dtype == np.float32:
        return graph
    node = make_node("Cast", "single", [graph.output], SrcT=_kind(values))
    node.attr["DstT"].type = tf.float32.as_datatype_enum
    return graph.extended([node], {}, "single:0")


def _negative(graph: Graph) -> Graph:
    kind = tf.compat.v1.AttrValue(type=tf.float32.as_datatype_enum)
    return graph.extended([make_node("Neg", "turned", [graph.output], T=kind)], {}, "turned:0")


def _in_0_to_1(values: NDArray[Any]) -> bool:
    return bool(((values >= -_SAME) & (values <= 1 + _SAME)).all())


def _probabilities(graph: Graph, values: NDArray[Any], *, squashed: bool) -> str:
    """Return which log makes logits of an output of probabilities; "" where it is none."""
    if not _in_0_to_1(values):
        return ""
    if values.shape[1] > 1 and np.allclose(values.sum(axis=1), 1, atol=_SAME):
        return "probabilities (log)"
    sums = not squashed and _sums_squashed(graph)
    return "probabilities (log-odds)" if sums else ""


def _sums_squashed(graph: Graph) -> bool:
    """Return whether the output is only sums and products of softmaxes and sigmoids."""
    left, seen = [base(graph.output)], set()
    by_name = {node.name: node for node in graph.nodes}
    found = False
    while left:
        node = by_name.get(left.pop())
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        found = found or node.op in _SQUASHED
        if node.op in _SUMS:
            left += [base(name) for name in node.input]
        elif node.op not in _SQUASHED:
            return False
    return found


def _log(graph: Graph, of: str, name: str) -> list[Any]:
    """Return the nodes of the logarithm of a tensor that holds probabilities."""
    kind = tf.compat.v1.AttrValue(type=tf.float32.as_datatype_enum)
    floored = binary("Maximum", f"{name}/floored", of, "least_probability:0")
    return [floored, make_node("Log", name, [f"{name}/floored:0"], T=kind)]


def _with_log(graph: Graph) -> Graph:
    nodes = _log(graph, graph.output, "log_probabilities")
    return graph.extended(nodes, {"least_probability": _LEAST_PROBABILITY}, "log_probabilities:0")


def _with_log_odds(graph: Graph) -> Graph:
    nodes = [
        *_log(graph, graph.output, "log_probabilities"),
        binary("Sub", "others", "all_probability:0", graph.output),
        *_log(graph, "others:0", "log_others"),
        binary("Sub", "log_odds", "log_probabilities:0", "log_others:0"),
    ]
    constants = {
        "least_probability": _LEAST_PROBABILITY,
        "all_probability": np.array(1, np.float32),
    }
    return graph.extended(nodes, constants, "log_odds:0")


_LOGS = {"probabilities (log)": _with_log, "probabilities (log-odds)": _with_log_odds}


def _above(graph: Graph, threshold: float) -> Graph:
    """Return the graph with what lies above a threshold; as it is where there is none."""
    if not (np.isfinite(threshold) and threshold):
        return graph
    node = binary("Sub", "above_threshold", graph.output, "threshold:0")
    constants = {"threshold": np.array(threshold, np.float32)}
    return graph.extended([node], constants, "above_threshold:0")


def _two_classes(graph: Graph, threshold: float) -> Graph:
    """Return logits ``[-z/2, z/2]``: their softmax is ``[1 - p, p]``, p the unit's sigmoid."""
    graph = _above(graph, threshold)
    nodes = [binary("Mul", HALVES, graph.output, "halves:0")]
    return graph.extended(nodes, {"halves": np.array([-0.5, 0.5], np.float32)}, f"{HALVES}:0")

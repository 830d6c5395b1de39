"""Nodes of TensorFlow graphs, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray


def make_node(op: str, name: str, inputs: Sequence[str], **attributes: Any) -> Any:
    """Return a node with copies of the attributes given."""
    made = tf.compat.v1.NodeDef(name=name, op=op, input=inputs)
    for key, value in attributes.items():
        made.attr[key].CopyFrom(value)
    return made


def binary(op: str, name: str, left: str, right: str) -> Any:
    """Return a node that joins two float32 tensors."""
    kind = tf.compat.v1.AttrValue(type=tf.float32.as_datatype_enum)
    return make_node(op, name, [left, right], T=kind)


def constant(name: str, value: NDArray[Any]) -> Any:
    """Return a node that holds an array."""
    made = make_node("Const", name, [])
    made.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    made.attr["dtype"].type = made.attr["value"].tensor.dtype
    return made

"""Any TensorFlow function of one image as one flat graph of constants that can be cut in two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from audit.models.grouped import ungroup
from audit.models.nodes import binary, constant

_HALF = (tf.float16.as_datatype_enum, tf.bfloat16.as_datatype_enum)
_FLOAT = tf.float32.as_datatype_enum
_XLA = "_XlaMustCompile"  # marks functions of which Keras makes its grouped convolutions
_SHAPE_ONLY = ("Shape", "ShapeN", "Size", "Rank")
_LISTS = ("EmptyTensorList", "TensorListReserve", "TensorListFromTensor")  # have no NumPy value
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_KERNELS = (*_CONVOLUTIONS, "MatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum")
_ADDITIONS = ("AddV2", "Add", "BiasAdd")


@dataclass(frozen=True)
class Graph:
    """Nodes in an order that can be run, weights as constants; tensors are named ``node:0``.

    Attributes
    ----------
    nodes : tuple of NodeDef
        Those between image and output that depend on the image.
    constants : dict[str, NDArray]
        Values of all other tensors that the nodes read.
    image, output : str
        Names of the input and of the output tensor.
    versions, library : VersionDef, FunctionDefLibrary
        Those of the traced function; loops, branches and compiled parts are in the library.
    renamed : dict[str, str]
        Tensors of the traced function that are gone, and what now stands for them.
    was_half : bool
        Whether the traced function computes in half precision somewhere.
    """

    nodes: tuple[Any, ...]
    constants: dict[str, NDArray[Any]]
    image: str
    output: str
    versions: Any
    library: Any
    renamed: dict[str, str] = field(default_factory=dict)
    was_half: bool = False

    def run(
        self, images: Any, fetch: Sequence[str], given: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Compute tensors ``fetch`` of ``images``, those ``given`` replaced; in a `tf.function`.

        What the fetched tensors do not need is not computed.
        """
        replaced = {self.image: images, **(given or {})}
        return list(
            tf.graph_util.import_graph_def(
                self.definition(), input_map=replaced, return_elements=list(fetch), name="model"
            )
        )

    def values(self, images: NDArray[np.float32], fetch: Sequence[str]) -> list[NDArray[Any]]:
        """Return the values of the tensors ``fetch`` for real images."""
        return _evaluate(self.definition(), self.image, images, fetch)

    def definition(self) -> Any:
        """Return the graph as TensorFlow imports it."""
        made = tf.compat.v1.GraphDef()
        made.versions.CopyFrom(self.versions)
        made.library.CopyFrom(self.library)
        read = {base(name) for node in self.nodes for name in node.input} | {base(self.output)}
        made.node.extend(constant(n, v) for n, v in self.constants.items() if n in read)
        made.node.extend(self.nodes)
        return made

    def untrained(self, seed: int) -> Graph:
        """Return the same graph with kernels drawn anew and no biases: nothing is learnt."""
        random = np.random.default_rng(seed)
        constants = dict(self.constants)
        for node in self.nodes:
            for name in map(base, node.input[1:]):
                value = constants.get(name)
                if value is None or value.dtype != np.float32:
                    continue
                if node.op in _KERNELS and value.ndim > 1:
                    constants[name] = _drawn(value.shape, node.op, random)
                elif node.op in _ADDITIONS and value.ndim == 1:
                    constants[name] = np.zeros_like(value)
        return replace(self, constants=constants)

    def named(self, name: str) -> str:
        """Return what now stands for a tensor of the traced function."""
        while name in self.renamed:
            name = self.renamed[name]
        return name

    def node(self, tensor: str) -> Any:
        """Return the node that makes a tensor; None for a constant."""
        return next((node for node in self.nodes if node.name == base(tensor)), None)

    def ending_at(self, output: str) -> Graph:
        """Return the same graph up to another tensor."""
        by_name = {node.name: node for node in self.nodes}
        needed = set(in_order(by_name | dict.fromkeys(self.constants), base(output)))
        nodes = tuple(node for node in self.nodes if node.name in needed)
        return replace(self, nodes=nodes, output=output)

    def reads_image(self) -> bool:
        """Return whether the output depends on the image."""
        return any(node.name == base(self.image) for node in self.nodes)

    def extended(
        self, nodes: Sequence[Any], constants: Mapping[str, NDArray[Any]], output: str
    ) -> Graph:
        """Return the graph with further nodes and the tensors they read, up to another tensor."""
        grown = replace(
            self, nodes=(*self.nodes, *nodes), constants={**self.constants, **constants}
        )
        return grown.ending_at(output)

    def cuts(self) -> list[str]:
        """Return the tensors that every way from the image to the output passes, in order.

        Ways on which only a tensor's shape travels do not count.
        """
        carriers = self.carriers()
        last = {self.image: -1, self.output: len(carriers)}
        for index, node in enumerate(carriers):
            last |= {full(name): max(index, last.get(full(name), -1)) for name in node.input}
        last[self.output] = len(carriers)
        found: list[str] = []
        alive = {self.image}
        for index, node in enumerate(carriers):
            made = {t for t in last if base(t) == node.name}
            alive = {t for t in alive | made if last[t] > index}
            if len(alive) == 1 and alive == made:
                found += made
        return found

    def carriers(self) -> list[Any]:
        """Return the nodes that bring the image's content to the output."""
        down, up = {base(self.image)}, {base(self.output)}
        for node in self.nodes:
            if node.op not in _SHAPE_ONLY and any(base(i) in down for i in node.input):
                down.add(node.name)
        for node in reversed(self.nodes):
            if node.name in up and node.op not in _SHAPE_ONLY:
                up |= {base(i) for i in node.input}
        return [n for n in self.nodes if n.name in down & up and n.name != base(self.image)]


def _drawn(shape: tuple[int, ...], op: str, random: np.random.Generator) -> NDArray[np.float32]:
    """Return a kernel whose layer keeps the variance of what it reads."""
    read = np.prod(shape[:2]) if op == "DepthwiseConv2dNative" else np.prod(shape[:-1])
    return (random.normal(size=shape) / np.sqrt(read)).astype(np.float32)


def base(tensor: str) -> str:
    """Return the name of the node that makes a tensor."""
    return tensor.lstrip("^").split(":")[0]


def full(tensor: str) -> str:
    """Return a tensor's name with its index among the node's outputs."""
    return tensor if ":" in tensor else f"{tensor}:0"


def freeze(function: Callable[[Any], Any], size: int) -> Graph:
    """Trace a function of float32 images ``(n, size, size, 3)`` and freeze its variables.

    Half precision becomes float32, so that gradients keep their digits. Gradients that layers
    define themselves are left out: the graph has those of the operations that run.

    Raises
    ------
    ValueError, tf.errors.OpError
        TensorFlow cannot trace or freeze it, or it changes variables.
    """
    spec = tf.TensorSpec((None, size, size, 3), tf.float32)
    traced = tf.function(function, input_signature=[spec], autograph=False)
    concrete = traced.get_concrete_function()
    if any(operation.type.startswith("Assign") for operation in concrete.graph.get_operations()):
        raise ValueError("it changes its own variables while it predicts, as random layers do")
    flat = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    if any(_XLA in node.attr for node in _all_nodes(flat.graph.as_graph_def())):
        flat = _inlined(flat)
    definition = flat.graph.as_graph_def()
    ungroup(flat.graph, definition)
    was_half = _widen(definition)
    graph = _without_detours(definition, flat.inputs[0].name, flat.outputs[0].name, size)
    return replace(graph, was_half=was_half)


def _inlined(function: Any) -> Any:
    """Return a frozen function with its XLA parts written out: as they are they lack gradients."""
    definition = function.graph.as_graph_def()
    for made in definition.library.function:
        made.signature.name += "_inlined"  # TensorFlow still has the old ones by their names
        for mark in (_XLA, "_noinline"):
            made.attr.pop(mark, None)
    for node in _all_nodes(definition):
        node.attr.pop(_XLA, None)
        for attribute in node.attr.values():
            called = [attribute.func] if attribute.HasField("func") else attribute.list.func
            for name in called:
                name.name += "_inlined"
    image, output = function.inputs[0], function.outputs[0].name
    wrapped = tf.compat.v1.wrap_function(
        lambda x: tf.graph_util.import_graph_def(
            definition, input_map={image.name: x}, return_elements=[output], name=""
        )[0],
        [tf.TensorSpec(image.shape, image.dtype)],
    )
    return convert_variables_to_constants_v2(wrapped, lower_control_flow=False)


def _all_nodes(definition: Any) -> list[Any]:
    """Return the nodes of a graph and of its functions."""
    inner = [node for function in definition.library.function for node in function.node_def]
    return [*definition.node, *inner]


def _widen(definition: Any) -> bool:
    """Make all half precision float32, in place; return whether there was any."""
    functions = definition.library.function
    attributes = [a for node in _all_nodes(definition) for a in node.attr.values()]
    arguments = [
        argument
        for function in functions
        for argument in (*function.signature.input_arg, *function.signature.output_arg)
    ]
    typed = [thing for thing in (*attributes, *arguments) if thing.type in _HALF]
    for thing in typed:
        thing.type = _FLOAT
    for attribute in attributes:
        for index, kind in enumerate(attribute.list.type):
            attribute.list.type[index] = _FLOAT if kind in _HALF else kind
        if attribute.tensor.dtype in _HALF:
            wide = tf.make_ndarray(attribute.tensor).astype(np.float32)
            attribute.tensor.CopyFrom(tf.make_tensor_proto(wide))
    return bool(typed)


def _without_detours(definition: Any, image: str, output: str, size: int) -> Graph:
    """Keep what depends on the image, evaluate all else once, and drop identities."""
    by_name = {node.name: node for node in definition.node}
    order = list(in_order(by_name, base(output)))
    moving = {base(image)}
    for name in order:
        depends = any(base(i) in moving for i in _data(by_name[name]))
        if depends or by_name[name].op in _LISTS:
            moving.add(name)
    renamed: dict[str, str] = {}
    nodes = []
    for name in order:
        node = by_name[name]
        if name in moving and _is_identity(node):
            renamed |= {f"{name}:{k}": full(source) for k, source in enumerate(node.input)}
        elif name in moving:
            nodes.append(node)
    found = Graph(
        nodes=tuple(nodes),
        constants={},
        image=image,
        output=output,
        versions=definition.versions,
        library=definition.library,
        renamed=renamed,
    )
    still = sorted(
        {
            found.named(full(i))
            for node in nodes
            for i in node.input
            if not i.startswith("^") and base(found.named(full(i))) not in moving
        }
    )
    zero = np.zeros((1, size, size, 3), np.float32)
    values = _evaluate(definition, image, zero, still)
    constants = {t: f"constant_{k}" for k, t in enumerate(still)}
    plain = [_with_inputs(n, [_plain(found, i, constants) for i in _data(n)]) for n in nodes]
    return Graph(
        nodes=tuple(plain),
        constants={constants[t]: v for t, v in zip(still, values, strict=True)},
        image=image,
        output=found.named(output),
        versions=definition.versions,
        library=definition.library,
        renamed=renamed,
    )


def _plain(graph: Graph, name: str, constants: Mapping[str, str]) -> str:
    tensor = graph.named(full(name))
    return f"{constants[tensor]}:0" if tensor in constants else tensor


def _data(node: Any) -> list[str]:
    """Return the inputs of a node without its control dependencies."""
    return [name for name in node.input if not name.startswith("^")]


def _is_identity(node: Any) -> bool:
    same_type = node.op == "Cast" and node.attr["SrcT"].type == node.attr["DstT"].type
    return same_type or node.op in ("Identity", "IdentityN", "StopGradient", "PreventGradient")


def in_order(by_name: Mapping[str, Any], output: str) -> Iterator[str]:
    """Yield the names of the nodes that the output needs, each after its inputs."""
    seen: set[str] = set()
    stack = [(output, False)]
    while stack:
        name, done = stack.pop()
        if done:
            yield name
        elif name not in seen:
            seen.add(name)
            stack.append((name, True))
            inputs = by_name[name].input if by_name[name] is not None else ()
            stack += [(base(i), False) for i in reversed(inputs)]


def _evaluate(
    definition: Any, image: str, images: NDArray[np.float32], fetch: Sequence[str]
) -> list[NDArray[Any]]:
    if not fetch:
        return []
    with tf.Graph().as_default():
        given = tf.compat.v1.placeholder(tf.float32, (None, *images.shape[1:]))
        tensors = tf.graph_util.import_graph_def(
            definition, input_map={image: given}, return_elements=list(fetch), name="model"
        )
        with tf.compat.v1.Session() as session:
            return list(session.run(tensors, {given: images}))


def _with_inputs(node: Any, inputs: Sequence[str], op: str | None = None) -> Any:
    made = tf.compat.v1.NodeDef()
    made.CopyFrom(node)
    made.op = op or node.op
    del made.input[:]
    made.input.extend(inputs)
    return made


def fold_scales(graph: Graph, keep: Sequence[str]) -> Graph:
    """Fold the scales after convolutions into their kernels: batch normalisation comes for free.

    Equal to the graph given but for rounding; the tensors ``keep`` stay.
    """
    graph = _unfused(graph)
    folding = _Folding(graph, {*keep, graph.output})
    nodes = [made for node in graph.nodes if (made := folding.fold(node)) is not None]
    return replace(
        graph,
        nodes=tuple(folding.nodes[node.name] for node in nodes),
        constants=folding.constants,
        renamed=graph.renamed | folding.gone,
    )


def _unfused(graph: Graph) -> Graph:
    """Write fused batch normalisation as a scale and an addition."""
    constants, nodes = dict(graph.constants), []
    for node in graph.nodes:
        parts = [constants.get(base(name)) for name in node.input[1:5]]
        fused = node.op.startswith("FusedBatchNorm") and not node.attr["is_training"].b
        if not fused or node.attr["data_format"].s == b"NCHW" or any(p is None for p in parts):
            nodes.append(node)
            continue
        gamma, beta, mean, variance = parts
        scale = gamma / np.sqrt(variance + node.attr["epsilon"].f)
        names = f"{node.name}/scale", f"{node.name}/shift", f"{node.name}/scaled"
        constants |= {names[0]: scale, names[1]: (beta - mean * scale).astype(np.float32)}
        nodes += [
            binary("Mul", names[2], full(node.input[0]), full(names[0])),
            binary("AddV2", node.name, full(names[2]), full(names[1])),
        ]
    return replace(graph, nodes=tuple(nodes), constants=constants)


class _Folding:
    def __init__(self, graph: Graph, keep: set[str]) -> None:
        self.constants = dict(graph.constants)
        self.nodes: dict[str, Any] = {}
        self.gone: dict[str, str] = {}
        self._keep = keep
        self._uses: dict[str, int] = {}
        for node in graph.nodes:
            for name in node.input:
                self._uses[full(name)] = self._uses.get(full(name), 0) + 1

    def fold(self, node: Any) -> Any:
        """Return the node as it stays, or None where it went into the convolution before it."""
        node = _with_inputs(node, [self.gone.get(full(i), full(i)) for i in node.input])
        source, values = self._operands(node)
        if values is None:
            self.nodes[node.name] = node
            return node
        own = f"{node.name}:0"
        if node.op == "Mul" and self._uses[source] == 1 and not {source, own} & self._keep:
            self._scale(self.nodes[base(source)], values)
            self.gone[own] = source
            self._uses[source] = self._uses[own]
            return None
        if node.op in _ADDITIONS:
            node = self._bias(node, source, values)
        self.nodes[node.name] = node
        return node

    def _operands(self, node: Any) -> tuple[str, Any]:
        """Return a convolution's output and the values by channel that ``node`` joins, if any."""
        if node.op not in ("Mul", *_ADDITIONS) or len(node.input) != 2:
            return "", None
        for source, other in (node.input, node.input[::-1]):
            values = self.constants.get(base(other))
            made_by = self.nodes.get(base(source))
            if made_by is None or made_by.op not in _CONVOLUTIONS or values is None:
                continue
            channels_last = made_by.attr["data_format"].s in (b"", b"NHWC")
            a_channel = values.ndim and values.size == values.shape[-1] == self._channels(made_by)
            if channels_last and a_channel and base(made_by.input[1]) in self.constants:
                return source, values.reshape(-1)
        return "", None

    def _channels(self, convolution: Any) -> int:
        kernel = self.constants.get(base(convolution.input[1]))
        if kernel is None:
            return -1
        depthwise = convolution.op == "DepthwiseConv2dNative"
        return int(kernel.shape[2] * kernel.shape[3] if depthwise else kernel.shape[3])

    def _scale(self, convolution: Any, scale: NDArray[Any]) -> None:
        kernel = self.constants[base(convolution.input[1])]
        depthwise = convolution.op == "DepthwiseConv2dNative"
        by = scale.reshape(kernel.shape[2:]) if depthwise else scale
        name = f"scaled_{len(self.constants)}"
        self.constants[name] = (kernel * by).astype(kernel.dtype)
        self.nodes[convolution.name] = _with_inputs(
            convolution, [convolution.input[0], f"{name}:0"]
        )

    def _bias(self, node: Any, source: str, values: NDArray[Any]) -> Any:
        name = f"bias_{len(self.constants)}"
        self.constants[name] = values
        made = _with_inputs(node, [source, f"{name}:0"], "BiasAdd")
        made.attr["data_format"].s = b"NHWC"
        return made

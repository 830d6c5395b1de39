"""Small ONNX files: pooled colours and a dense layer, in every form of input that there is."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

KINDS = {
    "float": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "double": TensorProto.DOUBLE,
    "uint8": TensorProto.UINT8,
    "int64": TensorProto.INT64,
}
KERNEL = np.random.default_rng(4).normal(0, 1 / 64, (3, 3)).astype(np.float32)


def answers(images, scale=1.0):
    """What the files below answer to images ``(n, H, W, 3)``: logits."""
    return scale * images.astype(np.float32).mean(axis=(1, 2)) @ KERNEL


def write(file, *, first=True, size=32, batch="n", kind="float", softmax=False, **more):
    """Write an ONNX file, and return it."""
    sides = [3, size, size] if first else [size, size, 3]
    nodes = [
        helper.make_node("Cast", ["images"], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["cast", "axes"], ["pooled"], keepdims=0),
        helper.make_node("MatMul", ["pooled", "kernel"], ["logits"]),
        helper.make_node("Softmax" if softmax else "Identity", ["logits"], ["classes"]),
    ]
    axes = np.array([2, 3] if first else [1, 2], np.int64)
    image = helper.make_tensor_value_info("images", KINDS[kind], [batch, *sides])
    classes = helper.make_tensor_value_info("classes", TensorProto.FLOAT, [batch, 3])
    held = [numpy_helper.from_array(KERNEL, "kernel"), numpy_helper.from_array(axes, "axes")]
    ins, outs = [image, *more.get("ins", [])], [classes, *more.get("outs", [])]
    graph = helper.make_graph(more.get("nodes", nodes), "colours", ins, outs, held)
    opsets = [helper.make_opsetid("", 18), *more.get("opsets", [])]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    if "location" in more:
        external(model.graph.initializer[0], more["location"])
    file.write_bytes(model.SerializeToString())
    return file


def external(tensor, location):
    """Move a tensor's values out of a file: to where ``location`` says."""
    onnx.external_data_helper.set_external_data(tensor, location)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")

"""A Keras model carried over to PyTorch, layer by layer, with its weights: the same model twice."""

import math

import keras
import numpy as np
import torch
from torch import nn
from torch.nn import functional


def carried_over(model):
    """Return a module that takes images ``(n, 3, H, W)`` and answers as the Keras model does."""
    return CarriedOver(model).eval()


class CarriedOver(nn.Module):
    """The layers of a functional model in their order; each is a step with a name of its own."""

    def __init__(self, model):
        super().__init__()
        given = keras.layers.InputLayer
        self._order = [layer for layer in model.layers if not isinstance(layer, given)]
        nodes = {layer.name: _node(layer, model) for layer in self._order}
        self._reads = {name: [id(t) for t in node.input_tensors] for name, node in nodes.items()}
        self._makes = {name: id(node.outputs[0]) for name, node in nodes.items()}
        self._starts, self._ends = id(model.inputs[0]), id(model.outputs[0])
        self.layers = nn.ModuleDict({_key(layer): made(layer) for layer in self._order})

    def forward(self, images):
        known = {self._starts: images}
        for layer in self._order:
            given = [known[name] for name in self._reads[layer.name]]
            known[self._makes[layer.name]] = self.layers[_key(layer)](*given)
        return known[self._ends]


def _node(layer, model):
    """Return the call of a layer that is in this model."""
    own = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    return next(node for node in layer._inbound_nodes if id(node) in own)


def _key(layer):
    """Return a layer's name as PyTorch bears it: ``mobilenet_0.25`` would be a path."""
    return layer.name.replace(".", "_")


def made(layer):
    """Return the module that does what a layer does."""
    return MAKERS[type(layer).__name__](layer)


class Step(nn.Module):
    """A layer without weights."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *given):
        return self.function(*given)


class Convolution(nn.Module):
    """A convolution, perhaps by channel, padded as TensorFlow does."""

    def __init__(self, layer, *, depthwise):
        super().__init__()
        kernel, *bias = (torch.from_numpy(np.array(w)) for w in layer.get_weights())
        axes = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
        self.weight = nn.Parameter(kernel.permute(axes).contiguous())
        self.bias = nn.Parameter(bias[0]) if bias else None
        self.groups = kernel.shape[2] if depthwise else 1
        self.same, self.stride = layer.padding == "same", layer.strides
        self.after = ACTIVATIONS[layer.activation.__name__]

    def forward(self, x):
        if self.same:
            sides = zip(x.shape[2:], self.weight.shape[2:], self.stride, strict=True)
            (top, bottom), (left, right) = (_padding(*side) for side in sides)
            x = functional.pad(x, (left, right, top, bottom))
        return self.after(
            functional.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)
        )


def _padding(side, kernel, stride):
    total = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def _norm(layer):
    norm = nn.BatchNorm2d(layer.gamma.shape[0], layer.epsilon)
    gamma, beta, mean, variance = (torch.from_numpy(np.array(w)) for w in layer.get_weights())
    norm.weight.data, norm.bias.data = gamma, beta
    norm.running_mean, norm.running_var = mean, variance
    return norm


def _dense(layer):
    kernel, bias = (torch.from_numpy(np.array(w)) for w in layer.get_weights())
    dense = nn.Linear(*kernel.shape)
    dense.weight.data, dense.bias.data = kernel.T.contiguous(), bias
    return nn.Sequential(dense, Step(ACTIVATIONS[layer.activation.__name__]))


def _pooled(layer):
    return Step(lambda x: x.mean(dim=(2, 3), keepdim=layer.keepdims))


def _relu(layer):
    most = layer.max_value
    return nn.ReLU() if most is None else nn.Hardtanh(0.0, float(most))


def _padded(layer):
    (top, bottom), (left, right) = layer.padding
    return nn.ZeroPad2d((left, right, top, bottom))


ACTIVATIONS = {
    "linear": lambda x: x,
    "softmax": lambda x: x,  # PyTorch's classifiers end in logits
    "relu": torch.relu,
}
MAKERS = {
    "Rescaling": lambda layer: Step(lambda x: x * layer.scale + layer.offset),
    "Conv2D": lambda layer: Convolution(layer, depthwise=False),
    "DepthwiseConv2D": lambda layer: Convolution(layer, depthwise=True),
    "BatchNormalization": _norm,
    "ReLU": _relu,
    "Activation": lambda layer: Step(ACTIVATIONS[layer.activation.__name__]),
    "Add": lambda layer: Step(lambda a, b: a + b),
    "GlobalAveragePooling2D": _pooled,
    "ZeroPadding2D": _padded,
    "Dropout": lambda layer: nn.Identity(),
    "Reshape": lambda layer: Step(lambda x: x.flatten(1)),
    "Dense": _dense,
    "Functional": CarriedOver,
}

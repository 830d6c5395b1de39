"""Permitted parts of an architecture whose maker is not trusted: those that only compute.

Keras' safe mode is a list of what is forbidden, and has been got round again and again
(CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905, CVE-2025-12058); `tf_keras` imports
whatever module a file names. So a file is looked at before either of them sees it, and what is not
on this list is refused.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import keras

from audit.core.errors import quoted
from audit.models.origin import lacking


def _words(text: str) -> set[str]:
    return set(text.split())


_MODELS = {"Functional", "Sequential", "Model"}
# Sorted by what they do. Left out are Lambda, layers of other frameworks, and those of text, whose
# vocabulary may be any file.
_LAYERS = _words(
    """
    Activation ActivityRegularization Dense Dropout EinsumDense Embedding Flatten Identity
    InputLayer Masking Permute RepeatVector Reshape TimeDistributed Bidirectional

    Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose DepthwiseConv1D
    DepthwiseConv2D SeparableConv1D SeparableConv2D LocallyConnected1D LocallyConnected2D
    Convolution1D Convolution2D Convolution3D Convolution1DTranspose Convolution2DTranspose
    Convolution3DTranspose SeparableConvolution1D SeparableConvolution2D
    ConvLSTM1D ConvLSTM2D ConvLSTM3D LSTM LSTMCell GRU GRUCell SimpleRNN SimpleRNNCell RNN
    StackedRNNCells

    AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D
    AvgPool1D AvgPool2D AvgPool3D MaxPool1D MaxPool2D MaxPool3D
    AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
    GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D
    Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D
    ZeroPadding1D ZeroPadding2D ZeroPadding3D

    BatchNormalization SyncBatchNormalization GroupNormalization LayerNormalization RMSNormalization
    SpectralNormalization UnitNormalization Normalization Rescaling

    Attention AdditiveAttention MultiHeadAttention GroupQueryAttention
    GroupedQueryAttention CategoryEncoding Discretization MelSpectrogram STFTSpectrogram
    Add Average Concatenate Dot Maximum Minimum Multiply Subtract

    ELU LeakyReLU PReLU ReLU Softmax ThresholdedReLU
    AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D

    AugMix AutoContrast CenterCrop ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization
    MixUp Pipeline RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter
    RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
    RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective RandomPosterization
    RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomWidth
    RandomZoom Resizing Solarization

    CustomScaleLayer LayerScale StochasticDepth
    """
)
_SETTINGS = _words(
    """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform IdentityInitializer LecunNormal
    LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform TruncatedNormal
    VarianceScaling Zeros
    L1 L2 L1L2 OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm
    DTypePolicy DTypePolicyMap FloatDTypePolicy QuantizedDTypePolicy QuantizedFloat8DTypePolicy
    Int4DTypePolicy Policy AbsMaxQuantizer Int8QuantizationConfig Int4QuantizationConfig
    Float8QuantizationConfig SeedGenerator
    TensorShape __tuple__ __ellipsis__ __slice__ __bytes__ __keras_tensor__
    """
)
_PARTS = _MODELS | _LAYERS | _SETTINGS
_ACTIVATIONS = _words(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu
    linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus
    softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
    """
)
_LOSSES = {name for name in dir(keras.losses) if name.islower() and name[0] != "_"} - {
    "get", "serialize", "deserialize",
}  # fmt: skip
_OF_KERAS = ("", "keras", "tf_keras")
# Operations between layers. Those of `core` that take a function to call are left out.
_ARITHMETIC = {f"keras.src.ops.{name}" for name in ("numpy", "math", "nn", "image", "einops")}
_OF_CORE = {"Cast", "ConvertToTensor", "SaturateCast", "Slice", "SliceUpdate", "StopGradient",
            "Unstack"}  # fmt: skip
_OF_LINALG = {"Cholesky", "Det", "Eig", "Eigh", "Inv", "Lstsq", "LuFactor", "Norm", "QR", "SVD",
              "Solve", "SolveTriangular"}  # fmt: skip
# The same in files of Keras 2, by the name of TensorFlow's function.
_CALLS = ("math.", "nn.", "__operators__.", "image.", "linalg.", "cast", "reshape", "concat",
          "stack", "expand_dims", "squeeze", "transpose", "clip_by_value")  # fmt: skip
_OPERATIONS = {"TFOpLambda", "SlicingOpLambda"}
_OF_KERAS_2 = {"ClassMethod", "InstanceMethod", "InstanceProperty"}
# How a model inside of another was compiled: Keras reads that even where nobody asks for it.
_TRAINING = {
    "keras.optimizers": keras.optimizers.Optimizer,
    "keras.optimizers.schedules": keras.optimizers.schedules.LearningRateSchedule,
    "keras.losses": keras.losses.Loss,
    "keras.metrics": keras.metrics.Metric,
}
_NUMBERS = re.compile(r"(bool|u?int|b?float|complex)\d*")
_TRUST = "which can hold code of its own or read other files: add --trust-model if you trust it"


def forbidden(config: dict[str, Any]) -> str | None:
    """Say what in an architecture needs trust, and the mend; None where all parts only compute.

    Classes and functions that the caller has registered with Keras are the caller's own, so they
    pass. How the model as a whole was compiled is left alone: it is loaded with ``compile=False``.
    """
    read = {key: value for key, value in config.items() if key != "compile_config"}
    for part, layer in _parts_of(read):
        why = _against(part)
        if why:
            return f"its layer {quoted(layer)} {why}" if layer else f"it {why}"
    return None


def _parts_of(config: Any, layer: str = "") -> Iterator[tuple[dict[str, Any], str]]:
    """Yield everything that names a class, however nested, with the name of its layer."""
    if isinstance(config, dict):
        inner = config.get("config")
        if "class_name" in config:
            if isinstance(inner, dict) and "layers" not in inner and "name" in inner:
                layer = str(inner["name"])
            yield config, layer
        for value in config.values():
            yield from _parts_of(value, layer)
    elif isinstance(config, list):
        for value in config:
            yield from _parts_of(value, layer)


def _against(part: dict[str, Any]) -> str | None:
    kind, inner = str(part["class_name"]), part.get("config")
    if _is_registered(part.get("registered_name"), kind, inner):
        return None
    if kind == "function":
        return _against_function(part, str(inner))
    if kind in ("__numpy__", "__tensor__"):
        dtype = str(inner.get("dtype")) if isinstance(inner, dict) else ""
        return None if _NUMBERS.fullmatch(dtype) else f"holds an array of {quoted(dtype)}"
    if kind in _OPERATIONS and _is_builtin(part):
        called = str(inner.get("function")) if isinstance(inner, dict) else ""
        return None if called.startswith(_CALLS) else _calls(called)
    if _only_computes(kind, str(part.get("module") or "")):
        return None
    return _is(kind) if _is_of_keras(kind, part) else lacking("class", _plain(kind))


def _against_function(part: dict[str, Any], name: str) -> str | None:
    if name in _ACTIVATIONS | _LOSSES and _is_builtin(part):
        return None
    return _calls(name) if _is_of_keras("", part) else lacking("function", _plain(name))


def _only_computes(kind: str, module: str) -> bool:
    if module in _ARITHMETIC:
        return True
    if module in _TRAINING:
        named = getattr(sys.modules[module], kind, None)
        return isinstance(named, type) and issubclass(named, _TRAINING[module])
    if module == "keras.src.ops.core":
        return kind in _OF_CORE
    if module == "keras.src.ops.linalg":
        return kind in _OF_LINALG
    return kind in _PARTS and _root(module) in _OF_KERAS


def _is_of_keras(kind: str, part: dict[str, Any]) -> bool:
    module = _root(str(part.get("module") or ""))
    return module in ("keras", "tf_keras") or kind in _OF_KERAS_2 or hasattr(keras.layers, kind)


def _is_builtin(part: dict[str, Any]) -> bool:
    """Return whether nothing but Keras would be imported for it: importing a module runs it."""
    return _root(str(part.get("module") or "")) in {*_OF_KERAS, "builtins"}


def _root(module: str) -> str:
    return module.partition(".")[0]


def _is_registered(*names: Any) -> bool:
    """Return whether the caller has registered a class or function by one of these names."""
    libraries = [keras, sys.modules.get("tf_keras")]
    return any(
        library.saving.get_registered_object(name) is not None
        for library in libraries
        for name in names
        if library and isinstance(name, str)
    )


def _is(kind: str) -> str:
    return f"is a {_plain(kind)}, {_TRUST}"


def _calls(name: str) -> str:
    return f"calls {_plain(name)}, {_TRUST}"


def _plain(name: str) -> str:
    """Return a name as it is where it looks like one."""
    return name if re.fullmatch(r"[\w.>]{1,100}", name) else quoted(name)

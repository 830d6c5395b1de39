"""RegNetX and RegNetY as Keras 3 models with the ImageNet weights of Keras 2.

Radosavovic et al., arXiv 2003.13678. Keras 3 left them out; layers have the names and the order of
`tf_keras.applications.regnet`, so that its weight files fit.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

# blocks of each stage, their channels, channels of one group of a 3x3 convolution
VARIANTS: dict[str, tuple[tuple[int, ...], tuple[int, ...], int]] = {
    "x002": ((1, 1, 4, 7), (24, 56, 152, 368), 8),
    "x004": ((1, 2, 7, 12), (32, 64, 160, 384), 16),
    "x006": ((1, 3, 5, 7), (48, 96, 240, 528), 24),
    "x008": ((1, 3, 7, 5), (64, 128, 288, 672), 16),
    "x016": ((2, 4, 10, 2), (72, 168, 408, 912), 24),
    "x032": ((2, 6, 15, 2), (96, 192, 432, 1008), 48),
    "x040": ((2, 5, 14, 2), (80, 240, 560, 1360), 40),
    "x064": ((2, 4, 10, 1), (168, 392, 784, 1624), 56),
    "x080": ((2, 5, 15, 1), (80, 240, 720, 1920), 120),
    "x120": ((2, 5, 11, 1), (224, 448, 896, 2240), 112),
    "x160": ((2, 6, 13, 1), (256, 512, 896, 2048), 128),
    "x320": ((2, 7, 13, 1), (336, 672, 1344, 2520), 168),
    "y002": ((1, 1, 4, 7), (24, 56, 152, 368), 8),
    "y004": ((1, 3, 6, 6), (48, 104, 208, 440), 8),
    "y006": ((1, 3, 7, 4), (48, 112, 256, 608), 16),
    "y008": ((1, 3, 8, 2), (64, 128, 320, 768), 16),
    "y016": ((2, 6, 17, 2), (48, 120, 336, 888), 24),
    "y032": ((2, 5, 13, 1), (72, 216, 576, 1512), 24),
    "y040": ((2, 6, 12, 2), (128, 192, 512, 1088), 64),
    "y064": ((2, 7, 14, 2), (144, 288, 576, 1296), 72),
    "y080": ((2, 4, 10, 1), (168, 448, 896, 2016), 56),
    "y120": ((2, 5, 11, 1), (224, 448, 896, 2240), 112),
    "y160": ((2, 4, 11, 1), (224, 448, 1232, 3024), 112),
    "y320": ((2, 5, 12, 1), (232, 696, 1392, 3712), 232),
}
# SHA-256 of the files without top
HASHES = {
    "x002": "5445b66cd50445eb7ecab094c1e78d4d3d29375439d1a7798861c4af15ffff21",
    "x004": "de139bf07a66c9256f2277bf5c1b6dd2d5a3a891a5f8a925a10c8a0a113fd6f3",
    "x006": "a43ec97ad62f86b2a96a783bfdc63a5a54de02eef54f26379ea05e1bf90a9505",
    "x008": "3c7e4b0917359304dc18e644475c5c1f5e88d795542b676439c4a3acd63b7207",
    "x016": "1b8e3d545d190271204a7b2165936a227d26b79bb7922bac5ee4d303091bf17a",
    "x032": "9cd4522806c0fcca01b37874188b2bd394d7c419956d77472a4e072b01d99041",
    "x040": "b4ed0ca0b9a98e789e05000e830403a7ade4d8afa01c73491c44610195198afe",
    "x064": "3e706fa416a18dfda14c713423eba8041ae2509db3e0a611d5f599b5268a46c4",
    "x080": "7b1ce8e29ceefec10a6569640ee329dba7fbc98b5d0f6346aabade058b66cf29",
    "x120": "36174ddd0299db04a42631d028abcb1cc7afec2b705e42bd28fcd325e5d596bf",
    "x160": "9d1485050bdf19531ffa1ed7827c75850e0f2972118a996b91aa9264b088fd43",
    "x320": "9db7eacc37b85c98184070e1a172e6104c00846f44bcd4e727da9e50d9692398",
    "y002": "f63221f63d625b8e201221499682587bfe29d33f50a4c4f4d53be00f66c0f12c",
    "y004": "45e6ba8309a17a77e67afc05228454b2e0ee6be0dae65edc0f31f1da10cc066b",
    "y006": "b70261cba4e60013c99d130cc098d2fce629ff978a445663b6fa4f8fc099a2be",
    "y008": "b11f5432a216ee640fe9be6e32939defa8d08b8d136349bf3690715a98752ca1",
    "y016": "d7404f50205e82d793e219afb9eb2bfeb781b6b2d316a6128c6d7d7dacab7f57",
    "y032": "eb3ac1c45ec60f4f031c3f5180573422b1cf7bebc26c004637517372f68f8937",
    "y040": "b5be2a5e5f072ecdd9c0b8a437cd896df0efa1f6a1f77e41caa8719b7dfcb05d",
    "y064": "885c4b7ed7ea339daca7dafa1a62cb7d41b1068897ef90a5a3d71b4a2e2db31a",
    "y080": "3d119577e1e3bf8d153b895e8ea9e4ec150ff2d92abdca711b6e949c3fd7115d",
    "y120": "4a6fa387108380b730b71feea2ad80b5224b5ea9dc21dc156c93fe3c6186485c",
    "y160": "ead1e6b568be8f34447ec8941299a9df4368736ba9a8205de5427fa20a1fb316",
    "y320": "cad78f74a586e24c61d38be17f3ae53bb9674380174d2585da1a526b8c20e1fd",
}


def build_regnet(variant: str, size: int) -> keras.Model:
    """Build the backbone: RGB in 0..255 to a feature map, the rescaling inside.

    Parameters
    ----------
    variant : str
        A key of `VARIANTS`: x or y (with squeeze-and-excitation), and hundreds of megaflops.
    size : int
        Side of the input in pixels.

    Returns
    -------
    keras.Model
        Input float32 ``(n, size, size, 3)``, output ``(n, h, w, c)`` with h = ceil(size / 32).
    """
    depths, widths, group = VARIANTS[variant]
    name = f"regnet{variant}"
    image = keras.Input((size, size, 3), name="image")
    x = layers.Rescaling(1 / 255, name=f"{name}_prestem_rescaling")(image)
    x = _convolution(x, 32, 3, f"{name}_stem_conv", f"{name}_stem_bn", stride=2)
    x = layers.ReLU(name=f"{name}_stem_relu")(x)
    for stage, (depth, channels) in enumerate(zip(depths, widths, strict=True)):
        for block in range(depth):
            where = f"{name}_Stage_{stage}_{variant[0].upper()}Block_{block}"
            x = _block(x, where, channels, group, 1 if block else 2, excite=variant[0] == "y")
    return keras.Model(image, x, name=name)


def _block(x: Any, name: str, channels: int, group: int, stride: int, *, excite: bool) -> Any:
    skip, width = x, x.shape[-1]
    if stride != 1:
        skip = _convolution(x, channels, 1, f"{name}_skip_1x1", f"{name}_skip_bn", stride=stride)
    x = _convolution(x, channels, 1, f"{name}_conv_1x1_1")
    x = layers.ReLU(name=f"{name}_conv_1x1_1_relu")(x)
    x = _convolution(
        x, channels, 3, f"{name}_conv_3x3", stride=stride, groups=max(1, channels // group)
    )
    x = layers.ReLU(name=f"{name}_conv_3x3_relu")(x)
    if excite:
        x = _excited(x, f"{name}_squeeze_and_excite", width // 4)
    x = _convolution(x, channels, 1, f"{name}_conv_1x1_2")
    return layers.ReLU(name=f"{name}_exit_relu")(layers.Add(name=f"{name}_add")([x, skip]))


def _convolution(
    x: Any, channels: int, kernel: int, name: str, norm: str = "", stride: int = 1, groups: int = 1
) -> Any:
    x = layers.Conv2D(
        channels,
        kernel,
        stride,
        "same",
        groups=groups,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=norm or f"{name}_bn")(x)


def _excited(x: Any, name: str, squeezed: int) -> Any:
    """Apply squeeze-and-excitation, arXiv 1709.01507."""
    means = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_gap")(x)
    few = layers.Conv2D(
        squeezed, 1, activation="relu", kernel_initializer="he_normal", name=f"{name}_squeeze"
    )(means)
    scale = layers.Conv2D(
        x.shape[-1],
        1,
        activation="sigmoid",
        kernel_initializer="he_normal",
        name=f"{name}_excite",
    )(few)
    return layers.Multiply(name=f"{name}_scale")([scale, x])

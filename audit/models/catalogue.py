"""Catalogue of backbones, as data: no Keras is loaded to list them."""

from __future__ import annotations

from dataclasses import dataclass

SOURCES = {
    "efficientnet": "Keras, downloaded",
    "application": "Keras, downloaded",
    "resnet": "Keras, downloaded",
    "regnet": "Keras 2, downloaded",
    "lite0": "PyPI wheel, installed with flower-audit",
}


@dataclass(frozen=True)
class Entry:
    """One backbone.

    Attributes
    ----------
    family : str
        A key of `SOURCES`; how it is built.
    variant : str
        Its name there.
    size : int
        Side of the input in pixels that its ImageNet weights were trained for.
    parameters : int
        Number of weights without a top.
    """

    family: str
    variant: str
    size: int
    parameters: int

    @property
    def source(self) -> str:
        """Source of the ImageNet weights."""
        return SOURCES[self.family]


CATALOGUE = {
    "efficientnetb0": Entry("efficientnet", "EfficientNetB0", 224, 4_049_571),
    "efficientnetb1": Entry("efficientnet", "EfficientNetB1", 240, 6_575_239),
    "efficientnetb2": Entry("efficientnet", "EfficientNetB2", 260, 7_768_569),
    "efficientnetb3": Entry("efficientnet", "EfficientNetB3", 300, 10_783_535),
    "efficientnetb4": Entry("efficientnet", "EfficientNetB4", 380, 17_673_823),
    "efficientnetb5": Entry("efficientnet", "EfficientNetB5", 456, 28_513_527),
    "efficientnetb6": Entry("efficientnet", "EfficientNetB6", 528, 40_960_143),
    "efficientnetb7": Entry("efficientnet", "EfficientNetB7", 600, 64_097_687),
    "efficientnetv2-b0": Entry("application", "EfficientNetV2B0", 224, 5_919_312),
    "efficientnetv2-b1": Entry("application", "EfficientNetV2B1", 240, 6_931_124),
    "efficientnetv2-b2": Entry("application", "EfficientNetV2B2", 260, 8_769_374),
    "efficientnetv2-b3": Entry("application", "EfficientNetV2B3", 300, 12_930_622),
    "efficientnetv2-s": Entry("application", "EfficientNetV2S", 384, 20_331_360),
    "efficientnetv2-m": Entry("application", "EfficientNetV2M", 480, 53_150_388),
    "efficientnetv2-l": Entry("application", "EfficientNetV2L", 480, 117_746_848),
    "convnext-tiny": Entry("application", "ConvNeXtTiny", 224, 27_820_128),
    "convnext-small": Entry("application", "ConvNeXtSmall", 224, 49_454_688),
    "convnext-base": Entry("application", "ConvNeXtBase", 224, 87_566_464),
    "convnext-large": Entry("application", "ConvNeXtLarge", 224, 196_230_336),
    "convnext-xlarge": Entry("application", "ConvNeXtXLarge", 224, 348_147_968),
    "resnet50": Entry("resnet", "ResNet50", 224, 23_587_712),
    "mobilenetv3-small": Entry("application", "MobileNetV3Small", 224, 939_120),
    "mobilenetv3-large": Entry("application", "MobileNetV3Large", 224, 2_996_352),
    "regnetx-002": Entry("regnet", "x002", 224, 2_336_640),
    "regnetx-004": Entry("regnet", "x004", 224, 4_809_184),
    "regnetx-006": Entry("regnet", "x006", 224, 5_700_320),
    "regnetx-008": Entry("regnet", "x008", 224, 6_623_968),
    "regnetx-016": Entry("regnet", "x016", 224, 8_320_640),
    "regnetx-032": Entry("regnet", "x032", 224, 14_350_112),
    "regnetx-040": Entry("regnet", "x040", 224, 20_833_312),
    "regnetx-064": Entry("regnet", "x064", 224, 24_658_464),
    "regnetx-080": Entry("regnet", "x080", 224, 37_742_112),
    "regnetx-120": Entry("regnet", "x120", 224, 43_961_440),
    "regnetx-160": Entry("regnet", "x160", 224, 52_340_704),
    "regnetx-320": Entry("regnet", "x320", 224, 105_452_576),
    "regnety-002": Entry("regnet", "y002", 224, 2_814_844),
    "regnety-004": Entry("regnet", "y004", 224, 3_930_296),
    "regnety-006": Entry("regnet", "y006", 224, 5_475_920),
    "regnety-008": Entry("regnet", "y008", 224, 5_524_056),
    "regnety-016": Entry("regnet", "y016", 224, 10_366_102),
    "regnety-032": Entry("regnet", "y032", 224, 17_989_498),
    "regnety-040": Entry("regnet", "y040", 224, 19_619_928),
    "regnety-064": Entry("regnet", "y064", 224, 29_368_684),
    "regnety-080": Entry("regnet", "y080", 224, 37_248_812),
    "regnety-120": Entry("regnet", "y120", 224, 49_677_928),
    "regnety-160": Entry("regnet", "y160", 224, 80_687_956),
    "regnety-320": Entry("regnet", "y320", 224, 141_492_058),
    "efficientnet-lite0": Entry("lite0", "lite0", 224, 3_413_024),
}


def listing() -> str:
    """Return the catalogue as a table of plain text, one backbone a line."""
    head = f"{'name':<20} {'parameters':>10} {'input':>6}  ImageNet weights"
    rows = (
        f"{name:<20} {entry.parameters / 1e6:>8.1f} M {entry.size:>6}  {entry.source}"
        for name, entry in CATALOGUE.items()
    )
    return "\n".join((head, *rows))

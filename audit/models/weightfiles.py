"""The files of ImageNet weights that are downloaded: where they are, and their checksums."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import OFFLINE, DataError, DownloadError, ModelError
from audit.models import regnet
from audit.storage.download import fetch

BUCKET = "https://storage.googleapis.com/"
# By family, with the backbone's name as {0}, {1} with _ for -, {2} without -, {3} from the last -.
PATHS = {
    "efficientnetb": "keras-applications/{0}_notop.h5",
    "efficientnetv2": "tensorflow/keras-applications/efficientnet_v2/{0}_notop.h5",
    "convnext": "tensorflow/keras-applications/convnext/{1}_notop.h5",
    "resnet50": "tensorflow/keras-applications/resnet/"
    "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "mobilenetv3": "tensorflow/keras-applications/mobilenet_v3/"
    "weights_mobilenet_v3_{3}_224_1.0_float_no_top_v2.h5",
    "regnet": "tensorflow/keras-applications/regnet/{2}_notop.h5",
}
# MD5 or SHA-256, as Keras has them.
DIGESTS = {
    "efficientnetb0": "50bc09e76180e00e4465e1a485ddc09d",
    "efficientnetb1": "74c4e6b3e1f6a1eea24c589628592432",
    "efficientnetb2": "111f8e2ac8aa800a7a99e3239f7bfb39",
    "efficientnetb3": "af6d107764bb5b1abb91932881670226",
    "efficientnetb4": "ebc24e6d6c33eaebbd558eafbeedf1ba",
    "efficientnetb5": "38879255a25d3c92d5e44e04ae6cec6f",
    "efficientnetb6": "9ecce42647a20130c1f39a5d4cb75743",
    "efficientnetb7": "cbcfe4450ddf6f3ad90b1b398090fe4a",
    "efficientnetv2-b0": "893217f2bb855e2983157299931e43ff",
    "efficientnetv2-b1": "0e80663031ca32d657f9caa404b6ec37",
    "efficientnetv2-b2": "1dfe2e7a5d45b6632553a8961ea609eb",
    "efficientnetv2-b3": "f6abf7b5849ac99a89b50dd3fd532856",
    "efficientnetv2-s": "af0682fb74e8c54910f2d4393339c070",
    "efficientnetv2-m": "1b8dc055df72dde80d614482840fe342",
    "efficientnetv2-l": "b0b66b5c863aef5b46e8608fe1711615",
    "convnext-tiny": "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    "convnext-small": "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
    "convnext-base": "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
    "convnext-large": "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd",
    "convnext-xlarge": "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05",
    "resnet50": "4d473c1dd8becc155b73f8504c6f6626",
    "mobilenetv3-small": "d3e8ec802a04aa4fc771ee12a9a9b836",
    "mobilenetv3-large": "07fb09a5933dd0c8eaafa16978110389",
    **{f"regnet{variant[0]}-{variant[1:]}": digest for variant, digest in regnet.HASHES.items()},
}


@dataclass(frozen=True)
class WeightsFile:
    """A file's address, and its checksum as ``md5:…`` or ``sha256:…``."""

    url: str
    known: str


def _file(name: str, digest: str) -> WeightsFile:
    (path,) = (path for family, path in PATHS.items() if name.startswith(family))
    forms = name, name.replace("-", "_"), name.replace("-", ""), name.rpartition("-")[2]
    kind = "md5" if len(digest) == 32 else "sha256"
    return WeightsFile(BUCKET + path.format(*forms), f"{kind}:{digest}")


FILES = {name: _file(name, digest) for name, digest in DIGESTS.items()}


def imagenet(name: str) -> Path | None:
    """Return a backbone's file of ImageNet weights without a top, downloaded where it is missing.

    It lies where Keras itself keeps it: in ``models`` of ``KERAS_HOME`` or of ``~/.keras``.

    Returns
    -------
    Path or None
        None for a backbone whose weights come with pip.

    Raises
    ------
    ModelError
        No network, a wrong checksum, or a folder that cannot be written.
    """
    if name not in FILES:
        return None
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    file = FILES[name]
    try:
        return fetch(file.url, file.known, folder)
    except DownloadError as error:
        raise ModelError(
            f"Cannot fetch the ImageNet weights of {name}: {error}. {OFFLINE}."
        ) from None
    except DataError as error:
        raise ModelError(f"{error} KERAS_HOME=FOLDER names another place for weights.") from None

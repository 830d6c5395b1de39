"""Formats of images: suffixes that are read, and those that are only counted."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import features

from audit.datasets.filenames import word_set

_READ = word_set(
    ".jpg .jpeg .jpe .jfif .pjpeg .pjp .mpo .png .apng .webp .bmp .dib .gif .tif .tiff .ppm "
    ".pgm .pbm .pnm"
)
_HEIF = frozenset({".heic", ".heif", ".hif"})
_RAW = word_set(".dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .orf .rw2 .raf .pef .raw .3fr .x3f")
_OTHER = word_set(
    ".dcm .dicom .svg .psd .xcf .exr .hdr .npy .npz .mat .nii .nrrd .mha .eps .pdf .tga .ico "
    ".dds .fits .fit .jxl .jxr .svs .ndpi .czi .lif .nd2 .webm .mp4 .avi .mov .bmp2 .pcx "
    ".sgi .qoi .pfm .ai .h5 .hdf5 .tfrecord .zip"
)
ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst")
_SIGNATURES = (
    b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ",
)  # fmt: skip


@cache
def heif() -> bool:
    """Return whether HEIC photographs can be read here; from then on Pillow reads them."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


@cache
def suffixes() -> frozenset[str]:
    """Return the suffixes, in small letters, of the images that are read here."""
    found = _READ
    if features.check("avif"):
        found |= {".avif", ".avifs"}
    if features.check("jpg_2000"):
        found |= {".jp2", ".j2k", ".jpx", ".jpf"}
    return found | _HEIF if heif() else found


def is_read(suffix: str) -> bool:
    """Return whether files of this suffix, in small letters, are read as images."""
    return suffix in suffixes()


def is_left_out(suffix: str) -> bool:
    """Return whether files of this suffix hold images, or stacks of them, that are not read."""
    return suffix not in suffixes() and suffix in _HEIF | _RAW | _OTHER


def is_heif(content: bytes) -> bool:
    """Return whether a file begins as HEIC photographs do, whatever its name says."""
    return content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"mif1", b"heim")


def begins_like_an_image(file: Path) -> bool:
    """Return whether a file of no known suffix begins as one of the common kinds of images does."""
    try:
        with file.open("rb") as stream:
            head = stream.read(32)
    except OSError:
        return False
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return webp or is_heif(head) or head.startswith(_SIGNATURES)


def mend(suffix: str) -> str:
    """Say what makes files of a suffix that is left out readable, as an order."""
    if suffix in _HEIF:
        return "pip install 'flower-audit[heic]'"
    if not suffix:
        return "give these files the suffix of their kind, as .jpg"
    return "convert them to PNG or JPEG"

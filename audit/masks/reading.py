"""Observations of mask files: which images have one, what values mean, which are bad."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from audit.core.errors import DataError
from audit.core.observation import Observation, Strength
from audit.core.wording import plural, some, verb
from audit.datasets.filenames import readable
from audit.masks.files import SAMPLE_PIXELS, MaskFiles, ValuedMasks
from audit.masks.values import Convention, shown_values

LOOKED = 500  # masks that are read to tell bad ones
_NAMED = 3
_FEW = 0.1  # share of masks without an image, or images without a mask, that is worth a look
_COLOURS = "everything but #{:06x} is the subject, #e0e0c0 unknown"


def value_observation(files: ValuedMasks) -> Observation:
    """Observe which values were seen in a source's masks, and what each was taken for."""
    found = files.convention
    if not found.looked:
        return Observation("mask-values", "Values of masks", "None of the masks can be read")
    held = shown_values(found.values, found.style)
    hold = verb(found.looked, "holds", "hold")
    words = f"{_counted(found.looked, files)} {hold} {held}: {meaning(found)}"
    doubts = "; ".join(found.doubts)
    unclear = found.style == "unclear" and found.stated.subject is None
    if found.looked and not _held(found):
        words += ", but no mask holds that"
        mend = "state values that the masks hold by --mask-subject"
        return Observation("mask-values", "Values of masks", words, "strong", mend)
    if doubts or unclear:
        words += f" ({doubts})" if doubts else ""
        mend = "say which values are the subject by --mask-subject, as 1 or 1-8"
        strength: Strength = "strong" if unclear else "weak"
        return Observation("mask-values", "Values of masks", words, strength, mend)
    return Observation("mask-values", "Values of masks", words)


def _counted(count: int, files: MaskFiles) -> str:
    if files.name == "beside":
        return f"{plural(count, 'mask')} beside the images"
    return plural(count, f"{files.name} mask")


def _held(found: Convention) -> bool:
    """Return whether masks hold the stated subject; 0, 128 and 255 may be held nearly."""
    said = found.stated.subject
    return said is None or bool(said & {0, 128, 255, *found.values})


def meaning(found: Convention) -> str:
    """Return what a convention takes values for, in words."""
    said = found.stated
    if said.subject is not None:
        said_unknown = f", {shown_values(said.unknown)} unknown" if said.unknown else ""
        return f"{shown_values(said.subject)} is the subject{said_unknown}, as --mask-subject says"
    words = {
        "levels": _levels(found.values),
        "indices": "everything but 0 is the subject" + ", 255 unknown" * found.void,
        "votes": "from 128 on it is the subject, 0 is the background, unknown between",
        "pets": "1 is the subject, 2 the background, 3 unknown",
        "colours": _COLOURS.format(found.background),
        "unclear": "none of them is plainly the background",
    }[found.style]
    if set(found.values) <= {0, 1}:
        words = "1 is the subject, 0 the background"
    if said.unknown:
        words += f"; {shown_values(said.unknown)} unknown, as --mask-unknown says"
    return words


def _levels(values: Sequence[int]) -> str:
    """Return what levels mean, of those alone that masks hold, or come near."""
    names = {255: "the subject", 0: "the background", 128: "unknown"}
    held = {min(names, key=lambda level: abs(level - value)) for value in values}
    first, *others = [(level, name) for level, name in names.items() if level in held]
    return ", ".join([f"{first[0]} is {first[1]}", *(f"{n} {name}" for n, name in others)])


def bad_observation(files: ValuedMasks) -> Observation:
    """Observe how many masks cannot be read or hold odd values; a few of them by name."""
    bad, looked = _bad(files)
    title = "Masks that cannot be used"
    if not bad:
        return Observation("bad-masks", title, f"All {_counted(looked, files)} can be read")
    more = f"; and {len(bad) - _NAMED:,} more" if len(bad) > _NAMED else ""
    reasons = "; ".join(reason.rstrip(".") for reason in bad[:_NAMED])
    words = f"{len(bad):,} of {_counted(looked, files)} cannot be used: {reasons}{more}"
    strength: Strength = "strong" if 2 * len(bad) > looked else "weak"
    mend = "mend these masks, or state values by --mask-subject; their images get no verdict"
    return Observation("bad-masks", title, words, strength, mend)


def join_observations(
    sources: Sequence[MaskFiles], classes: Mapping[str, str], images: int, maker: str
) -> list[Observation]:
    """Observe how many images got a mask by which rule, how many none, and which files fit none."""
    found = [files for files in sources if files.any()]
    if not found:
        return []
    own = {name for files in found for name in files.joined.files}
    left = [file for files in found for file in files.joined.left]
    words = [f"{len(own):,} of {plural(images, 'image')} have masks of their own ({_rules(found)})"]
    if len(own) < images:
        words.append(_without(own, classes, maker))
    if left:
        words.append(_unused(left, found))
    few = len(own) < (1 - _FEW) * images or len(left) > _FEW * (len(left) + len(own))
    title, told = "Masks and images", "; ".join(words)
    if not few:
        return [Observation("mask-join", title, told)]
    named = "name each mask like its image, in a folder named like its class"
    mend = named if left else "see whether the others' masks lie elsewhere"
    return [Observation("mask-join", title, told, "weak", mend)]


def _rules(found: Sequence[MaskFiles]) -> str:
    rules = Counter[str]()
    for files in found:
        rules.update(files.joined.rules)
    return ", ".join(f"{n:,} {rule}" for rule, n in rules.items())


def _unused(left: Sequence[Path], found: Sequence[MaskFiles]) -> str:
    used = sum(len(parts) for files in found for parts in files.joined.files.values())
    of = f"{len(left):,} of {plural(len(left) + used, 'mask file')}"
    return f"{of} {verb(len(left), 'fits', 'fit')} no image, such as {readable(str(left[0]))}"


def _without(own: set[str], classes: Mapping[str, str], maker: str) -> str:
    missing = len(classes) - len(own)
    cut = f"{verb(missing, 'is', 'are')} cut out by {maker}"
    words = f"the other {missing:,} {cut if maker else verb(missing, 'has none', 'have none')}"
    every = set(classes.values())
    bare = sorted(every - {classes[name] for name in own if name in classes})
    if not bare:
        return words
    told = f"{len(bare)} of the {len(every)} classes ({some(bare, 2)})"
    return f"{words}, including every image of {told}"


def _bad(files: ValuedMasks) -> tuple[list[str], int]:
    """Return what is wrong with bad masks, sorted, and how many masks were read."""
    reasons: list[str] = []
    looked = pixels = 0
    for name in files.names()[:LOOKED]:
        looked += 1
        try:
            pixels += files.read(name)[0].size
        except DataError as error:
            reasons.append(str(error))
        if pixels > 3 * SAMPLE_PIXELS:
            break
    return sorted(reasons), looked

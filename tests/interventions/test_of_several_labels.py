"""Images of several labels: each is studied as one unit of its label alone would be."""

from dataclasses import replace

import numpy as np
import pytest
from severallabels import LABELS, photo

from audit.core.logits import absent, of_label, predicted
from audit.datasets.dataset import Item
from audit.interventions.composites import fill, off_foreground
from audit.interventions.explained import ExplainedImage
from audit.interventions.interventions import Interventions
from audit.interventions.pool import BackgroundPool
from audit.masks.sample import Sample

N = len(LABELS)
ANSWERS = ("without_foreground", "only_foreground", "pasted_back", "mixed_same")
DONORS = [("red",), ("green",), ("blue",), ("red", "green"), ("green", "blue"), ("red", "blue")] * 3


def units(images):
    """Logits of each label: blue and red by their discs, green by the tag."""
    red, green, blue = np.moveaxis(np.asarray(images, np.float32), -1, 0)
    seen = [blue - (red + green) / 2 - 80, (red + green) / 2 - blue - 150, red - green - 80]
    mean = np.stack([np.maximum(s, 0).mean(axis=(1, 2)) for s in seen], axis=1)
    return (mean * [1, 8, 1] - [3, 4, 3]).astype(np.float32)


def each_alone(images):
    return np.concatenate([units(images) / 2, units(images) / -2], axis=1)


def one_unit(label):
    def of(images):
        z = units(images)[:, label : label + 1]
        return np.concatenate([-z / 2, z / 2], axis=1)

    return of


@pytest.fixture(scope="module")
def pool():
    drawn = [photo(labels, 900 + k) for k, labels in enumerate(DONORS)]
    filled = [np.rint(fill(i, ~off_foreground(np.max(masks, axis=0)))) for i, masks in drawn]
    sets = tuple(frozenset(LABELS.index(label) for label in labels) for labels in DONORS)
    stack = np.stack(filled).astype(np.uint8)
    names = [f"donor{k}.png" for k in range(len(DONORS))]
    first = np.array([min(s) for s in sets])
    return BackgroundPool(names, first, stack, each_alone(stack), sets)


def sample(name, label):
    """One row of an image that has a red, a green and a blue disc."""
    image, masks = photo(("red", "green", "blue"), 7)
    mask = dict(zip(("red", "green", "blue"), masks, strict=True))[LABELS[label]]
    row = Item(f"{name} [{LABELS[label]}]", label, "test", of=name)
    return Sample(row, image, mask, "manifest", "")


def studied(predict, pool, row, logits, **asked):
    heat = (row.trimap == 255).astype(np.float32)
    case = ExplainedImage(row, logits, heat[::8, ::8], heat)
    return Interventions(predict, pool, **asked)([case])[0]


def test_logits_of_one_label_are_those_of_one_unit():
    logits = np.array([1.5, -0.5, 1.0, -1.5, 0.5, -1.0], np.float32)
    assert predicted(of_label(logits, 0)) == 0
    assert predicted(of_label(logits, 1)) == absent(1, 6) == 4
    logits[2] = np.nan  # another label's
    assert predicted(of_label(logits, 0)) == 0
    assert predicted(of_label(logits, 2)) == -1


@pytest.mark.parametrize("label", range(N))
@pytest.mark.parametrize("missed", [False, True])
def test_a_label_of_several_is_studied_as_one_unit_of_it_is(pool, label, missed):
    """Same image, same donors: every figure is the same, answers but for what they are called."""

    def turned(model):
        return (lambda images: -model(images)) if missed else model

    row = sample("x.png", label)
    image = row.image[None].astype(np.float32)
    several, single = turned(each_alone), turned(one_unit(label))
    many = replace(pool, logits=several(pool.backgrounds))
    found = studied(several, many, row, of_label(several(image)[0], label), several=True)
    has = np.array([label in labels for labels in pool.sets], np.int64)
    alone = replace(pool, labels=has, logits=single(pool.backgrounds), sets=())
    plain = replace(row, item=Item("x.png", 1, "test"))
    expected = studied(single, alone, plain, single(image)[0])
    assert found.donors == expected.donors
    names = {label: 1, label + N: 0, -1: -1}
    assert (found.region == expected.region).all()
    for ours, theirs in zip(told(found), told(expected), strict=True):
        assert repr(flattened(ours, names)) == repr(flattened(theirs))  # NaN are alike, too
    assert found.causes.donors == 5


def told(found):
    return found.causes, found.grown, found.shrunk


def flattened(causes, names=None):
    """All figures of causes, with answers as ``names`` calls them: 1 is there, 0 is not."""
    flat = {}
    for key, value in vars(causes).items():
        parts = vars(value) if hasattr(value, "__dataclass_fields__") else value
        if key == "edits":
            flat |= {(e, k): v for e, each in parts.items() for k, v in vars(each).items()}
        elif key == "swaps":
            flat |= {(i, k): v for i, each in enumerate(parts) for k, v in vars(each).items()}
        elif isinstance(parts, dict):
            flat |= {(key, k): v for k, v in parts.items()}
        else:
            flat[key] = parts
    if names:
        answers = {k: v for k, v in flat.items() if k in ANSWERS or k[-1] == "prediction"}
        flat |= {k: names[v] for k, v in answers.items()}
    return flat


def test_donors_are_images_without_the_label(pool):
    of_green = pool.of_label(LABELS.index("green"))
    donors = of_green.others("x.png", {1, 1 + N}, 4) or of_green.others("x.png", {1}, 4, 1)
    assert donors and not any("green" in DONORS[i] for i in donors)
    assert all("green" in DONORS[i] for i in of_green.same("x.png", 1, 4))


def test_a_study_that_asks_nothing_ends(pool):
    row = sample("x.png", 0)
    bare = replace(row, trimap=np.zeros_like(row.trimap))
    found = studied(
        each_alone, pool, bare, of_label(each_alone(row.image[None])[0], 0), several=True
    )
    assert found.causes.reason

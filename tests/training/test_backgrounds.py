"""Training flowers on other images' backgrounds, on drawn discs."""

import numpy as np
import pytest
from test_training import tiny

from audit.core.errors import DataError
from audit.core.track import silent
from audit.datasets.open import open_dataset
from audit.masks.masks import Masks
from audit.models.backbones import BACKBONES, Backbone
from audit.settings import load_config
from audit.training import backgrounds, training
from audit.training.backgrounds import split_foregrounds
from audit.training.cache import fill
from audit.training.replicas import replicas

CHANNEL = (0, 1, 2)  # of crimson, green and navy, the classes in their order


def opened(manifest):
    return open_dataset(load_config({"images": manifest, "grabcut": False}))


@pytest.fixture
def manifest(tmp_path, draw_manifest):
    """Nine discs to train on; one is torn, one has no mask."""
    manifest = draw_manifest(
        tmp_path / "images", per_split={"train": 3, "validation": 1, "test": 1}
    )
    (tmp_path / "images" / "0_01.png").write_bytes(b"torn")
    manifest.write_text(manifest.read_text().replace("2_00_mask.png", ""))
    return manifest


@pytest.fixture
def apart(manifest, tmp_path):
    dataset = opened(manifest)
    images = fill(dataset, "train", 64, tmp_path / "train.npy", silent)
    masks = Masks(dataset, grabcut=False)
    return images, split_foregrounds(dataset, masks, images, "train", tmp_path, 0, silent, 0)


def test_rows_are_those_of_the_shelf(apart):
    images, found = apart
    assert len(images.labels) == 8
    assert len(found.usable) == 7
    (maskless,) = set(range(8)) - set(found.usable.tolist())
    assert CHANNEL[images.labels[maskless]] == 2
    for row in found.usable:
        inside = found.opacity[row] > 250
        strongest = images.pixels[row][inside].mean(axis=0).argmax()
        assert strongest == CHANNEL[images.labels[row]]
        # Where the disc was, the background is grey now.
        assert np.ptp(found.removed[row][inside].mean(axis=0)) < 25


def test_flowers_stay_and_most_backgrounds_change(apart, monkeypatch):
    images, found = apart
    monkeypatch.setattr(backgrounds, "SHARE", 1.0)
    rows = list(range(8))
    changed = found.swapped(images.pixels, rows, 0)
    for row in found.usable:
        inside = found.opacity[row] == 255
        np.testing.assert_array_equal(changed[row][inside], images.pixels[row][inside])
        outside = found.opacity[row] == 0
        donors = [(changed[row][outside] == b[outside]).all() for b in found.removed]
        assert sum(donors) == 1
    maskless = (set(rows) - set(found.usable.tolist())).pop()
    np.testing.assert_array_equal(changed[maskless], images.pixels[maskless])


def test_draws_hang_on_seed_epoch_and_row_alone(apart):
    images, found = apart
    whole = found.swapped(images.pixels, list(range(8)), 3)
    part = found.swapped(images.pixels[4:6], [4, 5], 3)
    np.testing.assert_array_equal(whole[4:6], part)
    assert (found.swapped(images.pixels, list(range(8)), 4) != whole).any()


def test_without_a_mask_it_is_refused(manifest, tmp_path):
    manifest.write_text("\n".join(
        line.rsplit(",", 1)[0] + ("," if i else ",mask")
        for i, line in enumerate(manifest.read_text().splitlines())
    ))  # fmt: skip
    dataset = opened(manifest)
    images = fill(dataset, "train", 64, tmp_path / "train.npy", silent)
    masks = Masks(dataset, grabcut=False)
    with pytest.raises(DataError, match="usable mask: give --masks"):
        split_foregrounds(dataset, masks, images, "train", tmp_path, 0, silent, 0)


def test_training_sees_the_swapped_images_and_repeats_itself(manifest, tmp_path, monkeypatch):
    monkeypatch.setitem(BACKBONES, "tiny", Backbone(tiny, 32, "drawn"))
    given = {"images": manifest, "grabcut": False, "backbone": "tiny", "weights": "random",
             "image_size": 32, "epochs": 2, "workers": 0}  # fmt: skip
    config = load_config(given | {"augment_background": True})
    dataset = opened(manifest)
    masks = Masks(dataset, grabcut=False)
    first, second, plain = (
        training.train(dataset, c, silent, tmp_path / str(k), replicas(), masks)
        for k, c in enumerate((config, config, load_config(given)))
    )
    for a, b in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert first.nine is not None
    assert plain.nine is None
    assert (first.model.get_weights()[-2] != plain.model.get_weights()[-2]).any()

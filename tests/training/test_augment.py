import builtins

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.errors import ConfigError
from audit.settings import load_config
from audit.training.augment import Augmenter

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
LABELS = np.eye(4, dtype=np.float32)
PIPELINES = ["augmented", "mixup", "cutmix", "randaugment", "augmented+cutmix+mixup"]


def augmenter(pipeline, **settings):
    return Augmenter(load_config({"pipeline": pipeline, **settings}))


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_shape_range_and_the_sum_of_labels_stay(pipeline):
    images, labels = augmenter(pipeline)(IMAGES, LABELS)
    assert (images.shape, images.dtype) == (IMAGES.shape, np.float32)
    assert images.min() >= 0
    assert images.max() <= 255
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_an_epoch_draws_the_same_again_and_another_epoch_others(pipeline):
    steps = augmenter(pipeline)
    drawn = []
    for epoch in (3, 4, 3):
        steps.begin(epoch)
        drawn.append(steps(IMAGES, LABELS)[0])
    np.testing.assert_array_equal(drawn[0], drawn[2])
    assert np.abs(drawn[0] - drawn[1]).max() > 1


def test_seed_decides_what_comes_out():
    one, two = (augmenter("augmented", seed=seed)(IMAGES, LABELS)[0] for seed in (1, 2))
    assert np.abs(one - two).max() > 1


def test_baseline_changes_nothing():
    images, labels = augmenter("baseline")(IMAGES, LABELS)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)


def test_images_of_a_batch_are_changed_differently():
    found, _ = augmenter("augmented")(np.repeat(IMAGES[:1], 4, axis=0), LABELS)
    assert all(np.abs(found[i] - found[0]).max() > 1 for i in (1, 2, 3))


def test_ranges_of_zero_leave_images_as_they_are():
    still = dict.fromkeys(
        ("rotation", "zoom_in", "zoom_out", "translation", "brightness", "contrast"), 0.0
    )
    found, _ = augmenter("augmented", flip=False, **still)(IMAGES, LABELS)
    np.testing.assert_allclose(found, IMAGES, atol=1e-2)


def test_mixup_mixes_pixels_as_it_mixes_labels():
    plain = np.stack([np.full((8, 8, 3), 60 * i, np.uint8) for i in range(4)])
    images, labels = augmenter("mixup", mixup_alpha=1.0)(plain, LABELS)
    np.testing.assert_allclose(images[:, 0, 0, 0], labels @ [0, 60, 120, 180], rtol=1e-4)
    assert (labels.max(axis=1) < 1).any()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), alpha=st.floats(0.2, 3))
def test_cutmix_shares_labels_by_the_pixels_that_came(seed, alpha):
    plain = np.stack([np.full((16, 12, 3), 60 * i, np.uint8) for i in range(4)])
    images, labels = augmenter("cutmix", cutmix_alpha=alpha, seed=seed)(plain, LABELS)
    shares = np.stack([(images[..., 0] == 60 * i).mean(axis=(1, 2)) for i in range(4)], axis=1)
    np.testing.assert_allclose(shares, labels, atol=1e-6)


def test_steps_run_in_the_order_asked_for():
    one, other = (augmenter(p)(IMAGES, LABELS)[0] for p in ("cutmix+mixup", "mixup+cutmix"))
    assert np.abs(one - other).max() > 1


def test_albumentations_that_are_not_installed_are_named_with_the_mend(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "albumentations":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"flower-audit\[albumentations\]"):
        augmenter("albumentations")


class TestAlbumentations:
    @pytest.fixture(autouse=True)
    def library(self):
        self.albumentations = pytest.importorskip("albumentations")

    def test_default_pipeline_changes_pixels_and_no_label(self):
        steps = augmenter("albumentations")
        images, labels = steps(IMAGES, LABELS)
        assert np.abs(images - IMAGES).max() > 1
        np.testing.assert_array_equal(labels, LABELS)
        steps.begin(0)
        np.testing.assert_array_equal(steps(IMAGES, LABELS)[0], images)

    def test_pipeline_of_a_file_is_used(self, tmp_path):
        file = tmp_path / "mine.json"
        mirror = self.albumentations.Compose([self.albumentations.HorizontalFlip(p=1)])
        self.albumentations.save(mirror, file)
        images, _ = augmenter("albumentations", albumentations=file)(IMAGES, LABELS)
        np.testing.assert_array_equal(images, IMAGES[:, :, ::-1])

    def test_file_that_is_no_pipeline_is_named(self, tmp_path):
        file = tmp_path / "mine.json"
        file.write_text("{}")
        with pytest.raises(ConfigError, match=r"mine\.json is no pipeline of Albumentations"):
            augmenter("albumentations", albumentations=file)

    def test_pipeline_that_changes_the_size_is_refused(self, tmp_path):
        file = tmp_path / "mine.json"
        self.albumentations.save(
            self.albumentations.Compose([self.albumentations.Resize(8, 8)]), file
        )
        with pytest.raises(ConfigError, match="keep their size"):
            augmenter("albumentations", albumentations=file)(IMAGES, LABELS)

import numpy as np

from audit.models.augment import augmentation, nine_versions

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)


def augmented(seed, images=IMAGES):
    return np.asarray(augmentation(seed)(images, training=True))


def test_the_six_layers_are_those_of_the_pipeline():
    assert [type(layer).__name__ for layer in augmentation(0).layers] == [
        "RandomFlip",
        "RandomRotation",
        "RandomZoom",
        "RandomTranslation",
        "RandomBrightness",
        "RandomContrast",
    ]


def test_shape_and_range_stay():
    found = augmented(0)
    assert found.shape == IMAGES.shape
    assert found.min() >= 0
    assert found.max() <= 255


def test_seed_decides_what_comes_out():
    np.testing.assert_array_equal(augmented(1), augmented(1))
    assert np.abs(augmented(1) - augmented(2)).max() > 1


def test_images_of_a_batch_are_changed_differently():
    same = np.repeat(IMAGES[:1], 4, axis=0)
    found = augmented(0, same)
    assert all(np.abs(found[i] - found[0]).max() > 1 for i in (1, 2, 3))


def test_nothing_is_changed_outside_of_training():
    np.testing.assert_array_equal(augmentation(0)(IMAGES, training=False), IMAGES)


def test_nine_versions_are_a_sheet_of_three_by_three():
    sheet = nine_versions(IMAGES[0].astype(np.uint8), 0)
    assert (sheet.size, sheet.mode) == ((96, 96), "RGB")
    pixels = np.asarray(sheet)
    assert np.any(pixels[:32, :32] != pixels[:32, 32:64])

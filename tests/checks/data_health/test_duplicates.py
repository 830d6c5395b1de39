"""Hashes and pairs: worked ones, copies that must be found, and images that must not be paired."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from audit.checks.data_health import duplicates
from audit.checks.data_health.duplicates import (
    BITS,
    MOST_BITS,
    Pairs,
    group_sizes,
    leaked,
    near_duplicates,
    order,
    signature,
)

ODD = [k % 8 % 2 == 1 for k in range(1, 64)]  # horizontal frequencies 1, 3, 5 and 7


def of_bits(bits):
    """An image of 32 x 32 grey pixels whose low frequencies have these signs."""
    low = np.zeros((32, 32), np.float32)
    low[:8, :8] = np.where([True, *bits], 60, -60).reshape(8, 8)
    low[0, 0] = 32 * 128  # the mean
    grey = np.rint(cv2.idct(low)).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def photograph(seed, size=(180, 240)):
    """Noise whose amplitude falls with its frequency, as that of photographs does."""
    random = np.random.default_rng(seed)
    y, x = np.fft.fftfreq(size[0])[:, None], np.fft.fftfreq(size[1])
    fall = 1 / np.maximum(np.hypot(y, x), 1 / max(size))
    planes = [np.fft.ifft2(np.fft.fft2(random.normal(size=size)) * fall).real for _ in range(3)]
    image = np.stack(planes, axis=2)
    return np.clip(128 + 50 * (image - image.mean()) / image.std(), 0, 255).astype(np.uint8)


def compare(images):
    found = [signature(image) for image in images]
    return near_duplicates(np.array([f.bits for f in found]), np.array([f.detail for f in found]))


def paired(images):
    found = compare(images)
    return set(zip(found.a.tolist(), found.b.tolist(), strict=True))


# Hashes


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=BITS, max_size=BITS))
def test_bits_are_the_signs_of_the_low_frequencies(bits):
    assert signature(of_bits(bits)).bits.tolist() == bits


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=BITS, max_size=BITS))
def test_a_mirror_image_has_the_odd_frequencies_turned(bits):
    turned = [bit != odd for bit, odd in zip(bits, ODD, strict=True)]
    assert signature(of_bits(bits)[:, ::-1]).bits.tolist() == turned


def test_the_hash_in_words_is_the_bits_as_a_number():
    bits = [False] * BITS
    bits[0] = bits[7] = True  # 1000 0001 0..., and a last bit that is always 0
    assert signature(of_bits(bits)).text == "8100000000000000"


def test_detail_has_mean_0_and_norm_1():
    detail = signature(photograph(0)).detail.astype(float)
    assert detail.mean() == pytest.approx(0, abs=1e-4)
    assert np.linalg.norm(detail) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (7, 5)])
def test_images_of_any_shape_have_a_signature(shape):
    assert signature(np.zeros((*shape, 3), np.uint8)).plain


# Pairs, worked


def detail_of(*values):
    """Detail that is 0 but for its first places."""
    detail = np.zeros((32, 32), np.float16)
    detail.flat[: len(values)] = values
    return detail


def test_distance_is_the_number_of_bits_that_differ():
    bits = np.zeros((3, BITS), bool)
    bits[1, :MOST_BITS] = True
    bits[2, 20 : 20 + MOST_BITS + 1] = True
    found = near_duplicates(bits, np.stack([detail_of(1.0)] * 3))
    assert (found.a.tolist(), found.b.tolist()) == ([0], [1])  # 10 bits; 11 and 21 are too many
    assert found.distance.tolist() == [MOST_BITS]
    assert found.likeness.tolist() == [1] and found.mirrored.tolist() == [False]
    assert found.complete


@pytest.mark.parametrize(("first", "likeness"), [(0.6, 0.6), (0.59, None), (-1.0, None)])
def test_likeness_is_the_correlation_of_detail(first, likeness):
    bits = np.zeros((2, BITS), bool)
    rest = np.sqrt(1 - first**2)
    found = near_duplicates(bits, np.stack([detail_of(1.0), detail_of(first, rest)]))
    expected = [] if likeness is None else [pytest.approx(likeness, abs=1e-3)]
    assert found.likeness.tolist() == expected


def test_a_mirrored_pair_is_compared_mirrored():
    bits = np.stack([np.zeros(BITS, bool), np.array(ODD)])
    detail = np.stack([detail_of(0.8, 0.6), detail_of(0.8, 0.6)[:, ::-1]])
    found = near_duplicates(bits, detail)
    assert found.mirrored.tolist() == [True]
    assert found.distance.tolist() == [0]
    assert found.likeness.tolist() == [pytest.approx(1, abs=1e-3)]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_pairs_equal_those_of_all_images_one_by_one(seed, images):
    random = np.random.default_rng(seed)
    bits = random.random((images, BITS)) < 0.5
    bits[: images // 2] = bits[0:1]  # some near each other
    bits ^= random.random(bits.shape) < 0.06
    detail = np.stack([detail_of(1.0)] * images)  # mirrored, it is not alike
    found = near_duplicates(bits, detail)
    distances = {
        (i, j): int((bits[i] != bits[j]).sum()) for i in range(images) for j in range(i + 1, images)
    }
    pairs = zip(found.a.tolist(), found.b.tolist(), strict=True)
    assert dict(zip(pairs, found.distance.tolist(), strict=True)) == {
        pair: distance for pair, distance in distances.items() if distance <= MOST_BITS
    }


# Copies


def jpeg(image, quality):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


COPIES = {
    "copy": lambda image: image.copy(),
    "compressed": lambda image: jpeg(image, 20),
    "smaller": lambda image: cv2.resize(image, None, fx=0.4, fy=0.4),
    "larger": lambda image: cv2.resize(image, None, fx=1.7, fy=1.7),
    "squashed": lambda image: cv2.resize(image, (200, 200)),
    "brighter": lambda image: cv2.convertScaleAbs(image, beta=25),
    "darker": lambda image: cv2.convertScaleAbs(image, alpha=0.75),
    "grey": lambda image: np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None], 3, 2),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "cropped": lambda image: np.ascontiguousarray(image[3:-3, 4:-4]),
}


@pytest.mark.parametrize("kind", COPIES)
def test_copies_are_found_and_nothing_else(kind):
    images = [photograph(seed) for seed in range(12)]
    assert paired([*images, *(COPIES[kind](image) for image in images)]) == {
        (k, k + 12) for k in range(12)
    }


def test_mirrored_is_said_of_mirrored_copies_alone():
    image = photograph(3)
    found = compare([image, jpeg(image, 50), COPIES["mirrored"](image)])
    said = dict(zip(zip(found.a, found.b, strict=True), found.mirrored.tolist(), strict=True))
    assert said == {(0, 1): False, (0, 2): True, (1, 2): True}


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 1_000_000))
def test_different_photographs_are_never_paired(seed):
    images = [photograph(seed + k, (64, 64)) for k in range(60)]
    assert paired(images) == set()


def test_plain_images_are_no_duplicates_of_each_other():
    grey = [np.full((50, 60, 3), level, np.uint8) for level in (0, 0, 128, 255)]
    assert paired(grey) == set()
    assert [signature(image).text for image in grey] == [""] * 4


def test_too_many_pairs_end_the_search(monkeypatch):
    monkeypatch.setattr(duplicates, "MOST_PAIRS", 1000)
    bits, detail = np.zeros((100, BITS), bool), np.stack([detail_of(1.0)] * 100)
    found = near_duplicates(bits, detail)  # 4,950 pairs, met in one go
    assert not found.complete and len(found.a) > 1000
    assert near_duplicates(bits[:40], detail[:40]).complete


# What pairs say


def test_groups_are_joined_by_chains():
    assert group_sizes([5, 7, 1], [7, 9, 2]) == [3, 2]
    assert group_sizes([], []) == []


def worked():
    """Five pairs of seven images: train, train, validation, validation, test, test, test."""
    split = np.array(["train", "train", "validation", "validation", "test", "test", "test"])
    label = np.array([0, 1, 0, 0, 0, 1, 1])
    a, b = np.array([5, 0, 0, 0, 2]), np.array([6, 1, 2, 4, 3])
    distance = np.array([0, 9, 0, 5, 0])
    return Pairs(a, b, distance, np.ones(5), np.zeros(5, bool), True), label, split


def test_conflicts_come_first_then_leaks_then_others_across_splits():
    pairs, label, split = worked()
    # train-train of two labels; train-test; train-validation; then within, the most alike first
    assert order(pairs, label, split, "test").tolist() == [1, 3, 2, 0, 4]


def test_a_test_image_is_leaked_by_another_split_alone():
    pairs, _, split = worked()
    assert leaked(pairs.a, pairs.b, split, "test").tolist() == [False] * 4 + [True, False, False]
    assert leaked(pairs.b, pairs.a, split, "test").tolist() == [False] * 4 + [True, False, False]

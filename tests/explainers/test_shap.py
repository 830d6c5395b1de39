"""SHAP on functions whose answer is known."""

import sys

import numpy as np
import pytest

from audit.core.errors import ConfigError
from audit.explainers.shap import CELLS, Shap, cells_of
from audit.interventions.composites import softened

SIDE = 2 * CELLS
IMAGE = np.random.default_rng(0).uniform(0, 255, (SIDE, SIDE, 3)).astype(np.float32)
LOST = (IMAGE - softened(IMAGE)).mean(axis=-1)  # of each pixel, out of focus
# Only the four quarters matter: halving twice tells them apart.
QUARTERS = np.repeat(np.repeat([[1.0, -2.0], [0.5, 0.0]], CELLS, axis=0), CELLS, axis=1)


def linear(images):
    """Logits: a weighted sum of the pixels, and its negative."""
    score = np.einsum("nhwc,hw->n", images / 3, QUARTERS).astype(np.float32)
    return np.stack([score, -score], axis=1)


def curved(images):
    """Logits that are no sum over parts."""
    score = np.tanh(images.std(axis=(1, 2)) / 64).astype(np.float32)
    return 9 * score * score[:, ::-1]


@pytest.fixture(scope="module")
def explain():
    """One explainer for all tests: the library compiles for seconds."""
    return Shap(curved, 60)


def test_cells_number_a_grid_by_rows():
    cells = cells_of((SIDE, SIDE, 3))
    assert cells[:2, :4].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1]]
    assert cells[-1, -1] == CELLS**2 - 1


def test_cells_cover_sides_that_they_do_not_divide():
    areas = np.bincount(cells_of((75, 33, 3)).ravel())
    assert areas.size == CELLS**2
    assert areas.min() >= 1
    assert areas.sum() == 75 * 33


def test_a_sum_over_pixels_is_shared_out_as_it_is_summed():
    found = Shap(linear, 60)(IMAGE, 0, "a")
    for rows in (slice(0, CELLS), slice(CELLS, None)):
        for columns in (slice(0, CELLS), slice(CELLS, None)):
            expected = (LOST * QUARTERS)[rows, columns].sum()
            assert found[rows, columns].sum() == pytest.approx(expected, abs=0.1)


def test_a_heatmap_adds_up_to_the_logit_lost_out_of_focus(explain):
    found = explain(IMAGE, 1, "a")
    kept, lost = curved(np.stack([IMAGE, softened(IMAGE)]))[:, 1]
    assert found.shape == (SIDE, SIDE)
    assert found.sum() == pytest.approx(kept - lost, rel=1e-4)


def test_an_image_has_one_answer_whatever_came_before_it(explain):
    first = explain(IMAGE, 0, "a")
    explain(IMAGE[::-1].copy(), 1, "b")
    np.testing.assert_array_equal(explain(IMAGE, 0, "a"), first)


def test_nobodys_random_numbers_are_touched(explain):
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    explain(IMAGE, 0, "a")
    assert np.random.random() == expected


def test_a_logit_that_is_no_number_leaves_no_number():
    found = Shap(lambda images: np.full((len(images), 2), np.nan, np.float32), 20)(IMAGE, 0, "a")
    assert found.shape == IMAGE.shape[:2]
    assert np.isnan(found).all()


def test_no_image_is_asked_about_more_often_than_said():
    asked = []

    def count(images):
        asked.append(len(images))
        return curved(images)

    Shap(count, 60)(IMAGE, 0, "a")
    assert sum(asked) <= 60
    assert max(asked) <= 8


def test_a_missing_package_is_named_with_its_mend(monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ConfigError, match=r"^SHAP needs a package: pip install '.*\[shap\]'"):
        Shap(curved)

"""What every registered explainer keeps to."""

from dataclasses import replace

import numpy as np
import pytest
from mapsdrawn import maps_of

from audit.core.registries import EXPLAINERS, JUDGED
from audit.core.registry import KEY
from audit.explainers.registry import TAKEN, is_about
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.storage.heatmaps import pack_maps, unpack_maps

CHEAP = {"lime_samples": 60, "shap_evals": 60, "ig_steps": 8}
NAMES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def classifier(colour_model):
    return FrozenClassifier(load_model(colour_model, trust=False))


@pytest.fixture(scope="module")
def drawn(draw):
    images, trimaps = zip(*(draw(label, 3, 64) for label in range(3)), strict=True)
    return np.stack(images).astype(np.float32), np.stack(trimaps) == 255


@pytest.fixture(scope="module", params=list(EXPLAINERS))
def kind(request):
    return EXPLAINERS[request.param]


@pytest.fixture(scope="module")
def explain(kind, classifier):
    explainer = kind.of(CHEAP)
    return lambda images, targets, names: explainer(images, np.array(targets), classifier, names)


@pytest.fixture(scope="module")
def found(explain, drawn):
    return explain(drawn[0], [0, 1, 2], NAMES)


def test_it_says_what_it_is(kind):
    assert KEY.fullmatch(kind.key) and kind.key not in TAKEN
    assert is_about(kind.of({}).about)
    assert kind.storage in ("dense", "segments")
    assert kind.judged == (kind.key in JUDGED)
    assert all(map(is_about, kind.variants.values()))
    assert not kind.setting or kind.key in kind.variants


def test_what_it_needs_is_there_or_named(kind):
    assert len(kind.of({}).libraries()) == (len(kind.extra.modules) if kind.extra else 0)


def test_it_gives_one_heatmap_an_image(found):
    assert found.shape == (3, 64, 64) and found.dtype == np.float32
    assert all(np.isfinite(h).all() or np.isnan(h).all() for h in found)


def test_neither_order_nor_batch_changes_a_heatmap(explain, found, drawn):
    images = drawn[0]
    turned = explain(images[::-1], [2, 1, 0], NAMES[::-1])[::-1]
    single = np.concatenate([explain(images[i : i + 1], [i], NAMES[i : i + 1]) for i in range(3)])
    size = np.abs(found).max()
    np.testing.assert_allclose(turned, found, atol=1e-5 * size)
    np.testing.assert_allclose(single, found, atol=1e-5 * size)


def test_what_speaks_for_the_class_is_above_0(found, drawn):
    for heatmap, subject in zip(found, drawn[1], strict=True):
        positive = np.maximum(heatmap, 0)
        assert heatmap[subject].sum() > 0
        assert positive[subject].mean() > 2 * positive[~subject].mean()


def test_what_speaks_against_the_class_is_no_more_than_0(explain, drawn):
    images, subjects = drawn
    for heatmap, subject in zip(explain(images, [1, 2, 0], NAMES), subjects, strict=True):
        assert heatmap[subject].sum() <= 1e-3 * np.abs(heatmap).sum()


def test_it_comes_back_from_its_storage_within_its_bound(kind, found):
    maps = [replace(maps_of(i, f"{i}", 64), optional={kind.key: h}) for i, h in enumerate(found)]
    dense = {kind.key} if kind.storage == "dense" else set()
    for before, after in zip(found, unpack_maps(pack_maps(maps, dense)), strict=True):
        off = np.abs(after.optional[kind.key] - before)
        if kind.storage == "dense":
            assert (off <= 2.0**-10 * np.abs(before) + 2.0**-24 * np.abs(before).max()).all()
        else:
            assert not off.any() and np.unique(before).size <= 2**16

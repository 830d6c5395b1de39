"""LIME and SHAP in the sweep: of chosen images, scored and kept like the others."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.special import log_softmax

from audit.core.errors import AuditError
from audit.core.track import silent
from audit.datasets.imagefiles import ImageFiles
from audit.execution.engine import Engine
from audit.execution.local import sweep
from audit.execution.optional import (
    OptionalExplainers,
    explain_one,
    explainers,
    optional_explainers,
    sampled,
)
from audit.execution.worker import Worker, setup_of
from audit.explainers.base import Explainer
from audit.explainers.lime import Lime
from audit.masks.masks import Masks, fingerprints
from audit.masks.sample import Sample
from audit.models.averaged import averaged
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.models.views import draw_views
from audit.settings import load_config
from audit.storage.records import NOT_SAMPLED
from audit.storage.run import RunFolder

LOCALISED = ("mass", "rank_accuracy", "pointing", "skill")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory, draw_manifest):
    return draw_manifest(tmp_path_factory.mktemp("images"), per_split={"test": 3})


@pytest.fixture(scope="module")
def dataset(manifest):
    return ImageFiles(manifest)


@pytest.fixture(scope="module")
def masks(dataset):
    return Masks(dataset, grabcut=False)


@pytest.fixture(scope="module")
def classifier(colour_model):
    return FrozenClassifier(load_model(colour_model, trust=False))


def config(**flags):
    asked = {"explainers": "gradcam,ig,lime", "lime_samples": 40, "ig_steps": 4, "workers": 0}
    return load_config(asked | {"interventions": "off"} | flags)


@pytest.fixture(scope="module")
def swept(tmp_path_factory, dataset, masks, classifier):
    """Sweep all images into a run folder: ``swept(**flags)``."""

    def make(**flags):
        run = RunFolder.create(tmp_path_factory.mktemp("run") / "run", resume=False)
        given = config(**flags)
        optional = optional_explainers(classifier, dataset, masks, given)
        engine = Engine(classifier, dataset, given, None, optional)
        sweep(run, dataset, masks, engine, dataset.items("test"), given, silent)
        return run

    return make


@pytest.fixture(scope="module")
def sampled_run(swept):
    return swept(explain_sample=3)


def test_images_that_are_sampled_have_figures(sampled_run):
    records = sampled_run.records()
    chosen = records[records["lime_reason"] == ""]
    assert sorted(chosen["label"]) == [0, 1, 2]
    assert chosen[[f"lime_{column}" for column in LOCALISED]].notna().all(axis=None)
    assert chosen["lime_mass"].min() > 0.5  # the model sees the disc's colour and nothing else


def test_the_others_have_none_and_say_why(sampled_run):
    records = sampled_run.records()
    others = records[records["lime_reason"] != ""]
    assert others["lime_reason"].unique().tolist() == [NOT_SAMPLED]
    assert len(others) == 6
    assert others[[f"lime_{column}" for column in LOCALISED]].isna().all(axis=None)


def test_heatmaps_are_kept_without_loss_where_there_are_any(sampled_run, classifier):
    records = sampled_run.records().set_index("name")
    maps = {m.name: m for m in sampled_run.maps(0)}
    assert {n for n, m in maps.items() if m.optional} == set(
        records.index[records["lime_reason"] == ""]
    )
    name, kept = next((n, m) for n, m in maps.items() if m.optional)
    positive = np.maximum(kept.heatmap("lime"), 0)
    assert kept.heatmap("lime").dtype == np.float32
    mass = positive[kept.trimap == 255].sum() / positive.sum()
    assert mass == pytest.approx(records.loc[name, "lime_mass"], rel=1e-5)


def test_neither_batch_size_nor_order_changes_a_bit(sampled_run, swept):
    other = swept(explain_sample=3, batch_size=2)
    for one, two in zip(sampled_run.maps(0), other.maps(0), strict=True):
        assert one.optional.keys() == two.optional.keys()
        for name in one.optional:
            np.testing.assert_array_equal(one.optional[name], two.optional[name])


def test_another_process_would_write_the_same_bits(sampled_run, manifest, dataset, colour_model):
    given = config(explain_sample=3, images=manifest, grabcut=False)
    hashes = fingerprints(dataset, Masks(dataset, grabcut=False))
    worker = Worker(setup_of(given, colour_model, "0..255", None, hashes, dataset.classes,
                             dataset.contents))  # fmt: skip
    part, _ = worker.explain(0, dataset.items("test"))
    (maps,), (records,) = (f.glob("*") for f in (sampled_run.maps_dir, sampled_run.records_dir))
    assert part.packed == {"maps": maps.read_bytes(), "records": records.read_bytes()}


def test_nothing_else_of_a_record_changes(sampled_run, swept):
    plain = swept(explainers="gradcam,ig").records()
    assert not any(column.startswith("lime") for column in plain)
    assert sampled_run.records()[plain.columns].equals(plain)


def test_all_images_are_explained_unless_some_are_sampled(dataset, masks):
    assert len(sampled(dataset, masks, config())) == 9
    assert len(sampled(dataset, masks, config(explain=6))) == 9  # masks of their own: all kept
    assert not sampled(dataset, masks, config(explain_flagged=True))
    assert len(sampled(dataset, masks, config(explain_flagged=True, explain_sample=4))) == 4


class Half(Explainer):
    key, title, citation, description = "half", "Half", "nobody", "More on the subject."

    def __call__(self, images, targets, classifier, names):
        return np.where(images.mean(axis=-1) > 120, 4, 1)


@pytest.mark.parametrize(("verdict", "explained"), [("suspect", True), ("right-reasons", False)])
def test_a_verdict_may_choose_an_image(dataset, masks, classifier, verdict, explained):
    item, image, trimap, source = next(masks.stream(dataset.images(dataset.items("test")[:1]), 0))
    optional = OptionalExplainers({"half": Half()}, classifier, set(), flagged=True)
    record = {"verdict": verdict, "prediction": 0}

    @dataclasses.dataclass(frozen=True)
    class Drawn:
        optional: dict

    found, maps = optional(Sample(item, image, trimap, source, ""), record, Drawn({}))
    assert ("half" in maps.optional) == explained
    assert math.isnan(found["half_mass"]) != explained


def test_heatmaps_are_kept_as_their_explainer_says(tmp_path, dataset, masks, classifier):
    given, items = config(explainers="gradcam,ig"), dataset.items("test")[:2]
    optional = OptionalExplainers(
        {"half": Half()}, classifier, {i.name for i in items}, flagged=False
    )
    run = RunFolder.create(tmp_path / "run", resume=False)
    engine = Engine(classifier, dataset, given, None, optional)
    sweep(run, dataset, masks, engine, items, given, silent)
    with np.load(run.maps_dir / "part-00000.npz") as arrays:
        assert "half_halves" in arrays and "half_places" not in arrays
    assert run.records()["half_mass"].notna().all()
    assert all(set(np.unique(m.heatmap("half"))) == {1, 4} for m in run.maps(0))


@pytest.mark.parametrize("given", [np.zeros((2, 64, 64)), np.zeros((1, 8, 8)), np.zeros(1)])
def test_heatmaps_of_another_shape_are_one_line_that_names_the_explainer(given):
    class Odd(Half):
        def __call__(self, *_):
            return given

    with pytest.raises(AuditError, match=r"^The explainer 'half' gives heatmaps of shape \("):
        explain_one(Odd(), np.zeros((64, 64, 3), np.float32), 0, None, "a")


def test_a_heatmap_that_is_not_finite_is_undefined_as_a_whole():
    class Torn(Half):
        def __call__(self, images, *_):
            return np.where(images[..., 0] > 0, np.inf, 1)

    image = np.eye(8, dtype=np.float32)[..., None].repeat(3, axis=-1)
    assert np.isnan(explain_one(Torn(), image, 0, None, "a")).all()


def test_neither_is_made_where_it_is_not_asked_for(classifier, dataset, masks):
    assert optional_explainers(classifier, dataset, masks, config(explainers="gradcam,ig")) is None


def test_views_are_asked_together(classifier, dataset, masks):
    item, image, _, _ = next(masks.stream(dataset.images(dataset.items("test")[:1]), 0))
    image, other, views = image.astype(np.float32), (item.label + 1) % 3, draw_views(3, 0)

    def mean(images):
        return np.mean(
            [log_softmax(np.asarray(classifier.logits(v.show(images))), axis=1) for v in views],
            axis=0,
        )

    explain, together = explainers(config())["lime"], averaged(classifier, 3, 0)
    (found,) = explain(image[None], np.array([other]), together, [item.name])
    expected = Lime(40).explain(mean, image, other, item.name)
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.ptp(expected))

import threading
import time
from contextlib import suppress
from copy import copy
from threading import Thread
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from audit.core.track import silent
from audit.datasets.dataset import Item
from audit.datasets.imagefiles import ImageFiles
from audit.execution import local
from audit.execution.engine import Engine, HaltedError
from audit.execution.local import PART_SIZE, parts_of, sweep
from audit.execution.predict import predict
from audit.interventions.causal import log_odds
from audit.masks.masks import Masks
from audit.masks.sample import Sample
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.settings import load_config
from audit.storage.run import RunFolder


@pytest.fixture(scope="module")
def images(tmp_path_factory, draw_manifest):
    return draw_manifest(tmp_path_factory.mktemp("images"), per_split={"test": 4})


@pytest.fixture(scope="module")
def dataset(images):
    return ImageFiles(images)


@pytest.fixture(scope="module")
def classifier(colour_model):
    return FrozenClassifier(load_model(colour_model, trust=False))


def config(**flags):
    return load_config({"ig_steps": 3, "workers": 0, "batch_size": 2} | flags)


@pytest.fixture
def swept(tmp_path, dataset, classifier, monkeypatch):
    """Sweep into a folder, in parts of five."""
    monkeypatch.setattr(local, "PART_SIZE", 5)

    def go(name="run", track=silent, items=None, **flags):
        run = RunFolder.create(tmp_path / name, resume=True)
        run.update_manifest(command="test")
        engine = Engine(classifier, dataset, config(**flags))
        items = items or dataset.items("test")
        masks = Masks(dataset, grabcut=False)
        sweep(run, dataset, masks, engine, items, config(**flags), track)
        return run

    return go


def test_parts_are_of_one_size_but_the_last():
    items = [Item(f"{i}", 0, "test") for i in range(2 * PART_SIZE + 1)]
    parts = parts_of(items)
    assert [len(part) for part in parts] == [PART_SIZE, PART_SIZE, 1]
    assert [item for part in parts for item in part] == items


def test_every_item_is_in_its_part(swept, dataset):
    run = swept()
    records = run.records()
    names = [item.name for item in dataset.items("test")]
    assert records["name"].tolist() == names
    assert records["part"].tolist() == [0] * 5 + [1] * 5 + [2] * 2


def test_finished_parts_are_not_even_read(swept):
    run = swept()
    (run.records_dir / "part-00001.parquet").write_bytes(b"torn")
    asked = []

    def track(items, label, total):
        asked.append((label, total))
        return items

    swept(track=track)
    assert asked == [("explain", 5)]


def test_parts_are_alike_for_any_batch(swept):
    one, other = swept("one", batch_size=1).records(), swept("other", batch_size=5).records()
    pd.testing.assert_frame_equal(one, other, rtol=1e-4)


@pytest.mark.parametrize("count", [1, 3])
def test_parts_are_the_same_to_the_bit_in_any_number_of_threads(swept, monkeypatch, count):
    usual = swept("usual").records()
    monkeypatch.setattr("audit.execution.engine.streams", lambda: count)
    pd.testing.assert_frame_equal(swept("other").records(), usual)


def test_an_interruption_ends_the_other_threads_at_what_they_next_ask(dataset, classifier):
    engine = Engine(classifier, dataset, config())
    engine.halt()
    with pytest.raises(HaltedError):
        engine.explain(samples(dataset, 3))


def test_an_interruption_ends_integrated_gradients_of_any_number_of_steps(dataset, classifier):
    engine = Engine(classifier, dataset, config(ig_steps=100_000))
    working = Thread(target=lambda: suppressed(engine.explain, samples(dataset, 3)))
    working.start()
    time.sleep(1)  # whenever it comes, it ends
    engine.halt()
    working.join(60)
    assert not working.is_alive()


def suppressed(work, *given):
    with suppress(HaltedError):
        work(*given)


def test_a_model_that_bears_one_thread_is_asked_by_one(dataset, classifier):
    alone = copy(classifier)
    alone.concurrent = False
    assert Engine(alone, dataset, config()).streams == 1


def test_a_resumed_sweep_takes_the_batch_it_was_begun_with(swept):
    run = swept()
    assert run.manifest()["ig_batch"] in (3, 6)
    run.update_manifest(ig_batch=2)
    (run.records_dir / "part-00001.parquet").write_bytes(b"torn")
    assert swept().manifest()["ig_batch"] == 2


def test_nothing_left_to_do_does_nothing(swept):
    run = swept()
    before = {f: f.stat().st_mtime_ns for f in run.records_dir.iterdir()}
    swept()
    assert {f: f.stat().st_mtime_ns for f in run.records_dir.iterdir()} == before


def test_unusable_mask_leaves_its_image_without_a_verdict_and_is_named(swept, images, dataset):
    item = dataset.items("test")[7]
    mask = images.parent / item.name.replace(".png", "_mask.png")
    content = mask.read_bytes()
    mask.write_bytes(b"torn")
    try:
        records = swept().records().set_index("name")
    finally:
        mask.write_bytes(content)
    bad, others = records.loc[item.name], records.drop(item.name)
    assert bad["verdict"] == "undecided"
    assert bad["skipped"] == ""
    assert bad["mask_source"] == "none"
    for column in ("mask_doubt", "verdict_reason", "causal_reason"):
        assert bad[column].startswith("its mask cannot be used: Cannot read the mask")
        assert mask.name in bad[column]
    assert (others["mask_doubt"] == "").all()


# Engine and predictions


def samples(dataset, count):
    items = dataset.items("test")[:count]
    unknown = np.full((64, 64), 128, np.uint8)
    return [Sample(item, image, unknown, "none", "") for item, image in dataset.images(items)]


def test_predicted_class_is_explained(dataset, classifier):
    engine = Engine(classifier, dataset, config())
    found = engine.explain(samples(dataset, 3))
    for sample, finding in zip(samples(dataset, 3), found, strict=True):
        assert finding.prediction == finding.logits.argmax() == dataset_label(dataset, sample)
        assert finding.gradcam.shape == finding.ig.shape == (64, 64)
        assert finding.ig_steps == 3
        assert finding.truth.without_shortcut == -1
        assert np.isnan([finding.truth.effect, finding.truth.survival]).all()


def test_the_kinds_of_map_are_named_in_the_verdict(swept):
    reasons = swept(cam="hirescam", ig_variant="idgi", ig_steps=8).records()["verdict_reason"]
    assert reasons.str.contains("HiResCAM has").any()
    assert reasons.str.contains("IDGI has").any()
    assert not reasons.str.contains("Grad-CAM|Integrated").any()


def test_idgi_takes_the_steps_asked_for(swept):
    # One step is lost: the one within which the first ReLU opens, as no gradient tells whose it is.
    records = swept(ig_variant="idgi", ig_steps=32).records()
    assert set(records["ig_steps"]) == {32}
    assert records["ig_completeness_error"].between(0, 0.05).all()


def test_auto_steps_end_where_scores_settle(swept):
    records = swept(ig_steps="auto").records()
    assert set(records["ig_steps"]) <= {4, 8, 16, 32, 64, 128, 256}
    assert (records["ig_steps"] >= 8).all()  # all have masks: one rule alone cannot settle


def test_tolerance_is_kept(swept):
    records = swept(ig_steps="auto", ig_tolerance=0.01).records()
    assert (records["ig_completeness_error"] <= 0.01).all()


def dataset_label(dataset, sample):
    # the model knows red, green, blue; the classes are in the alphabet's order
    return ("crimson", "green", "navy").index(dataset.classes[sample.item.label])


def test_predictions_are_the_engines(dataset, classifier):
    engine = Engine(classifier, dataset, config())
    table, _ = predict(engine, dataset, dataset.items("test"), 5, silent)
    assert list(table) == ["name", "label", "prediction", "confidence"]
    assert table["name"].tolist() == [item.name for item in dataset.items("test")]
    explained = engine.explain(samples(dataset, 12))
    assert table["prediction"].tolist() == [finding.prediction for finding in explained]
    assert table["confidence"].between(1 / 3, 1).all()


class Stamped:
    """Images that are red with their shortcut and green without, red on one background of four."""

    def without_shortcut(self, item):
        return np.full((100, 100, 3), (0, 255, 0), np.uint8)

    def counterfactuals(self, item):
        green = self.without_shortcut(item)
        return [green, green, green, green[..., [1, 0, 2]]]


def test_shortcut_is_taken_away_where_one_is_drawn(classifier):
    red, unknown = np.full((64, 64, 3), (255, 0, 0), np.uint8), np.full((64, 64), 128, np.uint8)
    items = [Item("a", 0, "test", "tag", 0), Item("b", 0, "test"), Item("c", 1, "test", "tint", 0)]
    found = Engine(classifier, Stamped(), config()).explain(
        [Sample(item, red, unknown, "none", "") for item in items]
    )
    assert [finding.prediction for finding in found] == [0, 0, 0]
    assert [finding.truth.without_shortcut for finding in found] == [1, -1, 1]


def test_scenes_are_drawn_beside_the_model(classifier):
    class Watched(Stamped):
        painters: ClassVar[set[int]] = set()

        def counterfactuals(self, item):
            self.painters.add(threading.get_ident())
            return super().counterfactuals(item)

    red, unknown = np.full((64, 64, 3), (255, 0, 0), np.uint8), np.full((64, 64), 128, np.uint8)
    named = [Sample(Item(name, 0, "test"), red, unknown, "none", "") for name in "abc"]
    Engine(classifier, Watched(), config()).explain(named)
    assert len(Watched.painters) == 1
    assert threading.get_ident() not in Watched.painters


def test_truth_is_what_other_backgrounds_leave_of_the_answer(classifier):
    red, unknown = np.full((64, 64, 3), (255, 0, 0), np.uint8), np.full((64, 64), 128, np.uint8)
    engine = Engine(classifier, Stamped(), config())
    items = [Item("a", 0, "test", "tag", 0), Item("b", 0, "test")]
    found = engine.explain([Sample(item, red, unknown, "none", "") for item in items])
    seen = log_odds(engine.predict(np.stack([red, red[..., [1, 0, 2]]])), 0)
    for finding in found:  # with a shortcut or without
        assert finding.truth.survival == 0.25
        assert finding.truth.effect == pytest.approx(0.75 * (seen[0] - seen[1]), rel=1e-4)
        assert finding.truth.effect > 1

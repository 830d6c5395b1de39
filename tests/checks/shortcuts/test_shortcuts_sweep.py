"""Shortcuts looked for in a small model that looks at a patch of the background."""

import json

import numpy as np
import pandas as pd
import pytest

from audit.checks.shortcuts.measure import find
from audit.core.track import silent
from audit.datasets.dataset import Item
from audit.interventions.composites import fill, off_foreground
from audit.interventions.pool import BackgroundPool
from audit.settings.verdict import Thresholds
from audit.storage.heatmaps import Maps

SIDE = 64
PATCH = (slice(2, 16), slice(46, 60))


@pytest.fixture(scope="module")
def classifier():
    """Sees the discs' colours, and magenta, which no disc has, far stronger: it speaks for red."""
    import keras

    from audit.models.classifier import FrozenClassifier

    x = keras.Input((SIDE, SIDE, 3))
    seen = keras.layers.Conv2D(4, 1, activation="relu")(x)
    seen = keras.layers.AveragePooling2D(8)(seen)
    pooled = keras.layers.GlobalAveragePooling2D()(seen)
    model = keras.Model(x, keras.layers.Dense(3, activation="softmax")(pooled))
    kernel = np.concatenate([1.5 * np.eye(3) - 0.5, [[0.5], [-1.0], [0.5]]], axis=1)
    head = np.concatenate([np.eye(3), [[3.0, 0, 0]]])
    model.set_weights([kernel[None, None], np.array([-80.0, -80, -80, -40]), head, np.zeros(3)])
    return FrozenClassifier(model)


@pytest.fixture(scope="module")
def scenes(draw):
    """Name, label, image and trimap of 24 discs; six greens and blues have a magenta patch."""
    made = []
    for k in range(24):
        image, trimap = draw(k % 3, k, SIDE)
        name = f"{k:02d}.png"
        if k % 3 and k < 9:
            image[PATCH] = np.where(trimap[PATCH][..., None] > 0, image[PATCH], (230, 20, 230))
            name = f"patch_{name}"
        made.append((name, k % 3, image, trimap))
    return made


@pytest.fixture(scope="module")
def donors(draw, classifier):
    backgrounds = []
    for k in range(24):
        image, trimap = draw(k % 3, 100 + k, SIDE)
        backgrounds.append(np.rint(fill(image, ~off_foreground(trimap))).astype(np.uint8))
    stack = np.stack(backgrounds)
    logits = np.asarray(classifier.logits(stack.astype(np.float32)))
    return BackgroundPool([f"donor_{k}" for k in range(24)], np.arange(24) % 3, stack, logits)


def records_of(scenes, classifier):
    rows = []
    for name, label, image, _ in scenes:
        answer = int(np.asarray(classifier.logits(image[None].astype(np.float32))).argmax())
        driven = name.startswith("patch")
        rows.append(
            {
                "name": name,
                "label": label,
                "prediction": answer,
                "correct": answer == label,
                "causal_reason": "",
                "mask_doubt": "",
                "background_share": 0.9 if driven else 0.1,
                "verdict": "distracted" if driven else "right-reasons",
                "verdict_score": 0.9 if driven else 0.1,
            }
        )
    return pd.DataFrame(rows)


def maps_of(scenes):
    for name, _, image, trimap in scenes:
        nothing = np.zeros((SIDE, SIDE), np.float32)
        yield Maps(name, image, trimap, nothing[::8, ::8], nothing, nothing > 0, np.zeros(0))


def look(scenes, classifier, donors, records=None):
    records = records_of(scenes, classifier) if records is None else records
    items = [Item(name, label, "test") for name, label, _, _ in scenes]
    return find(records, maps_of(scenes), items, classifier, donors, "gradcam", Thresholds(), 0,
                silent)  # fmt: skip


@pytest.fixture(scope="module")
def found(scenes, classifier, donors):
    return look(scenes, classifier, donors)


def test_the_patch_is_grouped_and_proven(found):
    assert (found["reason"], found["cases"], found["grouped"]) == ("", 6, 6)
    (group,) = found["groups"]
    assert (group["target"], group["proven"]) == (0, True)
    assert all(name.startswith("patch") for name in group["members"])
    assert group["rise"]["low"] > 1.5
    assert group["taken"] > group["usual"] == 0
    assert group["corrected"] == group["p"] < 0.05
    assert group["rises"] == sorted(group["rises"], reverse=True)


def test_the_window_that_is_shown_holds_the_patch(found):
    for exemplar in found["groups"][0]["exemplars"]:
        top, left, bottom, right = exemplar["window"]
        assert (top, right, exemplar["place"]) == (0, 1, "upper right")
        assert bottom <= 0.35
        assert left >= 0.65
        assert exemplar["answer"] == 0
        assert exemplar["lost"] > exemplar["gained"] / 2


def test_a_repeat_gives_the_same_bytes(found, scenes, classifier, donors):
    assert json.dumps(look(scenes, classifier, donors)) == json.dumps(found)


def test_backgrounds_that_do_nothing_are_no_shortcut(scenes, classifier, donors):
    records = records_of(scenes, classifier)
    plain = ~records["name"].str.startswith("patch") & (records["label"] == 0)
    records.loc[plain, "verdict"] = "wrong-reasons"
    told = look(scenes, classifier, donors, records)
    assert [g["target"] for g in told["groups"] if g["proven"]] == [0]
    (shown,) = [g for g in told["groups"] if g["proven"]]
    assert all(name.startswith("patch") for name in shown["members"])


def test_without_anything_to_try_the_reason_is_told(scenes, classifier, donors):
    records = records_of(scenes, classifier)
    assert look(scenes, classifier, None)["reason"] == "interventions are off"
    blind = records.assign(causal_reason="no mask")
    assert look(scenes, classifier, donors, blind)["reason"] == "no image has a usable mask"
    clean = records.assign(verdict="right-reasons")
    told = look(scenes, classifier, donors, clean)
    assert told == {
        "reason": "the background decides no answer", "cases": 0, "grouped": 0, "groups": []
    }  # fmt: skip

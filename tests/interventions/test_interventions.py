"""Interventions on models made by hand, whose causes are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from audit.core.edits import EDITS
from audit.core.questions import NOT_ASKED, QUESTIONS, STOPS, left_out
from audit.datasets.dataset import Item
from audit.execution.record import Explanation, record_of
from audit.explainers.registry import titles
from audit.interventions.budget import Budget
from audit.interventions.composites import fill, grown, off_foreground
from audit.interventions.explained import ExplainedImage
from audit.interventions.interventions import Interventions
from audit.interventions.pool import BackgroundPool
from audit.masks.sample import Sample
from audit.settings.verdict import Thresholds
from audit.verdict.verdict import Labels, judge

SIDE = 64
CLASSES = ("red", "green", "blue")
TAG = (slice(4, 18), slice(4, 18))
THRESHOLDS = Thresholds(thresholds="fixed")
CALIBRATED = Thresholds()
FRUGAL = Budget(CALIBRATED, sample=0.0)
WORDS = Labels("flower", titles())


def colours(images):
    """A model that sees strong colours and nothing else: no background here has any."""
    rest = images.sum(axis=-1, keepdims=True) - images
    strong = np.maximum(images - rest / 2 - 60, 0)
    return (strong.mean(axis=(1, 2)) / 2).astype(np.float32)


def corner(images):
    """A model that reads the corner alone: red where it is bright."""
    bright = (images[:, *TAG].mean(axis=(1, 2, 3)) - 180) / 10
    return np.stack([bright, -bright, -bright - 1], axis=1).astype(np.float32)


def both(images):
    """Flower and corner add up."""
    return colours(images) + corner(images)


@pytest.fixture
def donors(draw):
    names, labels, backgrounds = [], [], []
    for label in range(3):
        for seed in range(90, 93):
            image, trimap = draw(label, seed, SIDE)
            names.append(f"donor_{label}_{seed}.png")
            labels.append(label)
            backgrounds.append(np.rint(fill(image, ~off_foreground(trimap))).astype(np.uint8))

    def of(model):
        stack = np.stack(backgrounds)
        return BackgroundPool(names, np.array(labels), stack, model(stack.astype(np.float32)))

    return of


@pytest.fixture
def sample(draw):
    def of(tag=True, label=0, name="a.png"):
        image, trimap = draw(label, 3, SIDE)
        if tag:
            image[TAG] = 250
        return Sample(Item(name, label, "test"), image, trimap, "planted", "")

    return of


def study(model, sample, donors, *, shown=None, heat=None, **asked):
    def predict(images):
        if shown is not None:
            shown.append(len(images))
        return model(images)

    logits = model(sample.image[None].astype(np.float32))[0]
    heat = (sample.trimap == 255).astype(np.float32) if heat is None else heat
    case = ExplainedImage(sample, logits, heat[::8, ::8], heat)
    return Interventions(predict, donors(model), **asked)([case])[0]


def verdict(model, sample, tested, thresholds=THRESHOLDS):
    logits = model(sample.image[None].astype(np.float32))[0]
    heat = (sample.trimap == 255).astype(np.float32)
    finding = Explanation(logits, int(logits.argmax()), heat[::8, ::8], heat, 8, 0.0, tested=tested)
    return record_of(sample, finding, CLASSES, thresholds, WORDS)


def test_a_background_that_is_ignored_has_share_0_and_no_decisive_region(sample, donors):
    tested = study(colours, sample(), donors)
    causes = tested.causes
    assert causes.shares.share == pytest.approx(0, abs=0.01)
    assert causes.survival == 1
    assert not causes.removal.flips(0)
    found = verdict(colours, sample(), tested)
    assert (found["verdict"], found["fragile"]) == ("right-reasons", False)
    assert found["verdict_score"] < 0.15


def test_a_model_that_reads_a_tag_has_share_1_and_the_tag_as_its_region(sample, donors):
    tested = study(corner, sample(), donors)
    causes, region = tested.causes, tested.region
    assert causes.shares.share == pytest.approx(1)
    assert causes.survival == 0
    assert causes.without_foreground == 0  # the answer needs no flower
    assert causes.removal.flips(0)
    assert causes.removal.place == "upper left"
    assert region[TAG].mean() > 0.9
    found = verdict(corner, sample(), tested)
    assert found["verdict"] == "wrong-reasons"
    assert "of the image at the upper left turns the answer to green" in found["verdict_reason"]
    assert found["verdict_score"] > 0.7


@pytest.mark.parametrize("model", [colours, corner, both])
def test_every_background_keeps_its_answer(sample, donors, model):
    tested = study(model, sample(), donors)
    causes = tested.causes
    assert len(causes.swaps) == causes.donors == len(tested.donors) + 1  # its own, evened out
    assert np.mean([said.prediction == 0 for said in causes.swaps]) == causes.survival
    assert all(1 / 3 <= said.confidence <= 1 for said in causes.swaps)
    assert causes.edit_donor not in (-1, *tested.donors)
    found = verdict(model, sample(), tested)
    told = [said.prediction for said in causes.swaps]
    assert [int(answer) for answer in found["swap_predictions"].split(",")] == told
    assert len(found["edit_confidences"].split(",")) == len(EDITS)


def test_efficiency_holds_for_images_too(sample, donors):
    tested, pool = study(both, sample(), donors), donors(both)
    causes = tested.causes
    nothing = np.mean([_log_odds(pool.logits[i], 0) for i in tested.donors])
    total = causes.shares.foreground + causes.shares.background
    assert total == pytest.approx(causes.log_odds - nothing, abs=1e-4)
    assert 0 < causes.shares.share < 1


def _log_odds(logits, target):
    others = np.delete(logits.astype(np.float64), target)
    return logits[target] - math.log(np.exp(others).sum())


@pytest.mark.parametrize(("scan", "most"), [(True, 60), (False, 46)])
@pytest.mark.parametrize("model", [colours, corner, both])
def test_passes_are_counted_and_bounded(sample, donors, scan, most, model):
    shown = []
    tested = study(model, sample(), donors, scan=scan, shown=shown)
    assert tested.causes.passes == sum(shown) <= most
    assert max(shown) <= 8


def test_without_the_scan_heatmaps_alone_propose(sample, donors):
    tested = study(corner, sample(), donors, scan=False)  # both heatmaps lie on the flower
    assert not tested.causes.removal.flips(0)
    assert verdict(corner, sample(), tested)["verdict"] == "wrong-reasons"  # the swap tells


def test_donors_depend_on_the_name_alone_and_are_of_other_classes(sample, donors):
    pool = donors(colours)
    chosen = pool.others("a.png", {0}, 4)
    assert chosen == pool.others("a.png", {0}, 4) != pool.others("b.png", {0}, 4)
    assert all(pool.labels[i] != 0 for i in chosen)
    assert pool.others("donor_1_90.png", set(), 9).count(3) == 0  # nobody gives to himself
    assert pool.labels[pool.same("a.png", 2)].tolist() == [2]


def test_a_donor_brings_neither_the_explained_class_nor_its_own_by_itself():
    # Of class 0, 1, 2, 2, 2, 2; alone they answer 1, 2, 2, 0, 1, 1.
    labels, answers = np.array([0, 1, 2, 2, 2, 2]), [1, 2, 2, 0, 1, 1]
    logits = np.eye(3, dtype=np.float32)[answers]
    pool = BackgroundPool([f"{k}" for k in range(6)], labels, np.zeros((6, 4, 4, 3), np.uint8),
                          logits)  # fmt: skip
    assert set(pool.others("a", {0}, 2, explained=0)) < {1, 4, 5}
    assert set(pool.others("a", {0}, 2, explained=1)) == {1, 3}
    assert len(pool.others("a", {0}, 5, explained=0)) == 5  # too few are free of cues
    two = BackgroundPool(pool.names[:3], labels[:3], pool.backgrounds[:3], logits[:3, :2])
    assert two.others("a", {0}, 2, explained=0) != []


def test_cases_side_by_side_are_as_cases_alone(sample, donors):
    samples = [sample(tag=bool(i % 2), label=i % 3, name=f"{i}.png") for i in range(6)]
    logits = [both(s.image[None].astype(np.float32))[0] for s in samples]
    heat = np.ones((8, 8), np.float32)
    cases = [
        ExplainedImage(s, one, heat, np.ones((SIDE, SIDE), np.float32))
        for s, one in zip(samples, logits, strict=True)
    ]
    engine = Interventions(both, donors(both))
    together = engine(cases)
    assert [t.causes for t in together] == [engine([case])[0].causes for case in cases]


@pytest.mark.parametrize(
    ("value", "reason"), [(128, "no mask"), (0, "no flower in the mask"), (255, "no background")]
)
def test_without_a_usable_mask_nothing_is_tested_and_the_reason_kept(sample, donors, value, reason):
    blank = sample()
    blank = Sample(blank.item, blank.image, np.full((SIDE, SIDE), value, np.uint8), "none", "")
    tested = study(colours, blank, donors)
    assert reason in tested.causes.reason
    assert math.isnan(tested.causes.shares.share)
    assert verdict(colours, blank, tested)["verdict"] == "undecided"


def test_a_mask_whose_border_decides_is_fragile(sample, donors):
    # A model that reads the ring around the disc: mask grown, ring and flower are one.
    clean = sample(tag=False)
    flower = clean.trimap == 255
    ring = grown(flower, 2) & ~flower
    image = clean.image.copy()
    image[ring] = (250, 250, 250)

    def reads_ring(images):
        bright = (images[:, ring].mean(axis=(1, 2)) - 190) / 5
        return np.stack([bright, -bright, -bright - 1], axis=1).astype(np.float32)

    framed = Sample(clean.item, image, clean.trimap, "planted", "")
    tested = study(reads_ring, framed, donors)
    assert verdict(reads_ring, framed, tested)["fragile"]


def test_without_donors_the_share_is_undefined_and_says_so(sample, donors):
    alone = donors(both)
    alone = BackgroundPool([], alone.labels[:0], alone.backgrounds[:0], alone.logits[:0])
    tested = study(both, sample(), lambda model: alone)
    assert tested.causes.shares.reason == "no other background to try"
    assert tested.causes.removal.prediction >= 0  # regions are tried all the same
    assert verdict(both, sample(), tested)["verdict"] == "undecided"


def test_of_two_classes_a_wrong_answer_takes_its_donors_from_its_own(sample, donors):
    pool = donors(corner)
    chosen = pool.labels != 2
    pair = BackgroundPool(
        [n for n, keep in zip(pool.names, chosen, strict=True) if keep],
        pool.labels[chosen],
        pool.backgrounds[chosen],
        pool.logits[chosen],
    )
    tested = study(corner, sample(label=1), lambda model: pair)  # the tag says red, it is green
    assert {int(pair.labels[i]) for i in tested.donors} == {1}


def test_judging_again_gives_the_same_verdict(sample, donors):
    found = verdict(both, sample(), study(both, sample(), donors))
    assert judge(found, THRESHOLDS, WORDS).verdict == found["verdict"]


def half_masked(sample):
    """The same sample, the right half of its flower counted as background by a machine's mask."""
    trimap = sample.trimap.copy()
    trimap[:, int(np.argwhere(trimap == 255)[:, 1].mean()) :] = 0
    return replace(sample, trimap=trimap, mask_source="grabcut")


def cells(images):
    """A map of mean colours ``(n, 8, 8, 3)``."""
    return images.reshape(len(images), 8, SIDE // 8, 8, SIDE // 8, 3).mean(axis=(2, 4))


def by_machine(sample):
    return replace(sample, mask_source="grabcut")


def test_a_part_of_the_flower_that_the_mask_leaves_out_resembles_it(sample, donors):
    tested = study(colours, half_masked(sample(tag=False, label=1)), donors, features=cells)
    assert tested.causes.without_foreground == 1  # half a flower keeps the answer
    assert tested.causes.removal.resembles > 0.8


def test_a_tag_does_not_resemble_the_flower(sample, donors):
    tested = study(corner, by_machine(sample()), donors, features=cells)
    assert tested.causes.removal.flips(0)
    assert tested.causes.removal.resembles < 0.5


def test_nobody_asks_what_a_region_resembles_on_which_nothing_hangs(sample, donors):
    asked = []
    for model, image in ((colours, by_machine(sample(label=1))), (corner, sample())):
        tested = study(model, image, donors, features=lambda i: asked.append(i) or cells(i))
        assert math.isnan(tested.causes.removal.resembles) and not asked


def test_the_pass_for_features_is_counted(sample, donors):
    image = by_machine(sample())
    with_features = study(corner, image, donors, features=cells).causes.passes
    assert with_features == study(corner, image, donors).causes.passes + 1


def test_of_a_background_that_is_ignored_little_is_asked(sample, donors):
    tested = study(colours, sample(), donors, budget=FRUGAL)
    assert tested.causes.asked == ("parts", "region")
    assert tested.causes.stopped_by == tuple(STOPS)
    assert tested.grown.reason == tested.shrunk.reason == NOT_ASKED
    assert tested.causes.passes == 8 + 1
    assert tested.causes.removal.prediction == 0
    assert (tested.causes.only_foreground, tested.causes.edits) == (-1, {})
    found = verdict(colours, sample(), tested)
    assert (found["verdict"], found["fragile"]) == ("right-reasons", False)
    assert (found["asked"], found["stopped_by"]) == ("parts,region", ",".join(STOPS))
    assert left_out(found["stopped_by"]) == list(STOPS.values())


def test_of_an_image_of_the_sample_yardsticks_and_edits_are_asked_whatever_it_shows(sample, donors):
    tested = study(colours, sample(), donors, budget=Budget(CALIBRATED, sample=1.0))
    assert tested.causes.asked == ("parts", "yardsticks", "region", "edits")
    assert tested.causes.stopped_by == ("no-region-decides", "no-mask-decides")
    assert tested.causes.only_foreground == tested.causes.pasted_back == 0
    assert set(tested.causes.edits) == set(EDITS)


def test_of_a_tag_that_explainers_look_past_a_search_is_asked(sample, donors):
    tested = study(corner, sample(), donors, budget=FRUGAL)
    assert tested.causes.asked == ("parts", "region", "search", "edits")
    assert tested.causes.stopped_by == ("of-a-sample", "no-mask-decides")
    assert verdict(corner, sample(), tested)["verdict"] == "wrong-reasons"


def test_quarters_tell_whether_a_search_may_find_what_explainers_look_past(sample, donors):
    doubting = Thresholds(suspicious_share=1.0)  # no answer is owed to its background by these
    tested = study(corner, sample(), donors, budget=Budget(doubting, sample=0.0))
    assert tested.causes.asked[:4] == ("parts", "region", "quarters", "search")


def speckled(images):
    """The flower's colour, unless the upper left is smooth, as no photograph's is."""
    smooth = images[:, *TAG].std(axis=(1, 2)).mean(axis=1) < 3
    return colours(images) - np.outer(smooth, (40, 0, 0)).astype(np.float32)


def test_a_region_that_turns_the_answer_by_itself_is_searched_around(sample, donors):
    photo = sample(tag=False)
    heat = np.zeros((SIDE, SIDE), np.float32)
    heat[TAG] = 1
    tested = study(speckled, photo, donors, heat=heat, budget=FRUGAL)
    assert tested.causes.shares.share <= THRESHOLDS.least_support
    assert tested.causes.survival > 0
    assert tested.causes.removal.prediction != 0
    assert "search" in tested.causes.asked


def test_by_default_everything_is_asked(sample, donors):
    tested = study(colours, sample(), donors)
    expected = tuple(q for q in QUESTIONS if q != "quarters")  # the search tells more
    assert (tested.causes.asked, tested.causes.stopped_by) == (expected, ())


@pytest.mark.parametrize("model", [colours, corner, both])
@pytest.mark.parametrize("tag", [True, False])
@pytest.mark.parametrize("label", [0, 1, 2])
@pytest.mark.parametrize("thresholds", [THRESHOLDS, CALIBRATED])
def test_verdicts_are_those_of_everything_asked(sample, donors, model, tag, label, thresholds):
    image = sample(tag=tag, label=label)
    less, more = (
        verdict(model, image, study(model, image, donors, budget=budget), thresholds)
        for budget in (Budget(thresholds, sample=0.0), None)
    )
    assert less["passes"] <= more["passes"]
    for key in ("verdict", "fragile", "background_share", "survival", "without_foreground"):
        assert less[key] == more[key] or (less[key] != less[key] and more[key] != more[key])

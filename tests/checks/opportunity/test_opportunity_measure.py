"""Planted truth in files: what gives a class away is found through data set, masks and model."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.checks.opportunity import statistics
from audit.checks.opportunity.measure import EACH, MADE, MOST, sample, write
from audit.checks.opportunity.outputs import FILE
from audit.checks.opportunity.statistics import LEVEL, corrected
from audit.checks.opportunity.summary import _splits
from audit.core.track import silent
from audit.datasets.dataset import Item
from audit.datasets.open import open_dataset
from audit.masks.masks import Masks
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.settings import load_config
from audit.storage.run import RunFolder

PER_SPLIT = {"train": 12, "test": 12}


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    """Grow a quarter of the trees, which take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_TREES", 25)
        yield


@pytest.fixture
def images(tmp_path, draw_manifest):
    """Three classes of a dozen images in either split."""
    return draw_manifest(tmp_path / "images", per_split=PER_SPLIT)


@pytest.fixture(scope="module")
def classifier(colour_model):
    return FrozenClassifier(load_model(colour_model, trust=False))


@pytest.fixture
def told(tmp_path, images, classifier, colour_model):
    """Measure the images as they are by now: by split, its row and what each cue tells."""

    def measure(*, masked=True, grabcut=False):
        config = load_config({"images": images, "model": colour_model, "workers": 0})
        dataset = open_dataset(config)
        folder = RunFolder.create(tmp_path / "run", resume=True)
        context = SimpleNamespace(
            folder=folder, config=config, dataset=dataset, track=silent, classifier=classifier,
            masks=Masks(dataset, grabcut=grabcut, brought=masked), tested=dataset.items("test"),
        )  # fmt: skip
        write(context)
        splits = _splits(json.loads(FILE.file(folder).read_text())["splits"])
        return {row.split: (row, cues) for row, cues in splits}

    return measure


def paint(root, label, change):
    """Change every image of a class."""
    for file in root.parent.glob(f"{label}_??.png"):
        image = np.asarray(Image.open(file)).copy()
        change(image, np.asarray(Image.open(file.with_name(f"{file.stem}_mask.png"))))
        Image.fromarray(image).save(file)


def green_border(image, _):
    image[:8] = image[-8:] = image[:, :8] = image[:, -8:] = (30, 160, 60)


def named(cues, cue):
    """Classes that a cue gives away in one split."""
    tests = dict(zip(cues, corrected(list(cues.values()))[1], strict=True))[cue]
    return [k for k, test in zip(cues[cue].labels, tests, strict=True) if test.p <= LEVEL]


def test_a_border_that_gives_one_class_away_is_found_and_named_in_both_splits(images, told):
    paint(images, 1, green_border)
    for row, cues in told().values():
        assert (row.images, row.masked, row.unread, row.bare) == (36, 36, 0, False)
        assert named(cues, "border") == named(cues, "colour") == [1]
        assert cues["border"].p <= LEVEL


def test_foregrounds_alone_give_nothing_away(images, told):
    """The discs have the colour of their class, and the backgrounds are alike."""
    for _, cues in told().values():
        for cue in ("border", "colour", "texture"):
            assert named(cues, cue) == []


def test_a_file_that_gives_a_class_away_is_found_though_its_pixels_do_not(images, told):
    table = pd.read_csv(images)
    for row in table[table["label"] == "navy"].itertuples():
        file = images.parent / row.path
        Image.open(file).save(file.with_suffix(".bmp"))
        file.unlink()
        table.loc[row.Index, "path"] = file.with_suffix(".bmp").name
    table.to_csv(images, index=False)
    for _, cues in told().values():
        assert named(cues, "metadata") == [2]
        assert named(cues, "border") == []


def test_copies_of_one_image_count_once(images, told):
    first = images.parent / "0_00.png"
    for number in range(1, 9):
        (images.parent / f"0_{number:02d}.png").write_bytes(first.read_bytes())
        mask = images.parent / "0_00_mask.png"
        (images.parent / f"0_{number:02d}_mask.png").write_bytes(mask.read_bytes())
    row, cues = told()["train"]
    assert row.duplicates == 8
    # Four images are left, too few for a class.
    assert cues["border"].labels == (1, 2)


def test_images_that_cannot_be_read_are_left_out_and_counted(images, told):
    (images.parent / "0_00.png").write_bytes(b"torn")
    row, cues = told()["train"]
    assert (row.images, row.unread, row.of, cues["border"].n) == (35, 1, 36, 35)


def test_without_masks_border_and_file_are_left_and_the_rest_says_why(images, told):
    paint(images, 1, green_border)
    row, cues = told(masked=False)["train"]
    assert row.bare and row.masked == 0
    assert cues["border"].n == 36
    for cue in ("colour", "texture", "features"):
        assert cues[cue].reason == "too few images have a usable mask"


def test_too_few_images_of_every_class_say_so(tmp_path, images, draw_manifest, told):
    draw_manifest(images.parent, per_split={"train": 2, "test": 4})
    for _, cues in told().values():
        assert all(cue.reason.startswith("fewer than 2 classes") for cue in cues.values())


def test_a_repeat_gives_the_same(images, told):
    assert told() == told()


def items(classes, each):
    return [Item(f"{k}_{i}.jpg", k, "train") for k in range(classes) for i in range(each)]


def masks(own=frozenset(), *, draws=False, grabcut=True):
    return SimpleNamespace(draws=draws, grabcut=grabcut, has_own=lambda item: item.name in own)


def test_images_whose_masks_have_to_be_made_are_few():
    found = sample(items(10, 300), masks())
    assert len(found) == MADE
    assert len(sample(items(10, 300), masks(grabcut=False))) == MOST


def test_images_with_masks_of_their_own_are_taken_where_they_are_most():
    given = items(4, 100)
    own = {item.name for item in given[:250]}
    assert {item.name for item in sample(given, masks(own))} == own


def test_of_many_classes_some_are_taken_so_that_each_has_images_enough():
    found = sample(items(102, 60), masks())
    sizes = pd.Series([item.label for item in found]).value_counts()
    assert sizes.min() >= EACH and len(sizes) == MADE // EACH

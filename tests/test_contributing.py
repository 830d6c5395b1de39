"""Worked examples of CONTRIBUTING.md, followed as they stand there."""

import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.core.errors import DataError
from audit.datasets.dataset import Dataset
from audit.masks.masks import Masks
from audit.settings.verdict import Thresholds
from audit.storage.records import RECORD_SCHEMA
from audit.verdict import signals
from audit.verdict.truth import truths

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"


def example(section):
    """The code of a section of the page."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {section}\n")[2]
    return re.search(r"```python\n(.*?)```", text, re.S)[1]


@pytest.fixture(scope="module")
def arrays():
    """The class of the data set."""
    names = {"__name__": "arrays"}
    exec(example("Add a data set"), names)
    return names["Arrays"]


@pytest.fixture
def file(tmp_path, draw):
    """Three discs, two of them to test."""
    images, trimaps = zip(*(draw(label, 3, 32) for label in range(3)), strict=True)
    told = {"labels": [0, 1, 2], "splits": ["train", "test", "test"], "classes": ["r", "g", "b"]}
    np.savez(tmp_path / "discs.npz", images=images, trimaps=trimaps, **told)
    return tmp_path / "discs.npz"


def test_the_data_set_has_every_member_of_the_protocol(arrays, file):
    wanted = {*Dataset.__annotations__, *(n for n in vars(Dataset) if not n.startswith("_"))}
    assert wanted and not {name for name in wanted if not hasattr(arrays(file), name)}


def test_the_data_set_streams_images_with_their_masks(arrays, file, draw):
    dataset = arrays(file)
    pairs = dataset.images(dataset.items("test"))
    found = list(Masks(dataset, grabcut=False).stream(pairs, workers=0))
    assert [(item.name, item.label) for item, *_ in found] == [("000001", 1), ("000002", 2)]
    for item, image, trimap, source in found:
        drawn = draw(item.label, 3, 32)
        assert source == "arrays" and (image == drawn[0]).all() and (trimap == drawn[1]).all()


def test_the_data_set_is_known_again(arrays, file):
    first = arrays(file)
    list(first.images(first.items("test")))
    held = dict(np.load(file))
    np.savez(file, **held | {"images": 255 - held["images"]})
    other = arrays(file)
    other.know(first.contents)
    with pytest.raises(DataError, match="000001 is not the image that the run was begun with"):
        list(other.images(other.items("test")))
    np.savez(file, **held | {"trimaps": 255 - held["trimaps"]})
    assert arrays(file).fingerprint() != first.fingerprint()


def test_the_signal_is_held_against_the_truth():
    verdict = "    score, verdict = "
    told = inspect.getsource(signals.signals)
    assert verdict in told
    names = dict(vars(signals))
    exec(told.replace(verdict, example("Add a signal") + verdict), names)
    right = pd.DataFrame(0.0, range(20), RECORD_SCHEMA.names)
    right["true_effect"] = np.where(right.index < 5, 2.0, 0.0)
    truth = truths(right)
    right["background_effect"] = np.where(right.index < 5, 2.0, 0.5)
    right.loc[0, "background_effect"] = np.nan
    found = names["signals"](right, truth, Thresholds(), {"gradcam": "Grad-CAM", "ig": "IG"})
    added = next(signal for signal in found if signal.title == "Background effect")
    assert (added.found.value, added.false_alarms.value, added.undefined) == (1, 0, 1)

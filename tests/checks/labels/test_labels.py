"""Precision and recall of labels on numbers worked by hand."""

import pytest
from drawnruns import PLAIN, make_run, of_several_labels

from audit.checks.labels.check import CHECK
from audit.core.errors import RunFolderError
from audit.report.source import load

# image, label, whether it is there, what the model says
TOLD = [
    ("a", 0, True, 1.0), ("b", 0, True, -1.0), ("c", 0, False, 2.0), ("d", 0, False, -3.0),
    ("a", 1, True, -0.5), ("b", 1, False, -2.0), ("c", 1, True, -4.0), ("d", 1, False, -1.0),
    ("a", 2, False, -1.0), ("b", 2, True, 0.0), ("c", 2, False, -1.0), ("d", 2, True, 3.0),
]  # fmt: skip


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", images=6, classes=PLAIN[:3], size=32)


def keep(run, told):
    return load(of_several_labels(run, told))


def test_precision_and_recall_are_of_all_answers(run):
    found = CHECK.summarise(keep(run, TOLD), {})
    told = {row.index: row for row in found.rows}
    assert (told[0].precision.value, told[0].precision.n) == (
        1 / 2,
        2,
    )  # of a and c
    assert (told[0].recall.value, told[0].recall.n) == (1 / 2, 2)
    assert told[1].precision.n == 0 and told[1].precision.value != told[1].precision.value
    assert (told[1].recall.value, told[1].recall.n) == (0, 2)
    assert (told[2].precision.value, told[2].recall.value) == (1, 1)  # 0 is one half: it is said
    assert (found.all.precision.value, found.all.precision.n) == (3 / 4, 4)
    assert (found.all.recall.value, found.all.recall.n) == (3 / 6, 6)
    assert [row.index for row in found.rows] == [0, 2, 1]  # what is never said comes last
    assert (found.images, found.several) == (4, 2)


def test_answers_that_are_no_numbers_are_left_out(run):
    told = [(*TOLD[0][:3], float("nan")), *TOLD[1:]]
    found = CHECK.summarise(keep(run, told), {})
    assert {row.index: row.recall.n for row in found.rows}[0] == 1


def test_a_label_that_there_is_none_of_is_one_line(run):
    with pytest.raises(RunFolderError, match=r"labels\.parquet has a label that there is none of"):
        CHECK.summarise(keep(run, [*TOLD, ("a", 9, True, 1.0)]), {})


def test_where_images_have_one_class_there_is_nothing_to_say(tmp_path):
    made = make_run(tmp_path / "run", images=4, classes=PLAIN[:2], size=32)
    assert CHECK.summarise(load(made), {}) is None

"""Records that contradict the predictions of the same run are refused wherever they are read."""

import numpy as np
import pandas as pd
import pytest
from drawnruns import rows_of
from gateruns import answered, write_run

from audit.core.errors import RunFolderError
from audit.report.source import load

CLASSES = ("rose", "tulip")


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", [c | {"confidence": 0.9} for c in answered(8, 10)])


def predict(run, **columns):
    table = run.predictions()
    for name, value in columns.items():
        table[name] = value
    table.to_parquet(run.predictions_file)


def test_records_of_the_model_that_predicted_are_read(run):
    assert len(load(run).records) == 10


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"prediction": [0] * 7 + [1] * 3},
            "10 records, 1 contradict .* in part 0 .0007.jpg is",
        ),
        ({"label": 1}, "of 10 records, 10 contradict"),
        ({"confidence": [0.5] + [0.9] * 9}, r"1 contradict .*\(90%\) there, rose \(50%\) here"),
    ],
)
def test_other_answers_are_refused_with_the_part_and_an_image(run, changed, said):
    predict(run, **changed)
    with pytest.raises(RunFolderError, match=f"is mixed of two models.*{said}"):
        load(run)


def test_every_part_that_contradicts_is_named(tmp_path):
    run = write_run(tmp_path / "run", [c | {"confidence": 0.9} for c in answered(8, 10)])
    rows = rows_of(run.records())
    for part in range(2):
        run.write_part(part, [row | {"part": part} for row in rows[5 * part : 5 * part + 5]], [])
    predict(run, confidence=0.2)
    with pytest.raises(RunFolderError, match=r"in part 0, 1 \("):
        load(run)


def test_a_tie_may_be_broken_either_way(tmp_path):
    run = write_run(tmp_path / "run", [c | {"confidence": 0.5} for c in answered(8, 10)])
    predict(run, prediction=[1] + [0] * 7 + [1] * 2, confidence=0.501)
    assert len(load(run).records) == 10


def test_rounding_between_calls_is_no_contradiction(run):
    predict(run, confidence=0.9 + 1e-3 * np.linspace(-1, 1, 10))
    assert len(load(run).records) == 10


def test_predictions_of_images_that_were_not_explained_may_stay(run):
    more = run.predictions().assign(name=lambda t: "more " + t["name"], prediction=1)
    pd.concat([run.predictions(), more]).to_parquet(run.predictions_file)
    assert len(load(run).records) == 10

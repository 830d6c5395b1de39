import keras
import numpy as np
import pytest

from audit.core.track import silent
from audit.training.backup import Backup
from audit.training.fitting import Phase, best_epoch, fit
from audit.training.replicas import replicas

VALUES = np.array([[2, 0], [0, 1], [3, 0], [0, 2], [1, 0]], np.float32)
ALONE = replicas()
LABELS = np.eye(2, dtype=np.float32)[[0, 1, 1, 1, 0]]


def still():
    """A model that answers with the softmax of its input and learns nothing."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    model.layers[0].set_weights([np.eye(2), np.zeros(2)])
    model.compile(keras.optimizers.SGD(0.0), "categorical_crossentropy", metrics=["accuracy"])
    return model


def batches(epoch):
    for start in (0, 2, 4):  # the last one is shorter
        rows = slice(start, start + 2)
        yield VALUES[rows], LABELS[rows], np.ones(len(VALUES[rows]), np.float32)


def test_history_is_of_the_whole_epoch(tmp_path):
    phase = Phase("head", still(), batches, lambda: (0.5, 1.0), epochs=2, patience=0, steps=3)
    rows = fit(phase, Backup(tmp_path, "head", ALONE), ALONE, silent).rows
    surprise = np.log1p(np.exp([-2, -1, 3, -2, -1])).mean()
    assert [row["accuracy"] for row in rows] == [pytest.approx(0.8)] * 2
    assert [row["loss"] for row in rows] == [pytest.approx(surprise, rel=1e-5)] * 2


def test_best_epoch_is_the_most_accurate_then_the_surest_then_the_first():
    def row(accuracy, loss):
        return {"val_accuracy": accuracy, "val_loss": loss}

    assert best_epoch([row(0.5, 1), row(0.7, 3), row(0.7, 2), row(0.7, 2)]) == 2


def test_only_the_last_and_the_best_epoch_stay_on_disk(tmp_path):
    judged = iter([(0.5, 1.0), (0.9, 1.0), (0.6, 1.0), (0.7, 1.0)])
    phase = Phase("head", still(), batches, lambda: next(judged), epochs=4, patience=0, steps=3)
    fit(phase, Backup(tmp_path, "head", ALONE), ALONE, silent)
    files = sorted(file.name for file in tmp_path.glob("*.h5"))
    assert files == ["head-0001.weights.h5", "head-0003.weights.h5"]

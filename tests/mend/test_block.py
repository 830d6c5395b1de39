"""The last block fine-tuned: measured in folds, and kept only where it pays."""

import keras
import numpy as np
import pytest
from keras import layers
from towers import blocks, nested

from audit.core.track import silent
from audit.datasets.dataset import Item
from audit.mend import block
from audit.mend.balance import Groups
from audit.mend.block import BlockTeacher, Course, best
from audit.mend.layers import LAST_BLOCK, LAST_LAYER, Layers
from audit.mend.lessons import MOVES, Lessons
from audit.mend.maps import Maps, share_of
from audit.mend.pupil import Pupil
from audit.mend.room import Choice, Fold, Room
from audit.mend.score import Score, pays
from audit.mend.tail import Tail
from audit.mend.teach import Taught
from audit.models.classifier import FrozenClassifier
from audit.models.lastlayer import LastLayer
from audit.training.logistic import Head

CHOICE = Choice(1.0, True, "smallest")
PHOTOS, MOVED = 96, 24


def _tail(model):
    return Tail(LastLayer(FrozenClassifier(model)))


def _looking_at(channel):
    """A tail whose one feature is one of its map's two channels, and a little of the other."""
    x = keras.Input((16, 16, 3))
    seen = layers.Conv2D(2, 4, 4, name="c1")(layers.Rescaling(1 / 255)(x))
    for name, width in (("c2", 2), ("c3", 1)):
        seen = layers.Conv2D(width, 1, name=name)(seen)
    model = keras.Model(x, layers.Dense(2, name="last")(layers.GlobalAveragePooling2D()(seen)))
    model.get_layer("c2").set_weights([np.eye(2)[None, None], np.zeros(2)])
    model.get_layer("c3").set_weights(
        [0.2 + np.eye(2)[None, None][..., [channel]], np.full(1, 2.0)]
    )
    return _tail(model)


def _room(tail, folder):
    """Photographs whose channel 0 tells the label, and channel 1 the scene, which says nothing."""
    random = np.random.default_rng(0)
    labels, scenes = np.arange(PHOTOS) % 2, np.arange(PHOTOS) // 2 % 2
    wholes = np.concatenate([labels, np.repeat(labels[:MOVED], 1 + MOVES)])
    others = np.concatenate([scenes, random.integers(0, 2, MOVED * (1 + MOVES))])
    signs = 2 * np.stack([wholes, others], axis=1)[:, None, None] - 1
    maps = (signs + random.normal(0, 0.2, (len(signs), *tail.shape))).astype(np.float16)
    files = [folder / f"{k}.npy" for k in range(3)]
    for file, part in zip(files, np.array_split(maps, 3), strict=True):
        np.save(file, part)
    seen = np.asarray(tail.features(maps))
    parts = seen[PHOTOS:].reshape(MOVED, 1 + MOVES, -1)
    lessons = Lessons(
        items=[Item(f"{k}.png", int(k % 2), "validation") for k in range(PHOTOS)],
        photos=seen[:PHOTOS],
        rows=np.arange(MOVED),
        alone=parts[:, 0],
        moved=parts[:, 1:],
        maps=Maps(files),
    )
    names = [f"{label} on {scene}" for label in (0, 1) for scene in (0, 1)]
    groups = Groups("given", names, 2 * labels + scenes, np.array([0, 1, 0, 1]))
    return Room(lessons, groups, 2)


def _teacher(tail, folder, monkeypatch):
    monkeypatch.setattr(block, "BATCH", 8)
    monkeypatch.setattr(block, "RATES", (0.001, 0.2))
    monkeypatch.setattr(block, "EPOCHS", 3)
    room = _room(tail, folder)
    ((_, _, head), *_) = room.folds(CHOICE)
    taught = Taught(head, room.groups, CHOICE, {CHOICE: room.score(CHOICE)}, 0, 0)
    return BlockTeacher(room, taught, tail, folder, silent)


def test_a_block_that_finds_what_the_last_layer_could_not_is_kept(tmp_path, monkeypatch):
    teacher = _teacher(_looking_at(1), tmp_path, monkeypatch)
    found, course = teacher.measured()
    assert found.scores[LAST_LAYER].worst < 0.7 < 0.95 < found.scores[LAST_BLOCK].worst
    assert found.kept == LAST_BLOCK and course.rate == 0.2
    assert found.json()["behind"] == "c1" and len(found.json()["tried"]) == 6
    head, lessons = teacher.teach(course), teacher.room.lessons
    seen = np.asarray(teacher.tail.features(lessons.maps[np.arange(PHOTOS)]))
    assert (head.logits(seen).argmax(axis=1) == lessons.labels).mean() > 0.95


def test_a_block_is_dropped_where_the_last_layer_is_as_good(tmp_path, monkeypatch):
    found, _ = _teacher(_looking_at(0), tmp_path, monkeypatch).measured()
    assert found.scores[LAST_LAYER].worst > 0.95
    assert found.kept == LAST_LAYER and "does not pay" in found.words


def test_finished_courses_are_not_tried_again(tmp_path, monkeypatch):
    teacher = _teacher(_looking_at(1), tmp_path, monkeypatch)
    begun, begin = [], Pupil.begin

    def killed(*args):
        if len(begun) == 3:
            raise KeyboardInterrupt
        begun.append(args)
        begin(*args)

    monkeypatch.setattr(Pupil, "begin", killed)
    with pytest.raises(KeyboardInterrupt):
        teacher.measured()
    assert len(list(tmp_path.glob("block-*.npy"))) == 3
    monkeypatch.setattr(Pupil, "begin", lambda *args: begun.append(args) or begin(*args))
    teacher.measured()
    assert len(begun) == len(list(tmp_path.glob("block-*.npy"))) == 8


def test_no_fold_chooses_its_own_course(tmp_path, monkeypatch):
    """Each course is right in one half alone: what the other half chooses is wrong everywhere."""
    teacher = _teacher(_looking_at(0), tmp_path, monkeypatch)
    first = np.arange(PHOTOS) < PHOTOS // 2
    right = np.zeros((6, PHOTOS), bool)
    right[0], right[5] = first, ~first
    folds = [Fold(~own, own, teacher.taught.head) for own in (first, ~first)]
    assert teacher._unseen(right, folds).mean == 0.0


def test_only_the_block_is_taught_and_statistics_stay():
    model = nested(blocks)
    layer = LastLayer(FrozenClassifier(model))
    before, tail = model.get_weights(), Tail(layer)
    random = np.random.default_rng(0)
    head = Head(layer.kernel, layer.bias)
    pupil = Pupil(tail, head)
    pupil.begin(head, 0.01)
    pupil.learn(random.normal(size=(4, *tail.shape)).astype(np.float16), np.array([0, 1, 2, 0]))
    paths = [weight.path for weight in model.weights]
    pairs = zip(paths, before, model.get_weights(), strict=True)
    changed = {path for path, a, b in pairs if not np.array_equal(a, b)}
    kernels = {f"{name}_conv/kernel" for name in ("block1_a", "block1_b", "block1_c", "top")}
    assert {path.split("backbone/")[-1] for path in changed} >= kernels
    assert all(
        "_bn" not in path and "block0" not in path and "stem" not in path for path in changed
    )


def test_what_is_kept_is_the_mean_of_epochs_and_answers_do_not_disturb_it(tmp_path):
    tail = _looking_at(1)
    room = _room(tail, tmp_path)
    maps, rows = room.lessons.maps, np.arange(8)
    head = Head(np.eye(1, 2, dtype=np.float32), np.zeros(2, np.float32))
    pupil, ends = Pupil(tail, head), []
    pupil.begin(head, 0.1)
    for _ in range(2):
        pupil.learn(maps[rows], room.lessons.labels[rows])
        pupil.end_epoch()
        ends.append([variable.numpy() for variable in tail.variables])
        pupil.answers(maps, rows)
        assert all(np.array_equal(v, end) for v, end in zip(tail.variables, ends[-1], strict=True))
    finished = pupil.finished()
    for variable, first, second in zip(tail.variables, *ends, strict=True):
        assert np.allclose(variable, (first + second) / 2, atol=1e-6)
    seen = np.asarray(tail.features(maps[rows]))
    assert np.array_equal(finished.logits(seen).argmax(axis=1), pupil.answers(maps, rows))


@pytest.mark.parametrize(
    ("own", "alone", "expected"),
    [
        (Score(0.93, 0.95, 0.02), Score(0.85, 0.95, 0.03), True),  # 1.96 * hypot(...) = 0.071
        (Score(0.92, 0.95, 0.02), Score(0.85, 0.95, 0.03), False),  # within doubt
        (Score(0.93, 0.93, 0.02), Score(0.85, 0.95, 0.03), False),  # the others pay for it
        (Score(1.0, 1.0, 0.0), Score(1.0, 1.0, 0.0), False),
    ],
)
def test_a_block_pays_beyond_doubt_and_at_no_ones_cost(own, alone, expected):
    assert pays(own, alone) is expected


@pytest.mark.parametrize("kept", [LAST_BLOCK, LAST_LAYER])
def test_a_sentence_says_what_was_taught_with_both_figures(kept):
    scores = {LAST_LAYER: Score(0.85, 0.95, 0.03), LAST_BLOCK: Score(0.9, 0.95, 0.02)}
    words = Layers(LAST_BLOCK, kept, scores, {"behind": "b"}).words
    assert "85.0%" in words and "90.0%" in words and "the last block, behind b" in words
    assert ("the last layer alone, as" in words) == (kept == LAST_LAYER)


def test_of_equal_courses_the_gentlest_is_chosen():
    alike = Score(0.9, 0.9, 0.1)
    scores = {Course(0.1, 1): Score(0.8, 1.0, 0.0), Course(0.1, 2): alike, Course(0.1, 3): alike}
    assert best(scores) == Course(0.1, 2)


def test_maps_are_read_across_files(tmp_path):
    maps = np.arange(7 * 2 * 2).reshape(7, 2, 2, 1).astype(np.float16)
    files = [tmp_path / f"{k}.npy" for k in range(3)]
    for file, part in zip(files, (maps[:3], maps[3:4], maps[4:]), strict=True):
        np.save(file, part)
    rows = np.array([6, 0, 3, 2, 4])
    assert len(Maps(files)) == 7 and np.array_equal(Maps(files)[rows], maps[rows])


def test_fewer_photographs_are_taught_where_maps_are_large():
    assert share_of((7, 7, 192), 8700) == 1.0
    assert share_of((64, 64, 256), 4096) == 0.25  # 2 MiB each, of which 1,024 fit into 2 GiB

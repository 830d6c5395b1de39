import json

import pytest

from audit.models.names import class_names

NAMES = ("tulip", "aster", "rose")
FILES = {
    "labels.txt": "tulip\naster\nrose\n",
    "class_names.txt": "\ufefftulip\r\naster\r\nrose\r\n\r\n",
    "classes.txt": "0 tulip\n1 aster\n2 rose",
    "class_indices.json": json.dumps({"aster": 1, "rose": 2, "tulip": 0}),
    "class_names.json": json.dumps(["tulip", "aster", "rose"]),
    "labels.json": json.dumps({"0": "tulip", "2": "rose", "1": "aster"}),
    "classes.json": json.dumps({"classes": ["tulip", "aster", "rose"]}),
    "m.labels.txt": "tulip\naster\nrose",
    "m.json": json.dumps({"0": ["n1", "tulip"], "1": ["n2", "aster"], "2": ["n3", "rose"]}),
}


@pytest.fixture
def model(tmp_path):
    (tmp_path / "m.keras").write_bytes(b"")
    return tmp_path / "m.keras"


@pytest.mark.parametrize("name", FILES)
def test_names_beside_a_model_are_read_in_the_order_of_its_outputs(model, name):
    file = model.with_name(name)
    file.write_text(FILES[name], encoding="utf-8")
    assert class_names(model, 3) == (NAMES, file)


def test_another_number_of_names_is_not_the_models(model):
    model.with_name("labels.txt").write_text("tulip\naster")
    assert class_names(model, 3) is None


def test_the_file_that_is_called_like_the_model_comes_first(model):
    model.with_name("labels.txt").write_text("a\nb\nc")
    model.with_name("m.labels.txt").write_text("tulip\naster\nrose")
    assert class_names(model, 3).names == NAMES


def test_a_saved_model_has_them_among_its_assets(tmp_path):
    (tmp_path / "saved" / "assets").mkdir(parents=True)
    file = tmp_path / "saved" / "assets" / "labels.txt"
    file.write_text("tulip\naster\nrose")
    assert class_names(tmp_path / "saved", 3) == (NAMES, file)


def test_numbers_that_are_names_stay(model):
    model.with_name("labels.txt").write_text("10\n2\n1")
    assert class_names(model, 3).names == ("10", "2", "1")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "null",
        "[[]]",
        "[1, 2, 3]",
        '{"a": 0, "b": 0, "c": 1}',
        '["a", "a", "b"]',
        "[" * 100_000,
    ],
)
def test_a_file_that_holds_something_else_is_passed_over(model, content):
    model.with_name("labels.json").write_text(content)
    assert class_names(model, 3) is None


def test_a_file_that_is_no_text_is_passed_over(model):
    model.with_name("labels.txt").write_bytes(b"\xff\xfe\n\xff\n\xff")
    assert class_names(model, 3) is None

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import class_file

from audit.core.errors import DataError
from audit.datasets.namefiles import read_names


@pytest.mark.parametrize(
    "text",
    [
        "dog\ncat\nbird\n",
        "\ufeffdog\r\n\r\ncat\r\nbird",
        "0 dog\n1 cat\n2 bird\n",
        '["dog", "cat", "bird"]',
        '{"1": "cat", "0": "dog", "2": "bird"}',
        '{"cat": 1, "bird": 2, "dog": 0}',
        '{"version": 2, "classes": ["dog", "cat", "bird"]}',
        '{"0": ["n1", "dog"], "1": ["n2", "cat"], "2": ["n3", "bird"]}',
    ],
    ids=[
        "lines",
        "Windows",
        "Teachable Machine",
        "list",
        "by number",
        "by name",
        "under a key",
        "ImageNet",
    ],
)
def test_usual_files_of_names_are_read_in_their_order(tmp_path, text):
    file = class_file(tmp_path, text)
    assert read_names(file) == ("dog", "cat", "bird")


def test_numbered_classes_keep_their_numbers(tmp_path):
    file = class_file(tmp_path, "0 dog\n1 cat\n")
    assert read_names(file, ("1 cat", "0 dog")) == ("0 dog", "1 cat")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no class"),
        ("cat\ncat\n", "names 'cat' twice"),
        ('["cat", 3]', "JSON of another kind"),
        ('{"cat": 0, "dog": 2}', "JSON of another kind"),
        ('{"cat": "dog"}', "JSON of another kind"),
        ('["\\ud800", "cat"]', "JSON of another kind"),
        ('{"cat": 0', "is not valid JSON"),
    ],
)
def test_a_file_that_is_no_order_is_one_line(tmp_path, text, why):
    with pytest.raises(DataError, match=why) as error:
        read_names(class_file(tmp_path, text))
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_one_line(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(DataError, match=r"cannot be read .*: give text, number, or a file"):
            read_names(path)


@given(st.text(max_size=80))
def test_any_text_is_an_order_or_one_line(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("order") / "x.txt"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        names = read_names(file)
    except DataError as error:
        assert str(file) in str(error)
    else:
        assert names and len(set(names)) == len(names)


@given(st.permutations([f"class {k}" for k in range(6)]))
def test_every_form_of_json_gives_the_same_order(tmp_path_factory, names):
    file = tmp_path_factory.mktemp("order") / "x.json"
    forms = (names, dict(enumerate(names)), {name: k for k, name in enumerate(names)})
    for form in forms:
        file.write_text(json.dumps(form))
        assert read_names(file) == tuple(names)

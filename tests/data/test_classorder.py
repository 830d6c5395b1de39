import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.data.classorder import Names, arrange, others, read_order, whole_numbers
from audit.errors import DataError

FOLDERS = Names(("1", "2", "10", "11"), {})
TABLE = Names(("10", "2", "1"), {}, table=True)


def written(tmp_path, text):
    file = tmp_path / "classes.txt"
    file.write_text(text, encoding="utf-8")
    return file


def test_folders_are_sorted_as_text():
    assert arrange(FOLDERS, "auto") == (("1", "10", "11", "2"), "text")


def test_number_sorts_by_value():
    assert arrange(FOLDERS, "number") == (("1", "2", "10", "11"), "number")


def test_labels_of_a_manifest_that_all_are_numbers_are_sorted_by_value():
    assert arrange(TABLE, "auto") == (("1", "2", "10"), "number")
    mixed = Names(("10", "2", "rose"), {}, table=True)
    assert arrange(mixed, "auto") == (("10", "2", "rose"), "text")


def test_capitals_come_first_as_for_keras():
    assert arrange(Names(("apple", "Zebra"), {}), "text")[0] == ("Zebra", "apple")


def test_text_is_sorted_as_the_disk_spells_it():
    apart = unicodedata.normalize("NFD", "café")  # e, then an accent: before f
    assert arrange(Names(("café", "cafz"), {"café": apart}), "text")[0] == ("café", "cafz")
    assert arrange(Names(("café", "cafz"), {}), "text")[0] == ("cafz", "café")


def test_a_name_that_is_no_number_is_told():
    with pytest.raises(DataError, match=r"'rose' is no number: give --class-order text"):
        arrange(Names(("1", "rose"), {}), "number")


def test_names_given_in_code_are_the_order():
    assert arrange(FOLDERS, ["2", "1", "11", "10"]) == (("2", "1", "11", "10"), "names given")


@pytest.mark.parametrize(
    "text",
    [
        "dog\ncat\nbird\n",
        "\ufeffdog\r\n\r\ncat\r\nbird",
        "0 dog\n1 cat\n2 bird\n",
        '["dog", "cat", "bird"]',
        '{"1": "cat", "0": "dog", "2": "bird"}',
        '{"cat": 1, "bird": 2, "dog": 0}',
    ],
    ids=["lines", "Windows", "Teachable Machine", "list", "by number", "by name"],
)
def test_a_file_of_names_is_the_order(tmp_path, text):
    file = written(tmp_path, text)
    assert read_order(file) == ("dog", "cat", "bird")
    assert arrange(Names(("cat", "dog"), {}), str(file)) == (
        ("dog", "cat", "bird"),  # a class without images stays
        f"file {file}",
    )


def test_numbered_classes_keep_their_numbers(tmp_path):
    file = written(tmp_path, "0 dog\n1 cat\n")
    assert read_order(file, ("1 cat", "0 dog")) == ("0 dog", "1 cat")


def test_a_label_that_the_file_lacks_is_named(tmp_path):
    file = written(tmp_path, "Cat\ndog\n")
    with pytest.raises(DataError, match=r"lacks the class 'cat', .* 2, 'Cat' among them"):
        arrange(Names(("cat", "dog"), {}), str(file))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no class"),
        ("cat\ncat\n", "names 'cat' twice"),
        ('["cat", 3]', "JSON of another kind"),
        ('{"cat": 0, "dog": 2}', "JSON of another kind"),
        ('{"cat": "dog"}', "JSON of another kind"),
        ('["\\ud800", "cat"]', "JSON of another kind"),
        ('{"cat": 0', "no whole JSON"),
    ],
)
def test_a_file_that_is_no_order_is_one_line(tmp_path, text, why):
    with pytest.raises(DataError, match=why) as error:
        read_order(written(tmp_path, text))
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_one_line(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(DataError, match=r"cannot be read .*: give text, number, or a file"):
            read_order(path)


def test_whole_floats_are_the_numbers_they_are():
    assert whole_numbers({"10.0", "2.0", "3"}) == {"10.0": "10", "2.0": "2"}
    assert whole_numbers({"10.0", "rose"}) == {}
    assert whole_numbers({"1.5", "2"}) == {}


def test_other_orders_are_told_by_name():
    assert others(FOLDERS, ("1", "10", "11", "2")) == {"number": ("1", "2", "10", "11")}
    assert others(Names(("c10", "c2"), {}), ("c10", "c2")) == {
        "text with its numbers by value": ("c2", "c10")
    }
    assert others(Names(("b", "A"), {}, table=True), ("A", "b")) == {
        "as listed in the manifest": ("b", "A")
    }
    three = Names(("b", "A", "C"), {})
    assert others(three, ("A", "C", "b"))["case-insensitive text"] == ("A", "b", "C")


@given(st.text(max_size=80))
def test_any_text_is_an_order_or_one_line(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("order") / "x.txt"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        names = read_order(file)
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
        assert read_order(file) == tuple(names)

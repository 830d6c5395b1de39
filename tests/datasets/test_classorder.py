import unicodedata

import pytest
from trees import class_file

from audit.core.errors import DataError
from audit.datasets.classorder import Names, arrange, others, whole_numbers

FOLDERS = Names(("1", "2", "10", "11"), {})
TABLE = Names(("10", "2", "1"), {}, table=True)


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


def test_a_file_of_names_is_the_order_and_a_class_without_images_stays(tmp_path):
    file = class_file(tmp_path, "dog\ncat\nbird\n")
    expected = ("dog", "cat", "bird"), f"file {file}"
    assert arrange(Names(("cat", "dog"), {}), str(file)) == expected


def test_a_label_that_the_file_lacks_is_named(tmp_path):
    file = class_file(tmp_path, "Cat\ndog\n")
    with pytest.raises(DataError, match=r"lacks the class 'cat', .* 2, among them 'Cat'"):
        arrange(Names(("cat", "dog"), {}), str(file))


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

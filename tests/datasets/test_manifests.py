import unicodedata

import numpy as np
import pandas as pd
import pytest
from trees import counts, items, mask, photo, seen

from audit.core.errors import DataError
from audit.datasets.imagefiles import ImageFiles


@pytest.fixture
def root(tmp_path):
    """Twelve photographs, img/0.png to img/11.png, to be listed."""
    for n in range(12):
        photo(tmp_path / "img" / f"{n}.png")
    return tmp_path


def listed(root, **columns):
    table = pd.DataFrame({"path": [f"img/{n}.png" for n in range(12)]} | columns)
    file = root / "list.csv"
    table.to_csv(file, index=False)
    return file


def test_labels_that_are_numbers_are_sorted_by_value(root):
    dataset = ImageFiles(listed(root, label=[10, 2, 1] * 4))
    assert dataset.classes == ("1", "2", "10")
    assert dataset.class_order_used == "number"
    assert ImageFiles(root / "list.csv", class_order="text").classes == ("1", "10", "2")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_labels_that_a_table_made_floats_are_whole_numbers(root, kind):
    listed(root, label=[10.0, 2.0, 3.0] * 4)
    file = root / f"floats.{kind}"
    table = pd.read_csv(root / "list.csv")
    table.to_csv(file, index=False) if kind == "csv" else table.to_parquet(file)
    assert ImageFiles(file).classes == ("2", "3", "10")


@pytest.mark.parametrize(
    ("train", "test"), [("Train", "TEST"), ("training", "Testing"), ("train", "holdout")]
)
def test_splits_are_read_as_people_write_them(root, train, test):
    dataset = ImageFiles(listed(root, label=["a", "b"] * 6, split=[train] * 8 + [test] * 4))
    assert counts(dataset) == (8, 0, 4)


def test_headings_in_capitals_and_with_spaces_are_known(root):
    file = listed(root, label=["a", "b"] * 6, split="test")
    file.write_text(file.read_text().replace("path,label,split", "Path, label ,SPLIT", 1))
    assert counts(ImageFiles(file)) == (0, 0, 12)


def test_two_headings_that_become_one_are_refused(root):
    file = listed(root, label=["a", "b"] * 6, Label="a")
    with pytest.raises(DataError, match="two columns have one name"):
        ImageFiles(file)


def test_paths_of_windows_are_found_with_slashes(root):
    mask(root / "masks" / "0.png")
    paths = [rf"img\{n}.png" for n in range(12)]
    file = listed(root, path=paths, label=["a", "b"] * 6, split="test", mask=r"masks\0.png")
    dataset = ImageFiles(file)
    assert {i.name for i in items(dataset)} == {f"img/{n}.png" for n in range(12)}
    assert dataset.mask_paths()[items(dataset)[0].name] == (root / "masks" / "0.png",)
    assert seen(dataset, "windows-paths") == [
        (
            "fine",
            r"12 paths are written as on Windows in the manifest and found with slashes: "
            r"img\0.png as img/0.png.",
        )
    ]


def test_a_backslash_in_a_name_stays_where_the_file_has_it(root):
    photo(root / "img" / r"a\b.png")
    paths = [r"img/a\b.png", *(f"img/{n}.png" for n in range(11))]
    names = {i.name for i in items(ImageFiles(listed(root, path=paths, label=["a", "b"] * 6)))}
    assert r"img/a\b.png" in names


@pytest.mark.parametrize(("disk", "table"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_are_found_in_either_form(root, disk, table):
    photo(root / "img" / unicodedata.normalize(disk, "café.png"))
    paths = [unicodedata.normalize(table, "img/café.png"), *(f"img/{n}.png" for n in range(11))]
    dataset = ImageFiles(listed(root, path=paths, label=["a", "b"] * 6))
    assert "img/café.png" in {i.name for i in items(dataset)}
    assert not seen(dataset, "missing-files")


def test_a_few_missing_files_are_a_remark(root):
    (root / "img" / "3.png").unlink()
    dataset = ImageFiles(listed(root, label=["a", "b"] * 6))
    ((strength, words),) = seen(dataset, "missing-files")
    assert strength == "weak"
    assert words.startswith(
        f"1 of 12 files is missing; the first, 'img/3.png', was looked for as {root}/img/3.png: "
    )


def test_more_than_half_missing_stops_a_run(root):
    for n in range(7):
        (root / "img" / f"{n}.png").unlink()
    ((strength, _),) = seen(ImageFiles(listed(root, label=["a", "b"] * 6)), "missing-files")
    assert strength == "strong"


@pytest.mark.parametrize("prefix", ["", r"C:\data" "\\", "/data/"])
def test_a_manifest_of_another_place_is_one_line(root, prefix):
    file = listed(root, path=[f"{prefix}none{n}.png" for n in range(12)], label=["a", "b"] * 6)
    with pytest.raises(DataError) as error:
        ImageFiles(file)
    first = f"{prefix}none0.png"
    assert str(error.value) == (
        f"{file}: cannot find any of its 12 files; the first, {first!r}, was looked for as "
        f"{root / first}: write paths relative to the manifest, or move it to where "
        "these paths begin."
    )


def test_columns_of_other_names_are_told(root):
    (root / "m.csv").write_text("image_id,dx\n0.png,mel\n")
    with pytest.raises(DataError, match=r"lacks the column label and path: .* \(image_id, dx\)"):
        ImageFiles(root / "m.csv")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_columns_that_are_not_separated_by_commas_are_told(root, separator):
    (root / "m.csv").write_text(separator.join(["path", "label"]) + "\n")
    with pytest.raises(DataError, match=r"its columns are separated by .*, write commas"):
        ImageFiles(root / "m.csv")


def test_spaces_around_a_label_make_no_other_class(root):
    file = listed(root, label=["a", "b ", "a", "b"] * 3, split="test")
    dataset = ImageFiles(file)
    assert dataset.classes == ("a", "b")
    assert seen(dataset, "labels")[0][1].startswith("3 labels with spaces around, as 'b '")


def test_a_path_that_is_longer_than_any_file_system_takes_is_a_missing_file(root):
    paths = [*(f"img/{n}.png" for n in range(11)), "x" * 300]
    file = listed(root, path=paths, label=["a", "b"] * 6)
    assert seen(ImageFiles(file), "missing-files")[0][0] == "weak"


# Names of images outside the manifest's folder


def named(root, paths):
    file = root / "lists" / "list.csv"
    file.parent.mkdir()
    pd.DataFrame({"path": paths, "label": ["a", "b"]}).to_csv(file, index=False)
    dataset = ImageFiles(file, all_test=True)
    items = dataset.items("test")
    assert all(isinstance(image, np.ndarray) for _, image in dataset.images(items))
    return {item.name for item in items}


def test_images_named_by_whole_paths_are_named_below_the_folder_they_share(root):
    photo(root / "more" / "0.png")
    paths = [root / "img" / "0.png", root / "more" / "0.png"]
    assert named(root, list(map(str, paths))) == {"img/0.png", "more/0.png"}


def test_images_named_through_parents_are_named_likewise(root):
    assert named(root, ["../img/0.png", str(root / "img" / "1.png")]) == {"0.png", "1.png"}


def test_a_name_that_is_taken_in_the_manifests_folder_is_told_apart(root):
    photo(root / "in" / "0.png")
    file = root / "in" / "list.csv"
    pd.DataFrame({"path": ["0.png", "../img/0.png"], "label": ["a", "b"]}).to_csv(file, index=False)
    assert {i.name for i in ImageFiles(file, all_test=True).items("test")} == {
        "0.png", "outside/0.png"
    }  # fmt: skip


def test_one_image_under_two_paths_is_listed_twice(root):
    with pytest.raises(DataError, match=r"lists '0\.png' twice"):
        named(root, ["../img/0.png", str(root / "img" / "0.png")])

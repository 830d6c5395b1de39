"""Groups of images, as manifests, image folders and planted data have them."""

import pandas as pd
import pytest
from trees import items, photo, photos

from audit.core.errors import DataError
from audit.datasets.groups import columns_of, groups_of
from audit.datasets.imagefiles import ImageFiles
from audit.datasets.oxford import OxfordFlowers
from audit.datasets.planted import Planted


@pytest.fixture
def manifest(tmp_path):
    """Write six photographs and a manifest of them with further columns."""

    def write(kind="csv", **columns):
        for n in range(6):
            photo(tmp_path / "img" / f"{n}.png")
        told = {"path": [f"img/{n}.png" for n in range(6)], "label": ["a", "b"] * 3}
        table = pd.DataFrame(told | {"split": ["train", "validation", "test"] * 2} | columns)
        file = tmp_path / f"list.{kind}"
        table.to_csv(file, index=False) if kind == "csv" else table.to_parquet(file)
        return ImageFiles(file)

    return write


def values(dataset, column):
    """Return the group of each image of all splits by the image's name."""
    found = items(dataset)
    told = groups_of(dataset, found, column)
    return {item.name: value for item, value in zip(found, told, strict=True)}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_further_columns_of_a_manifest_are_groups_of_all_splits(manifest, kind):
    dataset = manifest(kind, background=list("xyzxyz"), site=["n"] * 6)
    assert columns_of(dataset) == ("background", "site")
    found = values(dataset, "background")
    assert [found[f"img/{n}.png"] for n in range(6)] == list("xyzxyz")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_empty_cell_is_no_value(manifest, kind):
    found = values(manifest(kind, site=["north", None, " ", "nan", "", " south "]), "site")
    assert [found[f"img/{n}.png"] for n in range(6)] == ["north", None, None, None, None, "south"]


def test_whole_numbers_that_a_table_made_floats_are_whole(manifest):
    found = values(manifest("parquet", camera=[1.0, 2.0, None, 1.0, 2.0, 10.0]), "camera")
    assert list(found.values()).count("10") == 1
    assert set(found.values()) == {"1", "2", "10", None}


def test_an_unknown_column_is_one_line_with_the_known_ones(manifest):
    dataset = manifest(background=["x"] * 6, site=["n"] * 6)
    with pytest.raises(DataError, match="--group sight: list has no such column; its further "
                                        "columns are background, site"):  # fmt: skip
        groups_of(dataset, items(dataset), "sight")


def test_without_any_column_the_line_says_where_to_add_one(manifest):
    dataset = manifest()
    with pytest.raises(DataError, match=r"add columns to the manifest, or a groups.csv \(path, x"):
        groups_of(dataset, items(dataset), "x")


def test_an_image_folder_has_its_groups_beside_its_classes(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    rows = "".join(f"cat\\{n}.png,{'day' if n else 'night'}\n" for n in range(5))
    (tmp_path / "groups.csv").write_text(f"PATH,light\n{rows}gone/9.png,day\n")
    found = values(ImageFiles(tmp_path), "light")
    assert found["cat/0.png"] == "night"
    assert found["cat/4.png"] == "day"
    assert found["dog/0.png"] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,light\n", "lacks the column path"),
        ("path,light\ncat/0.png,day\ncat/0.png,night\n", "lists 'cat/0.png' twice"),
        ("path,light\ncat/0.png\n", "not a readable CSV"),
    ],
)
def test_a_faulty_groups_file_is_one_line_for_those_who_ask(tmp_path, text, words):
    photos(tmp_path, "{c}/{n}.png")
    (tmp_path / "groups.csv").write_text(text)
    dataset = ImageFiles(tmp_path)
    with pytest.raises(DataError, match=words):
        columns_of(dataset)


def test_planted_images_are_grouped_by_their_shortcut():
    dataset = Planted(size=64, train=4, validation=1, test=8)
    assert columns_of(dataset) == ("shortcut",)
    found = set(values(dataset, "shortcut").values())
    assert {"none", "tag, present", "tag, moved"} <= found


def test_a_data_set_without_groups_has_no_columns():
    assert columns_of(object.__new__(OxfordFlowers)) == ()

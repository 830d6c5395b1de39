import pandas as pd
import pytest
from trees import mask, photo, seen

from audit.core.errors import DataError
from audit.datasets.dataset import answer_names, label_sets, one_an_image
from audit.datasets.imagefiles import ImageFiles
from audit.datasets.several import are_several
from audit.masks.masks import Masks


@pytest.fixture
def root(tmp_path):
    """Photographs img/0.png to img/5.png, to be listed."""
    for n in range(6):
        photo(tmp_path / "img" / f"{n}.png")
    return tmp_path


def listed(root, labels, **columns):
    table = pd.DataFrame({"path": [f"img/{n}.png" for n in range(6)], "label": labels} | columns)
    file = root / "list.csv"
    table.to_csv(file, index=False)
    return file


CELLS = ["cat|dog", "cat", "dog", "cat | cow", "cow", "dog"]


@pytest.mark.parametrize(
    ("cells", "several"),
    [
        (["cat|dog", "cat"], True),
        (["cat|dog", "dog|cow", "cow|cat"], False),  # names, perhaps: nothing tells
        (["rose|pink", "rose|red"], False),
        (["cat", "dog"], False),
    ],
)
def test_cells_are_several_labels_where_a_part_is_a_label_by_itself(cells, several):
    assert are_several(cells, "auto") == several
    assert are_several(cells, "several")
    assert not are_several(cells, "one")


def test_each_label_of_an_image_is_an_item(root):
    dataset = ImageFiles(listed(root, CELLS, split="test"))
    assert dataset.classes == ("cat", "cow", "dog")
    rows = {(item.name, item.image, item.label) for item in dataset.items("test")}
    assert len(rows) == 8
    assert {("img/0.png [cat]", "img/0.png", 0), ("img/0.png [dog]", "img/0.png", 2)} <= rows
    assert label_sets(dataset)["img/3.png"] == {0, 1}
    assert len(one_an_image(dataset.items("test"))) == 6
    assert answer_names(dataset) == ("cat", "cow", "dog", "not cat", "not cow", "not dog")


def test_how_cells_are_read_is_said_with_the_other_way(root):
    ((strength, words),) = seen(ImageFiles(listed(root, CELLS)), "labels-an-image")
    assert strength == "fine"
    assert words == (
        "2 of 6 images have several labels, written with | between: 8 rows, one a label that is "
        "there: give --labels one if | is part of the classes' names."
    )
    dataset = ImageFiles(listed(root, ["rose|pink", "rose|red"] * 3))
    assert dataset.classes == ("rose|pink", "rose|red")
    assert not label_sets(dataset)
    ((_, words),) = seen(dataset, "labels-an-image")
    assert words.endswith("as 'rose|pink': give --labels several if | stands between labels.")


def test_names_that_hold_the_sign_stay_names_where_that_is_said(root):
    dataset = ImageFiles(listed(root, CELLS), labels="one")
    assert "cat|dog" in dataset.classes
    assert not label_sets(dataset)
    assert not seen(dataset, "labels-an-image")


def test_one_label_an_image_may_be_read_as_one_of_several(root):
    dataset = ImageFiles(listed(root, ["cat", "dog", "cow"] * 2), labels="several")
    assert label_sets(dataset)["img/0.png"] == {0}


def test_a_label_has_its_own_mask_or_that_of_its_image(root):
    masks = ["m/a.png|m/b.png", "m/a.png", *[""] * 4]
    for name in "ab":
        mask(root / "m" / f"{name}.png")
    found = ImageFiles(listed(root, CELLS, mask=masks)).mask_paths()
    assert found["img/0.png [cat]"] == (root / "m/a.png",)
    assert found["img/0.png [dog]"] == (root / "m/b.png",)
    assert found["img/1.png [cat]"] == (root / "m/a.png",)
    assert len(found) == 3
    masks[0] = "|m/b.png"
    found = ImageFiles(listed(root, CELLS, mask=masks)).mask_paths()
    assert "img/0.png [cat]" not in found and found["img/0.png [dog]"] == (root / "m/b.png",)
    masks[0] = "m/a.png"
    found = ImageFiles(listed(root, CELLS, mask=masks)).mask_paths()
    assert found["img/0.png [cat]"] == found["img/0.png [dog]"] == (root / "m/a.png",)


def test_masks_in_a_folder_are_of_all_labels_of_their_image(root):
    mask(root / "masks" / "0.png")
    dataset = ImageFiles(listed(root, CELLS, split="test"))
    masks = Masks(dataset, root / "masks", grabcut=False)
    own = [item.name for item in dataset.items("test") if masks.has_own(item)]
    assert sorted(own) == ["img/0.png [cat]", "img/0.png [dog]"]


def test_a_column_groups_all_labels_of_an_image(root):
    dataset = ImageFiles(listed(root, CELLS, site=list("aabbcc")))
    values = dataset.group_values("site")
    assert values["img/0.png [cat]"] == values["img/0.png [dog]"] == "a"


def test_labels_of_an_image_are_never_divided(root):
    dataset = ImageFiles(listed(root, CELLS))
    splits = {}
    for split in ("train", "validation", "test"):
        for item in dataset.items(split):
            splits.setdefault(item.image, set()).add(split)
    assert all(len(found) == 1 for found in splits.values())


@pytest.mark.parametrize(
    ("labels", "columns", "said"),
    [
        (["cat|", *CELLS[1:]], {}, r"label 'cat\|' of 'img/0.png' has an empty part: write one"),
        (CELLS, {"mask": ["a|b|c", *[""] * 5]}, "'img/0.png' has 3 masks and 2 labels: give one"),
        (CELLS, {"path": ["img/1.png", "img/1.png", *(f"img/{n}.png" for n in range(2, 6))]},
         r"lists 'img/1.png' twice: write all its labels into one cell, cat\|dog\|cat"),
    ],
)  # fmt: skip
def test_what_is_written_wrongly_is_one_line(root, labels, columns, said):
    with pytest.raises(DataError, match=said):
        ImageFiles(listed(root, labels, **columns))

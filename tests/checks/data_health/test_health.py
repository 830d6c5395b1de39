"""What is said of the images of a data set: copies, broken ones, outliers, thumbnails."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.checks.data_health.measure import examine
from audit.checks.data_health.outputs import SHOWN_OUTLIERS, SHOWN_PAIRS
from audit.core.track import silent
from audit.datasets.imagefiles import ImageFiles


def textured(seed, size=48):
    """Coarse and fine noise, unlike that of any other seed."""
    random = np.random.default_rng(seed)
    coarse = np.kron(random.integers(20, 230, (6, 6, 3)), np.ones((size // 6, size // 6, 1)))
    return np.clip(coarse + random.normal(0, 12, (size, size, 3)), 0, 255).astype(np.uint8)


def write(root, files):
    """Files of ``name: (label, split, image or bytes)`` as a data set."""
    root.mkdir()
    lines = ["path,label,split"]
    for name, (label, split, image) in files.items():
        if isinstance(image, bytes):
            (root / name).write_bytes(image)
        else:
            Image.fromarray(image).save(root / name)
        lines.append(f"{name},{label},{split}")
    (root / "images.csv").write_text("\n".join(lines))
    return ImageFiles(root / "images.csv")


def items_of(dataset):
    return [item for split in ("train", "validation", "test") for item in dataset.items(split)]


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    """Twenty images to train on, two copies of them, and what is odd or broken."""
    files = {f"{k:02d}.png": (k % 2, "train", textured(k)) for k in range(20)}
    files["other-label.png"] = ("1", "train", textured(4))
    files["leak.jpg"] = ("0", "test", textured(2))
    files["mirrored.png"] = ("1", "validation", textured(7)[:, ::-1])
    files["black.png"] = ("0", "test", np.zeros((60, 240, 3), np.uint8))
    files["torn.png"] = ("0", "validation", b"torn")
    dataset = write(tmp_path_factory.mktemp("data") / "images", files)
    seen = []

    def track(items, label, total):
        for item in items:
            seen.append((label, total))
            yield item

    return examine(dataset, items_of(dataset), track), seen


def test_every_image_has_a_row_with_its_measures(examined):
    found, _ = examined
    rows = found.images.set_index("name")
    assert len(rows) == 25
    assert rows["split"].value_counts().to_dict() == {"train": 21, "validation": 2, "test": 2}
    first = rows.loc["00.png"]
    assert (first["width"], first["height"], first["skipped"]) == (48, 48, "")
    assert first["luminance"] == pytest.approx(textured(0).mean(), abs=8)
    assert first["sharpness"] > 0 and len(first["hash"]) == 16
    assert rows.loc["black.png", "dark"] == 1


def test_a_broken_image_is_named_and_measured_nowhere(examined):
    torn = examined[0].images.set_index("name").loc["torn.png"]
    assert torn["skipped"] == "torn.png: not an image of a known format"
    assert torn["hash"] == "" and torn["thumbnail"] is None
    assert torn[["width", "height", "sharpness", "luminance", "dark", "bright"]].isna().all()


def test_copies_come_in_the_order_in_which_they_matter(examined):
    found, _ = examined
    pairs = [frozenset(pair) for pair in found.duplicates[["a", "b"]].itertuples(index=False)]
    assert pairs == [
        frozenset({"04.png", "other-label.png"}),
        frozenset({"02.png", "leak.jpg"}),
        frozenset({"07.png", "mirrored.png"}),
    ]
    assert found.duplicates["mirrored"].tolist() == [False, False, True]
    assert found.complete


def test_thumbnails_are_kept_of_what_is_shown_alone(examined):
    pictures = examined[0].images.set_index("name")["thumbnail"].dropna()
    pairs = {"04.png", "other-label.png", "02.png", "leak.jpg", "07.png", "mirrored.png"}
    assert pairs < set(pictures.index) and "black.png" in pictures.index
    assert len(pictures) < 15
    black = Image.open(io.BytesIO(pictures["black.png"]))
    assert (black.format, black.size) == ("WEBP", (160, 40))
    assert Image.open(io.BytesIO(pictures["02.png"])).size == (48, 48)  # never enlarged


def test_progress_counts_every_image_once(examined):
    assert examined[1] == [("data health", 25)] * 25


def test_the_tables_survive_a_file(examined, tmp_path):
    found, _ = examined
    for name, table in (("images", found.images), ("duplicates", found.duplicates)):
        (tmp_path / name).write_bytes(table.to_parquet(index=False))
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / name), table)


def test_many_copies_have_few_thumbnails(tmp_path):
    files = {f"{k}.png": (k % 2, "test", textured(k // 2)) for k in range(2 * SHOWN_PAIRS + 20)}
    dataset = write(tmp_path / "images", files)
    found = examine(dataset, items_of(dataset), silent)
    assert len(found.duplicates) == SHOWN_PAIRS + 10
    shown = found.images["thumbnail"].notna().sum()
    assert 2 * SHOWN_PAIRS <= shown <= 2 * SHOWN_PAIRS + 6 * SHOWN_OUTLIERS


def test_images_that_are_all_broken_are_examined(tmp_path):
    dataset = write(tmp_path / "images", {f"{k}.png": (k, "test", b"") for k in range(2)})
    found = examine(dataset, items_of(dataset), silent)
    assert found.images["skipped"].str.endswith("the file is empty").all()
    assert found.duplicates.empty
    assert pd.read_parquet(io.BytesIO(found.duplicates.to_parquet()))["a"].tolist() == []

"""Corruptions tried on a tiny model that sees the discs' colours and nothing else."""

import io

import numpy as np
import pytest
from PIL import Image

from audit.checks.robustness import measure as robustness
from audit.checks.robustness.corruptions import CORRUPTIONS, corrupt
from audit.checks.robustness.statistics import outcomes
from audit.core.track import silent
from audit.datasets.dataset import Item
from audit.datasets.open import open_dataset
from audit.execution.engine import Engine
from audit.masks.masks import Masks
from audit.masks.sample import Sample
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.settings import load_config


@pytest.fixture(scope="module")
def measured(tmp_path_factory, draw_manifest, colour_model):
    """Six images, one of them broken and one without a mask; Integrated Gradients on two."""
    root = tmp_path_factory.mktemp("images")
    manifest = draw_manifest(root, "abc", per_split={"train": 1, "test": 2})
    (root / "2_02.png").write_bytes(b"torn")
    text = manifest.read_text()
    manifest.write_text(text.replace("1_02_mask.png", ""))
    config = load_config({"images": manifest, "model": colour_model, "grabcut": False})
    dataset = open_dataset(config)
    engine = Engine(FrozenClassifier(load_model(colour_model, trust=False)), dataset, config)
    masks = Masks(dataset, grabcut=False)
    seen = []

    def track(items, label, total):
        seen.append((label, total))
        return items

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(robustness, "IG_IMAGES", 2)
        items = dataset.items("test")
        found = robustness.measure(engine, dataset, masks, items, config, track)
        again = robustness.measure(engine, dataset, masks, items[3:], config, silent)
    return found, again, seen


def test_every_readable_image_has_a_row_a_version_the_clean_one_first(measured):
    found, _, seen = measured
    assert seen == [("robustness", 6)]
    table = found.table
    assert len(table) == 5 * 51
    assert (table.groupby("name", sort=False).head(1)["severity"] == 0).all()
    assert not table.duplicated(["name", "corruption", "severity"]).any()
    assert set(table["corruption"]) == {"", *CORRUPTIONS}
    assert found.facts["images"] == 5


def test_an_image_is_asked_about_with_all_its_corruptions(draw):
    image = draw(0, 0, 64)[0]
    sample = Sample(Item("a.png", 0, "test"), image, np.zeros((64, 64), np.uint8), "", "")
    ((_, versions),) = robustness.with_versions([sample])
    assert versions.shape == (51, 64, 64, 3)
    np.testing.assert_array_equal(versions[0], image)
    np.testing.assert_array_equal(versions[-1], corrupt(image, list(CORRUPTIONS)[-1], 5, "a.png"))


def test_the_table_gives_outcomes(measured):
    table = measured[0].table
    columns = ("name", "corruption", "severity", "correct")
    found = outcomes(*(table[c].tolist() for c in columns))
    assert found.wrong.shape == (5, 10, 5)
    assert not found.clean.any()


def test_answers_are_the_models(measured):
    table = measured[0].table
    assert (table["correct"] == (table["prediction"] == table["label"])).all()
    clean = table[table["severity"] == 0].set_index("name")["prediction"]
    assert (table["holds"] == (table["prediction"] == table["name"].map(clean))).all()
    # Colours are what it sees: without contrast it is lost, turned it is not.
    rate = table.groupby(["corruption", "severity"])["correct"].mean()
    assert rate["rotation", 5] == 1
    assert rate["contrast", 5] < 1


def test_heatmaps_of_a_turned_image_are_mapped_back(measured):
    table = measured[0].table
    turned = table[(table["corruption"] == "rotation") & (table["severity"] == 4)]
    masked = turned[turned["gradcam_mass_reason"] == ""]
    assert masked["gradcam_mass_change"].abs().max() < 0.05
    assert len(masked) == 4
    assert turned["gradcam_mass_reason"].tolist().count("no mask") == 1


def test_what_is_undefined_has_its_reason(measured):
    table = measured[0].table
    for explainer in ("gradcam", "ig"):
        for score, why in (("rank", "rank_reason"), ("mass_change", "mass_reason")):
            undefined = table[f"{explainer}_{score}"].isna()
            assert (undefined == (table[f"{explainer}_{why}"] != "")).all()
    changed = table[~table["holds"]]
    assert len(changed)
    assert (changed["gradcam_rank_reason"] == "the answer changed").all()


def test_integrated_gradients_are_taken_of_few_images_at_one_severity(measured):
    table = measured[0].table
    taken = table[table["ig_rank"].notna()]
    assert set(taken["severity"]) == {3}
    assert taken["name"].nunique() == 2 >= measured[0].facts["ig_images"]
    held = table[table["holds"] & table["name"].isin(taken["name"]) & (table["severity"] == 3)]
    assert set(held.index) >= set(taken.index)


def test_an_image_fares_alike_in_any_sample(measured):
    found, again, _ = measured
    both = again.table["name"].unique()
    columns = ["name", "corruption", "severity", "prediction", "gradcam_rank"]
    whole = found.table[found.table["name"].isin(both)][columns].reset_index(drop=True)
    assert whole.drop(columns="gradcam_rank").equals(again.table[columns[:-1]])
    np.testing.assert_allclose(whole["gradcam_rank"], again.table["gradcam_rank"], atol=1e-6)


def test_the_contact_sheet_has_a_row_a_corruption_and_begins_with_the_photo(measured):
    name, image = measured[0].pictured
    sheet = Image.open(io.BytesIO(robustness.contact_sheet(name, image)))
    side = robustness.THUMBNAIL
    assert sheet.size == (6 * side, len(CORRUPTIONS) * side)
    columns = np.asarray(sheet)[:, :side].reshape(len(CORRUPTIONS), side, side, 3).astype(float)
    assert np.abs(columns - columns[0]).mean() < 4  # WebP is lossy

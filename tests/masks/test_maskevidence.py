import numpy as np
import pytest
from maskscenes import Scenes, save, scene

from audit.datasets.imagefiles import ImageFiles
from audit.datasets.planted import Planted
from audit.masks.evidence import SAMPLE, mask_observations
from audit.masks.masks import Masks


def drawn(count, seed=1):
    """Images with discs of several places and sizes, and their masks."""
    rng = np.random.default_rng(seed)
    found = {}
    for number in range(count):
        centre, radius = rng.integers(40, 80, 2), int(rng.integers(15, 35))
        image, mask = scene(centre=centre, radius=radius, seed=number)
        found[f"{number:02d}.jpg"] = image, np.where(mask, 255, 0).astype(np.uint8)
    return found


def observed(folder, scenes, masks=None, **flags):
    """What is seen of scenes with other masks than their own."""
    masks = [mask for _, mask in scenes.values()] if masks is None else masks
    for name, mask in zip(scenes, masks, strict=False):
        save(folder / name.replace(".jpg", ".png"), np.ascontiguousarray(mask))
    dataset = Scenes({name: image for name, (image, _) in scenes.items()})
    masks = Masks(dataset, folder, brought=False, **flags)
    found = mask_observations(dataset, masks, dataset.items("test"))
    return {observation.key: observation for observation in found}


def strong(found):
    return [key for key, observation in found.items() if observation.strength == "strong"]


def test_right_masks_are_fine(tmp_path):
    found = observed(tmp_path, drawn(12))
    assert set(found) == {"mask-source", "mask-polarity", "mask-size", "mask-fit"}
    assert {observation.strength for observation in found.values()} == {"fine"}


def test_masks_upside_down_stop_the_run_and_the_option_mends_them(tmp_path):
    scenes = drawn(12)
    found = observed(tmp_path, scenes, [255 - mask for _, mask in scenes.values()])
    assert strong(found) == ["mask-polarity"]
    assert found["mask-polarity"].mend == "give --mask-subject 0"
    assert strong(observed(tmp_path, scenes, [], subject="0")) == []


def test_a_few_masks_upside_down_are_no_more_than_worth_a_look(tmp_path):
    scenes = drawn(4)
    found = observed(tmp_path, scenes, [255 - mask for _, mask in scenes.values()])
    assert found["mask-polarity"].strength == "weak"


def test_subjects_that_fill_the_frame_are_not_upside_down(tmp_path):
    scenes = drawn(10)
    full = [np.full((120, 120), 255, np.uint8) for _ in scenes]
    assert observed(tmp_path, scenes, full)["mask-polarity"].strength == "fine"


def test_two_lobes_beside_the_centre_are_not_upside_down(tmp_path):
    scenes = drawn(10)
    lungs = np.zeros((120, 120), np.uint8)
    lungs[20:100, 10:50] = lungs[20:100, 70:110] = 255
    assert observed(tmp_path, scenes, [lungs] * 10)["mask-polarity"].strength == "fine"


def test_masks_of_other_images_stop_the_run(tmp_path):
    scenes = drawn(40)
    masks = [mask for _, mask in scenes.values()]
    found = observed(tmp_path, scenes, masks[7:] + masks[:7])
    assert strong(found) == ["mask-fit"]
    assert found["mask-fit"].mend == "check that each mask is named like its own image"


def test_generous_boxes_around_the_subject_are_no_masks_of_other_images(tmp_path):
    boxes = []
    scenes = drawn(40)
    for _, mask in scenes.values():
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        box = np.zeros_like(mask)
        box[rows[0] - 4 : rows[-1] + 5, columns[0] - 4 : columns[-1] + 5] = 255
        boxes.append(box)
    assert observed(tmp_path, scenes, boxes)["mask-fit"].strength == "fine"


def test_turned_masks_stop_the_run_with_the_turn_that_mends_them(tmp_path):
    scenes = drawn(16)
    found = observed(tmp_path, scenes, [np.rot90(mask) for _, mask in scenes.values()])
    assert strong(found) == ["mask-fit"]
    assert "turned by 90 degrees clockwise" in found["mask-fit"].line


def test_masks_that_are_all_alike_cannot_be_told_apart(tmp_path):
    scenes = drawn(12)
    alike = [mask for _, mask in scenes.values()][:1] * 12
    found = observed(tmp_path, scenes, alike)["mask-fit"]
    assert found.strength == "fine"
    assert "too alike" in found.words


def test_masks_on_their_side_are_counted(tmp_path):
    scenes = {f"{n}.jpg": scene(80, 120, (40, 60), 20 + n, n) for n in range(8)}
    masks = [np.where(mask.T, 255, 0).astype(np.uint8) for _, mask in scenes.values()]
    found = observed(tmp_path, scenes, masks)["mask-size"]
    assert found.strength == "strong"
    assert found.words == (
        "Of 8 masks, 0 have the size of the image, 8 another aspect (8 of them as if turned by 90 "
        "degrees)"
    )


def test_images_without_a_mask_are_counted_and_some_are_cut_out(tmp_path):
    scenes = drawn(10)
    masks = [mask for _, mask in scenes.values()][:8]
    found = observed(tmp_path, scenes, masks)["mask-source"]
    assert found.words == (
        "8 of 10 images have masks of their own, 2 are cut out by GrabCut; of 10 masks looked at, "
        "0 are doubtful"
    )


def test_doubtful_masks_are_worth_a_look(tmp_path):
    scenes = drawn(10)
    found = observed(tmp_path, scenes, [np.full((120, 120), 255, np.uint8)] * 10)["mask-source"]
    assert found.strength == "weak"
    assert found.words.endswith("of 10 masks looked at, 10 are doubtful (10 full)")


@pytest.mark.parametrize("count", [0, 1])
def test_no_mask_or_a_single_one_proves_nothing(count, tmp_path):
    scenes = drawn(1)
    save(tmp_path / "other.png", np.zeros((2, 2), np.uint8))
    dataset = Scenes({name: image for name, (image, _) in scenes.items()})
    brought = {name: mask for name, (_, mask) in list(scenes.items())[:count]}
    dataset.masks = brought
    found = mask_observations(dataset, Masks(dataset), dataset.items("test"))
    assert {observation.strength for observation in found} == {"fine"}


def test_planted_masks_are_fine():
    dataset = Planted(seed=0)
    items = dataset.items("test")[:24]
    found = mask_observations(dataset, Masks(dataset), items)
    assert {observation.strength for observation in found} == {"fine"}


@pytest.mark.parametrize("turned_over", [False, True])
def test_leaves_of_plantvillage(shared_data, turned_over):
    dataset = ImageFiles(shared_data / "plantvillage/manifest.csv")
    masks = Masks(dataset, subject="0" if turned_over else "auto")
    found = mask_observations(dataset, masks, dataset.items("test")[:SAMPLE])
    stopped = [o.key for o in found if o.strength == "strong"]
    assert stopped == (["mask-polarity"] if turned_over else [])


def test_masks_of_images_without_a_subject_are_no_sign_of_a_wrong_join(tmp_path):
    scenes = drawn(20)
    masks = [m if n % 5 == 0 else m * 0 for n, (_, m) in enumerate(scenes.values())]
    found = observed(tmp_path, scenes, masks)
    assert strong(found) == []
    assert "16 no flower" in found["mask-source"].words
    said = "On 4 images, by edges and colours, an image's own mask fits better"
    assert found["mask-fit"].words.startswith(said)

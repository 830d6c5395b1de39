import os
import signal
import subprocess
import sys
import textwrap
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
from maskscenes import TRIMAP, Scenes, flat, save, scene

from audit.core.errors import BrokenImageError, ConfigError, DataError
from audit.datasets.dataset import Item
from audit.datasets.imagefiles import ImageFiles
from audit.masks.grabcut import grabcut
from audit.masks.grabcutpool import GrabCutPool
from audit.masks.masks import BadMask, Masks, doubt, make, read_mask, trusted


def pairs(count, size=100):
    return [
        (Item(f"{i}.jpg", 0, "test"), scene(size, size, (50, 50), 20 + i)[0]) for i in range(count)
    ]


# Sources


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="nowhere does not exist: give a folder of masks"):
        Masks(flat(["a.jpg"]), tmp_path / "nowhere")


def test_folder_in_which_nothing_fits_is_refused(tmp_path):
    save(tmp_path / "b.png", TRIMAP)
    with pytest.raises(DataError, match=r"No file in .* image of scenes: .* names like a\.png"):
        Masks(flat(["a.jpg"]), tmp_path)


def test_mask_of_another_scale_is_resized(tmp_path):
    save(tmp_path / "a.png", TRIMAP)
    trimap, _ = Masks(flat(["a.jpg"]), tmp_path).own(Item("a.jpg", 0, "test"), (4, 8))
    np.testing.assert_array_equal(trimap, TRIMAP.repeat(2, 0).repeat(2, 1))


def test_mask_of_another_aspect_is_refused(tmp_path):
    save(tmp_path / "a.png", TRIMAP)
    with pytest.raises(DataError, match=r"a\.png is 4 x 2 but its image is 4 x 3"):
        Masks(flat(["a.jpg"]), tmp_path).own(Item("a.jpg", 0, "test"), (3, 4))


def test_what_the_data_set_brings_is_trusted_most(tmp_path):
    save(tmp_path / "a.png", TRIMAP)
    dataset = Scenes({"a.jpg": np.zeros((2, 4, 3), np.uint8)}, {"a.jpg": 255 - TRIMAP})
    item = Item("a.jpg", 0, "test")
    assert Masks(dataset, tmp_path).own(item, (2, 4))[1] == "manifest"
    assert Masks(dataset, tmp_path, brought=False).own(item, (2, 4))[1] == "folder"


def test_fingerprint_follows_the_content(tmp_path):
    save(tmp_path / "a.png", TRIMAP)
    before = Masks(flat(["a.jpg"]), tmp_path).fingerprint()
    assert Masks(flat(["a.jpg"]), tmp_path).fingerprint() == before
    save(tmp_path / "a.png", 255 - TRIMAP)
    assert Masks(flat(["a.jpg"]), tmp_path).fingerprint() != before


def test_photographs_of_the_data_set_are_never_its_masks(tmp_path):
    for label in ("one", "two"):
        save(tmp_path / f"{label}/1.png", np.full((2, 4, 3), 90, np.uint8))
    dataset = ImageFiles(tmp_path)
    with pytest.raises(DataError, match="No file in --masks"):
        Masks(dataset, tmp_path)


def test_copies_of_photographs_among_masks_are_no_masks(tmp_path):
    for name in ("a", "b"):
        save(tmp_path / f"{name}.jpg", scene()[0])
    save(tmp_path / "a_mask.png", TRIMAP)
    masks = Masks(flat(["a.jpg", "b.jpg"]), tmp_path)
    assert masks.has_own(Item("a.jpg", 0, "test"))
    assert not masks.has_own(Item("b.jpg", 0, "test"))


def test_parts_of_one_image_are_united(tmp_path):
    save(tmp_path / "a_mask_1.png", np.array([[255, 0, 128, 0]], np.uint8))
    save(tmp_path / "a_mask_2.png", np.array([[0, 0, 255, 128]], np.uint8))
    trimap, _ = Masks(flat(["a.jpg"], (1, 4)), tmp_path).own(Item("a.jpg", 0, "test"), (1, 4))
    assert trimap.tolist() == [[255, 0, 255, 128]]


def test_parts_of_different_sizes_are_refused(tmp_path):
    save(tmp_path / "a_mask_1.png", TRIMAP)
    save(tmp_path / "a_mask_2.png", TRIMAP[:1])
    with pytest.raises(DataError, match="of one image differ in size"):
        Masks(flat(["a.jpg"]), tmp_path).own(Item("a.jpg", 0, "test"), (2, 4))


def test_what_is_said_of_values_changes_masks_and_fingerprint(tmp_path):
    save(tmp_path / "a.png", TRIMAP)
    plain, turned = (Masks(flat(["a.jpg"]), tmp_path, subject=s) for s in ("auto", "0"))
    trimap, _ = turned.own(Item("a.jpg", 0, "test"), (2, 4))
    np.testing.assert_array_equal(trimap, np.where(TRIMAP == 128, 128, 255 - TRIMAP))
    assert plain.fingerprint() != turned.fingerprint()


def test_values_that_are_none_are_refused_at_once():
    with pytest.raises(ConfigError, match="'mask_unknown'"):
        Masks(flat(["a.jpg"]), unknown="grey")


# Suspect masks


def test_doubt_says_why():
    ordinary = np.zeros((40, 40), np.uint8)
    ordinary[10:30, 10:30] = 255
    tiny, cross = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    tiny[5:8, 5:10] = 255  # 15 of 1600 pixels
    cross[20], cross[:, 20] = 255, 255
    assert doubt(ordinary) == ""
    assert doubt(np.zeros_like(tiny)) == "no flower"
    assert doubt(tiny) == "tiny (0.9% of the image)"
    assert doubt(np.full_like(tiny, 255)) == "full (100% of the image)"
    assert doubt(cross) == "touches all four sides"
    assert doubt(np.where(ordinary > 0, 255, 128).astype(np.uint8)).startswith(
        "mostly unknown (75%"
    )


def test_doubt_takes_areas_of_what_is_known():
    trimap = np.full((10, 10), 128, np.uint8)
    trimap[:, :6] = 255
    assert doubt(trimap) == "full (100% of the image)"


# The stream


def test_stream_keeps_order_images_and_sources(tmp_path):
    known = np.where(scene(100, 100, (50, 50), 21)[1], 255, 0).astype(np.uint8)
    save(tmp_path / "1.png", known)
    given = pairs(3)
    broken = BrokenImageError("2.jpg is torn")
    given[2] = (given[2][0], broken)
    masks = Masks(Scenes({i.name: p for i, p in given}), tmp_path)
    out = list(masks.stream(iter(given), 0))
    assert [(item.name, source) for item, _, _, source in out] == [
        ("0.jpg", "grabcut"),
        ("1.jpg", "folder"),
        ("2.jpg", "none"),
    ]
    np.testing.assert_array_equal(out[0][2], grabcut(given[0][1]))
    np.testing.assert_array_equal(out[1][2], known)
    assert out[2][1] is broken
    assert out[2][2] is None


def test_a_bad_mask_goes_through_the_stream_and_grabcut_does_not_replace_it(tmp_path):
    save(tmp_path / "0.png", np.array([[0, 255, 255, 60]], np.uint8))
    save(tmp_path / "1.png", np.zeros((40, 100), np.uint8))
    given = pairs(3)
    masks = Masks(Scenes({i.name: p for i, p in given}), tmp_path)
    odd, slim, made = masks.stream(iter(given), 0)
    assert isinstance(odd[2], BadMask)
    assert doubt(odd[2]).startswith("its mask cannot be used: Mask ")
    assert "holds the value 60" in odd[2].reason
    assert "is 100 x 40 but its image is 100 x 100" in slim[2].reason
    assert [source for *_, source in (odd, slim, made)] == ["none", "none", "grabcut"]
    assert trusted(odd[2]) is None


def test_without_grabcut_there_is_no_mask():
    ((_, _, trimap, source),) = Masks(flat([]), grabcut=False).stream(pairs(1), 2)
    assert trimap is None
    assert source == "none"


def test_workers_give_the_same_masks_in_the_same_order():
    masks = Masks(flat([]))
    inline, pooled = list(masks.stream(pairs(9), 0)), list(masks.stream(pairs(9), 2))
    assert [o[0].name for o in pooled] == [f"{i}.jpg" for i in range(9)]
    for (_, _, a, _), (_, _, b, source) in zip(inline, pooled, strict=True):
        np.testing.assert_array_equal(a, b)
        assert source == "grabcut"


def test_stream_reads_a_bounded_number_ahead_and_leaves_no_worker():
    read = []

    def reading():
        for pair in pairs(40):
            read.append(pair)
            yield pair

    stream = Masks(flat([])).stream(reading(), 2)
    next(stream)
    assert len(read) <= 8
    assert len(active_children()) == 2
    stream.close()
    assert not active_children()


def test_no_worker_starts_while_none_is_needed(tmp_path):
    save(tmp_path / "0.png", np.zeros((100, 100), np.uint8))
    (given,) = pairs(1)
    stream = Masks(Scenes({"0.jpg": given[1]}), tmp_path).stream([given], 2)
    next(stream)
    assert not active_children()


def test_killed_worker_does_not_end_the_stream(caplog):
    pool = GrabCutPool(1)
    image = pairs(1)[0][1]
    expected = pool.start(image)()
    (worker,) = pool._pool._processes.values()
    os.kill(worker.pid, signal.SIGKILL)
    try:
        np.testing.assert_array_equal(pool.start(image)(), expected)
    finally:
        pool.close()
    assert "worker was killed" in caplog.text


def test_a_worker_interrupted_while_it_begins_goes_on(caplog):
    image = pairs(1)[0][1]
    with closing(GrabCutPool(1)) as pool:
        result = pool.start(image)
        (worker,) = pool._pool._processes.values()
        os.kill(worker.pid, signal.SIGINT)
        np.testing.assert_array_equal(result(), grabcut(image))
    assert not caplog.records


ENDLESS = """
    import itertools, numpy as np
    from audit.masks.grabcutpool import GrabCutPool
    from audit.masks.masks import Masks
    import test_masks
    print("main imported", flush=True)
    stream = Masks(test_masks.flat([])).stream(itertools.cycle(test_masks.pairs(3)), 2)
    for index, _ in enumerate(stream):
        if index == 4:
            print("running", flush=True)
"""


HELPERS = Path(__file__).parent.parent / "helpers"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_ended_parent_takes_its_workers_with_it(tmp_path, how):
    script = tmp_path / "endless.py"
    script.write_text(textwrap.dedent(ENDLESS))
    path = os.pathsep.join(map(str, [Path.cwd(), Path(__file__).parent, HELPERS]))
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal's Ctrl-C goes to the whole group
    )
    # Workers share the parent's output: a second "main imported" would be theirs.
    assert [parent.stdout.readline().strip() for _ in range(2)] == ["main imported", "running"]
    os.killpg(parent.pid, how) if how == signal.SIGINT else parent.send_signal(how)
    _, errors = parent.communicate(timeout=240)  # returns when the last holder of the pipe is gone
    assert parent.returncode != 0
    assert errors.count("Traceback") == (1 if how == signal.SIGINT else 0)


# Writing masks


def test_make_writes_what_is_missing_and_says_what_it_did(tmp_path):
    given = {f"c/{item.name}": image for item, image in pairs(3)}
    dataset = Scenes(given)
    out = tmp_path / "out"
    kept = save(out / "c/1.png", TRIMAP).stat().st_mtime_ns
    seen = []

    def track(items, label, total):
        seen.append((label, total))
        return items

    counts = make(dataset, dataset.items("test"), Masks(dataset), out, 0, track)
    assert counts == {"kept": 1, "grabcut": 2}
    assert seen == [("Making masks", 2)]
    assert sorted(p.name for p in out.rglob("*.*")) == ["0.png", "1.png", "2.png"]
    assert (out / "c/1.png").stat().st_mtime_ns == kept
    np.testing.assert_array_equal(read_mask(out / "c/2.png"), grabcut(given["c/2.jpg"]))


def test_make_leaves_bad_masks_out_and_names_them(tmp_path, caplog):
    given = {item.name: image for item, image in pairs(2)}
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks/1.png").write_bytes(b"torn")
    dataset = Scenes(given)
    masks = Masks(dataset, tmp_path / "masks")
    counts = make(dataset, dataset.items("test"), masks, tmp_path / "out", 0)
    assert counts == {"kept": 0, "grabcut": 1, "bad": 1}
    assert "1.png: not an image of a known format" in caplog.text
    assert not (tmp_path / "out/1.png").exists()


def test_made_masks_are_found_again(tmp_path):
    pictures = [scene(80, 80, (40, 40), radius)[0] for radius in (15, 25)]
    dataset = Scenes({"a.jpg": pictures[0], "a.webp": pictures[1]})
    make(dataset, dataset.items("test"), Masks(dataset), tmp_path, 0)
    found = Masks(dataset, tmp_path)
    for item, image in dataset.images(dataset.items("test")):
        trimap, source = found.own(item, (80, 80))
        np.testing.assert_array_equal(trimap, grabcut(image))
        assert source == "folder"


def test_make_never_leaves_the_folder(tmp_path):
    dataset = Scenes({"../evil.jpg": scene()[0]})
    with pytest.raises(DataError, match="lies outside"):
        make(dataset, dataset.items("test"), Masks(dataset), tmp_path / "out", 0)
    assert not (tmp_path / "evil.png").exists()

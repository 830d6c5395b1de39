"""Masks by another segmenter than GrabCut: rembg, or a command, which is really run."""

import hashlib
import json
import logging
import shlex
import sys
import textwrap
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from maskscenes import Scenes, flat, save, scene

from audit.core.errors import BrokenImageError, ConfigError, DataError
from audit.datasets.dataset import Item
from audit.execution.worker import setup_of
from audit.masks import commandpool
from audit.masks.commandpool import CommandPool
from audit.masks.evidence import mask_observations
from audit.masks.grabcut import grabcut
from audit.masks.masks import BadMask, Masks, doubt
from audit.masks.rembgpool import RembgPool
from audit.masks.segmenter import anywhere, identity, refuse_unusable
from audit.masks.softmask import trimap_of
from audit.masks.source import masks_of, settled
from audit.settings import load_config

# Where red is strong there is foreground: 255, or as many times less as the photograph is darker.
SCRIPT = """
    import sys
    from PIL import Image
    red = Image.open(sys.argv[1]).getchannel("R")
    red.point(lambda level: 255 if level > 125 else 0).save(sys.argv[2])
"""
PLAIN = [sys.executable, "-S", "-E", "-c"]  # starts at once


def command(code, *words):
    """A command of a few lines of Python, with further words after the two files."""
    return shlex.join([*PLAIN, textwrap.dedent(code), "{image}", "{mask}", *map(str, words)])


def copying(file):
    """A command whose mask is always this file."""
    return command("import sys, shutil; shutil.copyfile(sys.argv[3], sys.argv[2])", file)


@pytest.fixture
def script(tmp_path):
    file = tmp_path / "seg.py"
    file.write_text(textwrap.dedent(SCRIPT))
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(file))} {{image}} {{mask}}"


def red_disc(centre=(50, 50), radius=30):
    """A photograph of a disc, and the disc."""
    y, x = np.mgrid[:100, :100]
    disc = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2
    image = np.where(disc[..., None], (200, 40, 60), (50, 110, 40)).astype(np.uint8)
    return image, disc


def made(segmenter, image=None, workers=0):
    """The trimap or `BadMask` of one image, and its source."""
    image = red_disc()[0] if image is None else image
    masks = Masks(flat([]), segmenter=segmenter)
    ((_, _, given, source),) = masks.stream([(Item("a.jpg", 0, "test"), image)], workers)
    return given, source


# From soft masks to trimaps


def test_a_soft_mask_is_unknown_from_a_quarter_to_three_and_along_its_outline():
    soft = np.array([[0, 0, 0, 63, 64, 127, 128, 191, 192, 255, 255, 255]] * 3, np.uint8)
    expected = [0, 0, 0, 0, 128, 128, 128, 128, 255, 255, 255, 255]
    assert trimap_of(soft, (3, 12)).tolist() == [expected] * 3


@pytest.mark.parametrize("top", [1, 255])
def test_a_mask_of_two_values_is_unknown_along_its_outline_alone(top):
    soft = np.array([[0, 0, 0, top, top, top]] * 3, np.uint8)
    assert trimap_of(soft, (3, 6)).tolist() == [[0, 0, 128, 128, 255, 255]] * 3


def test_a_larger_image_has_a_wider_outline_as_grabcuts_masks_have():
    soft = np.zeros((600, 600), np.uint8)
    soft[:, 300:] = 255
    row = trimap_of(soft, (600, 600))[300]
    assert np.flatnonzero(row == 128).tolist() == [298, 299, 300, 301]


@pytest.mark.parametrize(
    ("level", "why"),
    [
        (0, "no flower"),
        (255, "full (100% of the image)"),
        (100, "mostly unknown (100% of the image)"),
    ],
)
def test_a_mask_of_one_value_is_doubtful(level, why):
    assert doubt(trimap_of(np.full((40, 40), level, np.uint8), (40, 40))) == why


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(DataError, match="its mask is 4 x 2, but the image 4 x 3"):
        trimap_of(np.zeros((2, 4), np.uint8), (3, 4))


# A command


@pytest.mark.parametrize("workers", [0, 2])
def test_a_command_makes_the_masks_of_images_that_have_none(tmp_path, script, workers):
    discs = {f"{n}.jpg": red_disc((50, 40 + n)) for n in range(4)}
    known = np.where(discs["1.jpg"][1], 255, 0).astype(np.uint8)
    save(tmp_path / "masks" / "1.png", known)
    dataset = Scenes({name: image for name, (image, _) in discs.items()})
    masks = Masks(dataset, tmp_path / "masks", segmenter=script)
    given = list(dataset.images(dataset.items("test")))
    given[3] = (given[3][0], BrokenImageError("3.jpg is torn"))
    found = list(masks.stream(given, workers))
    assert [(item.name, source) for item, *_, source in found] == [
        ("0.jpg", "segmenter"), ("1.jpg", "folder"), ("2.jpg", "segmenter"), ("3.jpg", "none"),
    ]  # fmt: skip
    np.testing.assert_array_equal(found[1][2], known)
    for number in (0, 2):
        trimap, disc = found[number][2], discs[f"{number}.jpg"][1]
        assert not (trimap == 255)[~disc].any() and not (trimap == 0)[disc].any()
        assert 0 < (trimap == 128).mean() < 0.1
        assert doubt(trimap) == ""


def test_a_command_is_given_words_and_no_shell(tmp_path):
    code = """
        import json, os, sys
        with open(sys.argv[3], "w") as out:
            json.dump([sys.argv[1:], os.path.exists(sys.argv[1])], out)
    """
    told = tmp_path / "told.json"
    words = [told, ";", "touch", tmp_path / "pwned", "$(touch pwned)", "--both={image}{mask}{x}"]
    assert isinstance(made(command(code, *words))[0], BadMask)
    (image, mask, *others), existed = json.loads(told.read_text())
    assert existed and Path(image).name == "image.png" and Path(mask).name == "mask.png"
    assert others == [*map(str, words[:-1]), f"--both={image}{mask}{{x}}"]
    assert not (tmp_path / "pwned").exists()
    assert not Path(image).parent.exists()


PNG = {
    "colour": np.zeros((100, 100, 3), np.uint8),
    "deep": np.zeros((100, 100), np.uint16),
    "small": np.zeros((2, 3), np.uint8),
}


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("colour", "its mask is not grey, of 8 bits"),
        ("deep", "its mask is not grey, of 8 bits"),
        ("small", "its mask is 3 x 2, but the image 100 x 100"),
    ],
)
def test_a_mask_of_another_kind_or_size_is_bad(tmp_path, kind, why):
    given, source = made(copying(save(tmp_path / "mask.png", PNG[kind])))
    assert given.reason == f"the command of --segmenter failed on a.jpg: {why}."
    assert source == "none"
    assert doubt(given).startswith("its mask cannot be used: the command of --segmenter failed on")


def test_a_torn_mask_is_bad(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (100, 100)).astype(np.uint8)
    file = save(tmp_path / "mask.png", noise)
    file.write_bytes(file.read_bytes()[:5000])
    assert "its mask cannot be read: " in made(copying(file))[0].reason
    file.write_bytes(b"no picture at all")
    assert made(copying(file))[0].reason.endswith(": its mask cannot be read: no PNG.")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "it wrote no mask."),
        ("import sys; sys.exit('first\\nno such network.')",
         "it ended with status 1: no such network."),
        ("import sys; sys.exit(sys.argv[1] + ' is odd')", "status 1: image.png is odd."),
        ("import sys; sys.exit(3)", "it ended with status 3."),
        ("import os; os.kill(os.getpid(), 9)", "it ended by signal 9."),
        ("import sys; sys.stderr.write('x' * 10**6 + chr(10)); sys.exit(1)", 200 * "x" + "."),
    ],
)  # fmt: skip
def test_a_command_that_fails_makes_a_bad_mask_that_says_why(code, why):
    given, source = made(command(code), workers=1)
    assert given.reason.endswith(why)
    assert "\n" not in given.reason
    assert source == "none"


def test_a_program_that_cannot_be_started_makes_bad_masks(tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fno program")
    program.chmod(0o755)
    given, _ = made(f"{program} {{image}} {{mask}}")
    assert given.reason.endswith("it cannot be started: Exec format error.")


def test_one_failure_does_not_end_the_stream(script):
    discs = [(Item(f"{n}.jpg", 0, "test"), red_disc()[0]) for n in range(3)]
    code = """
        import os, sys, shutil
        os.path.exists(sys.argv[3]) or sys.exit(bool(open(sys.argv[3], "w")))
        shutil.copyfile(sys.argv[4], sys.argv[2])
    """
    folder = Path(shlex.split(script)[1]).parent
    mask = save(folder / "mask.png", np.where(red_disc()[1], 255, 0).astype(np.uint8))
    masks = Masks(flat([]), segmenter=command(code, folder / "begun", mask))
    assert [source for *_, source in masks.stream(discs, 0)] == ["none", "segmenter", "segmenter"]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


SLOW = """
    import os, subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    with open(sys.argv[3] + ".new", "w") as out:
        out.write(f"{os.getpid()} {child.pid}")
    os.rename(sys.argv[3] + ".new", sys.argv[3])
    time.sleep(600)
"""


def pids(file):
    for _ in range(600):
        if file.exists():
            return file.read_text().split()
        time.sleep(0.1)
    raise AssertionError("it never began")


def ended(all_of):
    for _ in range(100):
        if not any(map(is_alive, all_of)):
            return True
        time.sleep(0.1)
    return False


def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path, monkeypatch):
    monkeypatch.setattr(commandpool, "TIME_LIMIT", 3.0)
    given, _ = made(command(SLOW, tmp_path / "pids"))
    assert given.reason.endswith("it took more than 3 s.")
    assert ended(pids(tmp_path / "pids"))


def test_a_stream_that_is_closed_leaves_no_command_behind(tmp_path):
    with closing(CommandPool(command(SLOW, tmp_path / "pids"), 1)) as pool:
        wait = pool.start(red_disc()[0])
        running = pids(tmp_path / "pids")
        assert any(map(is_alive, running))
    assert ended(running)
    with pytest.raises(DataError, match="it ended by signal 9"):
        wait()


# Settings


@pytest.mark.parametrize(
    "value",
    [
        *("", "grabcuts", "python seg.py", "python seg.py {image}", "python seg.py {mask}"),
        "a\0b {image} {mask}",
    ],
)
def test_a_command_without_its_places_is_refused(value):
    expected = (
        "for 'segmenter': expected grabcut, rembg, or a command with {image} and {mask} in it"
    )
    with pytest.raises(ConfigError, match=expected):
        load_config({"segmenter": value})


def test_a_quote_without_its_end_is_refused():
    with pytest.raises(ConfigError, match=r"'segmenter': no command line: no closing quotation"):
        load_config({"segmenter": "python 'seg.py {image} {mask}"})


def test_a_segmenter_that_nothing_is_left_to_is_refused():
    with pytest.raises(ConfigError, match=r"^--no-grabcut leaves nothing to --segmenter: leave"):
        load_config({"segmenter": "rembg", "grabcut": False})


@pytest.mark.parametrize("program", ["no-such-program", "./no/such.sh", "{image}", "''"])
def test_a_program_that_is_not_there_is_refused_before_anything_is_read(program):
    config = load_config({"images": "nowhere", "segmenter": f"{program} {{image}} {{mask}}"})
    with pytest.raises(
        ConfigError, match=r"^--segmenter begins with '.*', which is no program here"
    ):
        settled(config)


def test_a_segmenter_that_is_asked_for_goes_before_official_masks(caplog):
    caplog.set_level(logging.INFO, "audit")
    segmenter = command("")
    config = settled(load_config({"segmenter": segmenter}))
    assert caplog.messages == ["Masks: the command of --segmenter."]
    assert config.masks.masks == Path("grabcut")
    masks = masks_of(config, flat(["a.jpg"]))
    assert (masks.segmenter, masks.maker) == (segmenter, "the command of --segmenter")


# What it is known again by


def test_masks_of_another_segmenter_are_not_those_of_grabcut():
    made = Masks(flat([])).fingerprint()
    assert Masks(flat([]), segmenter=command("")).fingerprint() != made


def test_masks_that_earlier_versions_made_by_colours_alone_do_not_mix_with_those_of_today():
    by_colours = hashlib.sha256(b"manifest\tgrabcut").hexdigest()[:16]
    assert Masks(flat([])).fingerprint() != by_colours


def test_a_command_is_known_by_its_words_and_the_content_of_its_files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "seg.py").write_text("print()")
    first, second = (f"python {tmp_path / n / 'seg.py'} {{image}} {{mask}}" for n in ("a", "b"))
    assert identity(first) == identity(second) != identity(f"{second} --fast")
    (tmp_path / "b" / "seg.py").write_text("print(1)")
    assert identity(first) != identity(second)


def test_a_word_of_any_length_is_no_file():
    assert identity(command("#" * 5000)).count("#") == 5000


def test_a_command_goes_to_other_folders_with_whole_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("seg.py", "python"):
        Path(name).touch()
    expected = ["python", str(tmp_path / "seg.py"), "{image}", "{mask}"]
    assert shlex.split(anywhere("python seg.py {image} {mask}")) == expected
    assert anywhere("rembg") == "rembg"


def test_workers_elsewhere_get_whole_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("seg.py", "m.keras"):
        Path(name).touch()
    config = load_config({"segmenter": "python seg.py {image} {mask}"})
    setup = setup_of(config, Path("m.keras"), "0..1", None, {}, (), None)
    assert str(tmp_path / "seg.py") in shlex.split(setup.config.masks.segmenter)


# The preflight


def seen(segmenter, count=5):
    dataset = Scenes({f"{n}.jpg": scene(60, 60, (30, 30), 15, n)[0] for n in range(count)})
    found = mask_observations(
        dataset, Masks(dataset, segmenter=segmenter, brought=False), dataset.items("test")
    )
    return {observation.key: observation for observation in found}


def test_a_command_that_never_makes_a_mask_stops_a_run_and_is_soon_asked_no_more(tmp_path):
    log = tmp_path / "log"
    found = seen(command("import sys; open(sys.argv[3], 'a').write('x'); sys.exit(2)", log))
    assert found["segmenter"].strength == "strong"
    assert found["segmenter"].words == (
        "On 3 of 3 images tried, the command of --segmenter made no mask that can be used: the "
        "command of --segmenter failed on 0.jpg: it ended with status 2"
    )
    assert found["mask-source"].words == (
        "0 of 5 images have masks of their own, 5 are cut out by the command of --segmenter; of 3 "
        "masks looked at, 3 are doubtful (3 of no use)"
    )
    assert log.read_text() == "xxx"


def test_a_command_that_works_is_named_as_the_maker_of_masks(tmp_path):
    disc = np.where(scene(60, 60, (30, 30), 15)[1], 255, 0).astype(np.uint8)
    found = seen(copying(save(tmp_path / "mask.png", disc)), 3)
    assert set(found) == {"mask-source"}
    assert found["mask-source"].words == (
        "0 of 3 images have masks of their own, 3 are cut out by the command of --segmenter; of 3 "
        "masks looked at, 0 are doubtful"
    )


# The command line


def test_masks_are_made_and_inspected_by_a_command(tmp_path, script, call):
    for n in range(2):
        image, disc = red_disc((50, 45 + n))
        save(tmp_path / "photos" / "test" / "ab"[n] / f"{n}.png", image)
        save(tmp_path / "masks" / f"{n}.png", np.where(disc, 255, 0).astype(np.uint8))
    given = ["--images", tmp_path / "photos", "--workers", 0, "--segmenter", script]
    code, out, err = call("masks", "make", *given, "--out", tmp_path / "made")
    assert (code, out) == (0, f"{tmp_path / 'made'}: 0 kept, 2 segmenter\n"), err
    own = ["--masks", tmp_path / "masks", "--out", tmp_path / "sheet.png"]
    code, out, _ = call("masks", "inspect", *given, *own)
    assert code == 0
    assert out.startswith("IoU over 2 images: mean 1.000,")


def test_a_bad_segmenter_is_one_line(tmp_path, call):
    save(tmp_path / "photos" / "a" / "1.png", red_disc()[0])
    given = ["masks", "make", "--images", tmp_path / "photos", "--out", tmp_path / "made"]
    code, _, err = call(*given, "--segmenter", "python seg.py")
    assert code == 1
    assert err.count("\n") == 1 and "a command with {image} and {mask} in it" in err
    assert not (tmp_path / "made").exists()


# rembg


@pytest.mark.skipif(bool(find_spec("rembg")), reason="rembg is installed")
def test_where_rembg_is_missing_one_line_says_how_to_get_it(call, tmp_path):
    mend = "--segmenter rembg needs a package: pip install 'flower-audit[segment]'"
    with pytest.raises(ConfigError) as refused:
        refuse_unusable("rembg")
    assert str(refused.value).startswith(mend)
    code, _, err = call("run", "--segmenter", "rembg", "--out", tmp_path / "run")
    assert code == 1
    assert err.count("\n") == 1 and mend in err


def test_rembg_makes_a_mask_of_a_disc():
    pytest.importorskip("rembg", reason="rembg is not installed")
    image, disc = scene(200, 200, (100, 100), 60)
    with closing(RembgPool(0)) as pool:
        try:
            trimap = pool.start(image)()
        except ConfigError as error:
            pytest.skip(f"rembg has no model here: {error}")
    assert ((trimap == 255) & disc).sum() > 0.8 * disc.sum()


def test_grabcut_stays_what_makes_masks_where_nothing_else_is_asked_for():
    image = scene(80, 80, (40, 40), 20)[0]
    given, source = made("grabcut", image)
    np.testing.assert_array_equal(given, grabcut(image))
    assert source == "grabcut"
    assert load_config({}).masks.segmenter == "grabcut"

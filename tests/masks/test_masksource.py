import logging
from pathlib import Path

import pytest

from audit.core.errors import ConfigError, DataError
from audit.masks.source import mask_path, settled
from audit.settings import load_config


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, and no way to fill it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("FLOWER_AUDIT_MIRROR", "http://127.0.0.1:9")
    return tmp_path / "cache" / "flower-audit" / "official" / "segmim"


def masks(**settings):
    return settled(load_config(settings)).masks.masks


def test_oxfords_images_get_grabcut_masks_where_nothing_else_is_to_be_had(caplog):
    caplog.set_level(logging.INFO, "audit")
    assert masks() == Path("grabcut")
    assert caplog.messages == [
        "Masks: GrabCut, not the official ones: http://127.0.0.1:9/www.robots.ox.ac.uk/~vgg/data/"
        "flowers/102/102segmentations.tgz is out of reach"
    ]


def test_nothing_is_asked_for_with_no_download(caplog):
    caplog.set_level(logging.INFO, "audit")
    assert masks(download=False, grabcut=False) == Path("grabcut")
    assert caplog.messages == ["Masks: none, not the official ones: --no-download is set"]


@pytest.mark.parametrize("download", [True, False])
def test_oxfords_images_get_the_official_masks_where_they_are_there(cache, download):
    cache.mkdir(parents=True)
    config = settled(load_config({"download": download}))
    assert config.masks.masks == Path("official")
    assert mask_path(config) == cache


def test_official_masks_that_are_asked_for_must_be_had():
    with pytest.raises(DataError, match=r"^Cannot fetch the official masks: .* is out of reach; "):
        masks(masks=Path("official"))


def test_official_masks_are_not_fetched_with_no_download(cache):
    with pytest.raises(DataError, match=r"^The official masks are not in .* and --no-download is"):
        masks(masks=Path("official"), download=False)


@pytest.mark.parametrize("others", [{"dataset": "planted"}, {"images": Path("photos")}])
def test_official_masks_of_other_images_are_refused(others):
    with pytest.raises(ConfigError, match="--masks official are of Oxford Flowers 102 alone: give"):
        masks(masks=Path("official"), **others)


def test_grabcut_refuses_official_masks(cache):
    cache.mkdir(parents=True)
    config = settled(load_config({"masks": Path("grabcut")}))
    assert config.masks.masks == Path("grabcut")
    assert mask_path(config) is None


@pytest.mark.parametrize("settings", [{}, {"images": Path("photos")}])
def test_a_folder_is_taken_as_it_is(settings):
    config = settled(load_config({"masks": Path("trimaps")} | settings))
    assert mask_path(config) == Path("trimaps")


def test_other_images_get_no_official_masks(cache):
    cache.mkdir(parents=True)
    assert masks(images=Path("photos")) is None

"""Registries list without importing, and name the package that is at fault."""

import sys

import pytest
from brought import bring

from audit.core.errors import ConfigError
from audit.core.registry import Registry

GROUP = "flower_audit.tried"
OWN = {"zip": "zipfile:ZipFile", "json": "json:loads"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield tmp_path / "site"
    for name in ("theirs", "others"):
        sys.modules.pop(name, None)


def registry(**settings):
    return Registry("thing", GROUP, OWN, **settings)


def test_those_built_in_come_first_in_their_order(folder):
    bring(folder, "theirs", "", {"tar": "theirs:x", "gzip": "theirs:y"}, GROUP)
    assert list(registry()) == ["zip", "json", "gzip", "tar"]


def test_nothing_is_imported_before_it_is_asked_for(folder):
    bring(folder, "theirs", "tar = 3", {"tar": "theirs:tar"}, GROUP)
    found = registry()
    assert "tar" in found and "rar" not in found and "theirs" not in sys.modules
    assert found["tar"] == 3


def refused(found, key):
    with pytest.raises(ConfigError) as error:
        found[key]
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("", "AttributeError: module 'theirs' has no attribute 'tar'"),
        ("raise ImportError('two\\nlines')", "ImportError: two"),
    ],
)
def test_what_cannot_be_imported_is_one_line_that_names_its_package(folder, source, why):
    bring(folder, "theirs", source, {"tar": "theirs:tar"}, GROUP)
    found = registry()
    assert refused(found, "tar") == (
        f"The thing 'tar' of theirs 1.0 cannot be imported ({why}): mend that package, or do "
        "without it."
    )
    assert list(found) == ["zip", "json", "tar"]  # listed all the same
    assert found["json"]


def test_a_key_of_two_packages_is_one_line_that_names_both(folder):
    bring(folder, "theirs", "", {"tar": "theirs:tar"}, GROUP)
    bring(folder, "others", "", {"tar": "others:tar"}, GROUP, version="2.0")
    said = refused(registry(), "tar")
    assert "theirs 1.0" in said and "others 2.0" in said


def test_a_key_that_is_built_in_is_not_taken_over(folder):
    bring(folder, "theirs", "loads = 3", {"json": "theirs:loads"}, GROUP)
    assert refused(registry(), "json").startswith(
        "The thing 'json' is registered by flower-audit itself and by theirs 1.0: "
    )


@pytest.mark.parametrize("key", ["Tar", "ta-r", "t" * 33, "1tar"])
def test_a_key_that_cannot_name_columns_and_files_is_refused(folder, key):
    bring(folder, "theirs", "tar = 3", {key: "theirs:tar"}, GROUP)
    assert f"The thing {key!r} of theirs 1.0 is no key: a small letter" in refused(registry(), key)


def test_what_is_at_fault_is_said_of_what_others_bring_alone(folder):
    bring(folder, "theirs", "tar = 3", {"tar": "theirs:tar"}, GROUP)
    found = registry(fault=lambda key, thing: f"is {thing} under {key}")
    assert "of theirs 1.0 is 3 under tar: mend" in refused(found, "tar")
    assert found["json"]

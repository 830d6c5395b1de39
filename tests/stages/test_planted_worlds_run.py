"""Which worlds a self-test runs, and under which seeds."""

from __future__ import annotations

from typing import get_args

import pytest

from audit.core.errors import ConfigError
from audit.datasets.planted.worlds import HALVES, WORLDS
from audit.settings.data import DataSettings
from audit.stages import selftest


def test_settings_name_every_world():
    assert set(get_args(DataSettings.model_fields["world"].annotation)) == set(WORLDS)


def test_a_half_runs_all_its_worlds_under_seeds_of_their_own():
    asked = dict(selftest.asked("b", (), 1))
    assert list(asked) == list(HALVES["b"])
    assert asked["tag"] == {"world": "tag-b", "seed": 200}
    assert len({told["seed"] for told in asked.values()}) == len(asked)


def test_more_seeds_draw_the_same_worlds_anew():
    asked = dict(selftest.asked("c", ["sticker"], 3))
    assert list(asked) == ["sticker", "sticker-2", "sticker-3"]
    assert {told["world"] for told in asked.values()} == {"sticker-c"}
    assert [told["seed"] for told in asked.values()] == [601, 1601, 2601]


def test_a_world_that_a_half_has_not_is_refused_before_anything_is_drawn(tmp_path):
    with pytest.raises(ConfigError, match="Half b has no world 'vignette': choose one of tag, "):
        selftest.run(tmp_path / "out", "b", worlds=["vignette"])
    assert not (tmp_path / "out").exists()

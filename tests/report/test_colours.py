"""The colours of relevance."""

import numpy as np

from audit.report.colours import gradient, inferno, tables


def test_more_relevance_is_brighter_and_more_opaque():
    found = inferno()
    assert (np.diff(found[:, :3] @ [0.299, 0.587, 0.114]) > 0).all()
    assert found[0, 3] == 0 and (np.diff(found[:, 3]) > 0).all()


def test_every_channel_has_a_table_of_one_length():
    assert set(tables()) == set("RGBA")
    assert {len(values.split()) for values in tables().values()} == {len(inferno())}


def test_no_two_steps_differ_in_brightness_alone():
    found = inferno()
    chroma = np.diff(found[:, :3] * found[:, 3:], axis=1)  # what no grey below can change
    apart = np.linalg.norm(chroma[:, None] - chroma[None], axis=2)
    assert apart[~np.eye(len(found), dtype=bool)].min() > 0.03


def test_the_legend_begins_with_the_bare_photo():
    colours = gradient().removeprefix("linear-gradient(to right, ").split("), ")
    assert len(colours) == len(inferno())
    assert colours[0].endswith(" / 0.0%") and colours[-1] == "rgb(252 255 164 / 85.0%))"

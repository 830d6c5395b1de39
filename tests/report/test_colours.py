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


def test_the_legend_begins_with_the_bare_photo():
    assert gradient().startswith("linear-gradient(to right, rgb(128 128 128), ")

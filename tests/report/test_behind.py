"""Backgrounds that foregrounds were tried on, each drawn once."""

import numpy as np

from audit.report.behind import EVENED, LOST, Behind, all_tried, file_of, tried
from audit.report.shapes import Shapes
from audit.report.trials import Said, Trials


def shapes(*donors: int) -> Shapes:
    return Shapes(224, "", "", "", {}, donors)


def swapped(times: int) -> Trials:
    return Trials(swaps=(Said(),) * times)


def test_each_swap_has_its_background_and_the_last_its_own_evened_out():
    assert tried(shapes(7, 2), swapped(3)) == [7, 2, EVENED]
    assert tried(shapes(7, 2), swapped(2)) == [7, 2]  # before any was evened out
    assert tried(shapes(), swapped(0)) == []


def test_a_background_that_files_no_longer_tell_is_lost():
    assert tried(shapes(7), swapped(4)) == [7, EVENED, LOST, LOST]
    assert all_tried([shapes(7, LOST), shapes(2, 7)]) == [2, 7]
    assert file_of(7) == "pictures/background-7.webp"


def test_usual_colours_are_those_of_all_backgrounds():
    half = np.zeros((4, 4, 3), np.uint8)
    half[:2] = 200  # mean 100, deviation 100
    found = Behind([half, np.full((4, 4, 3), 40, np.uint8)])
    np.testing.assert_allclose(found.usual.mean, 70)
    np.testing.assert_allclose(found.usual.deviation, 50)
    assert (found.evened == 70).all()

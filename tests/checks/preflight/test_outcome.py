"""What a preflight keeps, says and stops."""

import json
import logging

import pytest

from audit.checks.preflight.outcome import PreflightError, gathered, kept, read, refuse, say
from audit.core.observation import Observation

FINE = Observation("pixels", "Pixels", "Scaling 0..1 names 9 of 10 images rightly")
WEAK = Observation("suffixes", "Suffixes", "8 .heic files are left out", "weak", "convert them")
STRONG = Observation("class-order", "Order", "8% instead of 100%", "strong",
                     "give --class-order number")  # fmt: skip


def test_a_run_stops_with_one_line_that_names_the_mend():
    with pytest.raises(PreflightError) as stopped:
        refuse(gathered([FINE, WEAK, STRONG], anyway=False))
    line = "8% instead of 100%: give --class-order number. To go on as it is: --anyway."
    assert str(stopped.value) == line


def test_a_second_reason_is_counted():
    other = Observation("splits", "Splits", "Train and Test hold the same classes", "strong", "x")
    with pytest.raises(PreflightError, match="1 more: flower-audit preflight lists them"):
        refuse(gathered([STRONG, other], anyway=False))


@pytest.mark.parametrize("found", [[FINE, WEAK], []])
def test_what_is_only_worth_a_look_stops_nothing(found):
    refuse(gathered(found, anyway=False))


def test_anyway_goes_on_and_says_so(caplog):
    found = gathered([STRONG], anyway=True)
    refuse(found)
    with caplog.at_level(logging.INFO, "audit"):
        say(found)
    assert "give --class-order number" in caplog.text


def test_what_was_found_by_trial_is_printed_and_what_is_merely_fine_is_not(caplog):
    plain = Observation("mask-fit", "Fit", "Masks follow their images")
    with caplog.at_level(logging.INFO, "audit"):
        say(gathered([FINE, plain], anyway=False))
    assert [r.message for r in caplog.records] == [
        "Preflight: Scaling 0..1 names 9 of 10 images rightly."
    ]


def test_the_manifest_gives_back_what_it_was_given():
    found = gathered([WEAK, STRONG, FINE], anyway=True)
    assert read(json.loads(json.dumps(kept(found)))) == found
    assert [o.strength for o in found.observations] == ["strong", "weak", "fine"]


def test_of_one_key_the_later_observation_counts():
    later = Observation("pixels", "Pixels", "on all images")
    assert gathered([FINE, later], anyway=False).observations == (later,)


def test_a_run_of_an_earlier_version_has_none():
    assert read({}) is None

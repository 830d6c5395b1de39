"""One word on a mended model: a shortcut that it is proven to rest on now condemns it."""

import pytest
from drawnruns import PLAIN, make_run
from sensitive import sensitive_to

from audit.mend.outcome import outcome

STEADY, CORNERS = {(2, "corners"): (0.0, -0.1, 0.1)}, {(2, "corners"): (0.8, 0.6, 0.9)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three audits that differ in what their third class does without its corners."""
    root = tmp_path_factory.mktemp("runs")
    runs = [make_run(root / name, classes=PLAIN[:4], images=24, seed=0) for name in "abc"]
    sensitive_to(runs[0], STEADY)
    sensitive_to(runs[1], CORNERS)
    sensitive_to(runs[2], CORNERS, corrected=0.5)
    return runs


def test_a_class_that_is_proven_to_rest_on_another_cue_now_condemns(made):
    found = outcome(made[0], made[1])
    assert found.grown == [f"{PLAIN[2]}: the corners of the image"]
    assert found.says == "worse"
    assert found.words.startswith("Worse: keep the old model.")


def test_a_class_that_is_more_sensitive_short_of_proof_does_not(made):
    found = outcome(made[0], made[2])
    assert found.grown == []
    assert found.says == "no better beyond doubt"
    assert f"Short of proof, sensitivity grew: {PLAIN[2]}: the corners of the image." in found.words

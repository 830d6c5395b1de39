"""Groups that were found: whom the cue of a proven class hurts."""

from dataclasses import replace

import pandas as pd
import pytest
from drawnruns import PLAIN, make_run
from uncharted import render

from audit.checks.sensitivity.cue import with_cue
from audit.checks.sensitivity.findings import sensitive_classes
from audit.checks.sensitivity.summary import find_sensitivities
from audit.report.content import content
from audit.report.source import load


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run") / "run", images=24, classes=PLAIN[:3], size=48,
                    corrupted=0, examined=False)  # fmt: skip


def told(source, rows):
    """A source of images with label, prediction and answer to the background alone."""
    images = pd.DataFrame(rows, columns=["label", "prediction", "without_foreground"])
    images["correct"] = images["label"] == images["prediction"]
    images["skipped"] = images["causal_reason"] = ""
    return replace(source, records=images)


def test_accuracies_with_and_without_the_cue_are_counted_by_hand(run):
    rows = [(0, 0, 0), (0, 0, 0), (0, 1, 2), (1, 0, 0), (1, 1, 1), (2, 2, 1), (2, 2, -1)]
    found = with_cue(told(load(run), rows), 0)
    assert (found.own_with.value, found.own_with.n) == (1.0, 2)
    assert (found.own_without.value, found.own_without.n) == (0.0, 1)
    assert (found.others_with.value, found.others_with.n) == (0.0, 1)
    assert (found.others_without.value, found.others_without.n) == (1.0, 2)  # one was not tested


def test_a_group_without_images_is_undefined(run):
    found = with_cue(told(load(run), [(0, 0, 1)]), 0)
    assert found.own_with.n == 0 and found.own_with.value != found.own_with.value


def test_they_stand_on_the_page_of_sensitivity_and_beside_given_groups(run):
    render(run)
    for page in ("sensitivity.html", "groups.html"):
        text = (run.report_dir / page).read_text(encoding="utf-8")
        assert "Accuracy with and without the cue" in text


def test_classes_say_how_many_of_their_masks_a_machine_made(run):
    source = load(run)
    made = replace(source, records=source.records.assign(mask_source="grabcut"))
    found = find_sensitivities(made)
    assert {c.by_machine.value for c in found.classes} == {1.0}
    (step,) = [s.words for s in sensitive_classes(content(made)).steps if "masks of" in s.words]
    assert PLAIN[0] in step and "which a machine made" in step


def test_masks_by_hand_need_no_second_look(run):
    source = load(run)
    made = replace(source, records=source.records.assign(mask_source="folder"))
    assert not any("machine" in step.words for step in sensitive_classes(content(made)).steps)

"""What a self-test on a run's data makes of its worlds, on records whose verdicts are known."""

import math

import numpy as np
import pandas as pd
import pytest
from drawnruns import PLAIN, make_run

from audit.checks.on_data.results import Audited, results
from audit.datasets.stamps.worlds import HEALTHY, World
from audit.explainers.registry import titles
from audit.settings.verdict import Thresholds
from audit.verdict.calibration import calibrated
from audit.verdict.verdict import Labels

WORDS = Labels("flower", titles())
THRESHOLDS = Thresholds(accusing_score=0.5)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """Records that owe nothing to any stamp, all of them right and tested."""
    run = make_run(tmp_path_factory.mktemp("run") / "run", images=120, classes=PLAIN[:4], size=32,
                   corrupted=0, examined=False)  # fmt: skip
    records = run.evidence()
    tested = records[(records["skipped"] == "") & (records["causal_reason"] == "")]
    return tested.assign(correct=True, prediction=tested["label"], shortcut="", true_effect=0.0,
                         true_survival=1.0)  # fmt: skip


def stamped(records, effect=4.0, lost=9.0):
    """The same with the stamp of a corner on a third: without its region the answer is gone."""
    of_class = records["label"] == 1
    twins = records[of_class].assign(
        name="stamped_" + records.loc[of_class, "name"], shortcut="tag", shortcut_class=1,
        true_effect=effect, true_survival=0.0 if effect >= 1 else 1.0, removal_lost=lost,
        removal_prediction=2, removal_fills=3, removal_fills_flipped=3, survival=0.0,
        background_log_odds=8.0, gradcam_skill=-0.5, stopped_by="",
    )  # fmt: skip
    return pd.concat([records, twins], ignore_index=True)


def found(*worlds, thresholds=THRESHOLDS, seeds=1):
    audited = [Audited(World(*key), records) for key, records in worlds]
    return results(audited, thresholds, WORDS, 80, seeds)


def test_a_stamp_that_was_learned_counts_on_cases_and_clean_images(healthy):
    told = found(((HEALTHY, 0), healthy), ((HEALTHY, 1), healthy), (("tag", 0), stamped(healthy)))
    (row,) = told.kinds
    cases = int((healthy["label"] == 1).sum())
    assert (row.key, row.worlds, row.learned) == ("tag", 1, 1)
    assert row.worth.value == 4.0 and row.worth.n == cases
    assert row.found.n == told.found.n == cases and row.found.value == 1
    assert row.named.n == cases and row.named.value == 1  # an object in a corner
    assert row.auroc.value > 0.95
    assert row.false_alarms.n == len(healthy)
    assert told.false_alarms.n == 3 * len(healthy)
    assert told.accused.n == 2 * len(healthy) and told.proven.n == 2
    assert told.photographs == len(healthy)


def test_the_threshold_is_that_of_the_clean_scores_of_all_worlds(healthy):
    told = found(((HEALTHY, 0), healthy), (("tag", 0), stamped(healthy)))
    scores = [
        Audited(World(*key), records).verdicts(THRESHOLDS, WORDS)
        for key, records in (((HEALTHY, 0), healthy), (("tag", 0), stamped(healthy)))
    ]
    clean = np.concatenate([s.loc[s["truth"] == "clean", "verdict_score"] for s in scores])
    assert told.calibration == calibrated(clean)
    assert told.calibration.n == 2 * len(healthy)
    assert told.accusing_score == told.calibration.threshold


def test_a_stamp_that_was_not_learned_is_named_and_counts_for_nothing(healthy):
    alone = found(((HEALTHY, 0), healthy))
    told = found(((HEALTHY, 0), healthy), (("tint", 0), stamped(healthy, effect=0.4)))
    (row,) = told.kinds
    assert (row.worlds, row.learned, row.found.n) == (1, 0, 0)
    assert row.worth.value == pytest.approx(0.4) and told.learned == []
    assert (told.calibration, told.false_alarms) == (alone.calibration, alone.false_alarms)


def test_worlds_of_one_kind_are_counted_together(healthy):
    dull = stamped(healthy, effect=0.2)
    told = found((("tag", 0), stamped(healthy)), (("tag", 1), dull), seeds=2)
    (row,) = told.kinds
    assert (row.worlds, row.learned, told.seeds) == (2, 1, 2)
    assert row.worth.n == 2 * row.found.n
    assert told.proven.n == 0 and math.isnan(told.accused.value)


def test_with_too_few_clean_images_the_runs_own_threshold_stays(healthy):
    few = healthy.head(40)
    told = found(((HEALTHY, 0), few), thresholds=Thresholds(accusing_score=1.0))
    assert told.calibration.reason == "not calibrated, too few clean images (n = 40)"
    assert math.isnan(told.accusing_score)
    assert told.false_alarms.n == 40


def test_a_world_is_judged_by_the_threshold_of_the_others(healthy):
    """One whose clean images score high cannot raise the threshold that they are held to."""
    high = healthy.assign(survival=0.0, background_log_odds=8.0, gradcam_skill=-0.5,
                          removal_lost=9.0, removal_prediction=(healthy["label"] + 1) % 4,
                          removal_fills=3, removal_fills_flipped=3, stopped_by="")  # fmt: skip
    told = found(((HEALTHY, 0), healthy), ((HEALTHY, 1), high))
    assert told.accused.value > 0.4  # half of all, though the threshold of both spares them
    assert (
        told.calibration.threshold
        > calibrated(
            Audited(World(HEALTHY, 0), healthy).verdicts(THRESHOLDS, WORDS)["verdict_score"]
        ).threshold
    )


def test_worlds_that_calibrate_only_together_are_judged_by_the_others_all_the_same(healthy):
    told = found(*(((HEALTHY, k), healthy.iloc[k::3]) for k in range(3)),
                 thresholds=Thresholds(accusing_score=0.0))  # fmt: skip
    assert told.calibration.reason == "" and told.accused.n == len(healthy)
    assert told.accused.value <= 0.15  # of a threshold of 0 all that an edit turns


def test_what_is_kept_says_undefined_by_none(healthy):
    told = found(((HEALTHY, 0), healthy.head(30))).json()
    assert told["calibration"] == {"threshold": None, "bound": None, "n": 30}
    assert told["found"]["value"] is None and told["kinds"] == []

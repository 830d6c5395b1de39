"""Which gates hold, on runs whose counts are chosen and whose bounds are worked by hand."""

import pytest
from gateruns import accused, answered, case, write_run

from audit.checks.preflight.outcome import gathered, kept
from audit.core.errors import RunFolderError
from audit.core.observation import Observation
from audit.gate.gates import Limits, hold_to_limits


@pytest.fixture
def judge(tmp_path):
    """Hold cases against limits: outcomes by key."""

    def judged(cases, base=None, missing=0, classes=("rose", "tulip"), **limits):
        run = write_run(tmp_path / "run", cases, classes, missing)
        against = write_run(tmp_path / "base", base, classes) if base else None
        return {o.key: o for o in hold_to_limits(run, Limits(**limits), against).outcomes}

    return judged


# 10 of 100: Wilson's interval is 5.52% to 17.44%.


@pytest.mark.parametrize(
    ("limit", "stands"), [(0.05, "broken"), (0.055, "broken"), (0.056, "doubtful"), (0.1, "holds")]
)
def test_wrong_reasons_fail_where_the_lower_bound_is_above_the_limit(judge, limit, stands):
    found = judge(accused(10, 100), max_wrong_reasons=limit)["max-wrong-reasons"]
    assert (found.standing, found.holds) == (stands, stands != "broken")
    assert (found.estimate.low, found.estimate.high) == pytest.approx((0.0552, 0.1744), abs=1e-4)


def test_the_line_says_value_interval_count_and_limit(judge):
    found = judge(accused(10, 100), max_wrong_reasons=0.05)["max-wrong-reasons"]
    assert found.words == (
        "Wrong reasons among right 10.0% (5.5% to 17.4%, n = 100) is above the limit of 5% beyond "
        "doubt"
    )


def test_a_bound_that_would_read_like_the_limit_is_told_with_more_digits(judge):
    found = judge(accused(10, 100), max_wrong_reasons=0.055)["max-wrong-reasons"]
    assert "10.00% (5.52% to 17.44%" in found.words
    assert "limit of 5.5% beyond doubt" in found.words


def test_what_is_above_but_not_beyond_doubt_passes_and_says_so(judge):
    found = judge(accused(10, 100), max_wrong_reasons=0.06)["max-wrong-reasons"]
    assert found.holds
    assert found.words.endswith("is above the limit of 6%, but not beyond doubt")


# 90 of 100: 82.56% to 94.48%.


@pytest.mark.parametrize(
    ("limit", "stands"), [(0.95, "broken"), (0.94, "doubtful"), (0.9, "holds")]
)
def test_accuracy_fails_where_the_upper_bound_is_below_the_limit(judge, limit, stands):
    assert judge(answered(90, 100), min_accuracy=limit)["min-accuracy"].standing == stands


@pytest.mark.parametrize(("limit", "stands"), [(0.2, "broken"), (0.25, "holds")])
def test_the_gap_of_backgrounds_has_a_limit(judge, limit, stands):
    found = judge([case()] * 20, max_bg_gap=limit)["max-bg-gap"]  # 1 - 0.75 in every image
    assert (found.estimate.value, found.standing) == (0.25, stands)


# What cannot be judged must not pass


def test_nothing_tested_fails_with_the_reason(judge):
    untested = [case(causal_reason="not tested", verdict="undecided")] * 5
    found = judge(untested, max_wrong_reasons=1.0, max_bg_gap=1.0)
    wrong, gap = found["max-wrong-reasons"], found["max-bg-gap"]
    assert (wrong.standing, wrong.holds) == ("undefined", False)
    assert "no right prediction was tested by intervention and judged" in wrong.words
    assert (gap.standing, gap.holds) == ("undefined", False)


def test_one_image_has_no_interval_of_its_gap_and_fails(judge):
    found = judge([case()], max_bg_gap=1.0)["max-bg-gap"]
    assert (found.estimate.n, found.standing) == (1, "undefined")


def test_an_unfinished_sweep_fails(judge):
    found = judge(accused(0, 90), missing=10, max_wrong_reasons=0.5)
    assert found["max-wrong-reasons"].holds
    assert not found["complete"].holds
    assert found["complete"].words == (
        "the sweep is unfinished: 10 of 100 images are not explained yet"
    )


def test_a_run_with_no_image_explained_is_not_complete(judge):
    assert judge([], min_accuracy=0.0)["complete"].standing == "undefined"


def test_no_image_has_no_accuracy(judge):
    found = judge([], min_accuracy=0.0, min_class_accuracy=0.0)
    assert not found["min-accuracy"].holds
    assert not found["min-class-accuracy"].holds


# Classes: 6 of 10 reaches up to 83.2% alone, to 85.2% among two.


@pytest.mark.parametrize(("limit", "stands"), [(0.84, "doubtful"), (0.86, "broken")])
def test_classes_share_what_may_fail_by_chance(judge, limit, stands):
    cases = [*answered(6, 10, 0), *answered(10, 10, 1)]
    found = judge(cases, min_class_accuracy=limit)["min-class-accuracy"]
    assert found.standing == stands
    assert found.level == pytest.approx(0.975)


def test_a_run_of_one_class_is_judged_at_its_own_level(judge):
    cases = answered(6, 10, 0)
    found = judge(cases, classes=["rose"], min_class_accuracy=0.84)["min-class-accuracy"]
    # The wrong answers name a second class, which has no test image.
    assert found.level == pytest.approx(0.95)
    assert [c.name for c in found.classes] == ["rose", "class 1"]


def test_classes_that_fail_are_named_worst_first(judge):
    cases = [*answered(20, 50, 0), *answered(50, 50, 1), *answered(5, 50, 2)]
    found = judge(cases, classes=["rose", "tulip", "iris", "lily"], min_class_accuracy=0.6)
    found = found["min-class-accuracy"]
    assert [c.name for c in found.classes] == ["iris", "rose", "lily"]
    assert found.words.startswith("2 of 4 classes are below the limit of 60% beyond doubt: iris 10")
    assert "1 of 4 classes is not to be judged, with no test image: lily" in found.words
    assert found.estimate.value == 0.1


def test_a_class_without_test_images_fails_alone(judge):
    found = judge(answered(10, 10), min_class_accuracy=0.0)["min-class-accuracy"]
    assert (found.standing, [c.name for c in found.classes]) == ("undefined", ["tulip"])


def test_a_class_without_test_images_fails_beside_one_in_doubt(judge):
    found = judge(answered(5, 10), min_class_accuracy=0.6)["min-class-accuracy"]
    assert found.standing == "undefined"


def test_at_most_five_classes_are_named(judge):
    names = [f"class {i}" for i in range(9)]
    cases = [c for i in range(8) for c in answered(0, 20, i)]
    words = judge(cases, classes=names, min_class_accuracy=0.6)["min-class-accuracy"].words
    assert "8 of 9 classes are" in words
    assert " and 3 more" in words


def test_where_all_classes_hold_the_lowest_are_told(judge):
    cases = [*answered(9, 10, 0), *answered(10, 10, 1)]
    found = judge(cases, min_class_accuracy=0.6)["min-class-accuracy"]
    assert found.holds
    assert found.classes == ()
    assert "the lowest are rose 90.0%" in found.words


def test_the_lowest_of_many_classes_are_five_and_no_word_of_the_rest(judge):
    names = [f"class {i}" for i in range(9)]
    cases = [c for i in range(9) for c in answered(20, 20, i)]
    words = judge(cases, classes=names, min_class_accuracy=0.6)["min-class-accuracy"].words
    assert words.count("100.0% (") == 5
    assert "more" not in words


# Against a base run: 100 and 90 of the same 100 differ by -10 points, -17.43 to -4.19.


@pytest.mark.parametrize(
    ("margin", "stands"), [(0.0, "broken"), (0.04, "broken"), (0.05, "doubtful"), (0.1, "holds")]
)
def test_accuracy_may_not_fall_below_the_base_by_more_than_the_margin(judge, margin, stands):
    found = judge(answered(90, 100), base=answered(100, 100), no_worse_than=margin)
    found = found["accuracy-against-base"]
    e = found.estimate
    assert (e.value, e.low, e.high) == pytest.approx((-0.1, -0.1743, -0.0419), abs=1e-4)
    assert (found.standing, found.limit) == (stands, -margin)


def test_a_better_run_passes(judge):
    found = judge([*accused(2, 100)], base=[*accused(40, 90), *[case(right=False)] * 10])
    assert all(o.holds for o in found.values())


def test_more_wrong_reasons_than_the_base_fail(judge):
    found = judge(accused(40, 100), base=accused(10, 100), no_worse_than=0.1)
    found = found["wrong-reasons-against-base"]
    assert found.estimate.value == pytest.approx(0.3)
    assert (found.standing, found.limit, found.bound) == ("broken", 0.1, "at most")
    assert "10.0% in the base run, 40.0% here: +30.0 points" in found.words


def test_two_runs_without_a_case_are_compared_on_the_same_images_and_pass(judge):
    found = judge(accused(0, 50), base=accused(0, 50))["wrong-reasons-against-base"]
    assert found.standing == "holds"
    assert found.words.startswith("Wrong reasons, where both are right 0.0%")
    assert found.estimate.high > 0.05  # fifty images are not many


def test_one_image_that_turned_is_no_proof(judge):
    found = judge(accused(1, 1), base=accused(0, 1))["wrong-reasons-against-base"]
    assert (found.estimate.value, found.standing) == (1.0, "doubtful")


def test_without_an_image_that_both_name_rightly_wrong_reasons_fail(judge):
    found = judge(answered(0, 9), base=accused(0, 9))["wrong-reasons-against-base"]
    assert found.standing == "undefined"
    assert "no image is right, tested by intervention and judged in both" in found.words


def test_an_unfinished_base_fails(tmp_path):
    run = write_run(tmp_path / "run", accused(0, 10))
    base = write_run(tmp_path / "base", accused(0, 10), missing=3)
    found = hold_to_limits(run, Limits(), base)
    assert [o.key for o in found.outcomes if not o.holds] == ["complete-base"]
    assert not found.holds


def test_what_else_differs_is_told(tmp_path):
    run = write_run(tmp_path / "run", accused(0, 10))
    base = write_run(tmp_path / "base", accused(0, 12))
    found = hold_to_limits(run, Limits(), base)
    assert any("the 10 tested in both are compared" in w for w in found.warnings)


def test_runs_with_other_classes_are_refused(tmp_path):
    run = write_run(tmp_path / "run", accused(0, 10))
    base = write_run(tmp_path / "base", accused(0, 10), classes=["rose", "iris"])
    with pytest.raises(RunFolderError, match="have other classes"):
        hold_to_limits(run, Limits(), base)


# Suspects: 32 of 32 is 89.3% to 100%; 2 of 40 is 1.4% to 16.5%.


@pytest.mark.parametrize(("suspects", "n", "stands"), [(2, 40, "doubtful"), (8, 40, "broken")])
def test_suspects_have_a_limit_of_their_own(judge, suspects, n, stands):
    cases = [case(verdict="suspect" if i < suspects else "right-reasons") for i in range(n)]
    found = judge(cases, max_suspect=0.04)["max-suspect"]
    assert found.standing == stands
    assert "Suspect among right" in found.words


def test_where_all_are_suspect_no_wrong_reasons_are_no_pass(judge):
    found = judge([case(verdict="suspect")] * 32, max_wrong_reasons=0.05)["max-wrong-reasons"]
    assert (found.standing, found.holds) == ("undefined", False)
    assert found.words.endswith("all of 32 right predictions are suspect, none is cleared or "
                                "proven wrong")  # fmt: skip


def test_where_no_intervention_moves_the_log_odds_far_enough_nothing_is_proven(judge):
    squashed = {"foreground_effect": 0.5, "background_effect": -0.4, "removal_lost": 0.2}
    found = judge([case(**squashed)] * 20, max_wrong_reasons=0.05)["max-wrong-reasons"]
    assert not found.holds
    assert "by more than 0.9, and a proof takes 1.5" in found.words


def test_one_effect_that_is_large_enough_is_proof_that_proof_was_possible(judge):
    cases = [case(foreground_effect=0.5, background_effect=0.1)] * 19
    far = case(foreground_effect=4.0, background_effect=0.1)
    assert judge([*cases, far], max_wrong_reasons=0.05)["max-wrong-reasons"].holds


def test_an_accusation_beyond_doubt_stays_one_where_little_could_be_proven(judge):
    squashed = {"foreground_effect": 0.5, "background_effect": 0.4}
    cases = [c | squashed for c in accused(20, 20)]
    assert judge(cases, max_wrong_reasons=0.05)["max-wrong-reasons"].standing == "broken"


@pytest.mark.parametrize("anyway", [False, True])
def test_a_run_that_went_on_with_inputs_read_wrongly_fails_unless_asked_otherwise(tmp_path, anyway):
    run = write_run(tmp_path / "run", accused(0, 10))
    seen = Observation("class-order", "Order", "8% instead of 100%", "strong", "give another")
    run.update_manifest(preflight=kept(gathered([seen], anyway=True)))
    found = hold_to_limits(run, Limits(anyway=anyway))
    assert found.holds is anyway
    assert (
        "inputs are read wrongly (1 reason)"
        in {o.key: o for o in found.outcomes}["preflight"].words
    )

"""Rules by hand-built records: what they find, how sure they say to be, and what to do."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from drawnruns import HOSTILE, PLAIN, make_run, record, rows_of, write_trust
from gateruns import accused, answered, case, write_run
from hypothesis import given
from hypothesis import strategies as st
from uncharted import found_in, uncharted

from audit.checks.explainer_sanity.outputs import FILE as TRUST
from audit.checks.robustness.outputs import robustness_table
from audit.core.edits import MENDS
from audit.core.estimate import Estimate, mean, rate
from audit.gate.files import gate_json
from audit.gate.gates import Limits, hold_to_limits
from audit.report.finding import asked, hold, limits
from audit.report.findings import findings, rules
from audit.storage.run import RunFolder


@pytest.fixture
def find(tmp_path):
    """The findings in these images, by key."""

    def look(cases, **more):
        return found_in(write_run(tmp_path / "run", cases, **more))

    return look


def steady(n: int, **more) -> list[dict]:
    """``n`` right images for the right reasons, mixed as well on all backgrounds."""
    return [case(mixed_rand=1.0, mask_source="folder", **more) for _ in range(n)]


@pytest.mark.parametrize(
    ("wrong", "n", "severity", "said"),
    [
        (14, 122, "blocks", "14 are right for the wrong reasons: 11.5% (95% interval 7.0% to "
         "18.3%, n = 122), beyond doubt above 5%."),
        (6, 80, "look", "7.5% (95% interval 3.5% to 15.4%, n = 80), above 5%, but the interval "
         "reaches across 5%: the two cannot be told apart."),
        (2, 60, "look", "3.3% (95% interval 0.9% to 11.4%, n = 60), not above 5%, but the interval "
         "reaches across 5%: the two cannot be told apart."),
        (2, 300, "info", "0.7% (95% interval 0.2% to 2.4%, n = 300), beyond doubt within 5%."),
    ],
)  # fmt: skip
def test_wrong_reasons_against_the_gate(find, wrong, n, severity, said):
    found = find(accused(wrong, n))
    assert found["wrong-reasons"].severity == severity
    assert found["wrong-reasons"].words.endswith(said)
    assert "none-wrong" not in found


def test_nothing_found_says_how_much_may_have_been_missed(find):
    found = find(accused(0, 122))
    # Wilson of 0 of 122: 3.8415 / (122 + 3.8415)
    said = "at most 3.1% at 95%, n = 122."
    assert found["none-wrong"].words.endswith(said)
    assert found["none-wrong"].severity == "info"
    assert "wrong-reasons" not in found and "few-images" not in found


def test_nothing_found_in_few_images_is_no_acquittal(find):
    found = find(accused(0, 20))
    assert "so few images do not tell it apart from 5%" in found["none-wrong"].words
    # 3.8415 / 23.8415; and 73 is the first n with 3.8415 / (n + 3.8415) at most 5%.
    assert "up to 16.1%" in found["few-images"].words
    assert "73 right predictions" in found["few-images"].steps[0].words


@pytest.mark.parametrize(("n", "few"), [(72, True), (73, False)])
def test_from_73_images_on_a_clean_run_can_keep_to_the_gate(find, n, few):
    assert ("few-images" in find(accused(0, n))) == few


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
       st.floats(0.001, 0.9))  # fmt: skip
def test_beyond_doubt_is_said_only_where_the_interval_leaves_the_limit_out(counts, limit):
    e = rate(*counts)
    words = hold(e, limit).words
    assert ("beyond doubt above" in words) == (e.low > limit)
    assert ("beyond doubt within" in words) == (e.high <= limit)
    assert ("cannot be told apart" in words) == (e.low <= limit < e.high)


@pytest.mark.parametrize(("n", "standing"), [(9, "doubtful"), (10, "broken")])
def test_a_mean_of_few_images_is_never_beyond_doubt(n, standing):
    held = hold(mean(pd.Series(np.linspace(0.5, 0.6, n)), seed=0), 0.1)
    assert held.standing == standing
    assert ("nothing beyond doubt" in held.words) == (standing == "doubtful")


def test_a_figure_without_an_interval_makes_no_finding():
    one = Estimate(0.9, math.nan, math.nan, 1)
    assert hold(one, 0.1).standing == "undefined"


def checked(run: RunFolder, limits: Limits) -> RunFolder:
    run.gate_file.write_bytes(gate_json(hold_to_limits(run, limits), "2026-03-05T08:00:00+00:00"))
    return run


def test_the_limit_of_a_checked_gate_is_the_one_that_counts(tmp_path):
    run = checked(write_run(tmp_path / "run", accused(14, 122)), Limits(max_wrong_reasons=0.2))
    found = found_in(run)
    assert found["wrong-reasons"].severity == "info"
    assert "within 20%" in found["wrong-reasons"].words and "gate" not in found


def test_a_failed_gate_blocks_until_the_run_has_gone_on(tmp_path):
    run = checked(write_run(tmp_path / "run", accused(14, 122)), Limits(min_accuracy=0.5))
    assert "gate" not in found_in(run)
    checked(run, Limits(max_wrong_reasons=0.01))
    found = found_in(run)
    assert found["gate"].severity == "blocks"
    assert "above the limit of 1% beyond doubt" in found["gate"].words
    run.update_manifest(finished="2026-04-01T00:00:00+00:00")
    assert "gate" not in found_in(run)


def test_an_unfinished_sweep_comes_first(find):
    found = find(accused(60, 122), missing=3)
    assert next(iter(found)) == "unfinished"
    assert found["unfinished"].words == "3 of 125 images are not explained yet."


@pytest.mark.parametrize(
    ("cases", "cause"),
    [
        ([], "no image was explained"),
        (answered(0, 2), "none of 2 explained predictions is right"),
        ([case(causal_reason="not tested")], "none of 1 right prediction was tested"),
        ([case(verdict="undecided")], "all 1 right prediction are undecided"),
    ],
)
def test_what_was_not_judged_blocks_and_says_why(find, cases, cause):
    found = find(cases)["not-judged"]
    assert found.severity == "blocks"
    assert cause in found.words


@pytest.mark.parametrize(
    ("segmenter", "maker"),
    [
        ("grabcut", "GrabCut"),
        ("rembg", "rembg"),
        ("a {image} {mask}", "the command of --segmenter"),
    ],
)
def test_masks_of_no_use_name_what_made_them(tmp_path, segmenter, maker):
    run = write_run(tmp_path / "run", [case(verdict="undecided")])
    run.update_manifest(config=run.config() | {"segmenter": segmenter})
    step = found_in(run)["not-judged"].steps[0]
    assert step.words == f"Give usable masks: --masks FOLDER, or look why those of {maker} are not."


def filled(place, answer):
    return case(verdict="wrong-reasons", removal_place=place, removal_prediction=answer)


def test_of_regions_is_said_only_how_many_turn_their_answer_and_where_most_of_those_lie(find):
    wrong = [*(filled("lower left", 1) for _ in range(3)), filled("top", 1), filled("top", 0)]
    steps = " ".join(s.words for s in find(wrong)["wrong-reasons"].steps)
    assert "In 4 of 5 a region turns the answer when it is filled in" in steps
    assert "In 3 of these it lies at the lower left" in steps


def test_where_no_region_turns_an_answer_no_step_speaks_of_one(find):
    steps = find([filled("top", 0), filled("top", 0)])["wrong-reasons"].steps
    assert not any("region" in step.words for step in steps)


def test_what_to_do_is_said_by_what_decides_and_of_how_many(tmp_path):
    run = write_run(tmp_path / "run", accused(3, 20))
    told = run.records()[["name", "verdict", "verdict_reason", "verdict_score", "fragile"]]
    told = told.assign(verdict_cause=["scene", "scene", "object", *[""] * 17])
    run.keep(run.verdicts_file, told.to_parquet(index=False))
    steps = [step.words for step in found_in(run)["wrong-reasons"].steps]
    assert f"2 hang on the scene. {MENDS['scene']}" in steps
    assert f"1 hangs on an object in the background. {MENDS['object']}" in steps


def test_the_strongest_cases_are_linked(find):
    steps = find(accused(5, 20))["wrong-reasons"].steps
    links = [link for step in steps for link in step.links]
    assert links[0].address == "gallery.html#verdict=wrong-reasons"
    assert [link.address for link in links[1:]] == [
        f"gallery.html#case={x.anchor}" for x in links[1:]
    ]
    assert len(links) == 4


def test_a_class_stands_out_and_is_linked(find):
    wrong = [case(0, verdict="wrong-reasons") for _ in range(10)]
    found = find([*wrong, *(case(1) for _ in range(60))])["classes-wrong-reasons"]
    assert found.words.startswith("1 of 2 classes has more wrong reasons")
    assert "100.0% (95% interval 72.2% to 100.0%, n = 10)" in found.words
    assert [link.text for link in found.steps[0].links] == ["rose"]


@pytest.mark.parametrize(
    ("key", "given", "said"),
    [
        ("suspects", {"verdict": "suspect"}, "100.0% (95% interval 91.2% to 100.0%, n = 40)"),
        ("fragile", {"fragile": True}, "100.0% (95% interval 91.2% to 100.0%, n = 40)"),
        (
            "without-subject",
            {"without_foreground": 0},
            "100.0% (95% interval 91.2% to 100.0%, n = 40)",
        ),
        ("background-share", {"background_share": 0.8}, "80.0% (95% interval 80.0% to 80.0%, n ="),
        ("bg-gap", {"mixed_rand": 0.4}, "60.0% (95% interval 60.0% to 60.0%, n = 40)"),
        ("undecided", {"verdict": "undecided", "verdict_reason": "no mask"}, "most often: no mask"),
        (
            "undecided",
            {"verdict": "undecided", "verdict_reason": "its mask cannot be used: Mask 7.png ..."},
            "most often: its mask cannot be used.",
        ),
        ("doubtful-masks", {"mask_doubt": "tiny"}, "100.0% (95% interval 91.2% to 100.0%, n = 40)"),
        (
            "doubtful-masks",
            {"verdict": "undecided", "verdict_reason": "mask doubtful: the region ..."},
            "100.0% (95% interval 91.2% to 100.0%, n = 40)",
        ),
    ],
)  # fmt: skip
def test_a_figure_beyond_its_limit_is_to_be_looked_at(find, key, given, said):
    found = find([c | given for c in steady(40)])
    assert found[key].severity == "look"
    assert said in found[key].words and "beyond doubt above" in found[key].words


def test_a_healthy_run_has_nothing_to_look_at(find):
    assert {key: f.severity for key, f in find(steady(100)).items()} == {"none-wrong": "info"}


def test_masks_of_machines_alone_are_told(find):
    by_machine = [c | {"mask_source": "grabcut"} for c in steady(80)]
    assert "All 80 masks were made by a machine (80 GrabCut; n = 80)" in (
        find(by_machine)["machine-masks"].words
    )


def test_one_mask_by_hand_is_not_none(find):
    mixed = [c | {"mask_source": "official"} for c in steady(80)]
    assert "machine-masks" not in find([*mixed, *steady(1)])


def test_skipped_images_are_counted_with_their_share(tmp_path):
    run = write_run(tmp_path / "run", steady(99))
    run.write_part(1, [record("torn.jpg", part=1, skipped="truncated")], [])
    found = found_in(run)["skipped"]
    assert (found.severity, found.title) == ("info", "1 image could not be read")
    assert "1.0% (95% interval 0.2% to 5.4%, n = 100)" in found.words


def test_classes_far_from_the_others_are_named(find):
    middling = [r for k in range(2, 8) for r in answered(28, 40, k)]
    found = find([*answered(2, 40), *answered(40, 40, 1), *middling], classes=PLAIN)
    assert [x.text for x in found["weak-classes"].steps[0].links] == [PLAIN[0]]
    assert [x.text for x in found["strong-classes"].steps[0].links] == [PLAIN[1]]
    assert found["weak-classes"].words.startswith("1 of 8 classes is named rightly less often")
    assert "5.0% (95% interval 1.4% to 16.5%, n = 40)" in found["weak-classes"].words
    assert (found["weak-classes"].severity, found["strong-classes"].severity) == ("look", "info")


def test_a_class_of_few_images_is_not_called_weak(find):
    found = find([*answered(1, 2), *answered(40, 40, 1)])
    assert "weak-classes" not in found


def test_explainers_are_held_against_random_weights_and_pixels(tmp_path):
    run = write_run(tmp_path / "run", steady(80))
    write_trust(run)
    found = found_in(run)
    alike, pixels = found["random-weights"], found["random-pixels"]
    assert alike.severity == "look" and pixels.severity == "info"
    assert "Integrated Gradients" in alike.words and "Grad-CAM" not in alike.words
    assert "which cannot be told apart from none" in pixels.words and "Grad-CAM" not in pixels.words


def test_an_explainer_worse_than_random_pixels_is_to_be_looked_at(tmp_path):
    run = write_run(tmp_path / "run", steady(80))
    write_trust(run)
    told = TRUST.read(run)
    told["insertion"]["gradcam"] = [[0.0] * 8] * 24
    run.file("trust.json").write_text(json.dumps(told))
    found = found_in(run)["random-pixels"]
    assert found.severity == "look"
    assert found.title.startswith("Grad-CAM and Integrated Gradients")
    assert "worse than random" in found.words


@pytest.mark.parametrize(
    ("skills", "severity"), [((0.1, 0.1), "look"), ((0.1, 0.6), "info"), ((0.6, 0.6), None)]
)
def test_an_explainer_that_does_not_beat_the_middle_is_told(find, skills, severity):
    cases = [
        c | {"gradcam_skill": skills[i % 2], "ig_skill": 0.9, "centre_skill": 0.35}
        for i, c in enumerate(steady(80))
    ]
    found = find(cases)
    assert (found["centre"].severity if "centre" in found else None) == severity
    assert severity is None or found["centre"].title.startswith("Grad-CAM: no better")


def test_heatmaps_that_do_not_add_up_are_told(find):
    found = find([c | {"ig_completeness_error": 0.2} for c in steady(80)])
    assert "20% in the median" in found["completeness"].words


def test_planted_cases_found_and_missed(find):
    planted = {"shortcut": "tag", "shortcut_class": 0, "prediction_without_shortcut": 1}
    tested = {"verdict_score": 0.5, "background_share": 0.1, "log_odds": 3.0}
    missed = [c | planted | tested for c in steady(1)]
    hit = [c | planted | tested | {"verdict": "wrong-reasons"} for c in steady(3)]
    found = find([*hit, *missed, *(c | tested for c in steady(96))])["planted"]
    assert "finds 75.0% (95% interval 30.1% to 95.4%, n = 4) of the planted cases" in found.words
    assert "0.0% (95% interval 0.0% to 3.8%, n = 96) of the clean" in found.words


@pytest.fixture(scope="module")
def corrupted(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run") / "run", images=12, size=32, corrupted=10)


def test_a_costly_corruption_is_named_with_what_to_train(corrupted):
    table = robustness_table(corrupted).assign(correct=True)
    hidden = table["corruption"] == "occlusion"
    shifted = (table["corruption"] == "zoom") & (table["severity"] >= 3)
    table.loc[hidden | shifted, "correct"] = False
    table.to_parquet(corrupted.file("robustness.parquet"))
    found = found_in(corrupted)["corruption"]
    assert found.severity == "look"
    assert "Under occlusion 100.0% of the answers are wrong, 100.0 points" in found.words
    assert "beyond 10 points also zoom (+60.0)" in found.words
    steps = " ".join(s.words for s in found.steps)
    assert "--pipeline cutmix" in steps and "--pipeline augmented" in steps


def test_a_corruption_that_may_cost_little_is_for_information(corrupted):
    table = robustness_table(corrupted).assign(correct=True)
    two = table["name"].isin(table["name"].unique()[:2])
    table.loc[two & (table["corruption"] == "jpeg"), "correct"] = False
    table.to_parquet(corrupted.file("robustness.parquet"))
    found = found_in(corrupted)["corruption"]
    assert found.severity == "info"
    assert "cannot be told apart" in found.words


def test_a_corruption_of_few_images_is_for_information(corrupted):
    nine = robustness_table(corrupted)["name"].unique()[:9]
    table = robustness_table(corrupted).assign(correct=lambda t: t["corruption"] != "jpeg")
    table[table["name"].isin(nine)].to_parquet(corrupted.file("robustness.parquet"))
    found = found_in(corrupted)["corruption"]
    assert found.severity == "info"
    assert "a mean of 9 images says nothing beyond doubt" in found.words


def test_what_blocks_comes_first(find):
    order = [f.severity for f in find(accused(40, 122)).values()]
    assert order == sorted(order, key=["blocks", "look", "info"].index)


def test_every_finding_of_a_hostile_run_has_its_n_and_no_name(report):
    found = findings(uncharted(report))
    assert {f.severity for f in found} == {"blocks", "look", "info"}
    for f in found:
        told = [f.title, f.words, f.why, *(s.words for s in f.steps)]
        assert "n = " in f.words and f.steps
        names = (*(n for n in HOSTILE if n != "con"), ".jpg")  # which is a part of words
        assert not any(name in text for text in told for name in names)


@pytest.mark.parametrize(
    "cases",
    [[], [case()], accused(4, 4), accused(0, 4), [case(verdict="undecided", causal_reason="x")]],
    ids=["no image", "one image", "all flagged", "none flagged", "no masks"],
)
def test_odd_runs_have_findings_that_claim_nothing_of_them(find, cases):
    found = find(cases)
    assert found
    assert all(f.severity != "blocks" for k, f in found.items() if k not in ("not-judged",)) or (
        cases and cases[0]["verdict"] == "wrong-reasons"
    )


def test_no_rule_says_more_of_a_run_than_that_it_was_not_judged(find):
    assert set(find([])) == {"not-judged"}


def test_every_limit_is_shown_beside_its_figure(tmp_path):
    content = uncharted(write_run(tmp_path / "run", accused(14, 122)))
    told = {a.title: a for a in asked(content)}
    assert len(told) == len(limits())
    assert told["Wrong reasons among right"].limit == "5%"
    assert told["Wrong reasons among right"].estimate == rate(14, 122)
    assert told["Error above clean, of the costliest corruption"].estimate.n == 0


def test_the_subject_is_called_by_its_name(tmp_path):
    cases = [filled("lower left", 1)] * 14
    run = write_run(tmp_path / "run", [*cases, *accused(0, 108)])
    run.update_manifest(config={"seed": 0, "subject": "bird"})
    told = str(findings(uncharted(run)))
    assert "part of the bird" in told
    assert "flower " not in told.replace("flower-audit", "")


def test_rules_are_functions_that_name_what_they_look_for():
    finders = [rule.find for rule in rules()]
    assert len({find.__name__ for find in finders}) == len(finders)
    assert all(find.__doc__ for find in finders)


def resumed(root, versions):
    """A run whose parts several versions wrote, one each."""
    run = write_run(root, accused(0, 4))
    rows = rows_of(run.records())
    for part, version in enumerate(versions):
        run.begin_session(flower_audit=version, packages={"keras": "3.12"}, begun="2026-03-04")
        run.write_part(part, [row | {"part": part} for row in rows[2 * part : 2 * part + 2]], [])
    return run


def test_parts_of_several_versions_are_told(tmp_path):
    found = found_in(resumed(tmp_path / "run", ["0.1.0", "0.2.0"]))["mixed-versions"]
    assert "1 part by flower-audit 0.1.0; 1 part by flower-audit 0.2.0" in found.words


def test_sessions_of_one_version_are_no_finding(tmp_path):
    assert "mixed-versions" not in found_in(resumed(tmp_path / "run", ["0.1.0", "0.1.0"]))

"""Every figure is defined and every term explained, by the names of the run."""

import json

import pytest
from drawnruns import PLAIN, make_run
from uncharted import content

from audit.explainers.judged import GradCam, IntegratedGradients
from audit.report.definitions import other_metrics
from audit.report.explained import abouts
from audit.report.figures import metrics
from audit.report.glossary import glossary
from audit.report.pages import shared
from audit.report.source import load
from audit.report.sweeps import threshold_sweeps
from audit.report.templating import fill
from audit.report.verdicts import VERDICT_KINDS
from audit.settings.verdict import Thresholds

OURS = abouts([], {}, {})
DESIGN = (
    "Heatmap",
    "Explainer",
    "Explained class",
    "Logit",
    "Log-odds",
    "Mass",
    "Rank accuracy",
    "Pointing hit",
    "Chance",
    "Skill",
    "Completeness",
    "Coalition value",
    "Background share",
    "Verdict",
    "Corruption error",
    "Wilson interval",
    "Bootstrap interval",
    "Shapley value",
    "Donor",
)


def test_every_term_of_the_design_is_explained_once():
    terms = [t.term for t in glossary(OURS, "flower")]
    assert {*DESIGN, *(v.title for v in VERDICT_KINDS)} <= set(terms)
    assert len({t.anchor for t in glossary(OURS, "flower")}) == len(terms)
    assert terms == sorted(terms, key=str.lower)


def test_every_figure_has_a_formula_a_direction_and_a_term():
    all_of_them = abouts(["lime", "shap", "toy"], {}, {})
    titles = {key: about.title for key, about in all_of_them.items()}
    figures = [*metrics(titles), *other_metrics()]
    assert len({m.key for m in figures}) == len(figures)
    assert all(m.formula and m.direction and m.description for m in figures)
    explained = {key for t in glossary(all_of_them, "flower") for key in t.figures}
    assert {m.key for m in figures} == explained


@pytest.mark.parametrize("subject", ["bird", "{x}", "<b>"])
def test_the_subject_is_called_by_its_name(subject):
    told = " ".join(f"{t.term} {t.meaning}" for t in glossary(OURS, subject))
    assert "flower " not in told and "{subject}" not in told
    assert f"Survives without the {subject}" in told


@pytest.mark.parametrize("cam", GradCam.variants)
@pytest.mark.parametrize("variant", IntegratedGradients.variants)
def test_explainers_are_those_of_the_run(cam, variant):
    found = abouts([], {"cam": cam, "ig_variant": variant}, {})
    terms = {t.term for t in glossary(found, "flower")}
    named = {about.title for about in found.values()}
    kinds = {**GradCam.variants, **IntegratedGradients.variants}.values()
    assert named <= terms and not ({kind.title for kind in kinds} - named) & terms


def test_every_threshold_has_its_sweep(tmp_path):
    run = make_run(tmp_path / "run", images=4, classes=PLAIN, size=32, corrupted=0)
    # The mode is none, and neither is what the other mode goes by.
    of_other_mode = {"accusing_score"}
    swept = set(Thresholds.model_fields) - {"thresholds"} - of_other_mode
    assert len(threshold_sweeps(load(run))) == len(swept)


def test_each_entry_is_indexed_by_its_own_heading(report):
    index = json.loads((report.report_dir / "search/search_index.json").read_text("utf-8"))
    entries = {e["location"]: e for e in index["docs"] if e["location"].startswith("glossary")}
    assert "Mixed-Same less Mixed-Rand" in entries["glossary.html#term-bg-gap"]["text"]
    terms = glossary(OURS, "flower")
    assert {f"glossary.html#{t.anchor}" for t in terms} <= set(entries)


def test_definitions_in_place_are_not_indexed_a_second_time(report):
    index = json.loads((report.report_dir / "search/search_index.json").read_text("utf-8"))
    told = [e["location"] for e in index["docs"] if "two-player Shapley" in e["text"]]
    assert told and all(place.startswith("methods") for place in told)


def test_a_hostile_subject_stays_text_in_the_glossary(report):
    source = load(report)
    source.manifest["config"]["subject"] = "<script>alert(1)</script>"
    page = fill("partials/glossary.html", **shared(content(source)), links=False, heading="h3")
    assert "<script" not in page and "&lt;script&gt;" in page

"""What a report calls explainers that are not installed where it is made."""

import pytest

from audit.explainers.base import About
from audit.report.explained import abouts

ABOUT = {"title": "Toy", "citation": "Nobody 2026", "description": "Explains nothing."}


def of(kept, keys=("toy",)):
    return abouts(keys, {}, kept)


def test_those_that_verdicts_rest_on_come_first():
    assert list(of({}, ["shap", "toy"])) == ["gradcam", "ig", "shap", "toy"]


def test_one_that_is_not_installed_is_what_its_run_says():
    title, citation, description = of({"toy": ABOUT})["toy"]
    assert (title, citation) == ("Toy", "Nobody 2026")
    assert description.startswith("Explains nothing. Not installed where this report was made")


HOSTILE = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"toy": {}},
        {"toy": ABOUT | {"title": HOSTILE}},
        {"toy": ABOUT | {"title": "T" * 41}},
        {"toy": ABOUT | {"title": "Two\nlines"}},
        {"toy": ABOUT | {"citation": " "}},
        {"toy": ABOUT | {"description": "x" * 1001}},
    ],
)
def test_one_that_nobody_describes_soundly_goes_by_its_key(kept):
    assert of(kept)["toy"] == About(
        "toy", "", "An explainer that is not installed where this report was made."
    )


def test_an_installed_one_is_never_what_a_run_says():
    assert of({"lime": ABOUT}, ["lime"])["lime"].title == "LIME"


@pytest.mark.parametrize("title", ["Grad-CAM", "LIME", "Random", "Centre Gaussian"])
def test_no_two_have_one_title(title):
    found = of({"toy": ABOUT | {"title": title}}, ["lime", "toy"])
    assert found["toy"].title == f"{title} (toy)"
    assert len({about.title for about in found.values()}) == 4

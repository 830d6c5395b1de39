"""What a reader sees of a report: no raw values or keys, one minus sign, and one image is one."""

import html
import json
import re

import numpy as np
import pytest
from drawnruns import PLAIN, make_run, of_several_labels
from uncharted import render

# What is no text: but titles and what is read aloud stay, and so does what charts write.
_MARKUP = r"<(script|style)\b.*?</\1>|<path[^>]*>"
_TAG = r"<[^>]*?(?: (?:alt|title|aria-label)=\"([^\"]*)\"[^>]*)?>"
_NAMES = r"<bdi>.*?</bdi>|<code>.*?</code>|<pre.*?</pre>"
_NOUNS = "images|predictions|answers|classes|cases|limits|groups|photographs"


_ONE_OF_MANY = rf"(?<![\d,.])1 (?:{_NOUNS})\b"


def _no_masks(run):
    """Nothing is known of any subject, as where no mask could be made."""
    frame = run.records()
    scores = frame.columns[frame.columns.str.match(r"(gradcam|ig|centre)_|chance|verdict_score")]
    frame[frame[scores].select_dtypes("float64").columns] = np.nan
    frame.loc[frame["row"] >= 0, ["verdict", "causal_reason"]] = ["undecided", "no mask"]
    run.write_part(0, frame.to_dict("records"), list(run.maps(0)))
    return run


def _answers_only(run):
    why = "ONNX files show no gradients and no layers"
    run.update_manifest(model=run.manifest()["model"] | {"lacks": {"gradcam": why, "ig": why}})
    for name in ("trust.json", "shortcuts.json", "robustness.parquet"):
        run.file(name).unlink()  # explainers and features that are not there were not looked at
    return run


def _several(run):
    told = [(name, label, label < 2, 1.0 - label) for name in "abcd" for label in range(3)]
    return of_several_labels(run, told)


DEGENERATE = {
    "one image": ({"images": 1, "classes": PLAIN[:1]}, lambda run: run),
    "one class": ({"images": 6, "classes": PLAIN[:1]}, lambda run: run),
    "no masks": ({"images": 6, "classes": PLAIN[:3]}, _no_masks),
    "answers only": ({"images": 12, "classes": PLAIN[:3]}, _answers_only),
    "several labels": ({"images": 24, "classes": PLAIN[:3], "trained": False}, _several),
}


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """The report of a run of one image."""
    run = make_run(tmp_path_factory.mktemp("one") / "run", images=1, classes=PLAIN[:1], corrupted=1)
    render(run)
    return run


@pytest.fixture(scope="module", params=DEGENERATE)
def odd(request, tmp_path_factory):
    """The report of a run in which some figures have no value."""
    drawn, change = DEGENERATE[request.param]
    root = tmp_path_factory.mktemp(request.param.replace(" ", "-"))
    run = change(make_run(root / "run", size=32, corrupted=1, **drawn))
    render(run)
    return run


def text_of(page, hidden=""):
    """All that a page says, with what is read aloud of pictures, and without what ``hidden`` is."""
    kept = re.sub(_MARKUP + (f"|{hidden}" if hidden else ""), " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(_TAG, lambda tag: f" {tag[1] or ''} ", kept, flags=re.DOTALL))


def found(run, pattern, hidden=""):
    """What the pages of a run show of a pattern, by their names."""
    seen = {}
    for file in (*run.report_dir.rglob("*.html"), run.report_html):
        text = text_of(file.read_text(encoding="utf-8"), hidden)
        seen[file.name] = re.findall(rf".{{0,30}}(?:{pattern}).{{0,30}}", text)
    return {name: hits for name, hits in seen.items() if hits}


RAW = {
    "no number": (r"(?i:\bnan\b)", ""),
    "needless digits": (r"\d\.\d{7}", ""),
    "quotes and braces": (r"\{'|\['", ""),
    "a key": (r"\b[a-z]+_[a-z_]+\b(?!\.)|\b(?:wrong|right)-reasons\b", _NAMES),
    "an object": (r"<[A-Z]\w*[ .:]|\bobject at 0x|: (?:None|True|False)\b(?! \w)", _NAMES),
    "a hyphen for a sign": (r"(?<![\w.-])-\d", _NAMES),
    "a hyphen between numbers": (r"[\d)] - [\d(]", r"<pre.*?</pre>"),
}


@pytest.mark.parametrize("kind", RAW)
def test_nothing_is_shown_raw(report, kind):
    assert found(report, *RAW[kind]) == {}


@pytest.mark.parametrize("kind", RAW)
def test_nothing_is_shown_raw_where_figures_have_no_value(odd, kind):
    assert found(odd, *RAW[kind]) == {}


def test_a_null_of_a_program_has_its_reason(odd, report):
    for run in (odd, report):
        told = json.loads(run.summary_json.read_text(encoding="utf-8"))
        nulls = {key for key, figure in told["figures"].items() if figure["value"] is None}
        assert set(told["undefined_figures"]) == nulls
        assert all(told["undefined_figures"].values())


def test_no_program_is_told_nan_where_figures_have_no_value(odd):
    for file in (odd.summary_json, odd.summary_md):
        assert not re.search(r"\bnan\b", file.read_text(encoding="utf-8").lower())


@pytest.mark.parametrize("odd", ["several labels"], indirect=True)
def test_of_several_labels_only_heatmaps_and_training_have_an_accuracy(odd):
    for file in (*odd.report_dir.rglob("*.html"), odd.report_html):
        text = re.sub(
            "(?i)rank accuracy|mass accuracy", " ", text_of(file.read_text("utf-8"), _NAMES)
        )
        # Training is told of by its curves, and a preflight by what any model would lose.
        told = file.name in ("training.html", "preflight.html")
        assert told or "accuracy" not in text.lower(), file.name


def test_one_image_reads_as_one(single):
    assert found(single, _ONE_OF_MANY) == {}


def test_one_of_anything_reads_as_one(odd):
    assert found(odd, _ONE_OF_MANY) == {}


def test_no_program_is_told_nan(single, report):
    for run in (single, report):
        assert "nan to" not in run.summary_json.read_text(encoding="utf-8")
        assert "nan" not in run.summary_md.read_text(encoding="utf-8").lower()

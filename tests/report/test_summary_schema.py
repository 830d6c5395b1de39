"""summary.json and gate.json keep to the schemas that the package ships."""

import json
from pathlib import Path

import numpy as np
import pytest
from drawnruns import PLAIN, make_run
from gateruns import accused, write_run
from jsonschema import Draft202012Validator
from uncharted import uncharted

from audit.explainers.registry import titles
from audit.gate import files as gatefiles
from audit.gate.gates import Limits, hold_to_limits
from audit.report import exports
from audit.report.exports import SUMMARY_SCHEMA, summary_json
from audit.report.figures import metrics

FOLDER = Path(exports.__file__).parent


def schema(name):
    return json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))


def errors(name, told):
    found = Draft202012Validator(schema(name)).iter_errors(told)
    return [f"{e.json_path}: {e.message[:200]}" for e in found]


def no_masks(run):
    frame = run.records()
    scores = frame.columns[frame.columns.str.match(r"(gradcam|ig|centre)_|chance|verdict_score")]
    frame[frame[scores].select_dtypes("float64").columns] = np.nan
    frame.loc[frame["row"] >= 0, ["verdict", "causal_reason"]] = ["undecided", "no mask"]
    run.write_part(0, frame.to_dict("records"), list(run.maps(0)))
    return run


def drawn(root, **more):
    return make_run(root, classes=PLAIN[:3], size=32, **({"images": 12, "corrupted": 2} | more))


MADE = {
    "drawn": drawn,
    "planted": lambda root: drawn(root, planted=True, images=20),
    "given": lambda root: drawn(root, trained=False),
    "no corruptions": lambda root: drawn(root, corrupted=0),
    "no masks": lambda root: no_masks(drawn(root)),
    "one image": lambda root: drawn(root, images=1, corrupted=1),
    "bare": lambda root: write_run(root, accused(3, 10)),
    "unfinished": lambda root: write_run(root, accused(0, 2), missing=2),
    "nothing": lambda root: write_run(root, []),
    "torn": lambda root: write_run(root, [{"skipped": "torn"}]),
}


@pytest.mark.parametrize("made", MADE)
def test_a_summary_keeps_to_its_schema(tmp_path, made):
    told = json.loads(summary_json(uncharted(MADE[made](tmp_path / "run"))))
    assert errors("summary", told) == []


def test_a_rendered_planted_run_keeps_to_it(report):
    told = json.loads(report.summary_json.read_text(encoding="utf-8"))
    assert told["planted"] and told["robustness"] and told["masks_by_hand"]
    assert errors("summary", told) == []


@pytest.mark.parametrize("key", ["lime", "toy", "x2_y"])
def test_figures_of_any_explainer_keep_to_it(report, key):
    told = json.loads(report.summary_json.read_text(encoding="utf-8"))
    own = {m.key: told["figures"]["gradcam_mass"] for m in metrics({key: "An explainer"})
           if m.key.startswith(key)}  # fmt: skip
    assert len(own) == 4
    assert errors("summary", told | {"figures": told["figures"] | own}) == []


@pytest.mark.parametrize("place", [(), ("images",), ("figures", "accuracy"), ("findings", 0)])
def test_a_key_too_many_or_too_few_is_a_drift(report, place):
    told = json.loads(report.summary_json.read_text(encoding="utf-8"))
    there = told
    for key in place:
        there = there[key]
    there["new"] = 1
    assert len(errors("summary", told)) == 1
    del there["new"], there[next(iter(there))]
    assert len(errors("summary", told)) == 1


def test_versions_agree():
    assert schema("summary")["properties"]["schema"]["const"] == SUMMARY_SCHEMA
    assert schema("summary")["$id"].endswith(f":{SUMMARY_SCHEMA}")
    assert schema("gate")["properties"]["schema"]["const"] == gatefiles.SCHEMA


@pytest.mark.parametrize("name", ["summary", "gate"])
def test_a_schema_is_valid_and_describes_every_field(name):
    whole = schema(name)
    Draft202012Validator.check_schema(whole)
    parts, fields = [whole], 0
    while parts:
        part = parts.pop()
        parts += [v for v in part.values() if isinstance(v, dict)]
        parts += [v for values in part.values() if isinstance(values, list) for v in values
                  if isinstance(v, dict)]  # fmt: skip
        if part.get("type") == "object" and "properties" in part:
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
            assert all(field.get("description") for field in part["properties"].values())
            fields += len(part["properties"])
    assert fields > 25


def test_every_headline_figure_is_described():
    described = schema("summary")["properties"]["figures"]["properties"]
    told = {m.key: m.description for m in metrics(titles())}
    assert list(described) == list(told)
    assert all(described[key]["description"].endswith(text) for key, text in told.items())


@pytest.mark.parametrize("against", [False, True])
def test_the_outcome_of_a_check_keeps_to_its_schema(tmp_path, against):
    run = write_run(tmp_path / "run", accused(5, 20))
    base = write_run(tmp_path / "base", accused(0, 20)) if against else None
    limits = Limits(
        max_wrong_reasons=0.05, min_accuracy=0.5, max_bg_gap=0.2, min_class_accuracy=0.5
    )
    told = json.loads(
        gatefiles.gate_json(hold_to_limits(run, limits, base), "2026-03-05T08:00:00+00:00")
    )
    assert errors("gate", told) == []
    assert len(errors("gate", told | {"new": 1})) == 1

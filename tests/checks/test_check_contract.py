"""Every registered check is whole: what it names is there, and what it says keeps to its word."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from drawnruns import PLAIN, make_run, of_several_labels
from jinja2 import TemplateNotFound
from jsonschema import Draft202012Validator

from audit.checks.base import Check
from audit.checks.registry import CHECKS, TAKEN, _fault, every
from audit.core.registry import KEY
from audit.report.cases import galleries
from audit.report.content import content
from audit.report.explained import abouts
from audit.report.glossary import glossary
from audit.report.schema import FILE, summary_schema
from audit.report.source import load
from audit.report.templating import source_of, templates_dir
from audit.settings.config import FIELDS
from audit.storage.outputs import Json

MEASURED = [check.key for check in every() if check.outputs]
SLOTS = {"page.md", "opening.html", "record.html", "trust.html", "overview.md", "warning.html",
         "evidence.html", "single.html", "compare.html", "class.html", "head.md",
         "gaps.md"}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("run") / "run"
    return make_run(root, images=20, classes=PLAIN[:3], size=32, corrupted=2, planted=True,
                    judged=True)  # fmt: skip


@pytest.fixture(scope="module")
def told(run):
    return content(load(run))


@pytest.fixture(scope="module")
def told_of_labels(tmp_path_factory):
    """What checks say that have nothing to say of one class an image."""
    made = make_run(tmp_path_factory.mktemp("labels") / "run", images=4, classes=PLAIN[:2], size=32)
    return content(load(of_several_labels(made, [("a", 0, True, 1.0), ("a", 1, False, 2.0)])))


@pytest.mark.parametrize("key", list(CHECKS))
def test_a_check_says_what_it_is(key):
    check = CHECKS[key]
    assert check.key == key and KEY.fullmatch(key) and KEY.fullmatch(check.name)
    assert check.title.endswith("?") and type(check).__doc__
    assert set(check.settings) <= set(FIELDS)


@pytest.mark.parametrize("key", list(CHECKS))
def test_a_check_that_writes_files_measures_and_another_one_does_not(key):
    check = CHECKS[key]
    measures = type(check).measure is not Check.measure
    assert measures == bool(check.outputs) == any(each.vouched for each in check.outputs)


@pytest.mark.parametrize("key", list(CHECKS))
def test_terms_and_figures_have_meanings(key):
    check = CHECKS[key]
    assert all(term.meaning.endswith(".") for term in check.terms)
    figures = [*check.metrics, *(own.metric for own in check.headline)]
    assert all(f.title and f.description and f.formula and f.direction for f in figures)
    explained = {key for term in glossary(abouts([], {}, {}), "flower") for key in term.figures}
    assert {f.key for f in figures} <= explained


@pytest.mark.parametrize("key", list(CHECKS))
def test_a_page_has_a_template_and_a_place_of_its_own(key):
    page = CHECKS[key].page
    if page is None:
        with pytest.raises(TemplateNotFound):
            source_of(f"checks/{key}/page.md")
        return
    assert f'title: "{page.title}"' in source_of(f"checks/{key}/page.md")
    others = [c.page for c in every() if c.page and c.key != key]
    assert page.path not in [p.path for p in others]
    assert (page.top, page.place) not in [(p.top, p.place) for p in others]


def test_every_template_of_a_check_is_looked_for_or_included():
    folder = templates_dir()
    everything = "".join(f.read_text(encoding="utf-8") for f in folder.rglob("*.*m*"))
    for file in (folder / "checks").rglob("*.*"):
        name = file.relative_to(folder).as_posix()
        python = name == "checks/selftest/standalone.html"
        assert file.parent.name in CHECKS
        assert file.name in SLOTS or f'"{name}"' in everything or python


def test_files_rules_limits_and_figures_have_one_owner_each():
    for found in (
        [each.name for check in every() for each in check.outputs],
        [rule.place for check in every() for rule in check.rules],
        [limit.key for check in every() for limit in check.limits],
        [limit.place for check in every() for limit in check.limits],
        [metric.key for check in every() for metric in check.metrics],
        [check.name for check in every()],
    ):
        assert set(Counter(found).values()) == {1}


@pytest.mark.parametrize("key", list(CHECKS))
def test_its_part_of_the_summary_keeps_to_its_schema(told, told_of_labels, key):
    check, found = CHECKS[key], told.checks[key] or told_of_labels.checks[key]
    fragment = check.schema()
    if fragment is None:
        assert type(check).summary_part is Check.summary_part
        return
    assert found is not None
    whole = {"$defs": summary_schema()["$defs"]} | {k: fragment[k] for k in ("oneOf",)}
    validator = Draft202012Validator(whole)
    assert list(validator.iter_errors(json.loads(json.dumps(check.summary_part(found))))) == []
    assert validator.is_valid(None) and not validator.is_valid({})
    assert fragment["description"]


@pytest.mark.parametrize("key", MEASURED)
def test_a_run_without_its_files_has_nothing_of_it(tmp_path, key):
    run = make_run(tmp_path / "run", images=4, classes=PLAIN[:2], size=32, corrupted=1,
                   judged=True)  # fmt: skip
    source, check = load(run), CHECKS[key]
    assert check.summarise(source, galleries(source, source.drawn)) is not None
    for output in check.outputs:
        output.file(run).unlink(missing_ok=True)
    without = load(run)
    assert check.summarise(without, {}) is None
    assert check.tables(without) == {} and list(check.gaps(without)) == []


def test_the_published_schema_is_that_of_the_checks_that_are_built_in():
    assert summary_schema() == json.loads(FILE.read_text(encoding="utf-8"))


def test_listing_checks_loads_no_tensorflow():
    asked = (
        "import sys; from audit.checks.registry import every; from audit.report.findings import "
        "rules; every(); rules(); sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_no_package_may_take_a_key_of_the_engine():
    engine = set(json.loads(FILE.read_text())["properties"]) - {check.name for check in every()}
    assert engine <= TAKEN


@pytest.mark.parametrize(
    ("key", "outputs", "words"),
    [
        ("figures", (), "has a key that manifest.json or summary.json uses"),
        ("toy", (Json("manifest.json"),), "writes 'manifest.json', whose name must begin"),
        ("toy", (Json("toy.json"),), ""),
    ],
)
def test_a_check_of_another_package_writes_nothing_over(key, outputs, words):
    brought = type("Toy", (Check,), {"key": key, "outputs": outputs})()
    assert _fault(key, brought).startswith(words) and bool(_fault(key, brought)) == bool(words)

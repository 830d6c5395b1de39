"""A report built with Zensical; what opens one in a browser is tested with both builders."""

import json
import re
import shutil

import pytest
import uncharted
from drawnruns import PLAIN, make_run
from links import broken, read_site

from audit.core.errors import AuditError
from audit.gate.files import gate_json
from audit.gate.gates import Limits, hold_to_limits
from audit.report.build import renew
from audit.report.made import Made
from audit.report.site.builders import build_site
from audit.storage.run import RunFolder

pytest.importorskip("zensical", reason="Zensical is missing: '.[zensical]' has it")

NOW = "2026-03-05T08:00:00+00:00"


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """A small run rendered with MkDocs, and the same with Zensical."""
    root = tmp_path_factory.mktemp("twins")
    run = make_run(root / "mkdocs", images=12, classes=PLAIN[:3], data="materialx")
    uncharted.render(run)
    shutil.copytree(run.root, root / "zensical")
    built = RunFolder(root / "zensical")
    uncharted.render(built, site_builder="zensical")
    return run, built


@pytest.fixture
def docs(tmp_path):
    """A page that is to be built."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "index.md").write_text("# Title\n\nText.\n")
    return folder


def pages(run):
    """The text of every page of a site by its path."""
    root = run.report_dir
    return {f.relative_to(root).as_posix(): f.read_text("utf-8") for f in root.rglob("*.html")}


def content(page):
    """What a page says, without what themes put around it and what Zensical's search takes out."""
    article = re.search(r"<article.*?>(.*?)</article>", page, re.DOTALL)[1]
    for beside in ('<a id="__skip" tabindex="-1"></a>', " data-search-exclude"):
        article = article.replace(beside, "")
    return "".join(article.split())


def test_its_pages_are_those_of_mkdocs_and_say_the_same(twins):
    given, built = map(pages, twins)
    assert given.keys() == built.keys()
    for name in given.keys() - {"methods.html"}:  # which names the builder
        assert content(built[name]) == content(given[name]), name


def test_every_link_and_anchor_resolves_and_none_leads_elsewhere(twins):
    assert broken(read_site(twins[1].report_dir)) == []


def test_what_needs_no_builder_is_the_same(twins):
    given, built = ((run.summary_md, run.summary_json) for run in twins)
    assert [f.read_bytes() for f in given] == [f.read_bytes() for f in built]


def test_a_name_that_zensical_would_replace_stays(twins):
    assert "<title>Overview - Audit of materialx</title>" in pages(twins[1])["index.html"]


def test_nothing_of_the_build_is_left(twins):
    root, report = twins[1].root, twins[1].report_dir
    names = {file.name for folder in (root, report) for file in folder.iterdir()}
    assert not names & {".cache", "mkdocs.yml", "docs", "404.html", "sitemap.xml"}


def test_a_failure_is_one_line(docs, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(AuditError, match=r"^The report's pages cannot be built: \w+") as error:
        build_site(docs, tmp_path / "out", builder="zensical", name="x", nav=[{"x": "index.md"}])
    assert len(str(error.value).splitlines()) == 1
    assert "\x1b" not in str(error.value)


def test_a_gate_renews_the_pages_that_say_it(twins, tmp_path):
    shutil.copytree(twins[1].root, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    run.gate_file.write_bytes(gate_json(hold_to_limits(run, Limits(max_wrong_reasons=0.0)), NOW))
    with uncharted.no_charts():
        renew(run)
    assert Made.of(run).builder == "zensical"
    assert "DO NOT SHIP" in pages(run)["index.html"]
    assert broken(read_site(run.report_dir)) == []
    script = (run.report_dir / "search.js").read_text("utf-8")
    entries = json.loads(script.removeprefix("var __index = "))["items"]
    assert any("The gate failed" in entry["title"] for entry in entries)
    locations = [entry["location"] for entry in entries]
    assert len(locations) == len(set(locations))
    before = pages(run)
    uncharted.render(run, site_builder="zensical")
    assert pages(run) == before

"""What builds a report's site: chosen by name, refused before work, known in one place."""

import ast
from pathlib import Path
from typing import get_args

import pytest
import uncharted
from drawnruns import PLAIN, make_run

import audit
from audit.core.errors import ConfigError
from audit.core.track import silent
from audit.report.made import Made
from audit.report.site.builders import BUILDERS, refuse_absent, versions
from audit.settings import load_config
from audit.settings.config import FIELDS
from audit.stages.inputs import read_inputs

PACKAGES = {"mkdocs", "material", "zensical"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    made = make_run(tmp_path_factory.mktemp("built") / "run", images=3, classes=PLAIN[:2])
    uncharted.render(made)
    return made


@pytest.fixture
def no_zensical():
    """Skips where it is installed: nobody is told to install it there."""
    if None not in versions("zensical").values():
        pytest.skip("Zensical is installed")


def test_the_setting_names_every_builder():
    assert get_args(FIELDS["site_builder"].annotation) == tuple(BUILDERS)


def test_nothing_else_imports_a_builder():
    root = Path(audit.__file__).parent
    for file in root.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
        named = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
        named |= {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
        known = PACKAGES & {name.partition(".")[0] for name in named}
        assert not known or file.is_relative_to(root / "report" / "site"), file


def test_an_unknown_builder_is_one_line(call, run):
    with pytest.raises(ConfigError, match=r"^Unknown site builder 'hugo': choose mkdocs or zensi"):
        refuse_absent("hugo")
    code, _, err = call("report", run.root, "--site-builder", "hugo")
    assert code == 2 and "'hugo' is not one of 'mkdocs', 'zensical'" in err


@pytest.mark.usefixtures("no_zensical")
def test_a_builder_that_is_not_installed_is_one_line_and_the_report_stays(call, run):
    before = run.report_html.read_bytes(), (run.report_dir / "index.html").read_bytes()
    code, _, err = call("report", run.root, "--site-builder", "zensical")
    assert code == 1
    assert err == (
        "Error: --site-builder zensical needs a package: pip install 'flower-audit[zensical]', or "
        "--site-builder mkdocs.\n"
    )
    assert before == (run.report_html.read_bytes(), (run.report_dir / "index.html").read_bytes())


@pytest.mark.usefixtures("no_zensical")
def test_a_run_is_refused_before_its_images_are_read():
    config = load_config({"site_builder": "zensical", "images": "nowhere"})
    with pytest.raises(ConfigError, match=r"flower-audit\[zensical\]"):
        read_inputs(config, ("test",), None, silent)


def test_a_report_says_what_built_it(run):
    assert Made.of(run).builder == "mkdocs"


def test_a_report_of_an_earlier_version_was_built_by_mkdocs(run):
    made = run.report_dir / "made.json"
    text = made.read_text()
    made.write_text(text.replace('"builder": "mkdocs"', '"of": "old"'))
    assert Made.of(run).builder == "mkdocs"
    made.write_text(text.replace('"mkdocs"', '"hugo"'))
    assert Made.of(run) is None
    made.write_text(text)

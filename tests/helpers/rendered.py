"""Rendered reports and a browser, shared by the tests of this folder."""

import io
import os
import shutil
import unicodedata
from pathlib import Path

import pytest
from drawnruns import HOSTILE, PLAIN, make_run
from filelock import FileLock
from uncharted import no_charts

from audit.checks.explainer_sanity.check import ExplainerSanityCheck
from audit.compare.build import render as compare
from audit.report.build import render
from audit.report.site.builders import BUILDERS, versions
from audit.storage.run import RunFolder

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def without_charts():
    """Leave the charts out of whatever a module renders; not for one that asks for `report`."""
    with no_charts():
        yield


@pytest.fixture(scope="module")
def without_sanity():
    """Leave the explainers' sanity out of a module's runs: tracing random models takes a third."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExplainerSanityCheck, "wanted", lambda *_: False)
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """The folder that the workers of xdist have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def pytest_generate_tests(metafunc):
    """Have what opens a site in a browser do so with one of each builder that is installed.

    The others have MkDocs by the same way: a fixture that is there for one builder is not taken for
    that of another.
    """
    asked = set(metafunc.fixturenames)
    if "site_builder" in asked:
        found = [name for name in BUILDERS if None not in versions(name).values()]
        found = found if asked & {"chromium", "each_builder"} else ["mkdocs"]
        metafunc.parametrize("site_builder", found, scope="session")


@pytest.fixture
def each_builder(site_builder):
    """Have a test see a site of each builder that is installed, though it opens no browser."""
    return site_builder


@pytest.fixture(scope="session")
def report(shared_folder, site_builder) -> RunFolder:
    """A rendered run of many hostile classes, with planted shortcuts; nobody may change it."""
    # The folder's own name must not break search or links either.
    run = RunFolder(shared_folder / f"report-{site_builder}" / "a run & its 'report'")
    with FileLock(shared_folder / f"report-{site_builder}.lock"):
        if not run.report_html.is_file():
            made = make_run(run.root, images=150, planted=True, data=HOSTILE[1], judged=True)
            render(made, site_builder=site_builder)
    return run


@pytest.fixture(scope="session")
def small_report(shared_folder) -> RunFolder:
    """A rendered run of a dozen images in two parts, without charts; nobody may change it."""
    run = RunFolder(shared_folder / "small" / "run")
    with FileLock(shared_folder / "small.lock"):
        if not run.report_html.is_file():
            few = {"images": 12, "part_size": 6, "classes": PLAIN[:3], "size": 32}
            with no_charts():
                render(make_run(run.root, data="before", **few))
    return run


@pytest.fixture
def own_report(small_report, tmp_path) -> RunFolder:
    """A copy of it, of which a test makes something else."""
    return RunFolder(shutil.copytree(small_report.root, tmp_path / "run"))


@pytest.fixture(scope="session")
def pair(tmp_path_factory) -> list[RunFolder]:
    """Two runs on the same images; most answers and reasons are the same in both."""
    root = tmp_path_factory.mktemp("pair")
    return [
        make_run(root / name, images=70, classes=[*PLAIN[:5], HOSTILE[1]], size=48, seed=seed)
        for seed, name in enumerate((HOSTILE[0].replace("/", "_"), "after & 'later'"))
    ]


@pytest.fixture(scope="session")
def compared(pair, tmp_path_factory) -> Path:
    """The folder of their comparison."""
    out = tmp_path_factory.mktemp("compared") / "out"
    return compare(pair, out).parent


@pytest.fixture(scope="session")
def chromium():
    """A browser; skips where there is none."""
    named = ("chromium-headless-shell", "chromium")  # the first has no windows: half the work
    asked = os.environ.get("FLOWER_AUDIT_CHROMIUM")
    found = asked or next((name for name in map(shutil.which, named) if name), "")
    if not found or not Path(found).exists():
        pytest.skip("no Chromium: set FLOWER_AUDIT_CHROMIUM or put chromium on PATH")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Open a page from disk; at the end, fail on any request to a network or error."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(120_000)  # machines may be busy
    trouble: list[str] = []
    page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("dialog", lambda d: (trouble.append(f"dialog {d.message}"), d.dismiss()))
    page.on("request", lambda r: r.url.startswith("http") and trouble.append(r.url))

    def go(file, width=1280, state="", theme="light", height=900):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme)
        page.goto("about:blank")  # else another state of the same page is no new visit
        page.goto(file.as_uri() + state)
        return page

    yield go
    context.close()
    assert trouble == []


@pytest.fixture
def printed(visit):
    """The PDF that a page prints to."""
    pypdf = pytest.importorskip("pypdf")

    def pdf(file):
        page = visit(file)
        return pypdf.PdfReader(io.BytesIO(page.pdf(format="A4")))

    return pdf


@pytest.fixture
def bare():
    """Text without ligatures and spaces: a PDF breaks lines where they are full."""

    def squeezed(text: str) -> str:
        return "".join(unicodedata.normalize("NFKC", text).split())

    return squeezed

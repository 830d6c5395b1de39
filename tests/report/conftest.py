"""Rendered reports and a browser, shared by the tests of this folder."""

import os
import shutil
from pathlib import Path

import pytest
from drawnruns import HOSTILE, make_run

from audit.report.build import render
from audit.runfolder import RunFolder

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def report(tmp_path_factory) -> RunFolder:
    """A rendered run of many hostile classes, with planted shortcuts."""
    # The folder's own name must not break search or links either.
    root = tmp_path_factory.mktemp("run") / "a run & its 'report'"
    run = make_run(root, images=150, planted=True, data=HOSTILE[1])
    render(run)
    return run


@pytest.fixture(scope="session")
def chromium():
    """A browser; skips where there is none."""
    found = os.environ.get("FLOWER_AUDIT_CHROMIUM") or shutil.which("chromium")
    if not found or not Path(found).exists():
        pytest.skip("no Chromium: set FLOWER_AUDIT_CHROMIUM or put chromium on PATH")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield browser
        browser.close()

"""How to reproduce a run: one block to copy, near the top of Methods."""

import pytest
import uncharted
from drawnruns import PLAIN, make_run

COMMAND = "flower-audit run --images 'a b' --out runs/x --seed 3"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("again") / "run", images=12, classes=PLAIN[:2], size=32)
    told = run.manifest()
    run.update_manifest(command=COMMAND, data=told["data"] | {"name": "a\nrm -rf b"})
    uncharted.render(run)
    return run


@pytest.mark.parametrize("place", ["site", "single"])
def test_what_a_run_takes_to_be_made_again_is_copied(visit, rendered, place):
    site = rendered.report_dir / "methods.html"
    page = visit(site if place == "site" else rendered.report_html)
    block = page.get_by_role("region", name="How to reproduce it")
    methods = page.get_by_role("heading", name="Methods", exact=False).last.bounding_box()
    assert block.bounding_box()["y"] - methods["y"] < 300
    block.get_by_role("button", name="Copy").click()
    block.get_by_role("button", name="Copied").wait_for()
    lines = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert lines[0].startswith("# flower-audit ")
    assert lines[1].startswith("# data a rm -rf b")
    assert lines[2] == f"# model SHA-256 {'ab' * 32}"
    assert lines[3:] == [f"# seed {rendered.manifest()['config'].get('seed', 0)}", COMMAND]


def test_every_session_s_command_is_told(tmp_path):
    run = make_run(tmp_path / "run", images=12, classes=PLAIN[:2], size=32)
    begun = [{"begun": "2026-03-04", "command": f"{COMMAND}{end}"} for end in ("", " --resume")]
    run.update_manifest(sessions=begun)
    uncharted.render(run)
    text = (run.report_dir / "methods.html").read_text("utf-8").replace("&#39;", "'")
    assert f"{COMMAND}\n{COMMAND} --resume\n</code>" in text

"""Groups of a run: kept with it, the same when it is gone on with, and asked for later."""

import pandas as pd
import pytest

from audit.checks.groups.outputs import TABLE
from audit.core.errors import DataError, RunFolderError
from audit.settings import change, load_config
from audit.stages import commands
from audit.storage.run import RunFolder

pytestmark = pytest.mark.usefixtures("without_charts", "without_sanity")
OFF = {"workers": 0, "robustness": 0, "health": False, "opportunity": False, "ig_steps": 2,
       "interventions": "off", "batch_size": 4}  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory, draw_manifest, colour_model):
    """Six test images, three of them at a site, and a training image at another."""
    manifest = draw_manifest(tmp_path_factory.mktemp("images"), per_split={"train": 1, "test": 2})
    table = pd.read_csv(manifest)
    table["site"] = ["east" if s == "train" else "" for s in table["split"]]
    table.loc[table["path"].str.endswith("_01.png"), "site"] = "north"
    table["camera"] = "a"
    table.to_csv(manifest, index=False)
    return load_config({"images": manifest, "model": colour_model, "group": "site"} | OFF)


@pytest.fixture(scope="module")
def run(config, tmp_path_factory):
    return commands.run(config, tmp_path_factory.mktemp("run") / "run")


def test_groups_of_all_splits_are_kept_in_the_run_and_told(run):
    table = TABLE.read(run)
    assert set(table["column"]) == {"site"}
    sizes = table.groupby(["split", "value"]).size().to_dict()
    assert sizes == {("test", ""): 3, ("test", "north"): 3, ("train", "east"): 3}
    page = (run.report_dir / "groups.html").read_text(encoding="utf-8")
    assert "north" in page and "3 of 6 test images have no value" in page


def test_a_run_that_is_gone_on_with_tells_the_same(run, config):
    kept = TABLE.file(run).read_bytes()
    TABLE.file(run).unlink()
    commands.run(config, run.root, resume=True)
    assert TABLE.file(run).read_bytes() == kept


def test_other_groups_are_refused_once_they_are_kept(run, config):
    with pytest.raises(RunFolderError, match="begun with group = site, not camera"):
        commands.run(change(config, group="camera"), run.root, resume=True)


def test_an_unknown_column_ends_the_run_before_anything_is_written(config, tmp_path):
    with pytest.raises(DataError, match=r"--group place: .* further columns are site, camera"):
        commands.run(change(config, group="site,place"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_without_groups_is_given_some_later(run, config):
    TABLE.file(run).unlink()
    run.update_manifest(config=change(config, group="").kept())
    commands.run(change(config, group="site,camera"), run.root, resume=True)
    assert set(TABLE.read(RunFolder.open(run.root))["column"]) == {"site", "camera"}


def test_the_gate_of_the_command_line_ends_with_3_below_its_limit(run, call):
    code, out, _ = call("check", run.root, "--min-group-accuracy", "80%")
    assert code == 3
    assert "FAILED min-group-accuracy: Worst-group accuracy cannot be judged" in out

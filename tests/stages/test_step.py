"""Steps of a run: what is finished is not done again."""

from types import SimpleNamespace

import pytest

from audit.checks.context import Context
from audit.settings import load_config
from audit.stages.step import Step, take
from audit.storage.run import RunFolder


@pytest.fixture
def context(tmp_path):
    return Context(
        folder=RunFolder.create(tmp_path / "run", resume=False),
        config=load_config({}),
        dataset=None,
        masks=None,
        preflight=None,
        hashes={},
        classifier=None,
        pool=None,
        engine=None,
        tested=(),
        explained=(),
        track=None,
    )


@pytest.fixture
def step():
    """A step that writes ``trust.json``, and what was done, in its order."""
    done = []

    def run(context):
        done.append("run")
        context.folder.keep(context.folder.file("trust.json"), b"{}")

    def made(**changed):
        given = {"key": "trust", "outputs": lambda folder: (folder.file("trust.json"),), "run": run}
        return Step(**given | {"heed": lambda context: done.append("heed")} | changed)

    return SimpleNamespace(made=made, done=done)


def test_a_finished_step_is_not_taken_again_but_heeded(context, step):
    take([step.made()], context)
    take([step.made()], context)
    assert step.done == ["run", "heed", "heed"]


def test_a_step_with_one_of_its_files_missing_is_taken_again(context, step):
    def outputs(folder):
        return folder.file("trust.json"), folder.file("shortcuts.json")

    take([step.made()], context)
    take([step.made(outputs=outputs)], context)
    assert step.done.count("run") == 2


def test_a_step_that_keeps_no_file_is_always_taken(context, step):
    by_parts = step.made(outputs=lambda folder: ())
    take([by_parts, by_parts], context)
    assert step.done == ["run", "heed", "run", "heed"]


def test_a_step_that_is_not_asked_for_is_left_out(context, step):
    take([step.made(asked=lambda config: config.checks.robustness > 1000)], context)
    assert step.done == []


def test_seconds_of_a_step_are_kept_even_where_it_fails(context, step):
    def fails(context):
        raise OSError("no")

    with pytest.raises(OSError):
        take([step.made(run=fails)], context)
    assert list(context.folder.manifest()["seconds"]) == ["trust"]
    assert step.done == []

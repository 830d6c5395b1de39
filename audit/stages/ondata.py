"""The audit held against stamps on a run's own data; its threshold is set by what that finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.checks.preflight.outcome import say
from audit.core.errors import RunFolderError
from audit.core.redact import Shown
from audit.core.track import Track, silent
from audit.models.backend import tensorflow_ready
from audit.settings import Config
from audit.stages import commands
from audit.stages.context import context_of
from audit.stages.inputs import read_inputs
from audit.stages.resume import refuse_others
from audit.stages.timing import timed
from audit.storage.run import RunFolder

if TYPE_CHECKING:
    from audit.checks.on_data.measure import Asked
    from audit.checks.on_data.results import OnData


@tensorflow_ready()
def run(config: Config, folder: RunFolder, asked: Asked, *, track: Track = silent) -> OnData:
    """Teach, audit and judge worlds on a run's data; judge the run anew, and render its report.

    Finished worlds are kept below ``RUN/selftest/``: the same call goes on. Where too few clean
    images were found, the run's own threshold stays.

    Parameters
    ----------
    config : Config
        As `audit.stages.resume.carried` gives it.

    Raises
    ------
    AuditError
        The run was not swept, its data is another, or nothing can be taught on it.
    """
    if not folder.done_parts():
        raise RunFolderError(f"{folder.root} has no records yet: flower-audit sweep {folder.root}.")
    with folder.writing():
        found = _tested(config, folder, asked, track)
        if not found.calibration.reason:
            commands.judge(folder, {"accusing_score": found.accusing_score})
        commands.report(folder, track=track)
    return found


def _tested(config: Config, folder: RunFolder, asked: Asked, track: Track) -> OnData:
    from audit.checks.on_data.measure import write

    inputs = read_inputs(config, ("test",), folder, track)
    say(inputs.preflight)
    refuse_others(folder, inputs)
    folder.shown = Shown.of(inputs.config.kept())
    context = context_of(folder, inputs, track)
    with timed(folder, "selftest"):
        return write(context, asked)

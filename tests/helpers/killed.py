"""Renderings that kill themselves before one of their renames."""

import signal

from forked import Mother

from audit.storage.run import RunFolder

_PROGRAM = """
import os, signal, sys
from pathlib import Path
from audit.report.build import render, renew
from audit.storage.run import RunFolder
from uncharted import no_charts

work, root, left = sys.argv[1], Path(sys.argv[2]), [int(sys.argv[3])]

def renamed(event, given):
    if event == "os.rename" and root in Path(os.fsdecode(given[0])).parents:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(renamed)
with no_charts():
    {"render": render, "renew": renew}[work](RunFolder(root))
"""


def kill_at_rename(mother: Mother, work: str, run: RunFolder, rename: int) -> None:
    """Let a fork ``render`` or ``renew`` a run; it dies right before a rename in its folder."""
    assert mother.start(_PROGRAM, work, run.root, rename).wait() == -signal.SIGKILL

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys, time
from audit.core import signals

class Dropping:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})
        time.sleep(1)

signals.heed()
try:
    Dropping()
    time.sleep(30)
except KeyboardInterrupt as error:
    sys.exit(signals.number_of(error))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interruption_that_a_del_swallows_ends_the_process_all_the_same(name):
    work = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(name=name)], capture_output=True, text=True
    )
    assert (work.returncode, work.stderr) == (getattr(signal, name), "")


def test_other_errors_of_a_del_are_told_as_python_tells_them():
    program = PROGRAM.replace("os.kill(os.getpid(), signal.{name})", "raise OSError('torn')")
    work = subprocess.run(
        [sys.executable, "-c", program.replace("sleep(30)", "sleep(0)")],
        capture_output=True,
        text=True,
    )
    assert "OSError: torn" in work.stderr and work.returncode == 0

"""Processes that start at once: forks of one that has imported all and done nothing."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_PROGRAM = """
import gc, json, os, sys
exec(sys.argv[1])
gc.freeze()  # none of it will go
for line in sys.stdin:
    asked = json.loads(line)
    if "wait" in asked:
        print(os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1]), flush=True)
        continue
    child = os.fork()
    if child:
        print(child, flush=True)
        continue
    for file, number in ((os.devnull, 0), (asked["out"], 1), (asked["err"], 2)):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    sys.argv = asked["argv"]
    exec(asked["code"], {"__name__": "__main__"})
    sys.exit()
"""
REPORTS = """
import matplotlib.backends.backend_svg, mkdocs.commands.build, scipy.stats, sklearn.metrics
import statsmodels.stats.proportion
import audit.cli, audit.report.build, uncharted
"""
ALL = f"""{REPORTS}
import audit.checks.explainer_sanity.measure, audit.checks.robustness.measure
import audit.datasets.open, audit.execution.local, audit.execution.optional
import audit.execution.predict, audit.execution.select, audit.models.averaged, audit.models.load
import audit.report.owner, audit.stages.commands, audit.training.training
"""
MAIN = "from audit.cli import main; main()"


class Mother:
    """The process that others are forks of; to be used as a context.

    Parameters
    ----------
    imports : str
        Code that is run once, before any fork: `REPORTS`, or `ALL` with TensorFlow.
    folder : Path
        Where each fork's standard output and error are written.
    """

    def __init__(self, imports: str, folder: Path) -> None:
        self._imports, self._folder, self._started = imports, folder, 0

    def __enter__(self) -> "Mother":
        found = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "ignore"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        command = [sys.executable, "-c", _PROGRAM, self._imports]
        self._process = subprocess.Popen(command, env=os.environ | found, **pipes)
        return self

    def __exit__(self, *_) -> None:
        with self._process:
            self._process.stdin.close()

    def ask(self, **what) -> int:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(self, code: str, *args: object, cwd: Path | None = None, **environment) -> "Fork":
        """Run code in a fork, with arguments and more of an environment."""
        self._started += 1
        out, err = (self._folder / f"{self._started}.{stream}" for stream in ("out", "err"))
        for file in (out, err):
            file.touch()  # it may be read before the fork opens it
        argv, cwd = ["flower-audit", *map(str, args)], str(cwd or Path.cwd())
        said = {"out": str(out), "err": str(err), "environment": os.environ | environment}
        number = self.ask(code=code, argv=argv, cwd=cwd, **said)
        return Fork(self, number, out, err)


@dataclass
class Fork:
    """A process, and the files that hold what it prints."""

    mother: Mother
    number: int
    out: Path
    err: Path
    code: int | None = None

    def send_signal(self, number: int) -> None:
        os.kill(self.number, number)

    def state(self) -> str:
        """What it does, in Linux's letters: Z is an end that nobody has waited for yet."""
        return Path(f"/proc/{self.number}/stat").read_text().rpartition(")")[2].split()[0]

    def wait(self) -> int:
        """Wait for its exit code; less than 0 is the signal that killed it."""
        if self.code is None:
            self.code = self.mother.ask(wait=self.number)
        return self.code

    def kill(self) -> None:
        if self.code is None:
            self.send_signal(signal.SIGKILL)
            self.wait()


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Start processes that have imported what a report needs."""
    with Mother(REPORTS, tmp_path_factory.mktemp("reports")) as mother:
        yield mother


@pytest.fixture(scope="session")
def forks(tmp_path_factory):
    """Start processes that have imported everything, TensorFlow too."""
    with Mother(ALL, tmp_path_factory.mktemp("forks")) as mother:
        yield mother

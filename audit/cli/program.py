"""The program: its commands, and how it ends."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import NoReturn

import click

from audit import __version__
from audit.cli.attach import attach
from audit.cli.backbones import backbones
from audit.cli.check import check
from audit.cli.command import Group
from audit.cli.compare import compare
from audit.cli.init import init
from audit.cli.judge import judge
from audit.cli.masks import masks
from audit.cli.mend import mend
from audit.cli.preflight import preflight
from audit.cli.report import report
from audit.cli.run import run
from audit.cli.selftest import selftest
from audit.cli.sweep import sweep
from audit.cli.train import train
from audit.core import heap, logs, output, signals
from audit.core.errors import AuditError, first_line
from audit.core.output import echo


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="flower-audit")
@click.option("--log-json", is_flag=True, help="Write the log and the progress as JSON lines.")
def cli(log_json: bool) -> None:
    """Audit whether an image classifier is right for the right reasons.

    \b
    Example, with no download:
      flower-audit run --preset planted --out runs/planted
    """
    if log_json:
        logs.as_json()


for command in (
    run,
    init,
    preflight,
    train,
    sweep,
    report,
    compare,
    backbones,
    check,
    attach,
    judge,
    selftest,
    mend,
    masks,
):
    cli.add_command(command)


def main() -> NoReturn:
    """Run the command line and exit.

    0 done, 1 not possible, 2 wrong usage, 3 a gate failed; ended by a signal, 128 and its number.
    """
    # TensorFlow's information is no news to a user; its errors still come through.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    heap.hold_one_heap()
    output.begin()
    logs.begin()
    signals.heed()
    try:
        code = cli.main(prog_name="flower-audit", standalone_mode=False)
    except click.exceptions.Abort as error:
        number = signals.number_of(error)
        by = "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"
        notes = getattr(error.__cause__, "__notes__", [])
        _fail(" ".join([f"Interrupted{by}.", *notes]), 128 + number)
    except click.ClickException as error:
        output.show(error)
        sys.exit(error.exit_code)
    except AuditError as error:
        _fail(str(error), 1)
    except MemoryError as error:
        _fail(f"Memory is too little ({first_line(error)}): give a smaller --batch-size.", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    if logs.is_json():
        logging.getLogger("audit").error(message, extra={"data": {"exit_code": code}})
    else:
        echo(f"Error: {message}", err=True)
    sys.exit(code)

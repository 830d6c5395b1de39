"""Work that several commands have around the one function that they call."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.actions import in_actions
from audit.core.output import command_runner, echo, echo_lines
from audit.core.track import Track
from audit.settings import Config

if TYPE_CHECKING:
    from audit.gate.gates import GateResult
    from audit.storage.run import RunFolder


def load_tensorflow() -> None:
    """Import TensorFlow and find its devices without the lines that C++ writes about them."""
    from audit.models.backend import use_tensorflow

    use_tensorflow()
    stderr = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow as tf

        tf.config.list_physical_devices()
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def load_tensorflow_for_images(config: Config) -> None:
    """Load TensorFlow quietly for Oxford's images alone: other masks need none."""
    if config.data.dataset == "oxford_flowers102":
        load_tensorflow()


def command_line() -> str:
    """Tell how the command was called."""
    return shlex.join(["flower-audit", *sys.argv[1:]])


def track() -> Track:
    """Import what shows progress, late."""
    from audit.core.progress import show

    return show


def tell_comparison(page: Path) -> None:
    """Print what a comparison found, and where it lies."""
    echo_lines(page.with_suffix(".md").read_text(encoding="utf-8"))
    echo(f"To attach: {page}")


def tell_run(folder: RunFolder) -> None:
    """Print what a run found, and where its report lies."""
    echo_lines(folder.summary_md.read_text(encoding="utf-8"))
    echo(f"Report: {folder.report_dir / 'index.html'}")
    echo(f"To attach: {folder.report_html}")


def tell_gate(folder: RunFolder) -> bool:
    """Print the outcome of each gate of the last check; return whether the run passed."""
    told = folder.told(folder.gate_file)
    for gate in told["gates"]:
        echo(f"{'ok    ' if gate['passed'] else 'FAILED'} {gate['key']}: {gate['words']}")
    return bool(told["passed"])


def tell_github(found: GateResult, summary: str) -> None:
    """Show the outcome of a check in GitHub Actions; ``summary`` as for `step_summary`."""
    from audit.gate.github import annotations_of, step_summary, write_summary

    if not in_actions():
        echo(
            "--github did nothing: this is no step of GitHub Actions, which sets GITHUB_ACTIONS to "
            "true.",
            err=True,
        )
        return
    for line in annotations_of(found):
        command_runner(line)
    if why := write_summary(step_summary(found, summary)):
        echo(why, err=True)

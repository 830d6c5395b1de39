"""The manifest's facts on who begins a run, or goes on with it, and on what."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

from audit import __version__
from audit.checks.preflight.outcome import kept
from audit.core.redact import Shown
from audit.datasets.dataset import SPLITS
from audit.masks.segmenter import packages
from audit.report.site.builders import BUILDERS
from audit.settings import Config
from audit.stages.inputs import Inputs
from audit.stages.resume import refuse_others
from audit.stages.timing import now
from audit.storage.run import RunFolder, write_whole

PACKAGES = ("tensorflow", "keras", "tensorflow-datasets", "numpy", "pandas", "pyarrow", "pillow",
            "opencv-python-headless")  # fmt: skip


def begin(folder: RunFolder, inputs: Inputs, command: str) -> None:
    """Tell a run folder what its run is made of; `RunFolderError` where it was of other things."""
    config, data = inputs.config, folder.manifest().get("data", {})
    refuse_others(folder, inputs)
    folder.shown = Shown.of(config.kept())
    counts = {split: len(inputs.dataset.items(split)) for split in SPLITS}
    if config.report.model_card:
        write_whole(folder.owner_file, config.report.model_card.read_bytes())
    named = {"name": inputs.dataset.name, "classes": list(inputs.dataset.classes)}
    _begin_session(folder, config, command)
    folder.update_manifest(
        started=folder.manifest().get("started", now()),
        config=config.kept(),
        data={"skipped": [], **data, **named, "counts": counts, **inputs.hashes},
        preflight=kept(inputs.preflight),
    )


def go_on(folder: RunFolder, inputs: Inputs, command: str) -> None:
    """Tell a run folder that its sweep is gone on with."""
    refuse_others(folder, inputs)
    folder.shown = Shown.of(inputs.config.kept())
    _begin_session(folder, inputs.config, command)
    folder.update_manifest(
        config=inputs.config.kept(),
        data=folder.manifest()["data"] | inputs.hashes,
        preflight=kept(inputs.preflight),
    )


def _begin_session(folder: RunFolder, config: Config, command: str) -> None:
    """Keep what goes on with a run, beside those before: a run may see several versions."""
    builder = BUILDERS[config.report.site_builder].packages
    names = (*PACKAGES, *builder, *packages(config.masks.segmenter))
    facts = {
        "flower_audit": __version__,
        "command": command,
        "packages": {name: importlib.metadata.version(name) for name in names},
        "host": _host(),
    }
    folder.begin_session(begun=now(), **facts)
    folder.update_manifest(**facts)


def _host() -> dict[str, Any]:
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }

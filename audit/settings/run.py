"""[run]: seed, machines, and leave to go on."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from audit.settings.base import Section, Stage, setting


class RunSettings(Section):
    """Seed, machines, and leave to go on."""

    anyway: bool = setting(
        False,
        "Go on where the preflight says that inputs are read wrongly; the report says so.",
        affects=Stage.READ,
        own=True,
    )
    seed: int = setting(
        0,
        "Seed of sampling, training and drawing.",
        affects=(Stage.SPLIT, Stage.TRAIN),
        ge=0,
        common=True,
    )
    workers: int = setting(
        2, "Processes that make masks (0: none, in line).", affects=Stage.MASK, own=True, ge=0
    )
    executor: Literal["local", "ray"] = setting(
        "local",
        "Explain on this machine, or on a Ray cluster; results are the same.",
        affects=Stage.EXPLAIN,
        own=True,
    )
    address: str | None = setting(
        None,
        "Ray cluster to join: auto, or HOST:PORT (default: one on this machine, for the run).",
        affects=Stage.EXPLAIN,
        own=True,
    )
    worker_cores: int = setting(
        4, "Ray: cores a worker, where no machine has a GPU.", affects=Stage.EXPLAIN, own=True, ge=1
    )

    @model_validator(mode="after")
    def _agree(self) -> RunSettings:
        if self.address is not None and self.executor != "ray":
            raise ValueError("--address needs --executor ray")
        return self

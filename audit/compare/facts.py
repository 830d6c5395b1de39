"""Facts of each run: its model, its training, and the settings in which runs differ."""

from __future__ import annotations

from collections.abc import Sequence

from audit.compare.pairing import Entry
from audit.report.source import Source


def facts(source: Source) -> dict[str, str]:
    """Return facts of a run in words, the same keys for every run; "" where unknown.

    A comparison is made to be sent, so of times it tells the day alone.
    """
    model, training, data = (source.section(k) for k in ("model", "training", "data"))
    tuned = training.get("fine_tuned_from")
    seconds = source.section("seconds").get("train")
    size, parameters = model.get("input_size"), model.get("parameters")
    return {
        "Backbone": str(model.get("backbone", "")),
        "Pipeline": str(training["pipeline"]) if training else "not trained here",
        "Epochs": f"{training['epochs']}, best {training['best_epoch']}" if training else "",
        "Fine-tuned": f"from epoch {tuned}" if tuned else "no" if training else "",
        "Training minutes": f"{seconds / 60:.1f}" if training and seconds else "",
        "Parameters": f"{parameters:,}" if parameters is not None else "",
        "Input size": f"{size} px" if size else "",
        "Model (SHA-256)": str(model.get("sha256", ""))[:12],
        "Data": str(data.get("name", "")),
        "Test images": f"{len(source.predictions):,}",
        "Explained": f"{len(source.explained):,}",
        "Finished": source.with_settings(share=True).when("finished"),
        "flower-audit": str(source.manifest.get("flower_audit", "")),
    }


def other_settings(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """Return the settings in which runs differ, with the value of each run."""
    configs = [e.source.config for e in entries]
    keys = dict.fromkeys(key for config in configs for key in config)
    values = {key: [_shown(config.get(key)) for config in configs] for key in keys}
    return {key: shown for key, shown in values.items() if len(set(shown)) > 1}


def _shown(value: object) -> str:
    return "not set" if value is None else str(value)

"""Trains the model of a run, on one host or on several, of which the chief alone writes."""

from __future__ import annotations

import io
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

from audit.core.errors import ConfigError
from audit.core.heap import give_back
from audit.core.track import Track
from audit.settings import Config
from audit.stages.contents import add_skipped, keep_contents
from audit.stages.inputs import Inputs
from audit.stages.resume import for_training
from audit.stages.timing import timed
from audit.storage.paths import remove
from audit.storage.run import RunFolder, renamed_to, write_whole

log = logging.getLogger("audit")


def crew_of(config: Config) -> Any:
    """Find the devices to train on, of all hosts: nothing may use TensorFlow before."""
    import tensorflow as tf

    from audit.training.replicas import Replicas, replicas

    return Replicas(tf.distribute.get_strategy()) if config.model.model else replicas()


def help_chief(inputs: Inputs, crew: Any, track: Track) -> None:
    """Train with the chief, who alone keeps what comes of it.

    Raises
    ------
    ConfigError
        The chief trains something else.
    """
    from audit.training.training import train as fit

    with crew.together():
        chief = json.loads(crew.agreed(b""))
    own = _terms(inputs)
    if other := [key for key in own if own[key] != chief["terms"].get(key)]:
        raise ConfigError(
            f"The chief of TF_CONFIG has another {other[0]} than this host: give the same command "
            "and the same data to all."
        )
    if not chief["trained"]:
        with tempfile.TemporaryDirectory() as work:
            fit(inputs.dataset, inputs.config, track, Path(work), crew, inputs.masks)
    log.info("This host has helped to train; the chief goes on alone.")


def train_model(folder: RunFolder, inputs: Inputs, crew: Any, track: Track) -> None:
    """Train a model into ``folder`` where none is given, and none is there yet."""
    if inputs.classifier:
        return
    done = folder.has(folder.model_file)
    with crew.together():
        crew.agreed(json.dumps({"terms": _terms(inputs), "trained": done}).encode())
    if done:
        remove(folder.training_dir)  # a kill may have left it
        return
    with timed(folder, "train"):
        _keep(folder, inputs, _fitted(folder, inputs, crew, track))
    give_back()  # what was compiled to train


def _terms(inputs: Inputs) -> dict[str, Any]:
    """List what all hosts that train together must agree on."""
    masks = {"masks": inputs.hashes["masks"]} if inputs.config.training.augment_background else {}
    return for_training(inputs.config) | masks | {"images or labels": inputs.hashes["fingerprint"]}


def _fitted(folder: RunFolder, inputs: Inputs, crew: Any, track: Track) -> Any:
    from audit.training.training import train as fit

    def read() -> None:
        keep_contents(folder, inputs.dataset)

    work = folder.training_dir
    return fit(inputs.dataset, inputs.config, track, work, crew, inputs.masks, read)


def _keep(folder: RunFolder, inputs: Inputs, trained: Any) -> None:
    """Write what came of a training, the model last: it says that all else is there."""
    write_whole(folder.history_file, trained.history.to_csv(index=False).encode())
    pictures = {folder.augmentations_file: trained.nine, folder.mixed_file: trained.mixed}
    for file, picture in pictures.items():
        if picture:
            write_whole(file, _png(picture))
    add_skipped(folder, trained.skipped)
    facts = _facts(inputs.config, trained)
    folder.update_manifest(training=facts)
    with renamed_to(folder.model_file) as beside:
        trained.model.save(beside)
    folder.vouch(folder.model_file)
    remove(folder.training_dir)
    log.info("Trained: validation accuracy %.1f%%.", 100 * facts["val_accuracy"])


def _facts(config: Config, trained: Any) -> dict[str, Any]:
    """Describe a training for the manifest."""
    best = trained.history.iloc[trained.best_epoch - 1]
    return {
        "pipeline": config.training.pipeline,
        "augment_background": config.training.augment_background,
        "epochs": len(trained.history),
        "best_epoch": trained.best_epoch,
        "fine_tuned_from": trained.fine_tuned_from,
        "step_share": trained.step_share,
        "seed": config.run.seed,
        "learning_rate": config.training.learning_rate,
        "batch_size": config.training.batch_size,
        "val_accuracy": float(best["val_accuracy"]),
    }


def _png(picture: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()

"""Explanation of parts in another process, maybe on another machine, from what it was sent."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import tensorflow as tf

from audit import __version__
from audit.core.errors import ClusterError, DataError
from audit.datasets.contents import Contents
from audit.datasets.dataset import Item, answer_names, label_sets
from audit.datasets.open import open_dataset
from audit.execution.engine import Engine
from audit.execution.local import Part, explain_part, read
from audit.execution.optional import optional_explainers
from audit.interventions.pool import BackgroundPool
from audit.masks.masks import fingerprints
from audit.masks.segmenter import anywhere, refuse_unusable
from audit.masks.source import WORDS, masks_of
from audit.models.averaged import averaged
from audit.models.base import Differentiable
from audit.models.classify import classify
from audit.models.load import load_model
from audit.settings import Config, change


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Setup of every worker of a sweep: all but the images and their masks.

    Attributes
    ----------
    model : dict of bytes
        Files of the model by their paths, so that no disk need be shared.
    scaling : str
        Pixels that the model wants, as the driver found.
    pool : BackgroundPool or None
        The driver's pool, so that all use the same.
    hashes : dict of str
        Of the driver's images and labels, and of its masks.
    classes : tuple of str
        In the driver's order, wherever it had it from.
    contents : Contents
        Of the images to explain, as the driver read them.
    images : int
        How many all workers explain.
    """

    config: Config
    model: dict[str, bytes]
    trust: bool
    scaling: str
    pool: BackgroundPool | None
    hashes: dict[str, str]
    versions: dict[str, str]
    classes: tuple[str, ...]
    contents: Contents
    images: int


def setup_of(
    config: Config,
    model: Path,
    scaling: str,
    pool: BackgroundPool | None,
    hashes: dict[str, str],
    classes: Sequence[str],
    contents: Contents,
    images: int = 0,
) -> Setup:
    """Return what workers need to go on where the driver is."""
    given = config.flat().items()
    paths = {k: v.absolute() for k, v in given if isinstance(v, Path) and v not in WORDS}
    files = [f for f in model.rglob("*") if f.is_file()] if model.is_dir() else [model]
    content = {str(f.relative_to(model.parent)): f.read_bytes() for f in files}
    trust = config.model.trust_model and config.model.model is not None
    there = change(config, **paths, segmenter=anywhere(config.masks.segmenter))
    return Setup(
        config=there,
        model=content,
        trust=trust,
        scaling=scaling,
        pool=pool,
        hashes=hashes,
        versions=_versions(),
        classes=tuple(classes),
        contents=contents,
        images=images,
    )


class Worker:
    """An engine of its own, and the images and masks as this machine has them.

    Raises
    ------
    AuditError
        The images, masks or packages are not those of the driver.
    """

    def __init__(self, setup: Setup) -> None:
        if setup.versions != _versions():
            raise ClusterError(f"{_versions()} is installed, not {setup.versions}: install those.")
        self._config = setup.config
        self._dataset = open_dataset(setup.config, setup.classes)
        self._dataset.contents.know(setup.contents, {})
        refuse_unusable(setup.config.masks.segmenter)
        self._masks = masks_of(setup.config, self._dataset)
        own = fingerprints(self._dataset, self._masks)
        for key, what in (("fingerprint", "images or labels"), ("masks", "masks")):
            if own[key] != setup.hashes[key]:
                raise DataError(
                    f"Other {what} than where the sweep was started: copy them to the same paths."
                )
        classifier = _classifier(setup)
        classifier = classifier.each_alone() if label_sets(self._dataset) else classifier
        optional = optional_explainers(classifier, self._dataset, self._masks, setup.config)
        self._engine = Engine(
            classifier, self._dataset, setup.config, setup.pool, optional, setup.images
        )
        self._reading, self._explaining = Lock(), Lock()

    def ig_batch(self, known: int | None) -> int:
        """See `Engine.ig_batch`."""
        return self._engine.ig_batch(known)

    def explain(self, number: int, items: Sequence[Item]) -> tuple[Part, dict[str, float]]:
        """Explain a part; the next one may be read meanwhile, by another thread.

        Returns
        -------
        Part, seconds
            Seconds by stage are those of all parts so far.
        """
        with self._reading:
            # Masks are made in this thread: it has the time of the part before.
            entries = list(read(self._dataset, self._masks, items, 0, self._engine))
        with self._explaining:
            names = answer_names(self._dataset)
            part = explain_part(number, entries, names, self._engine, self._config)
            return part, dict(self._engine.clock.seconds)


def _classifier(setup: Setup) -> Differentiable:
    config = setup.config
    with tempfile.TemporaryDirectory() as folder:
        for path, content in setup.model.items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        top = Path(folder) / Path(next(iter(setup.model))).parts[0]
        model = load_model(top, trust=setup.trust)
        each = classify(model, config.model.feature_layer, config.model.image_size, setup.scaling)
    return averaged(each, config.explain.tta, config.run.seed)


def _versions() -> dict[str, str]:
    """Return the versions of what results rest on most."""
    return {"flower-audit": __version__, "tensorflow": tf.__version__}

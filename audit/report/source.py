"""Source of a report: the files of one run, read once and tidied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from audit.core.estimate import CLUSTER
from audit.core.redact import TOLD, Shown
from audit.core.registries import JUDGED
from audit.datasets.contents import Contents
from audit.explainers.base import About
from audit.report.asking import Asking, asking
from audit.report.claims import refuse_settings, refuse_values
from audit.report.clusters import Clusters, clusters_of
from audit.report.consistency import refuse_contradictions
from audit.report.explained import abouts
from audit.report.sampling import MOST, drawn
from audit.settings.nesting import flat
from audit.settings.verdict import Thresholds
from audit.storage.outputs import Output
from audit.storage.records import optional_in
from audit.storage.run import RunFolder
from audit.verdict.sensitivity import ClassEvidence, evidence_of, sensitivities
from audit.verdict.verdict import AUTOMATIC

_DAY = len("2026-03-04")


@dataclass(frozen=True)
class Source:
    """Records, predictions, history and manifest of a run.

    Attributes
    ----------
    records : DataFrame
        As `RECORD_SCHEMA`, strings never missing, in order of part and row.
    predictions : DataFrame
        name, label, prediction, confidence of every test image.
    history : DataFrame or None
        None where the model was given, not trained.
    clusters : Clusters or None
        Which test images are not independent: column `CLUSTER` of records and predictions.
    """

    run: RunFolder
    manifest: dict[str, Any]
    records: pd.DataFrame
    predictions: pd.DataFrame
    history: pd.DataFrame | None
    clusters: Clusters | None = None

    @cached_property
    def explained(self) -> pd.DataFrame:
        """Records of the images that could be read."""
        return self.records[self.records["skipped"] == ""]

    @cached_property
    def answered(self) -> pd.DataFrame:
        """Predictions without those where the model answered NaN or infinity."""
        return self.predictions[self.predictions["prediction"] >= 0]

    @cached_property
    def mapped(self) -> pd.DataFrame:
        """Explained records that have maps."""
        return self.explained[self.explained["row"] >= 0]

    @cached_property
    def drawn(self) -> pd.DataFrame:
        """Records of `mapped` that get pictures: all, or a sample of a very large run."""
        return drawn(self.mapped, self.seed, MOST)

    @cached_property
    def correct(self) -> pd.DataFrame:
        """Explained records whose prediction is right."""
        return self.explained[self.explained["correct"].astype(bool)]

    @cached_property
    def tested(self) -> pd.DataFrame:
        """Explained records that interventions were tried on."""
        return self.explained[self.explained["causal_reason"] == ""]

    @cached_property
    def asking(self) -> Asking:
        """How much was asked of what was tested."""
        return asking(self.tested)

    @cached_property
    def by_hand(self) -> Source:
        """Same run with nothing but the images whose mask no machine made."""
        made = self.records["mask_source"].isin([*AUTOMATIC, "none", ""])
        return replace(self, records=self.records[~made])

    def output(self, output: Output) -> Any:
        """Read what a check wrote, once; None where it is not there."""
        if output.name not in self._read:
            self._read[output.name] = output.read(self.run)
        return self._read[output.name]

    @cached_property
    def _read(self) -> dict[str, Any]:
        """Outputs of checks as they were read, by file."""
        return {}

    @cached_property
    def thresholds(self) -> Thresholds:
        """Thresholds that evidence had to reach."""
        return Thresholds.of(self.config)

    @cached_property
    def class_evidence(self) -> dict[int, ClassEvidence]:
        """What is known of each predicted class; nothing in runs judged image by image."""
        if not self.run.verdicts_file.exists():
            return {}
        return evidence_of(self.records, sensitivities(self.records))

    @cached_property
    def titles(self) -> dict[str, str]:
        """Titles of the explainers by the prefix of their columns."""
        return {key: about.title for key, about in self.explainers.items()}

    @cached_property
    def explainers(self) -> dict[str, About]:
        """Titles and descriptions of the explainers, by the prefix of their columns."""
        kept = self.section("explainers")
        return abouts(optional_in(self.records.columns), self.config, kept)

    @cached_property
    def judged(self) -> dict[str, str]:
        """Titles of the explainers that verdicts rest on."""
        return {key: self.titles[key] for key in JUDGED}

    @cached_property
    def contents(self) -> Contents:
        """Hashes of the images that were read; none in runs of earlier versions."""
        return Contents.of_table(self.run.contents())

    @cached_property
    def parts_by_session(self) -> dict[int, int]:
        """Number of parts by session, counted from 1; reads a file a part."""
        return self.run.sessions()

    @property
    def missing(self) -> int:
        """Images still to be explained: the sweep was stopped, or parts of it are lost."""
        return max(0, int(self.section("sweep").get("explained", 0)) - len(self.records))

    @cached_property
    def classes(self) -> dict[int, str]:
        """Names of all classes by index, from the manifest, else from records and predictions."""
        named: Sequence[str] = self.section("data").get("classes") or []
        names = {i: str(name) for i, name in enumerate(named)}
        for index, name in (("label", "label_name"), ("prediction", "prediction_name")):
            pairs = self.records[[index, name]].drop_duplicates().itertuples(index=False)
            names = {int(i): str(n) for i, n in pairs if int(i) >= 0} | names
        for column in ("label", "prediction"):
            found = self.predictions[column].unique()
            names = {int(i): f"class {int(i)}" for i in found if int(i) >= 0} | names
        return dict(sorted(names.items()))

    @property
    def config(self) -> dict[str, Any]:
        """The run's settings by their names."""
        return flat(self.section("config"))

    @property
    def share(self) -> bool:
        """True where what tells of the machine is left out: the host, and times of day."""
        return self.config.get("share") is True

    def with_share(self, share: bool) -> Source:
        """Return the same run, with or without its host and times of day."""
        return replace(self, manifest=self.manifest | {"config": self.config | {"share": share}})

    @property
    def host(self) -> dict[str, Any]:
        """Details of the host that made the run; {} where that is left out."""
        return {} if self.share else self.section("host")

    def when(self, moment: str) -> str:
        """Say when the run was ``started`` or ``finished``; the day alone if times are left out."""
        return self.shortened(str(self.manifest.get(moment) or ""))

    def shortened(self, time: str) -> str:
        """Return a time, or its day alone where times are left out."""
        return time[:_DAY] if self.share else time

    @property
    def seed(self) -> int:
        """Seed of the run, and of the bootstrap."""
        return int(self.config.get("seed", 0))

    @property
    def subject(self) -> str:
        """Subject that the masks mark, in words."""
        return str(self.config.get("subject", "flower"))

    def shown(self, name: str) -> dict[str, Any]:
        """Return a section of the manifest as pages show it."""
        return {"host": self.host, "config": self.config}.get(name, self.section(name))

    def section(self, name: str) -> dict[str, Any]:
        """Return a section of the manifest, or {} where it is not there."""
        return self.manifest.get(name) or {}


def load(run: RunFolder) -> Source:
    """Read everything but the maps.

    Earlier versions kept credentials and whole paths, which stop here; see `storage.redact.Shown`.

    Raises
    ------
    RunFolderError
        A file is missing or torn, holds what no run writes, or records are not of the model that
        predicted.
    """
    records, predictions, manifest = run.records(), run.predictions(), run.manifest()
    text = [c for c in records.columns if pd.api.types.is_string_dtype(records[c])]
    records[text] = records[text].fillna("")
    refuse_settings(run, flat(manifest.get("config") or {}))
    for table, file in ((predictions, run.predictions_file), (records, run.records_dir)):
        refuse_values(table, file)
    shown = Shown.of(manifest.get("config", {}))
    for column in TOLD:
        words = {each: shown.text(each) for each in records[column].unique()}
        records[column] = records[column].map(words)
    # Columns that were set one by one lie scattered: a copy joins them again.
    found = Source(run, shown.section(manifest), records.copy(), predictions, run.history())
    refuse_contradictions(run, found.records, found.predictions, found.classes)
    return _clustered(found)


def _clustered(source: Source) -> Source:
    """Add the cluster of each image to records and predictions, where any image shares one."""
    found = clusters_of(source.run, source.predictions["name"])
    if found is None or found.alone:
        return replace(source, clusters=found)
    given = (source.records, source.predictions)
    records, predictions = (t.assign(**{CLUSTER: found.numbered(t)}) for t in given)
    return replace(source, records=records, predictions=predictions, clusters=found)

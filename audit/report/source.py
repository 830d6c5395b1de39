"""Source of a report: the files of one run, read once and tidied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pandas as pd

from audit.core.estimate import CLUSTER
from audit.core.redact import Shown
from audit.core.registries import JUDGED, STAND_IN
from audit.datasets.contents import Contents
from audit.explainers.base import About
from audit.report.asking import Asking, asking
from audit.report.claims import refuse_settings, refuse_values
from audit.report.clusters import Clusters, clusters_of
from audit.report.consistency import refuse_contradictions
from audit.report.explained import abouts
from audit.report.held import PLACE, in_memory, packed_records
from audit.report.sampling import MOST, MOST_REJUDGED, drawn
from audit.settings.nesting import flat
from audit.settings.verdict import Thresholds
from audit.storage.outputs import Output
from audit.storage.packed import Packed
from audit.storage.records import optional_in
from audit.storage.run import RunFolder
from audit.verdict.sensitivity import ClassEvidence, evidence_of, sensitivities
from audit.verdict.verdict import AUTOMATIC, MASK_DOUBTFUL, Verdict

_OF_CLASSES = re.compile(  # columns that tell how sensitive classes are
    "causal_reason|correct|edit_.+_(lost|prediction)|mixed_rand|prediction|"
    "removal_(lost|prediction|control.+)|stopped_by|survival(_same)?"
)
_DAY = len("2026-03-04")


@dataclass(frozen=True)
class Source:
    """Records, predictions, history and manifest of a run.

    Attributes
    ----------
    records : DataFrame
        As `RECORD_SCHEMA`, strings never missing, in order of part and row, those that could not
        be read last; without what single images show alone, which `whole` adds. Column `PLACE`
        is which of all records each is.
    packed : Packed
        All records with all columns, in order of part and row.
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
    packed: Packed
    predictions: pd.DataFrame
    history: pd.DataFrame | None
    clusters: Clusters | None = None

    @cached_property
    def explained(self) -> pd.DataFrame:
        """Records of the images that could be read."""
        read = int((self.records["skipped"] == "").sum())
        return self.records.iloc[:read]  # the others come last: nothing is copied

    @cached_property
    def answered(self) -> pd.DataFrame:
        """Predictions without those where the model answered NaN or infinity."""
        return self.predictions[self.predictions["prediction"] >= 0]

    @property
    def mapped(self) -> pd.DataFrame:
        """Explained records that have maps."""
        return self.explained[self.explained["row"] >= 0]

    @cached_property
    def drawn(self) -> pd.DataFrame:
        """Whole records of `mapped` that get pictures: all, or a sample of a very large run."""
        columns = self.explained[["row", "verdict", "verdict_score"]]
        chosen = drawn(columns[columns["row"] >= 0], self.seed, MOST)
        return self.whole(self.explained.loc[chosen.index])

    @property
    def correct(self) -> pd.DataFrame:
        """Explained records whose prediction is right: a copy, see `some`."""
        return self.explained[self.is_correct]

    @property
    def tested(self) -> pd.DataFrame:
        """Explained records that interventions were tried on: a copy, see `some`."""
        return self.explained[self.is_tested]

    @cached_property
    def is_correct(self) -> pd.Series:
        """Whether the prediction of each explained image is right."""
        return self.explained["correct"].astype(bool)

    @cached_property
    def is_tested(self) -> pd.Series:
        """Whether interventions were tried on each explained image."""
        return self.explained["causal_reason"] == ""

    def some(self, chosen: pd.Series, *columns: str) -> pd.DataFrame:
        """Return columns of explained records that are chosen, and their cluster if they have one.

        A million records with all columns would fill the memory with each copy.
        """
        cluster = self.explained.columns.intersection([CLUSTER])
        return self.explained.loc[chosen, [*columns, *cluster]]

    def whole(self, records: pd.DataFrame, columns: Sequence[str] = ()) -> pd.DataFrame:
        """Return the same records with all columns, or with these: read from where they lie."""
        found = self.packed.read(columns or self.packed.columns, records[PLACE].to_numpy())
        return found.set_axis(records.index)

    def batches(self) -> Iterator[pd.DataFrame]:
        """Yield all records with all columns, and their clusters, in order of part and row."""
        clusters = self.records.set_index(PLACE).get(CLUSTER)
        for batch in self.packed.batches():
            own = {} if clusters is None else {CLUSTER: clusters.loc[batch.index]}
            yield batch.assign(**own)

    @cached_property
    def undecided(self) -> pd.Series:
        """Why undecided images have no verdict, by their index in `explained`."""
        none = self.some(self.explained["verdict"] == Verdict.UNDECIDED, PLACE)
        return self.whole(none, ["verdict_reason"])["verdict_reason"]

    @cached_property
    def is_judged(self) -> pd.Series:
        """Whether each explained image is a right prediction that thresholds decide about."""
        reasons, judged = self.undecided, self.explained["verdict"] != Verdict.UNDECIDED
        # A mask is doubted by a threshold, too.
        doubted = judged.index.isin(reasons.index[reasons.str.startswith(MASK_DOUBTFUL)])
        return self.is_correct & (judged | doubted)

    @cached_property
    def rejudged(self) -> pd.DataFrame:
        """Places of `is_judged` that other thresholds judge: all, or a sample of a large run."""
        judged = self.some(self.is_judged, PLACE)
        few = min(len(judged), MOST_REJUDGED)
        return judged.sample(few, random_state=self.seed).sort_index()

    @cached_property
    def asking(self) -> Asking:
        """How much was asked of what was tested."""
        return asking(self.some(self.is_tested, "stopped_by", "passes"))

    @property
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
        columns = [c for c in self.packed.columns if _OF_CLASSES.fullmatch(c)]
        found = self.whole(self.records, columns)
        return evidence_of(found, sensitivities(found))

    @cached_property
    def titles(self) -> dict[str, str]:
        """Titles of the explainers by the prefix of their columns."""
        return {key: about.title for key, about in self.explainers.items()}

    @cached_property
    def explainers(self) -> dict[str, About]:
        """Titles and descriptions of the explainers, by the prefix of their columns."""
        kept = self.section("explainers")
        found = abouts(optional_in(self.packed.columns), self.config, kept)
        return {key: about for key, about in found.items() if key not in self.lacks}

    @cached_property
    def lacks(self) -> dict[str, str]:
        """Why explainers that verdicts rest on are not available with this model, by key."""
        told = self.section("model").get("lacks") or {}
        return {key: str(told[key]) for key in JUDGED if key in told}

    @cached_property
    def judged(self) -> dict[str, str]:
        """Titles of the explainers that verdicts rest on, but for those that the model lacks."""
        return {key: self.titles[key] for key in JUDGED if key in self.titles}

    @cached_property
    def leading(self) -> dict[str, str]:
        """Titles of the explainers of every image: `judged`, or what stands in for these."""
        return self.judged or {k: t for k, t in self.titles.items() if k == STAND_IN}

    @cached_property
    def contents(self) -> Contents:
        """Hashes of the images that were read; none in runs of earlier versions."""
        return Contents.of_table(self.run.contents())

    @cached_property
    def parts_by_session(self) -> dict[int, int]:
        """Number of parts by session, counted from 1; reads a file a part."""
        return self.run.sessions()

    @cached_property
    def proposing(self) -> list[str]:
        """Titles of the explainers that propose regions where the model lacks one; first leads."""
        stand_in = {STAND_IN: self.titles.get(STAND_IN, "no explainer")}
        return list((stand_in | self.judged).values())

    @property
    def missing(self) -> int:
        """Images still to be explained: the sweep was stopped, or parts of it are lost."""
        return max(0, int(self.section("sweep").get("explained", 0)) - len(self.records))

    @cached_property
    def several(self) -> bool:
        """Whether an image may have several labels, each of which is one row."""
        return self.section("model").get("several") is True

    @cached_property
    def labels(self) -> dict[int, str]:
        """Names of the classes, or labels, that images have, by index."""
        named = len(self.section("data").get("classes") or [])
        return {i: n for i, n in self.classes.items() if i < named or not (self.several and named)}

    def images(self, table: pd.DataFrame) -> pd.Series:
        """Return the image of each row of a table with the columns name and label."""
        if not self.several:
            return table["name"]
        endings = {label: len(f" [{name}]") for label, name in self.labels.items()}
        pairs = zip(table["name"], table["label"].map(endings).fillna(0), strict=True)
        names = [name[: len(name) - int(end)] for name, end in pairs]
        return pd.Series(names, table.index, dtype="str")

    @cached_property
    def classes(self) -> dict[int, str]:
        """Names of all answers by index, from the manifest, else from records and predictions.

        Those of several labels an image are that each is there, then that each is not.
        """
        named: Sequence[str] = self.section("data").get("classes") or []
        named = [*named, *(f"not {name}" for name in named if self.several)]
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

    @property
    def site_builder(self) -> str:
        """What builds the site, as ``--site-builder`` names it."""
        return str(self.config.get("site_builder", "mkdocs"))

    def with_settings(self, **settings: Any) -> Source:
        """Return the same run under other settings; None leaves one as it is."""
        # What stands already is not written: an earlier version did not know the setting.
        given = {
            name: value
            for name, value in settings.items()
            if value not in (None, getattr(self, name))
        }
        return replace(self, manifest=self.manifest | {"config": self.config | given})

    @property
    def host(self) -> dict[str, Any]:
        """Details of the host that made the run; {} where that is left out."""
        return {} if self.share else self.section("host")

    def when(self, moment: str) -> str:
        """Say when the run was ``started`` or ``finished``; the day alone if times are left out."""
        return self.shortened(str(self.manifest.get(moment) or ""))

    def shortened(self, time: str) -> str:
        """Return a time to the minute, in UTC, or its day alone where times are left out."""
        if self.share:
            return time[:_DAY]
        try:
            told = datetime.fromisoformat(time)
        except ValueError:  # written by hand
            return time
        return f"{told.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if told.tzinfo else time

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
    predictions, manifest = run.predictions(), run.manifest()
    refuse_settings(run, flat(manifest.get("config") or {}))
    refuse_values(predictions, run.predictions_file)
    shown = Shown.of(manifest.get("config", {}))
    packed = packed_records(run, shown)
    told, records = shown.section(manifest), in_memory(packed)
    found = Source(run, told, records, packed, predictions, run.history())
    refuse_contradictions(run, found.explained, found.predictions, found.classes)
    return _clustered(found)


def _clustered(source: Source) -> Source:
    """Add the cluster of each image to records and predictions, where any image shares one."""
    tested = source.predictions
    images = source.images(tested) if source.several else None
    found = clusters_of(source.run, tested["name"], images)
    if found is None or found.alone:
        return replace(source, clusters=found)
    given = (source.records, source.predictions)
    records, predictions = (t.assign(**{CLUSTER: found.numbered(t)}) for t in given)
    return replace(source, records=records, predictions=predictions, clusters=found)

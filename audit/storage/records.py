"""Columns of records: what each holds, since when, and what a run that lacks it does not show.

Records are additive. A new column comes with the next `VERSION`, no column goes or changes what
it means; a reader fills in those that an earlier version did not write, and leaves those alone
that a later one did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from audit.core.edits import EDITS
from audit.core.errors import quoted
from audit.core.registries import JUDGED
from audit.core.registry import KEY
from audit.core.wording import plural, some
from audit.storage.heatmaps import MOST_OPTIONAL

# 2, on 2026-11-25: interventions, the centre Gaussian, scores and fragility.
# 3, on 2026-11-29: the foreground by that name, as not every subject is a flower.
# 4, on 2026-11-29: edits of the whole background, other fills, and truth that is exact.
# 5, on 2026-11-30: what was asked of each image, and why no more was.
# 6, on 2026-12-01: the answer on every background that was tried, and how sure answers are.
VERSION = 6
FORMERLY = {
    "flower_effect": "foreground_effect",
    "without_flower": "without_foreground",
    "only_flower": "only_foreground",
}
VERSION_KEY = b"flower_audit_records"  # of Parquet's metadata; not in those before 2026-11-29
SCORED = (*JUDGED, "centre")  # centre: a Gaussian in the middle, which looks at no image
# What a verdict rests on and a mask decides, kept with the mask grown and shrunk besides.
REACHES = ("grown", "shrunk")
VARIED = (
    "causal_reason",
    "chance",
    *(f"{name}_skill" for name in JUDGED),
    "background_share",
    "background_effect",
    "background_log_odds",
    "survival",
    "without_foreground",
    "removal_prediction",
)
NOT_SAMPLED = "not sampled"  # why an optional explainer has no figures for an image
NOT_AVAILABLE = "not available, because"  # begins why an explainer that a model lacks has none
NOT_KEPT = "not kept by the version that made the run"

_ANSWERS = "which background got which answer, and how sure answers under intervention are"
_TEXT, _REAL, _WHOLE, _FLAG = pa.string(), pa.float64(), pa.int32(), pa.bool_()


@dataclass(frozen=True)
class Column:
    """One column of records.

    Attributes
    ----------
    name : str
    kind : DataType
    since : int
        The `VERSION` that it came with.
    lacking : object
        What it holds where nothing was measured, so in a run that lacks it, too; None is null.
    tells : str
        What is not shown without it; "" where no run lacks it.
    """

    name: str
    kind: pa.DataType
    since: int = 1
    lacking: Any = None
    tells: str = ""


def _localisation(explainer: str, since: int, tells: str) -> Iterator[Column]:
    for column in ("mass", "rank_accuracy", "pointing", "skill"):
        yield Column(f"{explainer}_{column}", _REAL, since, tells=tells)
    yield Column(f"{explainer}_reason", _TEXT, since, NOT_KEPT, tells)


def _interventions(*columns: tuple[str, pa.DataType, Any]) -> Iterator[Column]:
    for name, kind, lacking in columns:
        yield Column(name, kind, 2, lacking, "interventions")


def _varied() -> Iterator[Column]:
    whole, told = ("without_foreground", "removal_prediction"), "moved masks"
    for name in (f"{reach}_{each}" for reach in REACHES for each in VARIED):
        if name.endswith(whole):
            yield Column(name, _WHOLE, 4, -1, told)
        else:
            yield Column(name, _TEXT if name.endswith("reason") else _REAL, 4, tells=told)


def _edits() -> Iterator[Column]:
    for key in EDITS:
        yield Column(f"edit_{key}_lost", _REAL, 4, tells="edits of the background")  # log-odds
        yield Column(f"edit_{key}_prediction", _WHOLE, 4, -1, "edits of the background")


# One row an image. Floats are NaN where undefined; the reason stands in a column beside them.
COLUMNS = (
    Column("name", _TEXT),  # file name
    Column("part", _WHOLE),  # which part-*.parquet and part-*.npz
    Column("row", _WHOLE),  # index in that part's maps; -1 where the image was skipped
    Column("split", _TEXT),
    Column("skipped", _TEXT),  # why the image could not be read; "" for all others
    Column("label", _WHOLE),
    Column("label_name", _TEXT),
    Column("prediction", _WHOLE),  # -1 where skipped
    Column("prediction_name", _TEXT),
    Column("correct", _FLAG),
    Column("confidence", _REAL),  # softmax of the predicted class
    # Of the explained class; with views, its mean log-probability.
    Column("logit", _REAL, tells="logits"),
    # planted, manifest, beside, folder, official, grabcut, segmenter, none
    Column("mask_source", _TEXT, lacking="", tells="where masks come from"),
    # Why the mask is suspect (tiny, full, ...); "" if it is not.
    Column("mask_doubt", _TEXT, lacking="", tells="doubts about masks"),
    Column("chance", _REAL, tells="areas of the foreground"),  # |M| / |valid|
    Column("valid_share", _REAL, tells="areas of the foreground"),  # |valid| / pixels
    *_localisation("gradcam", 1, "scores of Grad-CAM"),
    *_localisation("ig", 1, "scores of Integrated Gradients"),
    *_localisation("centre", 2, "scores of the centre Gaussian"),
    Column("ig_steps", _WHOLE, tells="gradients an image"),
    Column("ig_completeness_error", _REAL, tells="completeness errors"),
    *_interventions(
        ("causal_reason", _TEXT, NOT_KEPT),  # why nothing was tested so; "" where it was
        ("log_odds", _REAL, None),  # of the explained class, in the image as it is
        ("foreground_effect", _REAL, None),  # Shapley values, log-odds
        ("background_effect", _REAL, None),
        ("background_share", _REAL, None),
        ("background_share_reason", _TEXT, NOT_KEPT),
        ("survival", _REAL, None),  # share of donors' backgrounds that keep the answer
        ("donors", _WHOLE, 0),
        ("without_foreground", _WHOLE, -1),  # answers under intervention; -1 where not tried
        ("only_foreground", _WHOLE, -1),
        ("pasted_back", _WHOLE, -1),
        ("mixed_same", _WHOLE, -1),
        ("mixed_rand", _REAL, None),  # share of donors' backgrounds with the label as answer
        # gradcam, ig, both, occlusion, scan; "" where no region was found
        ("removal_proposer", _TEXT, ""),
        ("removal_area", _REAL, None),  # share of the image
        ("removal_place", _TEXT, ""),
        ("removal_lost", _REAL, None),  # log-odds
        ("removal_prediction", _WHOLE, -1),
        ("removal_prediction_name", _TEXT, ""),
        ("removal_controls", _WHOLE, 0),
        ("removal_controls_flipped", _WHOLE, 0),
        ("removal_control_lost", _REAL, None),
    ),
    # How much the region looks like the foreground, 0..1; NaN where nothing hangs on it.
    Column("removal_resembles", _REAL, 4, tells="whether masks leave out what decides"),
    # Forward passes of each view that they took.
    Column("passes", _WHOLE, 2, 0, "interventions"),
    # What interventions asked, by the keys of `core.questions.QUESTIONS`, joined by commas, and why
    # no more was asked, of its `STOPS`; earlier versions asked everything.
    Column("asked", _TEXT, 5, "", "what was asked of each image"),
    Column("stopped_by", _TEXT, 5, "", "what was asked of each image"),
    # Kinds of fill of the region, and those by which the answer changes; 0 where it does by none.
    Column("removal_fills", _WHOLE, 4, 0, "other fills of regions"),
    Column("removal_fills_flipped", _WHOLE, 4, 0, "other fills of regions"),
    # Answers on donors' backgrounds in their order, and last on its own, evened out; how sure each
    # is and each of `core.edits.EDITS`, in percent; all joined by commas. "" where not tried.
    Column("swap_predictions", _TEXT, 6, "", _ANSWERS),
    Column("swap_confidences", _TEXT, 6, "", _ANSWERS),
    Column("edit_confidences", _TEXT, 6, "", _ANSWERS),
    Column("edit_donor", _WHOLE, 6, -1, _ANSWERS),  # row of donors.npz that edits took from
    Column("removal_confidence", _REAL, 6, tells=_ANSWERS),
    Column("survival_same", _REAL, 4, tells="backgrounds of the own class"),
    Column("background_log_odds", _REAL, 4, tells="log-odds of the background alone"),
    *_edits(),
    Column("verdict", _TEXT, lacking="undecided", tells="verdicts"),
    Column("verdict_reason", _TEXT, lacking=NOT_KEPT, tells="verdicts"),  # in words
    # How much speaks for wrong reasons; NaN if undecided.
    Column("verdict_score", _REAL, 2, tells="scores of verdicts"),
    # The verdict hangs on 3 px of the mask.
    Column("fragile", _FLAG, 2, lacking=False, tells="which verdicts are fragile"),
    # Kind of what decides: colour, texture, frame, ...; "" where nothing does.
    Column("verdict_cause", _TEXT, 4, "", "causes of verdicts"),
    *_varied(),
    # Planted data: tag, tint, texture, else ""; class it was taught for, else -1; the answer
    # without it, -1 where none is drawn.
    Column("shortcut", _TEXT, lacking="", tells="planted shortcuts"),
    Column("shortcut_class", _WHOLE, lacking=-1, tells="planted shortcuts"),
    Column("prediction_without_shortcut", _WHOLE, lacking=-1, tells="planted shortcuts"),
    # Log-odds of the answer beyond their mean over scenes with the same foreground and no shortcut;
    # share of these that keep the answer. NaN where the data set can draw none.
    Column("true_effect", _REAL, 4, tells="what answers owe to planted shortcuts"),
    Column("true_survival", _REAL, 4, tells="what answers owe to planted shortcuts"),
)
RECORD_SCHEMA = pa.schema([(column.name, column.kind) for column in COLUMNS])
_KIND_OF = {_TEXT: "text", _FLAG: "flag", _WHOLE: "whole", _REAL: "real"}


def columns_of(optional: Iterable[str] = ()) -> tuple[Column, ...]:
    """`COLUMNS`, and the figures of optional explainers at their end where there are any."""
    scores = (_localisation(name, 1, f"scores of {name}") for name in optional)
    return COLUMNS + tuple(column for some_of in scores for column in some_of)


def record_schema(optional: Iterable[str] = ()) -> pa.Schema:
    """Return `RECORD_SCHEMA`, with the figures of optional explainers at its end if any."""
    return pa.schema([(column.name, column.kind) for column in columns_of(optional)])


def optional_in(columns: Collection[str]) -> list[str]:
    """Keys of optional explainers that a record, or a table by its columns, has figures of."""
    keys = [column.removesuffix("_mass") for column in columns if column.endswith("_mass")]
    found = [key for key in keys if key not in SCORED and KEY.fullmatch(key)]
    if len(found) > MOST_OPTIONAL:
        raise ValueError(f"it has figures of {len(found):,} explainers")
    return found


def kinds_of(columns: Iterable[Column], names: Collection[str]) -> dict[str, str]:
    """Kinds of columns by the names in a table, as `storage.readers.Table.read` takes them."""
    kinds = {column.name: _KIND_OF[column.kind] for column in columns}
    return {name: kinds[now_called(name)] for name in names if now_called(name) in kinds}


def now_called(name: str) -> str:
    """Give a column its name of today."""
    return FORMERLY.get(name, name)


def stamped(schema: pa.Schema) -> pa.Schema:
    """Return a schema that says by which `VERSION` its records are written."""
    return schema.with_metadata({VERSION_KEY: str(VERSION)})


def lacking_in(names: Collection[str]) -> list[Column]:
    """Columns that a table with these ones lacks."""
    return [column for column in columns_of(optional_in(names)) if column.name not in names]


def unknown_in(names: Collection[str]) -> list[str]:
    """Columns of these that no version up to this one writes."""
    known = set(record_schema(optional_in(names)).names)
    return [name for name in names if name not in known]


def completed(table: pa.Table, columns: Iterable[Column]) -> pa.Table:
    """Put ``columns`` in their order; those that the table lacks hold what stands for nothing."""
    there = dict(zip(table.column_names, table.columns, strict=True))  # a look-up by name is slow
    made: Mapping[str, pa.ChunkedArray] = {
        column.name: there[column.name].cast(column.kind)
        if column.name in there
        else pa.chunked_array([_blank(column, table.num_rows)])
        for column in columns
    }
    return pa.table(dict(made))


def _blank(column: Column, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(column.lacking, column.kind), rows)


def describe_differences(lacking: Iterable[Column], unknown: Iterable[str]) -> Iterator[str]:
    """Yield a line on what records of other versions lack, and on what they have besides."""
    if missing := list(lacking):
        hidden = ", ".join(dict.fromkeys(column.tells for column in missing))
        names = some(column.name for column in missing)
        yield (
            f"an earlier version made its records, without {plural(len(missing), 'column')} "
            f"({names}); not shown: {hidden}"
        )
    if later := list(unknown):
        yield (
            f"a later version made its records, with {plural(len(later), 'column')} more "
            f"({quoted(some(later))}), not read here"
        )

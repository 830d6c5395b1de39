"""What of a run's records is held in memory: the columns that figures are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from audit.core.redact import TOLD, Shown
from audit.report.claims import refuse_values
from audit.storage.packed import Packed
from audit.storage.records import REACHES
from audit.storage.run import RunFolder

PLACE = "place"  # column of the records in memory: which of all records each is
# Columns that no figure rests on, or one that is computed once: half of a record is left.
_OF_SINGLE_IMAGES = re.compile(
    "asked|background_log_odds|background_share_reason|donors|edit_.+|logit|removal_(?!lost$|"
    f"prediction$).+|survival_same|swap_.+|valid_share|verdict_reason|({'|'.join(REACHES)})_.+"
)


def packed_records(run: RunFolder, shown: Shown) -> Packed:
    """Read all records of a run, some thousand at a time; texts are never missing.

    Raises
    ------
    RunFolderError
        A part is missing or torn, or holds what no run writes.
    """
    return Packed(_tidied(run, shown))


def _tidied(run: RunFolder, shown: Shown) -> Iterator[pd.DataFrame]:
    for records in run.batches():
        text = [c for c in records.columns if pd.api.types.is_string_dtype(records[c])]
        records[text] = records[text].fillna("")
        refuse_values(records, run.records_dir)
        for column in TOLD:
            words = {each: shown.text(each) for each in records[column].unique()}
            records[column] = records[column].map(words)
        yield records


def in_memory(packed: Packed) -> pd.DataFrame:
    """Read the columns that figures are made of; images that could not be read come last."""
    unread = (packed.read(["skipped"])["skipped"] != "").to_numpy()
    places = np.argsort(unread, kind="stable")
    columns = [c for c in packed.columns if not _OF_SINGLE_IMAGES.fullmatch(c)]
    return packed.read(columns, places).assign(**{PLACE: places})

"""Runs whose classes are as sensitive to edits of the background as a test wants."""

from dataclasses import replace

from audit.checks.sensitivity.outputs import TABLE, read_sensitivities, table_of
from audit.core.estimate import rate
from audit.core.paired import Difference


def sensitive_to(run, edits, own=None, corrected=1e-6):
    """Give a run other sensitivities: excess, and own flips of 40 answers, by class and edit."""
    flips = {key: round(40 * max(value[0], 0.1)) for key, value in edits.items()} | (own or {})
    given = {"corrected": corrected, "lost": 3.0, "others_lost": 0.2, "kept": 0.3}
    found = [
        replace(each, excess=Difference(*edits[key]), flips=rate(flips[key], 40), **given)
        if (key := (each.target, each.edit)) in edits
        else each
        for each in read_sensitivities(run)
    ]
    run.keep(TABLE.file(run), table_of(found).to_parquet(index=False))

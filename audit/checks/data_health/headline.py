"""The accuracy without leaked images: a figure of the headline table."""

from __future__ import annotations

from audit.checks.base import Headline
from audit.checks.data_health.pairs import leaked_names
from audit.core.estimate import OURS, Estimate, Metric
from audit.report.figures import accuracy
from audit.report.source import Source

_UNLEAKED = Metric(
    key="unleaked_accuracy",
    title="Accuracy without leaked images",
    description=(
        "Test images that have a near-duplicate in another split left out; undefined where that "
        "was not examined."
    ),
    formula="correct predictions / predictions, of the images that are not leaked",
    direction="higher is better; far below the accuracy, that one flatters",
    paper=OURS,
)


def unleaked(source: Source) -> Estimate:
    """Return the accuracy without leaked images; undefined where nobody looked for leaks."""
    leaked = leaked_names(source)
    tested = source.predictions
    kept = tested[~source.images(tested).isin(leaked)] if leaked is not None else tested[:0]
    return accuracy(kept)


HEADLINE = (Headline(_UNLEAKED, unleaked, "accuracy"),)

"""Which layers of a model were taught, and what that was measured against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from audit.mend.score import Score

LAST_LAYER, LAST_BLOCK = "last-layer", "last-block"
LAYERS = (LAST_LAYER, LAST_BLOCK)


@dataclass(frozen=True)
class Layers:
    """Layers that were taught.

    Attributes
    ----------
    asked, kept : str
        Of `LAYERS`.
    scores : dict of Score
        By `LAYERS`, on held-out photographs in folds: of the last layer alone, and of the last
        block where that was asked for.
    facts : dict
        How the block was taught, of JSON's types.
    """

    asked: str
    kept: str
    scores: dict[str, Score]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What was taught, in a sentence, with the figures that decided."""
        if self.asked == LAST_LAYER:
            return "Taught: the last layer."
        block, alone = (self.scores[key].worst for key in (LAST_BLOCK, LAST_LAYER))
        behind = f"the last block, behind {self.facts['behind']}"
        figures = f"{block:.1%} of the worst group of held-out photographs are right"
        if self.kept == LAST_BLOCK:
            return (
                f"Taught: {behind}, and the last layer: {figures}, {alone:.1%} with the last "
                "layer alone."
            )
        return (
            f"Taught: the last layer alone, as {behind}, does not pay: with it {figures}, "
            f"{alone:.1%} without."
        )

    def json(self) -> dict[str, Any]:
        """Return it as ``mend.json`` has it."""
        scores = {key: score._asdict() for key, score in self.scores.items()}
        told = {"asked": self.asked, "kept": self.kept, "words": self.words, "scores": scores}
        return told | self.facts


def known(layers: str) -> str:
    """Return the layers; ConfigError where there are no such."""
    if layers not in LAYERS:
        raise ConfigError(f"layers is {layers!r}, but may be {' or '.join(LAYERS)}.")
    return layers

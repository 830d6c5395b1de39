"""One verdict an image: a pure function of its scores and the thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.score.localisation import Localisation

VERDICTS = (
    "right-reasons",
    "wrong-reasons",
    "suspect",
    "misread",
    "distracted",
    "undecided",
)
CAM_TITLES = {"gradcam": "Grad-CAM", "gradcam++": "Grad-CAM++", "hirescam": "HiResCAM"}
IG_TITLES = {"ig": "Integrated Gradients", "idgi": "IDGI"}


def titles(cam: str = "gradcam", ig_variant: str = "ig") -> dict[str, str]:
    """Titles of the explainers by the prefix of their columns."""
    return {"gradcam": CAM_TITLES[cam], "ig": IG_TITLES[ig_variant]}


@dataclass(frozen=True)
class Verdict:
    """A word of `VERDICTS`, and the evidence that led to it in words."""

    word: str
    reason: str


def judge(
    correct: bool,
    scores: Mapping[str, Localisation],
    chance: float,
    *,
    on_flower_skill: float,
    subject: str,
    named: Mapping[str, str],
) -> Verdict:
    """Sort one prediction by its heatmaps alone.

    ``wrong-reasons`` is never given here: it needs evidence by intervention.

    Parameters
    ----------
    correct : bool
        Whether the prediction is the label.
    scores : Mapping[str, Localisation]
        Scores by explainer.
    chance : float
        The flower's share of the known pixels.
    on_flower_skill : float
        An explainer is on the flower at or above this skill.
    subject : str
        What the mask marks, for the words.
    named : Mapping[str, str]
        The explainers' titles, for the words.
    """
    defined = {name: score for name, score in scores.items() if not score.reason}
    if not defined:
        reasons = sorted({score.reason for score in scores.values()})
        return Verdict("undecided", f"no score is defined: {', '.join(reasons)}")
    on = [name for name, score in defined.items() if score.skill >= on_flower_skill]
    word = {
        (True, True): "right-reasons",
        (True, False): "suspect",
        (False, True): "misread",
        (False, False): "distracted",
    }[correct, bool(on)]
    return Verdict(word, _in_words(correct, defined, on, chance, subject, named))


def _in_words(
    correct: bool,
    defined: Mapping[str, Localisation],
    on: list[str],
    chance: float,
    subject: str,
    named: Mapping[str, str],
) -> str:
    masses = " and ".join(
        f"{named.get(name, name)} has {score.mass:.0%} of its mass"
        for name, score in defined.items()
    )
    outcome = "right" if correct else "wrong"
    where = f"looks at the {subject}" if on else f"looks away from the {subject}"
    return f"{outcome}, and {where}: {masses} on a {subject} that covers {chance:.0%}"

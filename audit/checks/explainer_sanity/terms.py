"""Figures and terms of the checks of explainers, defined."""

from __future__ import annotations

from audit.core.estimate import OURS, Metric
from audit.core.term import Term

_ADEBAYO = "Adebayo et al. 2018, arXiv 1810.03292"
_PETSIUK = "Petsiuk et al. 2018, arXiv 1806.07421"

METRICS = (
    Metric(
        key="random_weights",
        title="Likeness to random weights",
        description=(
            "Between heatmaps of the model and of the same network with all weights drawn anew."
        ),
        formula="Spearman's rank correlation; SSIM of the positive relevance at maximum 1",
        direction="closer to 0 is better",
        paper=f"{_ADEBAYO}; SSIM: Wang et al. 2004, IEEE TIP 13(4)",
    ),
    Metric(
        key="deletion",
        title="Area under deletion",
        description="Probability of the answer as the hottest pixels go out of focus.",
        formula="area under the curve over the share of pixels",
        direction="lower is better",
        paper=_PETSIUK,
    ),
    Metric(
        key="insertion",
        title="Area under insertion",
        description="Probability of the answer as the hottest pixels alone come into focus.",
        formula="area under the curve over the share of pixels",
        direction="higher is better",
        paper=_PETSIUK,
    ),
)

TERMS = (
    Term(
        "Centre Gaussian",
        "A heatmap that looks at no image: a bell in the middle. An explainer that knows more "
        "beats it.",
        OURS,
        "trust.html",
        ("centre_skill",),
    ),
    Term(
        "Deletion, insertion",
        "The hottest pixels are taken out of focus, or shown alone in focus, ever more of them. A "
        "faithful heatmap loses the answer early and wins it early.",
        "Petsiuk et al. 2018, arXiv 1806.07421",
        "trust.html",
        ("deletion", "insertion"),
    ),
    Term(
        "Gain over random pixels",
        "How much better the area under the curve is than that of pixels in random order, image by "
        "image. Above 0 is better.",
        "Petsiuk et al. 2018, arXiv 1806.07421",
        "trust.html",
    ),
    Term(
        "SSIM",
        "Structural similarity of two pictures: 1 is the same.",
        "Wang et al. 2004, IEEE TIP 13(4)",
        "trust.html",
    ),
)

"""Figures beside the headline: what stands on other pages, defined as the headline is."""

from __future__ import annotations

from audit.core.estimate import OURS, Metric
from audit.report.figures import SHAPLEY

_ADEBAYO = "Adebayo et al. 2018, arXiv 1810.03292"
_PETSIUK = "Petsiuk et al. 2018, arXiv 1806.07421"
_HENDRYCKS = "Hendrycks and Dietterich 2019, arXiv 1903.12261"
_LOWER, _HIGHER = "lower is better", "higher is better"


def _metric(
    key: str, title: str, description: str, formula: str, direction: str, paper: str
) -> Metric:
    return Metric(key, title, description, formula, direction, paper, "percent")


OTHER_METRICS = (
    _metric(
        "log_odds",
        "Log-odds",
        "What causes are measured in: how much likelier a class is than all others together.",
        "log(p / (1 - p)), p the softmax of the logits",
        "neither; 0 is as likely as not",
        "",
    ),
    _metric(
        "effects",
        "Effect of the background, of the subject",
        "What each adds to the log-odds of the predicted class: v(FB) the image, v(F) the subject "
        "on donors' backgrounds, v(B) the image without its subject, v(0) donors' backgrounds.",
        "phi_B = ((v(B) - v(0)) + (v(FB) - v(F))) / 2; phi_F = ((v(F) - v(0)) + (v(FB) - v(B))) / "
        "2; phi_F + phi_B = v(FB) - v(0)",
        "the background's: lower is better",
        SHAPLEY,
    ),
    _metric(
        "removal_lost",
        "Cost of a region",
        "What filling a region takes from the predicted class, less what its worst control takes.",
        "log-odds of the image - log-odds with the region filled",
        _LOWER,
        OURS,
    ),
    _metric(
        "verdict_score",
        "Score of a verdict",
        "How much accuses an image, whatever the thresholds: its order in the gallery.",
        "(2 (1 - (1 - background share)(1 - p)) + 1 - max(skill, 0)) / 3, p the probability that "
        "the answer is lost without the region beyond its controls, skill that of the class "
        "activation map",
        _LOWER,
        OURS,
    ),
    _metric(
        "confidence",
        "Confidence",
        "Of one answer.",
        "softmax of the predicted class",
        "neither: it need not be right",
        "",
    ),
    _metric(
        "stands_out",
        "Stands out (★)",
        "A class with more wrong reasons than all others together.",
        "Fisher's exact test, one-sided; p-values adjusted, at most 0.05",
        "neither",
        "Fisher 1935; Benjamini and Hochberg 1995",
    ),
    _metric(
        "completeness",
        "Completeness error",
        "By how much a heatmap of gradients misses the sum that it explains.",
        "|sum(R) - (F(x) - F(x'))| / |F(x) - F(x')|",
        _LOWER,
        "Sundararajan et al. 2017, arXiv 1703.01365",
    ),
    _metric(
        "shortcut_effect",
        "Effect of a shortcut",
        "What a group's backgrounds add to the log-odds of its class under other classes' "
        "subjects, each background one observation; proven where a one-sided Mann-Whitney test "
        "holds at 5% after Holm's correction, the interval lies above 0, and it reaches 1.",
        "mean over subjects, then backgrounds, of log-odds on the group's backgrounds - the same "
        "on random backgrounds",
        _LOWER,
        "Mann and Whitney 1947; Holm 1979; this audit",
    ),
    _metric(
        "shortcut_prevalence",
        "Prevalence of a shortcut",
        "How much of what the model calls a class holds it, of the images that were grouped.",
        "images of the group / explained predictions of the class",
        _LOWER,
        OURS,
    ),
    _metric(
        "random_weights",
        "Likeness to random weights",
        "Between heatmaps of the model and of the same network with all weights drawn anew.",
        "Spearman's rank correlation; SSIM of the positive relevance at maximum 1",
        "closer to 0 is better",
        f"{_ADEBAYO}; SSIM: Wang et al. 2004, IEEE TIP 13(4)",
    ),
    _metric(
        "deletion",
        "Area under deletion",
        "Probability of the answer as the hottest pixels go out of focus.",
        "area under the curve over the share of pixels",
        _LOWER,
        _PETSIUK,
    ),
    _metric(
        "insertion",
        "Area under insertion",
        "Probability of the answer as the hottest pixels alone come into focus.",
        "area under the curve over the share of pixels",
        _HIGHER,
        _PETSIUK,
    ),
    _metric(
        "corruption_error",
        "Mean corruption error",
        "Wrong answers under corruptions; not divided by a baseline's, which takes a second model.",
        "error rate, averaged over severities, then over corruptions",
        _LOWER,
        _HENDRYCKS,
    ),
    _metric(
        "corruption_cost",
        "Error above clean",
        "What a corruption adds to the errors on the same images.",
        "mean error over severities - error on the clean images",
        _LOWER,
        OURS,
    ),
    _metric(
        "rank_correlation",
        "Rank correlation under corruption",
        "How alike the heatmaps of the clean and the corrupted image are, where the answer holds.",
        "Spearman's, on the pixels that both show",
        _HIGHER,
        "Spearman 1904",
    ),
    _metric(
        "mass_change",
        "Change of mass under corruption",
        "Whether relevance leaves the subject, where the answer holds.",
        "mass of the corrupted image - mass of the clean one",
        "below 0 is off the subject",
        OURS,
    ),
    _metric(
        "found",
        "Found, precision, false alarms",
        "Of a signal, where the truth of each image is known.",
        "cases accused / cases; cases accused / accused; others accused / others",
        "higher, higher, lower",
        "",
    ),
    _metric(
        "auroc",
        "AUROC",
        "How often a case scores above another image; ties count half.",
        "area under the ROC curve",
        "higher is better; 0.5 is guessing",
        "Hanley and McNeil 1982, Radiology 143(1)",
    ),
)

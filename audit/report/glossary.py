"""Every term that a reader of the report meets, in one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from audit.checks.registry import every
from audit.core.estimate import OURS
from audit.core.term import Term
from audit.explainers.base import About
from audit.report.figures import ACCURACY, ARRAS, RECALL, SHAPLEY, ZHANG, as_recall
from audit.report.verdicts import VERDICT_KINDS
from audit.verdict.verdict import Verdict

_VERDICT_TERMS = tuple(
    Term(
        v.title,
        f"Verdict. {v.meaning} Given to {v.given_to}.",
        OURS,
        "methods.html#verdicts",
        {Verdict.WRONG_REASONS: ("wrong_reasons_share",), Verdict.SUSPECT: ("suspect_share",)}.get(
            v.key, ()
        ),
    )
    for v in VERDICT_KINDS
)

_TERMS = (
    Term(
        "Accuracy",
        "Share of the test images whose predicted class is the true one.",
        figures=("accuracy", "tested_accuracy"),
    ),
    Term(
        "AUROC",
        "Area under the ROC curve: how often a case scores above another image. 0.5 is guessing, 1 "
        "tells all cases from all others.",
        "Hanley and McNeil 1982, Radiology 143(1)",
        figures=("auroc",),
    ),
    Term(
        "Augmentation",
        "Changing training images at random (turned, enlarged, brighter), so that a model does not "
        "learn them by heart.",
        page="training.html",
    ),
    Term(
        "Backbone, head",
        "The network's part that makes feature maps of an image, often trained elsewhere, and the "
        "part that makes classes of them.",
    ),
    Term(
        "Background",
        "What lies surely off the {subject}: its mask, the mask's unknown border and 3 px more are "
        "taken out.",
    ),
    Term(
        "Background swap",
        "The {subject} is put on other backgrounds; survival is the share on which the answer "
        "stays.",
        OURS,
        figures=("survival",),
    ),
    Term(
        "Baseline image",
        "Where the path of an explainer by gradients starts: an image that says nothing, black for "
        "example.",
    ),
    Term(
        "Beyond doubt",
        "Said of a figure whose whole 95% interval lies beyond a limit. Where the interval holds "
        "the limit, the two cannot be told apart.",
        page="findings.html#what-was-asked",
    ),
    Term(
        "Bootstrap interval",
        "The 95% interval of a mean: the middle 95% of the means of 2,000 resamples of the images. "
        "Too narrow with few images.",
        "Efron 1979, Annals of Statistics 7(1)",
    ),
    Term(
        "Case",
        "In the gallery: one explained image. Where the truth is known: a right prediction "
        "that owes 1 log-odds or more to its background and is lost on at least half of the "
        "others.",
    ),
    Term(
        "Chance",
        "The {subject}'s area as a share of the pixels that are known: the mass that a uniform "
        "heatmap would have.",
        figures=("chance",),
    ),
    Term(
        "Coalition value",
        "Mean log-odds of the explained class over donors' backgrounds, with only some parts of "
        "the image kept: what Shapley values are made of.",
        SHAPLEY,
    ),
    Term(
        "Completeness",
        "An explanation adds up when the sum of its relevance is the change of the logit that it "
        "explains. The completeness error is by how much it does not.",
        "Sundararajan et al. 2017, arXiv 1703.01365",
        figures=("completeness",),
    ),
    Term(
        "Composite",
        "A picture that was never taken: a {subject} pasted on a background, or a background with "
        "its {subject} filled in. Composites cost accuracy by themselves.",
        figures=("pasted_accuracy",),
    ),
    Term(
        "Confidence",
        "What the model's softmax gives to the class that it predicts. It need not be right.",
        figures=("confidence",),
    ),
    Term(
        "Control",
        "A region of the same shape, area and distance to the middle elsewhere in the background, "
        "filled like the region that is tested: what filling costs anywhere.",
        OURS,
    ),
    Term(
        "Decision",
        "What the bar on top says. Do not ship: a figure is beyond its limit with its whole "
        "interval. Within limits: all keep to theirs with their whole intervals. Not shown: "
        "neither can be said.",
    ),
    Term(
        "Donor",
        "An image of another class whose background, its {subject} filled in, is lent to others. "
        "The same donors for an image in every run.",
        OURS,
    ),
    Term(
        "Explained class",
        "The class whose logit is explained: the predicted one, right or wrong.",
    ),
    Term("Explainer", "A method that gives an image and a class a heatmap."),
    Term(
        "False alarms",
        "Of the images that are no cases, how many a signal accuses.",
        figures=("found",),
    ),
    Term(
        "Forward pass",
        "One image shown to the model once: what the cost of an audit is counted in.",
    ),
    Term(
        "Feature map",
        "What a layer of the network makes of an image, in few cells: a class activation map is "
        "drawn on the last one.",
    ),
    Term(
        "Gate",
        "Limits that a run is held to by flower-audit check. A gate fails where a limit is broken "
        "beyond doubt.",
    ),
    Term(
        "Heatmap",
        "A number for each pixel: how much it speaks for the class. Shown is the positive part, "
        "each on its own scale.",
    ),
    Term(
        "Interval",
        "Where a figure may lie, given the noise of few images: 95% intervals hold the true value "
        "in 95 of 100 runs. They say nothing of images of another kind.",
    ),
    Term(
        "Intervention",
        "The model is shown a changed picture, and its answer is the evidence: the background is "
        "filled, swapped or left alone.",
        OURS,
    ),
    Term(
        "Log-odds",
        "log(p / (1 - p)): 0 is as likely as not, every 0.7 more doubles the odds.",
        figures=("log_odds",),
    ),
    Term("Logit", "The model's raw output for a class, before the softmax."),
    Term(
        "Limit",
        "The value above which a figure becomes a finding, or a gate fails. In the tables of "
        "findings they are this audit's own; a gate's are those that were asked for.",
        page="findings.html#what-was-asked",
    ),
    Term(
        "Masks by hand",
        "The same figure over those images alone whose mask no machine made.",
    ),
    Term(
        "Loss",
        "What training makes small: the cross-entropy of the answers, 0 where each is right and "
        "certain.",
        page="training.html",
    ),
    Term(
        "Mass",
        "Relevance mass accuracy: the share of the positive relevance that lies on the {subject}.",
        ARRAS,
        figures=("*_mass", "mass_change"),
    ),
    Term(
        "n",
        "How many images a figure rests on. What is undefined is counted beside it and never read "
        "as 0.",
    ),
    Term(
        "Not asked",
        "Questions that could not change the verdict any more, so the model was not shown them. "
        "The order and the rule for stopping are the same for every image.",
        page="methods.html#verdicts",
    ),
    Term(
        "Number of a class",
        "Classes are numbered from 0, in the order of the data set, on every page and in the "
        "tables to download.",
        page="classes.html",
    ),
    Term(
        "p-value",
        "How often chance alone would show as much or more. Where it says Holm, it is adjusted for "
        "all the tests of its table.",
        "Holm 1979, Scandinavian Journal of Statistics 6(2)",
    ),
    Term(
        "Pointing hit",
        "The hottest pixel lies on the {subject}; ties count by fraction.",
        ZHANG,
        figures=("*_pointing",),
    ),
    Term("Precision", "Of the images that a signal accuses, how many are cases."),
    Term(
        "Rank accuracy",
        "Of as many of the hottest pixels as the {subject} has, the share that lies on it.",
        ARRAS,
        figures=("*_rank_accuracy",),
    ),
    Term(
        "Rank correlation",
        "How alike the order of two heatmaps' pixels is: 1 is the same, 0 no relation.",
        "Spearman 1904, American Journal of Psychology 15(1)",
        figures=("rank_correlation", "random_weights"),
    ),
    Term(
        "Rank of evidence",
        "The order of classes by what accuses them: first those that stand out, then by the lower "
        "end of the interval of wrong reasons among right, by that rate, and by how many are "
        "suspect. Classes without a right prediction that was tested and judged come last.",
        page="classes.html",
    ),
    Term(
        "Relevance",
        "What a heatmap gives to a pixel: above 0 it speaks for the class, below 0 against it.",
    ),
    Term(
        "Right, wrong",
        "Whether the predicted class is the label. Where images may have several labels, each "
        "label that is there is asked about alone: right where the model says that it is there.",
    ),
    Term(
        "ROC curve",
        "Cases found against false alarms, as a signal accuses more and more images.",
    ),
    Term(
        "Seed",
        "A number from which all chance of a run is drawn: the same seed gives the same run.",
    ),
    Term(
        "Severity",
        "Of a corruption: 1 (mild) to 5 (severe). Of a finding: blocks shipping, look at it, for "
        "information.",
    ),
    Term(
        "Shapley value",
        "A fair way to share out a gain between players: each gets its mean contribution over all "
        "orders of joining. Here the players are {subject} and background.",
        "Shapley 1953",
    ),
    Term(
        "Share of all",
        "How many of all explained images have this verdict.",
    ),
    Term(
        "Skill",
        "Mass corrected for the {subject}'s size: (mass - chance) / (1 - chance). 0 at chance, 1 "
        "when all mass is on the {subject}.",
        OURS,
        figures=("*_skill",),
    ),
    Term(
        "Targeted removal",
        "The hottest region off the {subject} is filled in: does the answer change?",
        OURS,
        figures=("removal_lost",),
    ),
    Term(
        "Undefined",
        "A figure that has no value, with the reason: an empty mask, a heatmap with no positive "
        "relevance. It is counted, and never read as 0.",
    ),
    Term(
        "Verdict",
        "One word an image: whether the prediction is right, and why. See the six verdicts.",
        OURS,
        "methods.html#verdicts",
    ),
    Term(
        "View",
        "With test-time augmentation: the image, its mirror image, or a part of it. Answers and "
        "explanations are averaged over views.",
    ),
    Term(
        "Wilson interval",
        "The 95% interval of a rate; it holds with few images and at 0% too, where its upper end "
        "says what may have been missed.",
        "Wilson 1927, JASA 22",
    ),
)


def glossary(explainers: Mapping[str, About], subject: str, *, several: bool = False) -> list[Term]:
    """Return all terms in alphabetical order, the subject and the explainers by their names.

    Parameters
    ----------
    several : bool
        Whether images may have several labels, of which recall is measured.
    """
    explained = [
        Term(a.title, a.description, a.citation, "trust.html") for a in explainers.values()
    ]
    own = [term for check in every() for term in check.terms]
    given = (*_TERMS, *_VERDICT_TERMS, *own)
    named = map(_of_labels, given) if several else given
    terms = [_about(t, subject, explainers) for t in named]
    return sorted([*terms, *explained], key=lambda t: t.term.lower())


def _of_labels(term: Term) -> Term:
    if ACCURACY.key in term.figures:
        return replace(term, term=RECALL.title, meaning=RECALL.description)
    return replace(term, term=as_recall(term.term), meaning=as_recall(term.meaning))


def _about(term: Term, subject: str, keys: Iterable[str]) -> Term:
    name, meaning = (text.replace("{subject}", subject) for text in (term.term, term.meaning))
    figures = [f.replace("*", key) for f in term.figures for key in (keys if "*" in f else ("",))]
    return replace(term, term=name, meaning=meaning, figures=tuple(figures))

"""A classifier of several labels asked about one: for explainers that ask for themselves."""

from __future__ import annotations

from copy import copy
from typing import Any, TypeVar

import numpy as np

from audit.core.logits import label_of, of_label
from audit.models.base import Classifier

Asked = TypeVar("Asked", bound=Classifier)


def asked_about(classifier: Asked, label: int) -> Asked:
    """Return a classifier whose logits answer for one label; itself where an image has one class.

    What gradients are of is told by their targets anyway.
    """
    if not classifier.several:
        return classifier
    asked: Any = copy(classifier)
    asked.logits = lambda images: of_label(np.asarray(classifier.logits(images)), label)
    return asked


def of_target(classifier: Asked, target: int) -> Asked:
    """Return `asked_about` the label that an answer is of: that it is there, or that it is not."""
    return asked_about(classifier, label_of(target, classifier.classes))

"""Terms of groups."""

from __future__ import annotations

from audit.checks.groups.headline import BELOW, SAGAWA, WORST
from audit.core.term import Term

TERMS = (
    Term(
        "Group",
        "Images that share a value of a column that was given with them: a background, a camera, "
        "a site.",
        page="groups.html",
    ),
    Term(
        "Worst-group accuracy",
        "The lowest accuracy of a class in a group, of those with at least 10 test images. Its "
        "interval allows for picking the lowest of many.",
        SAGAWA,
        page="groups.html",
        figures=(WORST.key, BELOW.key),
    ),
)

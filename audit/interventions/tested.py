"""Findings of the interventions on one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.core.questions import NOT_ASKED
from audit.interventions.causal import Causes
from audit.verdict.verdict import UNTESTED

REACH = 3 / 224  # by how much masks are grown and shrunk for `fragile`, in shares of the side
_NOTHING = Causes(UNTESTED)
UNMOVED = Causes(NOT_ASKED)  # in place of what moved masks show, where that changes no verdict


@dataclass(frozen=True)
class Tested:
    """Outcome of interventions, also with the mask grown and shrunk.

    Attributes
    ----------
    region : bool ``(H, W)``
        The region of ``causes.removal``; None where there is none.
    donors : list of int
        Places in the pool.
    """

    causes: Causes = _NOTHING
    grown: Causes = _NOTHING
    shrunk: Causes = _NOTHING
    region: NDArray[np.bool_] | None = None
    donors: Sequence[int] = ()

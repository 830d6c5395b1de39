"""Registries of what other packages may bring, by key: nothing is imported to list them.

They stand below everything, and name what they list as text, so that settings can say which
explainers there are without an arrow up to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.registry import Registry, find

if TYPE_CHECKING:
    from audit.explainers.base import Explainer

JUDGED = ("gradcam", "ig")  # keys of the explainers that a verdict rests on
STAND_IN = "occlusion"  # proposes regions where these are not available: it asks for answers alone

EXPLAINERS: Registry[type[Explainer]] = Registry(
    "explainer",
    "flower_audit.explainers",
    {
        "gradcam": "audit.explainers.judged:GradCam",
        "ig": "audit.explainers.judged:IntegratedGradients",
        "occlusion": "audit.explainers.occlusion:Occlusion",
        "lime": "audit.explainers.lime:Lime",
        "shap": "audit.explainers.shap:Shap",
    },
    lambda key, brought: find("audit.explainers.registry:fault")(key, brought),
)

"""The two explainers that verdicts rest on, as the registry lists them.

The engine runs their code itself (`explainers.gradcam`, `explainers.integrated_gradients`):
Grad-CAM comes out of the pass that predicts, and Integrated Gradients take as many steps as an
image's scores need, which its record tells (``ig_steps``, ``ig_completeness_error``). Called from
here, they are what they are everywhere, at the cost of a pass or of a fixed number of steps.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray

from audit.explainers.base import About, Explainer

if TYPE_CHECKING:
    from audit.models.base import Classifier, Differentiable

STEPS = 8  # gradients of Integrated Gradients, where nobody asks its scores: ranks settle early


def _differentiable(classifier: Classifier) -> Differentiable:
    """Take a classifier for one that has feature maps and gradients."""
    return cast("Differentiable", classifier)


class Compiled(Explainer):
    """An explainer that is compiled for a model, and keeps that for the next call."""

    _last: tuple[Any, Any] | None = None

    def compiled(self, classifier: Classifier) -> Any:
        """Return what explains images and targets for one model."""
        if self._last is None or self._last[0] is not classifier:
            self._last = classifier, self._compile(classifier)
        return self._last[1]

    @abstractmethod
    def _compile(self, classifier: Classifier) -> Any: ...


class GradCam(Compiled):
    """Class activation maps, enlarged to the images' size: 0 or more.

    Parameters
    ----------
    kind : str
        One of `variants`.
    """

    key = "gradcam"
    judged = True
    setting = "cam"
    variants: ClassVar[Mapping[str, About]] = {
        "gradcam": About(
            "Grad-CAM",
            "Selvaraju et al. 2017, arXiv 1610.02391",
            "Explains an answer by feature maps weighted by their mean gradient; computed at the "
            "feature map's own size and enlarged bilinearly.",
        ),
        "gradcam++": About(
            "Grad-CAM++",
            "Chattopadhay et al. 2018, arXiv 1710.11063",
            "Explains an answer by feature maps weighted by their positive gradients, places that "
            "matter more counting more; computed at the feature map's own size and enlarged "
            "bilinearly.",
        ),
        "hirescam": About(
            "HiResCAM",
            "Draelos and Carin 2020, arXiv 2011.08891",
            "Explains an answer by feature maps times their gradient at each place, summed over "
            "channels; computed at the feature map's own size and enlarged bilinearly.",
        ),
    }

    def __init__(self, kind: str = "gradcam") -> None:
        self.kind = kind
        self.title, self.citation, self.description = self.variants[kind]

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Make the kind that ``cam`` says."""
        return cls(settings.get("cam", "gradcam"))

    def __call__(
        self,
        images: NDArray[np.float32],
        targets: NDArray[np.int64],
        classifier: Classifier,
        names: Sequence[str],
    ) -> NDArray[np.float32]:
        """Explain a class of each image; see `Explainer`."""
        from audit.core.geometry import upsample

        coarse = self.compiled(classifier)(images, targets).heatmaps
        return np.stack([upsample(heatmap, images.shape[1:3]) for heatmap in coarse])

    def _compile(self, classifier: Classifier) -> Any:
        from audit.explainers.over_views import grad_cam

        return grad_cam(_differentiable(classifier), self.kind)


class IntegratedGradients(Compiled):
    """Gradients along the path from a baseline image, summed over the colour channels.

    Parameters
    ----------
    steps : int
        Gradients an image.
    baseline : str
        Where the path starts.
    variant : str
        One of `variants`.
    """

    key = "ig"
    judged = True
    setting = "ig_variant"
    variants: ClassVar[Mapping[str, About]] = {
        "ig": About(
            "Integrated Gradients",
            "Sundararajan et al. 2017, arXiv 1703.01365",
            "Explains an answer by gradients along the straight path from a baseline image, added "
            "until mass and rank accuracy have settled within 0.01 unless a number or a tolerance "
            "was asked for.",
        ),
        "idgi": About(
            "IDGI",
            "Yang et al. 2023, arXiv 2303.14242",
            "Explains an answer by each step's change of the logit along the straight path from a "
            "baseline image, shared out by the squared gradient where the step starts; steps are "
            "added until mass and rank accuracy have settled within 0.01 unless a number was asked "
            "for.",
        ),
    }

    def __init__(
        self,
        steps: int = STEPS,
        baseline: str = "black",
        variant: str = "ig",
    ) -> None:
        self.settings = steps, baseline, variant
        self.title, self.citation, self.description = self.variants[variant]

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Make the variant with the path and number of gradients that settings with ``ig_`` say."""
        steps = settings.get("ig_steps", "auto")
        return cls(
            STEPS if steps == "auto" else steps,
            settings.get("ig_baseline", "black"),
            settings.get("ig_variant", "ig"),
        )

    @classmethod
    def for_ranks(cls, settings: Mapping[str, Any]) -> Self:
        """Make the plain explainer with `STEPS` gradients, whatever a run's scores rest on."""
        return cls()

    def __call__(
        self,
        images: NDArray[np.float32],
        targets: NDArray[np.int64],
        classifier: Classifier,
        names: Sequence[str],
    ) -> NDArray[np.float32]:
        """Explain a class of each image; see `Explainer`."""
        return np.asarray(self.compiled(classifier)(images, targets).heatmaps)

    def _compile(self, classifier: Classifier) -> Any:
        from audit.explainers.over_views import integrated_gradients

        made = integrated_gradients(_differentiable(classifier), *self.settings)
        if self._last is not None:  # the same model under other weights: it costs the same
            made.batch_size = self._last[1].batch_size
        return made

"""The protocol of classifiers: what an audit needs of one, whatever it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from audit.core.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from audit.core.observation import Observation


class FeatureGradient(NamedTuple):
    """Answers, and what class activation maps are made of.

    Attributes
    ----------
    logits : float32 ``(n, classes)``
    targets : int64 ``(n,)``
        The explained class: the one asked for, else the predicted one.
    features : float32 ``(n, h, w, c)``
    gradients : float32 ``(n, h, w, c)``
        Of the explained class's logit by ``features``.
    """

    logits: NDArray[np.float32]
    targets: NDArray[np.int64]
    features: NDArray[np.float32]
    gradients: NDArray[np.float32]


class Classifier(Protocol):
    """An image classifier whose logits can be had.

    Attributes
    ----------
    model : object
        As it was given or trained.
    input : ImageInput
        What it takes: RGB or grey, whole numbers or not.
    input_size : int
        Side of the square input in pixels.
    classes : int
        Number of logits.
    units : int
        Number of the model's own outputs: 1 for one unit that tells two classes apart.
    scaling : str
        What the model wants for pixels; images come as RGB in 0..255.
    end : str
        What was taken off the model to reach the logits.
    feature_layer : str
        Path of the layer that Grad-CAM reads.
    feature_shape : tuple of int
        Height, width and channels of its map.
    seen_range : tuple of float
        What its first weights read for black and white images, as far as that can be seen.
    several : bool
        Whether an image may have several labels: then it has two logits a label, as
        `audit.core.logits` says, and ``classes`` counts all. Default: no.
    lacks : mapping of str
        Why explainers that verdicts rest on are not available, by key, to be read after "because";
        empty where feature maps, gradients and other weights can be had.
    concurrent : bool
        Whether several threads may ask it at once, and gain by it. Default: no, as functions of
        others may not bear it, and hooks on modules are seen by all threads.
    """

    model: Any
    input: Any
    input_size: int
    classes: int
    units: int
    scaling: str
    end: str
    feature_layer: str
    feature_shape: tuple[int, ...]
    seen_range: tuple[float, float]
    several: bool = False
    lacks: Mapping[str, str]
    concurrent: bool = False

    def logits(self, images: NDArray[np.float32]) -> Any:
        """Return float32 logits ``(n, classes)`` of images ``(n, H, W, 3)`` in 0..255."""

    def features(self, images: NDArray[np.float32]) -> Any:
        """Return float32 feature maps ``(n, h, w, c)`` of images ``(n, H, W, 3)`` in 0..255."""

    def untrained(self, seed: int) -> Classifier:
        """Return a classifier of the same form with weights drawn anew."""

    def with_head(self, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> Classifier:
        """Return a classifier of the same features under another head."""

    def each_alone(self) -> Classifier:
        """Return the classifier whose outputs are read each by itself: of several labels."""

    def observations(self) -> Sequence[Observation]:
        """Observe what the model was taken for, for a preflight."""

    def describe(self) -> str:
        """Return one line that says what was found."""


def refuse_other_head(
    classifier: Classifier, kernel: NDArray[np.float32], bias: NDArray[np.float32]
) -> None:
    """Raise `ModelError` where a dense layer does not read a classifier's pooled feature map."""
    channels = classifier.feature_shape[-1]
    if kernel.shape != (channels, len(bias)):
        raise ModelError(
            f"A head of shape {kernel.shape} with {len(bias)} biases does not fit "
            f"{classifier.feature_layer}, which has {channels} channels."
        )


class Differentiable(Classifier, Protocol):
    """A classifier of any framework whose gradients can be had."""

    def untrained(self, seed: int) -> Differentiable:
        """Return a classifier of the same form with weights drawn anew."""

    def with_head(self, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> Differentiable:
        """Return a classifier of the same features under another head."""

    def each_alone(self) -> Differentiable:
        """Return the classifier whose outputs are read each by itself: of several labels."""

    def gradient(
        self, images: NDArray[np.float32], targets: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return gradients ``(n, H, W, 3)`` of targets' logits by images, and all logits."""

    def feature_gradient(
        self, images: NDArray[np.float32], targets: NDArray[np.int64] | None = None
    ) -> FeatureGradient:
        """Return feature maps and gradients of a class's logit by them; default: the predicted."""

"""The class of explainers: what one says of itself, and one call."""

from __future__ import annotations

import hashlib
import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

from audit.core.errors import ConfigError

if TYPE_CHECKING:  # the command line lists explainers in half a second
    import numpy as np
    from numpy.typing import NDArray

    from audit.models.base import Classifier

PASS = 8  # images a forward pass; more cost a processor memory and save it no time


def seed_of(name: str) -> int:
    """Return an image's seed, 0..2**32 - 1, by its name alone: the same in every run and batch."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:4])


class About(NamedTuple):
    """A report's texts on an explainer.

    Attributes
    ----------
    title : str
        What it is called, in a few words.
    citation : str
        The paper: author, year and where to find it.
    description : str
        How it explains, in a sentence or two, for the glossary.
    """

    title: str
    citation: str
    description: str


class Extra(NamedTuple):
    """An explainer's needs besides flower-audit.

    Attributes
    ----------
    install : str
        What ``pip install`` takes for it: ``flower-audit[lime]``.
    modules : tuple of str
        What is imported of it.
    """

    install: str
    modules: tuple[str, ...]


class Explainer(ABC):
    """Attribute a class's logit to the pixels of an image.

    Reports and ``--help`` list explainers by what their classes say, on machines where they cannot
    run: what is heavy is imported by the call. An instance is one explainer under its settings.

    Attributes
    ----------
    key : str
        Its name on the command line, and what its columns begin with: ``lime``, ``lime_mass``.
    title, citation, description : str
        As `About` has them.
    judged : bool
        Whether verdicts rest on it. They do on Grad-CAM and Integrated Gradients alone, which the
        engine fuses with its prediction; all others are asked about the images chosen for them.
    storage : str
        How its heatmaps are kept, for the report to draw; scores are taken before. ``segments``: of
        few values, without loss. ``dense``: within 2**-10 of each value, or 2**-24 of the largest.
        Those that verdicts rest on are of every image, and kept coarser: see
        `audit.storage.heatmaps`.
    extra : Extra, optional
        What it needs besides; looked for before any work.
    setting : str
        The setting that chooses among its `variants`; "" without any.
    variants : mapping of About
        What is said of each, by the value of `setting`; that of its key is the default.
    """

    key: ClassVar[str]
    title: str
    citation: str
    description: str
    judged: ClassVar[bool] = False
    storage: ClassVar[Literal["dense", "segments"]] = "dense"
    extra: ClassVar[Extra | None] = None
    setting: ClassVar[str] = ""
    variants: ClassVar[Mapping[str, About]] = {}

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Make the explainer under a run's settings, by their names."""
        return cls()

    @classmethod
    def for_ranks(cls, settings: Mapping[str, Any]) -> Self:
        """Make it for checks that compare orders of pixels, where it may do with less work."""
        return cls.of(settings)

    @abstractmethod
    def __call__(
        self,
        images: NDArray[np.float32],
        targets: NDArray[np.int64],
        classifier: Classifier,
        names: Sequence[str],
    ) -> NDArray[np.float32]:
        """Explain a class of each image.

        Parameters
        ----------
        images : float32 ``(n, H, W, 3)``
            RGB, 0..255, at the model's input size.
        targets : int64 ``(n,)``
            The class to explain, of each image.
        classifier : Classifier
            ``classifier.logits(images)`` gives float32 logits ``(n, classes)``.
        names : sequence of str
            Of the images: chance is seeded by them (`seed_of`), so that neither the order nor the
            batch changes a heatmap.

        Returns
        -------
        float32 ``(n, H, W)``
            Signed, above 0 where a pixel speaks for the class, never normalised; NaN all over an
            image where it is undefined.
        """

    @property
    def about(self) -> About:
        """A report's texts on it."""
        return About(self.title, self.citation, self.description)

    def libraries(self) -> list[Any]:
        """Import the modules of `extra`, in their order.

        Raises
        ------
        ConfigError
            One is not installed.
        """
        if self.extra is None:
            return []
        try:
            return [importlib.import_module(name) for name in self.extra.modules]
        except ImportError:
            raise ConfigError(
                f"{self.title} needs a package: pip install {self.extra.install!r}, or leave it "
                "out of --explainers."
            ) from None

"""Model and explainers on one batch: predictions, heatmaps and counterfactuals."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy

import numpy as np
from numpy.typing import NDArray

from audit.core.abreast import streams
from audit.core.clock import Clock
from audit.core.logits import of_label, predicted
from audit.core.registries import STAND_IN
from audit.datasets.dataset import Counterfactual, Dataset, Item
from audit.datasets.decode import resize
from audit.execution.optional import OptionalExplainers
from audit.execution.record import Explanation, Known
from audit.explainers.gradcam import Explained
from audit.explainers.integrated_gradients import Enough
from audit.explainers.lacking import stand_ins
from audit.explainers.over_views import grad_cam, integrated_gradients
from audit.explainers.settle import Complete, ScoresSettled
from audit.interventions.budget import Budget
from audit.interventions.causal import log_odds
from audit.interventions.explained import ExplainedImage
from audit.interventions.interventions import Interventions
from audit.interventions.pool import BackgroundPool
from audit.interventions.tested import Tested
from audit.masks.sample import Sample
from audit.models.askedabout import asked_about
from audit.models.base import Differentiable
from audit.settings import Config


class HaltedError(Exception):
    """Raised in threads whose explanations nobody waits for any more."""


Scenes = tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]


class Engine:
    """Explainer of batches, with the compiled functions.

    Parameters
    ----------
    images : int
        How many the sweep explains: a sample of them is asked more than their verdicts need, all of
        a few.

    Attributes
    ----------
    clock : Clock
        Where the time of a sweep goes.
    optional : OptionalExplainers or None
        Explains chosen images by LIME and SHAP, where they are asked for.
    streams : int
        Threads that may explain at once; optional explainers seed what all of a process share.
    lacks : mapping of str
        As the classifier has it.
    """

    def __init__(
        self,
        classifier: Differentiable,
        dataset: Dataset | Counterfactual,
        config: Config,
        pool: BackgroundPool | None = None,
        optional: OptionalExplainers | None = None,
        images: int = 0,
    ) -> None:
        self.size, self.lacks = classifier.input_size, classifier.lacks
        self.clock = Clock()
        self.optional = optional
        self.streams = streams() if classifier.concurrent and not optional else 1
        self._halted = False
        self._counterfactual = dataset if isinstance(dataset, Counterfactual) else None
        self._painter = ThreadPoolExecutor(1)
        self._config = config
        self._classifier = classifier
        self._gradcam = grad_cam(classifier, config.explain.cam)
        self._several = classifier.several
        steps = None if config.explain.ig_steps == "auto" else config.explain.ig_steps
        self._ig = integrated_gradients(
            classifier,
            steps,
            config.explain.ig_baseline,
            config.explain.ig_variant,
        )
        self._ig.heed = self._heed
        scan = config.intervene.interventions == "full"
        adaptive = config.intervene.budget == "adaptive"
        self._interventions = pool and Interventions(
            self._logits,
            pool,
            scan=scan,
            budget=Budget.of(config.verdict, images) if adaptive else None,
            features=None if classifier.lacks else self._features,
            several=classifier.several,
        )
        self._stand_ins = stand_ins(classifier)

    def halt(self) -> None:
        """Have explanations in other threads end at what they next ask, by `HaltedError`."""
        self._halted = True

    def ig_batch(self, known: int | None) -> int:
        """Set how many gradients a call takes; measured where nobody knows yet."""
        self._ig.batch_size = known
        return self._ig.calibrated()

    def explain(self, samples: Sequence[Sample]) -> list[Explanation | None]:
        """Predict each sample and explain its predicted class; None where logits are no numbers."""
        self._heed()
        images = np.stack([s.image for s in samples]).astype(np.float32)
        with self.clock("explain"):
            seen = self._explained(images, [s.item.label for s in samples])
        answered = predicted(seen.logits) >= 0
        if not answered.all():
            return self._explain_answered(samples, answered)
        # Drawn while the model explains, in one thread: two would draw no faster.
        scenes = self._painter.map(self._scenes, [sample.item for sample in samples])
        with self.clock("explain"):
            # The explainer asks for sample i of view v at index v * n + i.
            view_by_view = [*samples] * self._config.explain.tta
            attributed = self._ig(images, seen.targets, self._enough(view_by_view), seen.logits)
            others = self._by_stand_ins(samples, images, seen.targets)
        cases = [
            ExplainedImage(
                sample,
                seen.logits[i],
                seen.heatmaps[i],
                attributed.heatmaps[i],
                others[i].get(STAND_IN),
            )
            for i, sample in enumerate(samples)
        ]
        with self.clock("intervene"):
            truths = [self._truth(*each) for each in zip(cases, scenes, strict=True)]
            tested = self._tested(cases)
        return [
            Explanation(
                logits=seen.logits[i],
                prediction=int(seen.targets[i]),
                gradcam=seen.heatmaps[i],
                ig=attributed.heatmaps[i],
                ig_steps=int(attributed.nodes[i]),
                ig_completeness_error=float(attributed.completeness_error[i]),
                truth=truths[i],
                tested=tested[i],
                lacks=self.lacks,
                stand_ins=others[i],
            )
            for i in range(len(samples))
        ]

    def _by_stand_ins(
        self, samples: Sequence[Sample], images: NDArray[np.float32], targets: NDArray[np.int64]
    ) -> list[dict[str, NDArray[np.float32]]]:
        """Explain each image by what stands in for explainers that the model lacks, by key."""
        asked = zip(samples, images, targets, strict=True)
        return [
            {
                key: explainer(
                    image[None],
                    target[None],
                    asked_about(self._classifier, sample.item.label),
                    [sample.item.image],
                )[0]
                for key, explainer in self._stand_ins.items()
            }
            for sample, image, target in asked
        ]

    def _explain_answered(
        self, samples: Sequence[Sample], answered: NDArray[np.bool_]
    ) -> list[Explanation | None]:
        kept = [s for s, told in zip(samples, answered, strict=True) if told]
        found = iter(self.explain(kept) if kept else [])
        return [next(found) if told else None for told in answered]

    def _tested(self, cases: list[ExplainedImage]) -> list[Tested]:
        return self._interventions(cases) if self._interventions else [Tested()] * len(cases)

    def _enough(self, samples: Sequence[Sample]) -> Enough:
        self._heed()
        if self._config.explain.ig_tolerance is not None:
            return Complete(self._config.explain.ig_tolerance)
        return ScoresSettled(samples, self._config.verdict.on_foreground_skill)

    def _heed(self) -> None:
        if self._halted:
            raise HaltedError

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return float32 logits ``(n, classes)`` of uint8 images ``(n, H, W, 3)``."""
        return self.gradcam(images).logits

    def answering(self, logits: NDArray[np.float32], labels: Sequence[int]) -> NDArray[np.float32]:
        """Return what of logits ``(n, classes)`` answers for each image's label; see `Seen`."""
        if not self._several:
            return logits
        return np.stack([of_label(*each) for each in zip(logits, labels, strict=True)])

    def _explained(self, images: NDArray[np.float32], labels: Sequence[int]) -> Explained:
        """Predict images and explain what is predicted; of several labels what is said of one."""
        if not self._several:
            return self._gradcam(images)
        logits = self.answering(self._gradcam(images).logits, labels)
        return self._gradcam(images, logits.argmax(axis=-1))._replace(logits=logits)

    def gradcam(self, images: NDArray[np.uint8]) -> Explained:
        """Predict uint8 images ``(n, H, W, 3)`` and explain what is predicted by Grad-CAM alone."""
        self._heed()
        return self._gradcam(images.astype(np.float32))

    def attribute(
        self, images: NDArray[np.uint8], targets: NDArray[np.int64], steps: int
    ) -> NDArray[np.float32]:
        """Return Integrated Gradients ``(n, H, W)`` of ``targets`` in a fixed number of steps."""
        fixed = copy(self._ig)
        fixed.steps = steps
        return fixed(images.astype(np.float32), targets).heatmaps

    def _logits(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        self._heed()
        return np.asarray(self._classifier.logits(images))

    def _features(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self._classifier.features(images), np.float32)

    def _scenes(self, item: Item) -> Scenes:
        """Draw the same foreground before other backgrounds, and without its planted shortcut."""
        if not self._counterfactual:
            return [], []
        others = self._counterfactual.counterfactuals(item)
        bare = [self._counterfactual.without_shortcut(item)] if item.shortcut else []
        return others, bare

    def _truth(self, case: ExplainedImage, scenes: Scenes) -> Known:
        """Hold an answer against those for the same foreground with no shortcut behind it.

        An image at a time: what is known of one must not hang on those beside it.
        """
        others, bare = (self._seen(each) if each else None for each in scenes)
        if others is None:
            return Known()
        answer = int(predicted(case.logits))
        effect = log_odds(case.logits, answer) - log_odds(others, answer).mean()
        survival = (predicted(others) == answer).mean()
        without = -1 if bare is None else int(bare.argmax())
        return Known(without, float(effect), float(survival))

    def _seen(self, scenes: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.predict(np.stack([resize(scene, self.size) for scene in scenes]))

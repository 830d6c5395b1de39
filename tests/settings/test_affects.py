"""What each setting affects, against the sets that were once kept by hand."""

from itertools import product

import pytest

from audit.settings import load_config
from audit.settings.base import Stage, affects
from audit.settings.config import FIELDS
from audit.settings.nesting import RETIRED
from audit.stages.resume import OWN, begun_stages, fixed, for_training

OF_WHOEVER_RUNS_IT = {"trust_model", "anyway", "executor", "address", "worker_cores", "workers"}
ALWAYS_FREE = OF_WHOEVER_RUNS_IT | {"download", "data_dir", "health", "opportunity", "model_card",
                                    "class_order", "share", "site_builder", "group",
                                    "cluster"}  # fmt: skip
OF_ROBUSTNESS = {"robustness", "masks", "grabcut", "segmenter", "feature_layer", "cam",
                 "ig_variant", "ig_rule", "ig_baseline"}  # fmt: skip
FREE_BEFORE_SWEEP = {"masks", "mask_subject", "mask_unknown", "grabcut", "segmenter", "subject",
                     "explain", "explainers", "explain_sample", "explain_flagged", "lime_samples",
                     "shap_evals", "feature_layer", "cam", "ig_variant", "ig_steps",
                     "ig_tolerance", "ig_rule", "ig_baseline", "interventions", "budget",
                     "on_foreground_skill", "suspicious_share", "least_support",
                     "most_background", "least_survival", "least_effect", "thresholds",
                     "accusing_score", "least_edit", "mask_resemblance"}  # fmt: skip


class Made:
    """A run folder by what it holds."""

    def __init__(self, root, predicted, explained, corrupted):
        self.root = root
        self.predictions_file, self.robustness_file = root / "predictions", root / "robustness"
        self._parts = {0} if explained else set()
        for there, file in ((predicted, self.predictions_file), (corrupted, self.robustness_file)):
            if there:
                file.touch()

    def file(self, name):
        return {"robustness.parquet": self.robustness_file}.get(name, self.root / name)

    def done_parts(self):
        return self._parts


@pytest.mark.parametrize(
    ("predicted", "explained", "corrupted", "on_backgrounds"),
    list(product([False, True], repeat=4)),
)
def test_a_resumed_run_may_change_what_nothing_in_its_folder_rests_on(
    tmp_path, predicted, explained, corrupted, on_backgrounds
):
    free = set(ALWAYS_FREE)
    if not explained:
        free |= FREE_BEFORE_SWEEP - ({"masks", "grabcut", "segmenter"} if on_backgrounds else set())
    free = free - OF_ROBUSTNESS if corrupted else free | {"robustness"}
    free |= set() if predicted else {"limit", "tta"}
    config = load_config({"augment_background": on_backgrounds})
    begun = begun_stages(Made(tmp_path, predicted, explained, corrupted), config)
    assert set(FIELDS) | set(RETIRED) == free | fixed(begun)
    assert not free & fixed(begun)


def test_hosts_that_train_together_agree_on_all_but_what_comes_after():
    assert set(for_training(load_config({}))) == set(FIELDS) - ALWAYS_FREE - FREE_BEFORE_SWEEP


def test_settings_of_whoever_runs_it_are_marked_so():
    assert set(OWN) == OF_WHOEVER_RUNS_IT


def test_thresholds_are_of_the_stage_that_gives_verdicts():
    assert affects(FIELDS["least_effect"]) == {Stage.EXPLAIN}

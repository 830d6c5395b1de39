"""The same model twice: audited as a Keras file, and carried over to PyTorch."""

import json
import re

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch", reason="PyTorch is missing: '.[torch]' has it")

import audit
from audit.settings import load_config
from audit.stages import commands

pytestmark = pytest.mark.usefixtures("without_charts")
WHY = "not available, because TorchScript shows no layers"
EQUAL = ("verdict", "verdict_cause", "prediction", "asked", "stopped_by", "ig_steps")


@pytest.fixture(scope="module")
def images(tmp_path_factory, draw_manifest):
    return draw_manifest(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def run(tmp_path_factory, images, colour_model):
    def make(model, name, **flags):
        given = {"images": images, "model": model, "grabcut": False, "workers": 0}
        given |= {"batch_size": 2, "robustness": 2, "opportunity": False, "trust_model": True}
        out = tmp_path_factory.mktemp("runs") / name
        return commands.run(load_config(given | flags), out)

    return make


@pytest.fixture(scope="module")
def both(run, colour_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    (folder / "twin.py").write_text(
        "import keras\nfrom carriedover import carried_over\n\n"
        f"def colours():\n    return carried_over(keras.models.load_model({str(colour_model)!r}))\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return run(colour_model, "keras"), run("twin:colours", "pytorch", image_size=64)


def test_both_audits_are_the_same(both):
    own, twin = (each.records() for each in both)
    assert len(own) == len(twin) == 12
    for column in EQUAL:
        assert own[column].tolist() == twin[column].tolist(), column
    numbers = own.select_dtypes(np.floating).columns.difference(["logit"])
    pd.testing.assert_frame_equal(own[numbers], twin[numbers], atol=1e-3, rtol=1e-3)


def test_the_manifest_tells_what_was_audited(both):
    model = both[1].manifest()["model"]
    assert model["source"] == "twin:colours" and model["parameters"] == 24
    assert model["feature_layer"] == "layers.colours"
    assert len(model["sha256"]) == 64


def test_the_explainers_were_checked_against_other_weights(both):
    own, twin = (each.records()["gradcam_skill"].mean() for each in both)
    assert own == pytest.approx(twin, abs=1e-3)
    assert (both[1].root / "report" / "index.html").is_file()


def test_a_module_that_is_handed_in_gets_the_same_audit_and_stays_as_it_was(
    both, images, colour_model, tmp_path
):
    import keras
    from carriedover import carried_over

    module = carried_over(keras.models.load_model(colour_model)).train()
    given = {"images": images, "grabcut": False, "workers": 0, "batch_size": 2, "image_size": 64}
    config = audit.configure(**given, robustness=0, opportunity=False)
    found = audit.run(config, tmp_path / "run", model=module)
    assert module.training and all(p.requires_grad for p in module.parameters())
    assert found.manifest["model"]["source"] == "carriedover:CarriedOver"
    own, file = (r.sort_values("name") for r in (found.records, both[1].records()))
    for column in (*EQUAL, "gradcam_skill", "ig_skill"):
        assert own[column].tolist() == pytest.approx(file[column].tolist()), column


@pytest.fixture(scope="module")
def scripted(run, colour_model, tmp_path_factory):
    import keras
    import torch
    from carriedover import carried_over

    file = tmp_path_factory.mktemp("scripted") / "twin.pt"
    module = carried_over(keras.models.load_model(colour_model))
    torch.jit.save(torch.jit.trace(module, torch.rand(2, 3, 64, 64)), str(file))
    return run(file, "torchscript", image_size=64, budget="full")


def test_torchscript_has_integrated_gradients_and_says_why_no_class_activation_maps(both, scripted):
    own, found = (r.records().sort_values("name") for r in (both[0], scripted))
    for column in ("prediction", "correct", "ig_steps"):
        assert own[column].tolist() == found[column].tolist(), column
    for column in ("log_odds", "ig_skill", "ig_mass", "ig_completeness_error", "background_share"):
        assert own[column].tolist() == pytest.approx(found[column].tolist(), abs=1e-3, rel=1e-3)
    assert found[["gradcam_mass", "gradcam_skill"]].isna().all(axis=None)
    assert set(found["gradcam_reason"]) == {WHY} and set(found["ig_reason"]) == {""}
    assert found["occlusion_skill"].notna().all()
    assert set(found["removal_proposer"]) <= {"occlusion", "ig", "scan", ""}
    assert set(found["verdict"]) == {"right-reasons"} and found["verdict_score"].notna().all()


def test_a_report_of_torchscript_shows_what_there_is_and_says_what_is_not(scripted):
    folder, words = scripted.report_dir, {}
    for file in [*folder.rglob("*.html"), scripted.report_html, scripted.summary_md]:
        text = re.sub(r"<(script|style|svg)\b.*?</\1>", "", file.read_text("utf-8"), flags=re.S)
        words[file.name] = " ".join(re.sub(r"<[^>]+>", " ", text).split())
        assert not re.search(r"\bnan\b", words[file.name], re.I), file.name
        assert "Grad-CAM skill" not in words[file.name], file.name
    for page in ("index.html", "methods.html", "robustness.html", "report.html", "summary.md"):
        assert "TorchScript shows no layers" in words[page], page
    assert "Verdicts rest on interventions alone" in words["index.html"]
    assert "no heatmap counts here, as one of the two" in words["methods.html"]
    assert "as proposed by Occlusion, Integrated Gradients and by a scan" in words["methods.html"]
    assert "Rank correlation" in words["robustness.html"]
    assert "Grad-CAM: rank correlation" not in words["robustness.html"]
    summary = json.loads(scripted.summary_json.read_text())
    assert summary["robustness"]["not_compared"] == {"gradcam": WHY.partition("because ")[2]}
    assert summary["figures"]["ig_skill"]["n"] == 12 and "ig" not in summary["unavailable"]


def test_integrated_gradients_of_torchscript_are_followed_under_corruption(scripted):
    table = pd.read_parquet(scripted.file("robustness.parquet"))
    assert set(table["gradcam_rank_reason"]) == {WHY} and table["ig_rank"].notna().any()


def test_a_model_that_does_not_say_its_size_is_not_guessed_at(run, both):
    from audit.core.errors import ModelError

    with pytest.raises(ModelError, match="--image-size"):
        run("twin:colours", "any")


def test_views_of_a_pytorch_model_are_refused_in_one_line(run, both):
    from audit.core.errors import ModelError

    with pytest.raises(ModelError, match="leave --tta out"):
        run("twin:colours", "views", tta=2, image_size=64)

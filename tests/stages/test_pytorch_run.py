"""The same model twice: audited as a Keras file, and carried over to PyTorch."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch", reason="PyTorch is missing: '.[torch]' has it")

import audit
from audit.settings import load_config
from audit.stages import commands

pytestmark = pytest.mark.usefixtures("without_charts")
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


def test_a_model_that_does_not_say_its_size_is_not_guessed_at(run, both):
    from audit.core.errors import ModelError

    with pytest.raises(ModelError, match="--image-size"):
        run("twin:colours", "any")


def test_views_of_a_pytorch_model_are_refused_in_one_line(run, both):
    from audit.core.errors import ModelError

    with pytest.raises(ModelError, match="leave --tta out"):
        run("twin:colours", "views", tta=2, image_size=64)

"""Which feature map Grad-CAM reads of a PyTorch model."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is missing: '.[torch]' has it")
import torchnets  # noqa: E402

from audit.core.errors import ModelError  # noqa: E402
from audit.models.pytorch.classifier import TorchClassifier  # noqa: E402
from audit.models.pytorch.model import TorchModel  # noqa: E402


def classifier(kind, layer=None):
    module = torchnets.seeded(getattr(torchnets, kind))
    return TorchClassifier(TorchModel(module, kind), layer, torchnets.SIDE, "0..1")


def test_a_step_that_works_in_place_is_read_as_later_ones_read_it():
    found = classifier("Residual")
    assert found.cut.path == "layer" and found.feature_shape == (16, 16, 8)
    assert found.cut.whole and (found.cut.before, found.cut.steps) == (3, 3)


def test_of_tokens_those_of_places_are_the_map_where_they_are_still_read():
    found = classifier("Transformer")
    assert found.cut.path == "blocks.1"  # behind the last block the class token alone is read
    assert found.feature_shape == (4, 4, 8) and found.cut.layout.prefix == 2


def test_channels_may_lie_behind_the_places():
    found = classifier("Last")
    assert found.cut.path == "norm" and found.feature_shape == (4, 4, 8)


def test_where_no_map_is_all_that_later_steps_read_a_layer_has_to_be_named():
    with pytest.raises(ModelError, match="--feature-layer"):
        classifier("Mixed")
    named = classifier("Mixed", "left")
    assert not named.cut.whole
    assert any("other paths" in seen.words for seen in named.observations())


@pytest.mark.parametrize("layer", ["fc", "nowhere"])
def test_a_layer_without_a_map_is_refused_with_those_that_have_one(layer):
    with pytest.raises(ModelError, match=r"give one of .*right"):
        classifier("Mixed", layer)


def test_operations_of_an_exported_program_have_names_too(tmp_path):
    from audit.models.load import load_model

    file = torchnets.exported(torchnets.residual(), tmp_path / "net.pt2")
    found = TorchClassifier(load_model(file, trust=True), None, None, "0..1")
    assert found.input_size == torchnets.SIDE and found.feature_shape == (16, 16, 8)
    again = TorchClassifier(load_model(file, trust=True), found.cut.path, None, "0..1")
    assert again.cut == found.cut

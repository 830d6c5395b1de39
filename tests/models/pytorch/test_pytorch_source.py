"""PyTorch models as they are given, and what is said of those that cannot be read."""

import importlib.util
import zipfile
from pathlib import Path

import numpy as np
import pytest

from audit.core.errors import ModelError
from audit.models.load import load_model
from audit.models.pytorch.source import is_torch, made_by

HAS_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is missing: '.[torch]' has it")


def refused(given, trust=True):
    with pytest.raises(ModelError) as raised:
        load_model(Path(given), trust=trust)
    return str(raised.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("nets:make", True), ("a.b.c:Net.small", True), ("net.pt2", True), ("net.keras", False),
     ("nets.py", False), ("C:/net", False), (":make", False)],
)  # fmt: skip
def test_what_names_a_pytorch_model(given, expected):
    assert is_torch(Path(given)) is expected


def test_a_file_of_that_name_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("nets:make").touch()
    assert made_by(Path("nets:make")) == ""


def test_weights_alone_are_told_from_programs(tmp_path):
    file = tmp_path / "weights.pt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("weights/data.pkl", b"")
    said = refused(file)
    assert "holds weights" in said and "torch.export.save" in said and "PACKAGE.MODULE" in said


def test_a_missing_file_is_named(tmp_path):
    assert refused(tmp_path / "none.pt2") == f"No model file {tmp_path / 'none.pt2'}."


@pytest.mark.skipif(HAS_TORCH, reason="PyTorch is installed")
def test_without_pytorch_its_extra_is_named():
    assert "pip install 'flower-audit[torch]'" in refused("torchnets:residual")


@needs_torch
def test_code_of_others_runs_only_where_it_is_trusted():
    assert "--trust-model" in refused("torchnets:residual", trust=False)


@needs_torch
@pytest.mark.parametrize(
    ("given", "said"),
    [("nowhere:make", "No module named 'nowhere'"), ("torchnets:nobody", "nobody"),
     ("torchnets:exported", "missing 2 required"), ("builtins:dict", "returns a dict")],
)  # fmt: skip
def test_a_function_that_makes_no_model_is_one_line(given, said):
    assert said in refused(given)


@needs_torch
def test_a_torn_file_is_one_line(tmp_path):
    import torchnets

    file = torchnets.exported(torchnets.residual(), tmp_path / "net.pt2")
    file.write_bytes(file.read_bytes()[:2000])
    assert str(file) in refused(file)


@needs_torch
def test_weights_and_form_tell_a_model_again():
    import torch

    from audit.models.identity import identity

    def hashed(change=0.0):
        model = load_model(Path("torchnets:residual"), trust=True)
        with torch.no_grad():
            model.module.fc.bias += change
        return identity(model, Path("torchnets:residual"), "0..1", ["a", "b", "c"])

    assert hashed() == hashed()
    one, other = hashed(), hashed(0.5)
    assert one["architecture_sha256"] == other["architecture_sha256"]
    assert one["weights_sha256"] != other["weights_sha256"]


@needs_torch
def test_an_export_for_one_image_is_told_how_to_take_any_number(tmp_path):
    import torchnets

    from audit.models.pytorch.classifier import TorchClassifier

    file = torchnets.exported(torchnets.residual(), tmp_path / "one.pt2", batch=False)
    with pytest.raises(ModelError, match="dynamic_shapes"):
        TorchClassifier(load_model(file, trust=True), None, None, "0..1")


@needs_torch
def test_pixels_and_size_come_from_the_configuration_of_timm():
    import torchnets

    from audit.models.pytorch.model import TorchModel

    module = torchnets.residual()
    module.pretrained_cfg = {
        "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "input_size": (3, 48, 48)
    }  # fmt: skip
    model = TorchModel(module, "net")
    assert (model.pixels, model.size) == ("torch", 48)
    module.pretrained_cfg |= {"mean": (0.5, 0.4, 0.3), "std": (0.3, 0.3, 0.25)}
    assert TorchModel(module, "net").pixels == "0.5,0.4,0.3/0.3,0.3,0.25"
    assert sum(np.size(w) for w in model.get_weights()) == model.count_params()

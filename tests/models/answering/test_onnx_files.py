"""ONNX files as classifiers that give logits alone."""

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="ONNX Runtime is missing: '.[onnx]' has it")
pytest.importorskip("onnx", reason="onnx, which writes the files of these tests, is missing")

import onnxfiles
from onnx import TensorProto, helper

from audit.core.errors import ModelError
from audit.models.classify import classify
from audit.models.identity import identity
from audit.models.load import load_model

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3)).astype(np.float32)


def classifier(file, size=None, scaling="0..255"):
    return classify(load_model(file, trust=False), None, size, scaling)


def refused(file, size=None):
    with pytest.raises(ModelError) as raised:
        classifier(file, size)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("kind", onnxfiles.KINDS)
@pytest.mark.parametrize("first", [True, False], ids=["NCHW", "NHWC"])
def test_logits_are_those_of_the_file(tmp_path, first, kind):
    found = classifier(onnxfiles.write(tmp_path / "m.onnx", first=first, kind=kind))
    assert found.input.whole == (kind in ("uint8", "int64"))
    np.testing.assert_allclose(found.logits(IMAGES), onnxfiles.answers(IMAGES), atol=2e-3)


@pytest.mark.parametrize("batch", [1, 2, 7, "n"])
def test_a_fixed_batch_is_filled_up(tmp_path, batch):
    found = classifier(onnxfiles.write(tmp_path / "m.onnx", batch=batch))
    np.testing.assert_allclose(found.logits(IMAGES), onnxfiles.answers(IMAGES), atol=1e-4)


def test_probabilities_become_their_logarithms(tmp_path):
    found = classifier(onnxfiles.write(tmp_path / "m.onnx", softmax=True))
    logits = onnxfiles.answers(IMAGES)
    apart = found.logits(IMAGES) - logits
    assert found.end == "probabilities (log)"
    np.testing.assert_allclose(apart, apart[:, :1].repeat(3, axis=1), atol=1e-4)


def test_pixels_are_scaled_before_they_are_given(tmp_path):
    found = classifier(onnxfiles.write(tmp_path / "m.onnx"), scaling="0..1")
    expected = onnxfiles.answers(IMAGES, 1 / 255)
    np.testing.assert_allclose(found.logits(IMAGES), expected, atol=1e-5)


def test_the_size_is_its_own_or_asked_for(tmp_path):
    assert classifier(onnxfiles.write(tmp_path / "fixed.onnx")).input_size == 32
    free = onnxfiles.write(tmp_path / "free.onnx", size="side")
    assert classifier(free, 48).input_size == 48
    assert refused(free) == "The model takes images of any size: choose one with --image-size."
    assert "give --image-size 32" in refused(tmp_path / "fixed.onnx", 64)


def test_it_is_known_by_its_content(tmp_path):
    files = [onnxfiles.write(tmp_path / f"{k}.onnx", softmax=k == 2) for k in range(3)]
    one, same, other = (
        identity(load_model(f, trust=False), f, "0..255", ["a", "b", "c"])["sha256"] for f in files
    )
    assert one == same != other


def extra(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"ins": [extra("mask", [1])]}, "The model has 2 inputs (images, mask), but an audit"),
        ({"outs": [extra("logits", ["n", 3])]}, "The model has 2 outputs (classes, logits), but"),
        ({"size": 30, "first": True}, ""),
    ],
)
def test_what_is_no_classifier_of_one_image_is_one_line(tmp_path, form, words):
    file = onnxfiles.write(tmp_path / "m.onnx", **form)
    if words:
        assert refused(file).startswith(words)
    else:
        assert classifier(file).input_size == 30


def test_operators_of_its_own_are_refused(tmp_path):
    node = helper.make_node("Anything", ["images"], ["classes"], domain="mine")
    file = onnxfiles.write(
        tmp_path / "m.onnx", nodes=[node], opsets=[helper.make_opsetid("mine", 1)]
    )
    assert refused(file).startswith(f"Cannot load {file}, is it whole? ")


@pytest.mark.parametrize("cut", [0, 9, 60, -7])
def test_a_torn_file_is_one_line(tmp_path, cut):
    file = onnxfiles.write(tmp_path / "m.onnx")
    file.write_bytes(file.read_bytes()[:cut])
    assert refused(file).startswith(f"Cannot load {file}, is it whole? ")


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    assert refused(tmp_path / "m.onnx") == f"No model file {tmp_path / 'm.onnx'}."


def test_weights_beside_the_file_are_read(tmp_path):
    (tmp_path / "weights.bin").write_bytes(onnxfiles.KERNEL.tobytes())
    file = onnxfiles.write(tmp_path / "m.onnx", location="weights.bin")
    np.testing.assert_allclose(
        classifier(file).logits(IMAGES), onnxfiles.answers(IMAGES), atol=1e-4
    )
    before = load_model(file, trust=False).identity()
    (tmp_path / "weights.bin").write_bytes((2 * onnxfiles.KERNEL).tobytes())
    assert load_model(file, trust=False).identity() != before


@pytest.mark.parametrize(
    "location", ["../weights.bin", "/etc/hostname", "link/weights.bin", "*/_ORT_MEM_ADDR_/*"]
)
def test_weights_anywhere_else_are_refused(tmp_path, location):
    (tmp_path / "weights.bin").write_bytes(onnxfiles.KERNEL.tobytes())
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path)
    file = onnxfiles.write(tmp_path / "folder" / "m.onnx", location=location)
    assert "keeps weights outside of its own folder" in refused(file)


def test_weights_that_are_missing_are_named(tmp_path):
    file = onnxfiles.write(tmp_path / "m.onnx", location="weights.bin")
    assert refused(file) == f"{file} keeps weights in 'weights.bin' beside it, which is not there."


def test_without_onnx_runtime_one_line_says_what_to_install(tmp_path, monkeypatch):
    import sys

    file = onnxfiles.write(tmp_path / "m.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert refused(file) == (
        "ONNX Runtime is not installed: pip install 'flower-audit[onnx]' reads ONNX files."
    )

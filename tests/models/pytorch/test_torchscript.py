"""TorchScript programs: what they are known by, and what they lack."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is missing: '.[torch]' has it")

import torchnets  # noqa: E402

from audit.core.errors import ModelError  # noqa: E402
from audit.models.answering.given import given_model  # noqa: E402
from audit.models.classify import classify  # noqa: E402
from audit.models.identity import identity  # noqa: E402
from audit.models.load import load_model  # noqa: E402

SIDE = torchnets.SIDE
IMAGES = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3)).astype(np.float32)


def saved(program, folder, name="net.pt"):
    torch.jit.save(program, str(folder / name))
    return folder / name


def traced(module, images=2):
    return torch.jit.trace(module, torch.rand(images, 3, SIDE, SIDE), check_trace=False)


def known(model):
    return identity(model, None, "0..1", ["a", "b", "c"])


def test_it_is_loaded_only_where_it_is_trusted(tmp_path):
    file = saved(traced(torchnets.residual()), tmp_path)
    with pytest.raises(ModelError, match="a program of its own: add --trust-model"):
        load_model(file, trust=False)


def test_a_torn_one_is_one_line(tmp_path):
    file = saved(traced(torchnets.residual()), tmp_path)
    content = file.read_bytes()
    place = content.index(b"data.pkl")
    file.write_bytes(content[: place - 9] + bytes(40) + content[place + 31 :])
    with pytest.raises(ModelError, match="Cannot load"):
        load_model(file, trust=True)


def test_its_size_is_asked_for(tmp_path):
    model = load_model(saved(traced(torchnets.residual()), tmp_path), trust=True)
    with pytest.raises(ModelError, match="give --image-size"):
        classify(model, None, None, "0..1")


def test_one_for_a_fixed_number_of_images_is_told_how_to_take_any(tmp_path):
    model = load_model(saved(traced(torchnets.transformer()), tmp_path), trust=True)
    said = r"6 images of 32 pixels: RuntimeError: Sizes of tensors.*got size 6.*torch\.jit\.script"
    with pytest.raises(ModelError, match=said):
        classify(model, None, SIDE, "0..1")


def test_it_is_known_again_however_often_it_is_read(tmp_path):
    one, other = torchnets.residual(), torchnets.residual()
    with torch.no_grad():
        other.fc.bias += 0.5
    first = saved(traced(one), tmp_path)
    changed = known(load_model(saved(traced(other), tmp_path, "other.pt"), trust=True))
    hashes = [known(load_model(first, trust=True)) for _ in range(2)]
    assert hashes[0] == hashes[1] == known(given_model(traced(one), SIDE))
    assert hashes[0]["architecture_sha256"] == changed["architecture_sha256"]
    assert hashes[0]["weights_sha256"] != changed["weights_sha256"]


def test_a_frozen_one_has_its_weights_as_constants(tmp_path):
    module, hashes = torchnets.residual(), []
    for _ in range(2):
        program = torch.jit.freeze(torch.jit.script(module))
        model = load_model(saved(program, tmp_path), trust=True)
        assert model.count_params() is None
        hashes.append(known(model)["weights_sha256"])
        module.fc.bias.data += 0.5
    assert hashes[0] != hashes[1]
    classifier = classify(model, None, SIDE, "0..1")
    assert set(classifier.lacks) == {"gradcam"} and classifier.has_gradient


def test_gradients_are_had_after_answers_whatever_their_number(tmp_path):
    # What TorchScript compiles for tensors of inference mode fails where gradients are asked for.
    module = torchnets.transformer()
    model = load_model(saved(torch.jit.script(module), tmp_path), trust=True)
    classifier = classify(model, None, SIDE, "0..1")
    for count in (1, 5, 3, 5):
        images, targets = IMAGES[:count], np.arange(count) % 3
        for _ in range(3):
            logits = classifier.logits(images)
            gradients, again = classifier.gradient(images, targets)
        given = torch.from_numpy(images / 255).permute(0, 3, 1, 2).requires_grad_()
        expected = module(given)
        expected[torch.arange(count), targets].sum().backward()
        np.testing.assert_allclose(logits, expected.detach(), atol=1e-5)
        np.testing.assert_allclose(again, logits, atol=1e-5)
        own = given.grad.permute(0, 2, 3, 1) / 255
        np.testing.assert_allclose(gradients, own, atol=1e-6)


def test_one_without_gradients_gives_its_answers_alone(tmp_path):
    class Silent(torchnets.Residual):
        def forward(self, x):
            return super().forward(x).detach()

    model = load_model(saved(traced(torchnets.seeded(Silent)), tmp_path), trust=True)
    classifier = classify(model, None, SIDE, "0..1")
    assert set(classifier.lacks) == {"gradcam", "ig"}
    assert "gradient" not in {each.key for each in classifier.observations()}
    with pytest.raises(ModelError, match="no gradients to look at: this TorchScript program has"):
        classifier.gradient(IMAGES, np.zeros(5, np.int64))


def test_one_that_is_handed_in_stays_as_it_was():
    program = torch.jit.script(torchnets.residual()).train()
    classifier = classify(given_model(program, SIDE), None, SIDE, "0..1")
    assert set(classifier.lacks) == {"gradcam"}
    assert program.training and all(p.requires_grad for p in program.parameters())

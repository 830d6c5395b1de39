"""Models that are handed in as objects, which stay as they are."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is missing: '.[torch]' has it")

import torchnets  # noqa: E402

from audit.core.errors import ModelError  # noqa: E402
from audit.models.answering.given import given_model  # noqa: E402
from audit.models.classify import classify  # noqa: E402


def test_a_module_keeps_its_mode_precision_and_gradients():
    module = torchnets.residual().half().train()
    module.fc.weight.requires_grad_(False)
    module.pool.eval()
    before = [value.clone() for value in module.state_dict().values()]
    classifier = classify(given_model(module, torchnets.SIDE), None, torchnets.SIDE, "0..1")
    classifier.gradient(np.full((1, torchnets.SIDE, torchnets.SIDE, 3), 9, np.float32), [0])
    assert module.training and module.fc.training and not module.pool.training
    assert {value.dtype for value in module.state_dict().values()} == {torch.float16}
    assert [n for n, p in module.named_parameters() if not p.requires_grad] == ["fc.weight"]
    assert all(map(torch.equal, before, module.state_dict().values()))
    assert all(p.grad is None for p in module.parameters())


def test_a_module_that_cannot_be_copied_is_one_line():
    module = torchnets.residual()
    module.kept = module.fc.weight * 2  # a result of an earlier call, with its gradient
    with pytest.raises(ModelError, match=r"The Residual cannot be copied \(.*PACKAGE.MODULE"):
        given_model(module, torchnets.SIDE)

"""The handbook's story from `timm.create_model` to the report, as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is missing: '.[torch]' has it")
timm = pytest.importorskip("timm", reason="timm is missing: pip install timm")

from audit.storage.run import RunFolder  # noqa: E402

pytestmark = pytest.mark.usefixtures("without_charts", "without_sanity")
PAGE = Path(__file__).parents[2] / "site" / "pytorch.md"
SMALL = ("--explain", "3", "--robustness", "0", "--no-grabcut", "--workers", "0", "--anyway")


def test_a_model_of_timm_is_audited_in_ten_lines(tmp_path, monkeypatch, call, draw_manifest):
    story = PAGE.read_text(encoding="utf-8")
    code = re.search(r"```python\n(import timm.*?)```", story, re.DOTALL)[1]
    line = re.search(r"flower-audit (run --images photos/ .*)", story)[1]
    monkeypatch.chdir(tmp_path)
    Path("nets.py").write_text(code)
    torch.manual_seed(0)
    torch.save(
        timm.create_model("tf_efficientnet_lite0", num_classes=3).state_dict(), "flowers.pth"
    )
    manifest = draw_manifest(tmp_path / "drawn", per_split={"test": 1})
    words = shlex.split(line.replace("photos/", str(manifest)))
    status, _, errors = call(*words, *SMALL)
    assert status == 0, errors
    run = RunFolder.open(Path("runs/flowers"))
    model = run.manifest()["model"]
    assert (model["source"], model["input_size"]) == ("nets:flowers", 224)
    assert model["input_scaling"] == "-1..1"  # as timm's configuration of this model says
    assert len(run.records()) == 3 and (run.root / "report.html").is_file()
    assert len(code.splitlines()) <= 10

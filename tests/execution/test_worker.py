from pathlib import Path

import pytest

from audit.datasets.contents import Contents
from audit.execution.worker import setup_of
from audit.settings import load_config


@pytest.mark.parametrize(
    ("given", "sent"),
    [("trimaps", Path.cwd() / "trimaps"), ("official", "official"), ("grabcut", "grabcut")],
)
def test_paths_are_sent_whole_and_words_as_they_are(tmp_path, given, sent):
    (tmp_path / "model.keras").write_bytes(b"weights")
    config = load_config({"masks": Path(given)})
    model, names = tmp_path / "model.keras", ("a", "b")
    setup = setup_of(config, model, "0..255", None, {}, names, Contents())
    assert setup.config.masks.masks == Path(sent)
    assert setup.model == {"model.keras": b"weights"}

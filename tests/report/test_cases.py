"""Cases: which get composites, and what their addresses hang on."""

from drawnruns import PLAIN, make_run

from audit.report import cases as module
from audit.report.cases import ACCUSED, galleries
from audit.report.source import load


def test_the_worst_of_the_accused_get_composites_first(tmp_path, monkeypatch):
    source = load(make_run(tmp_path / "run", images=60, classes=PLAIN))
    every = galleries(source, source.drawn)
    accused = [c for key in ACCUSED for c in every.get(key, []) if not c.causes.reason]
    assert len(accused) > 3 and all(c.composites for c in accused)
    monkeypatch.setattr(module, "MOST_COMPOSITES", 3)
    few = [c for cases in galleries(source, source.drawn).values() for c in cases]
    assert [c.name for c in few if c.composites] == [c.name for c in accused[:3]]


def test_an_anchor_hangs_on_the_name_alone(tmp_path):
    source = load(make_run(tmp_path / "run", images=30, classes=PLAIN))
    everyone = {c.name: c.anchor for g in galleries(source, source.drawn).values() for c in g}
    some = galleries(source, source.drawn.iloc[::3])
    assert all(everyone[c.name] == c.anchor for cases in some.values() for c in cases)

"""The model card: what the run knows, what the owner says, and what is left to ask."""

import pytest
from drawnruns import HOSTILE, PLAIN, make_run
from markdown import Markdown
from uncharted import uncharted

from audit.core.errors import ConfigError
from audit.report.modelcard import model_card
from audit.report.owner import ASKED, read_owner

SECTIONS = [  # of Mitchell et al. 2019, in their order
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", images=12, classes=PLAIN[:3], size=32, corrupted=2)


def entries(run):
    sections = model_card(uncharted(run))
    assert [s.title for s in sections] == SECTIONS
    return {e.title: e for s in sections for e in s.entries}


def test_what_the_run_knows_is_filled_in(run):
    told = entries(run)
    assert told["Backbone"].text == "efficientnetb0"
    assert told["Training images"].text == "1,020"
    assert told["Test images"].text == "12, 12 of them explained"
    assert told["Version (SHA-256)"].text == "ab" * 32
    assert not any(told[title].asked for title in ("Backbone", "Accuracy", "Not looked at"))


def test_what_only_the_owner_knows_is_asked_for(run):
    assert {e.asked for e in entries(run).values() if e.asked} == set(ASKED.values())
    text = "A class book.\n\nNot for poisonous plants."
    run.owner_file.write_text(f'intended_use = """{text}"""\nlicence = "CC0"', encoding="utf-8")
    told = entries(run)
    assert (told["Intended use"].text, told["Intended use"].asked) == (text, "")
    assert told["Licence"].text == "CC0"
    assert len([e for e in told.values() if e.asked]) == len(ASKED) - 2


def test_figures_are_told_for_every_class(run):
    tables = {t.title: t for s in model_card(uncharted(run)) for t in s.tables}
    classes = tables["By class (\u2605: stands out from the others)"]
    assert [row[0] for row in classes.rows] == PLAIN[:3]
    assert all("n = 4" in row[1] for row in classes.rows)
    assert len(tables["By corruption"].rows) == 10


def test_a_given_models_training_is_not_invented(tmp_path):
    run = make_run(tmp_path / "run", images=4, size=32, corrupted=0, trained=False)
    told = entries(run)
    assert told["Training data"].text == "not known to this audit: the model was given"
    assert "Training images" not in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('licens = "x"', "unknown key 'licens'; did you mean 'licence'"),
        ("licence = 3", "licence must be a text in quotes, not 3"),
        ("licence", "is not a readable TOML file"),
    ],
)
def test_a_bad_file_of_the_owner_is_named(tmp_path, text, said):
    file = tmp_path / "model_card.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_owner(file)


def test_a_file_that_says_nothing_asks_as_none_does(tmp_path):
    file = tmp_path / "model_card.toml"
    assert read_owner(file) == {}
    file.write_text('licence = "  "')
    assert read_owner(file) == {}


def test_the_card_to_paste_is_whole_and_harmless(report):
    text = (report.report_dir / "data" / "model_card.md").read_text(encoding="utf-8")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == SECTIONS
    assert text.count("To be filled in by the model's owner") == len(ASKED)
    html = Markdown(extensions=["tables"]).convert(text)
    assert not any(tag in html for tag in ("<script", "<img", "<a ", "<title"))
    rows = [line for line in html.split("<tr>") if "<td>" in line]
    assert len(rows) == 22 + 22 + 10 + 6  # classes, these in groups, corruptions, verdicts
    assert {row.count("<td>") for row in rows} == {2, 3, 4}


def test_the_page_and_the_single_file_hold_the_card(report):
    for file in (report.report_dir / "modelcard.html", report.report_html):
        text = file.read_text(encoding="utf-8")
        assert all(f">{title}" in text for title in SECTIONS)
        assert "To be filled in by the model’s owner" in text
        assert not any(name in text for name in HOSTILE[:2])

"""The comparison's files: whole, self-contained, escaped, and nobody else's overwritten."""

import contextlib
import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from drawnruns import HOSTILE, PLAIN, make_run, rows_of
from links import broken, read_site

from audit.compare.build import default_out, render
from audit.compare.exports import KIND
from audit.core.errors import RunFolderError
from audit.storage.run import RunFolder


@pytest.fixture(scope="module")
def told(compared):
    return json.loads((compared / "compare.json").read_text())


@pytest.fixture(scope="module")
def page(compared):
    return (compared / "compare.html").read_text()


class Words(HTMLParser):
    """The text of a page."""

    def __init__(self, page):
        super().__init__()
        self.said = ""
        self.feed(page)
        self.said = re.sub(r"\s+", " ", self.said)

    def handle_data(self, data):
        self.said += data


def test_four_files_are_written_and_listed(compared, told):
    written = {file.name for file in compared.iterdir()}
    assert written == {"compare.html", "compare.json", "compare.md", "flips-B.csv"}
    assert set(told["files"]) == written
    assert (told["kind"], told["schema"]) == ("flower-audit compare", 1)


def test_page_json_and_text_say_the_same(compared, told, page):
    said, text = Words(page).said, (compared / "compare.md").read_text()
    figures = told["pairs"][0]["figures"]
    for figure in figures.values():
        assert figure["words"] in said
    assert figures["accuracy"]["words"] in text
    assert f"{figures['accuracy']['b']['value']:.1%}" in text


def test_text_is_ten_lines(compared):
    assert len((compared / "compare.md").read_text().strip().splitlines()) <= 12


def test_the_csv_lists_every_image_that_changed(compared, told, pair):
    table = pd.read_csv(compared / "flips-B.csv")
    a, b = (run.records().set_index("name").loc[lambda r: r["skipped"] == ""] for run in pair)
    assert set(table["name"]) == set(a.index[(a["verdict"] != b["verdict"])])
    moved = [t for t in told["pairs"][0]["transitions"] if t["a"] != t["b"]]
    assert len(table) == sum(t["images"] for t in moved) > 5


def test_flips_in_json_are_those_of_the_records(told, pair):
    a, b = (run.records() for run in pair)
    flips = told["pairs"][0]["flips"]
    assert flips["lost"]["images"] == (a["correct"] & ~b["correct"]).sum()
    assert flips["gained"]["images"] == (~a["correct"] & b["correct"]).sum()


def test_every_link_leads_somewhere_and_nothing_is_fetched(compared):
    pages = read_site(compared)
    assert broken(pages) == []
    (only,) = pages.values()
    loaded = [tag for tag, given in only.elements if tag in ("iframe", "object") or "src" in given]
    assert set(loaded) == {"img"}
    pictures = [a["src"] for tag, a in only.elements if tag == "img"]
    assert pictures
    assert all(src.startswith("data:image/webp;base64,") for src in pictures)
    assert len(only.ids) == len(set(only.ids))


def test_hostile_names_are_text(compared, page):
    (only,) = read_site(compared).values()
    assert [a for _, a in only.elements if "onerror" in a] == []
    said = Words(page).said
    assert HOSTILE[0].replace("/", "_") in said
    assert HOSTILE[1] in said


def test_all_pictures_have_words(compared):
    (only,) = read_site(compared).values()
    pictures = [a for tag, a in only.elements if tag == "img"]
    # A heatmap lies over a photo, whose words are of both.
    assert all(a.get("alt") or "fa-heat" in (a.get("class") or "") for a in pictures)


def test_a_comparison_is_replaced_by_the_next_and_what_it_left_goes(tmp_path):
    runs = [
        make_run(tmp_path / n, images=12, classes=PLAIN[:3], size=32, seed=i)
        for i, n in enumerate("abc")
    ]
    out = tmp_path / "out"
    assert render(runs, out) == out / "compare.html"
    three = (out / "compare.html").read_text()
    assert {"b-figures", "c-figures"} <= set(re.findall('id="([^"]+)"', three))
    assert "All runs" in three
    (out / "mine.txt").write_text("mine")
    render(runs[:2], out)
    names = {file.name for file in out.iterdir()}
    assert names == {"compare.html", "compare.json", "compare.md", "flips-B.csv", "mine.txt"}
    assert "All runs" not in (out / "compare.html").read_text()


def test_pictures_of_several_pairs_are_fewer(tmp_path, pair):
    third = make_run(tmp_path / "c", images=70, classes=[*PLAIN[:5], HOSTILE[1]], size=48, seed=7)
    render([*pair, third, make_copy(third, tmp_path / "d")], tmp_path / "out")
    told = json.loads((tmp_path / "out" / "compare.json").read_text())
    shown = [flip["shown"] for versus in told["pairs"] for flip in versus["flips"].values()]
    assert max(shown) == 32 // 3
    page = (tmp_path / "out" / "compare.html").read_text()
    left = next(
        f["images"] - f["shown"]
        for f in told["pairs"][1]["flips"].values()
        if f["images"] > f["shown"]
    )
    assert f"{left} left out; flips-C.csv lists all" in page


def make_copy(run, root):
    import shutil

    shutil.copytree(run.root, root)
    return RunFolder(root)


@pytest.mark.parametrize("name", ["compare.html", "compare.json", "flips-B.csv"])
def test_what_no_comparison_wrote_is_not_overwritten(tmp_path, pair, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(RunFolderError, match=re.escape(f"{tmp_path / name} was not written by")):
        render(pair, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize(
    "files", [["thesis.tex", "../thesis.tex", "compare.json"], "thesis.tex", None, [["thesis.tex"]]]
)
def test_a_forged_list_of_files_deletes_none_of_the_readers(tmp_path, pair, files):
    (tmp_path / "compare.json").write_text(json.dumps({"kind": KIND, "files": files}))
    (tmp_path / "thesis.tex").write_text("mine")
    with contextlib.suppress(RunFolderError):  # where the list does not even name itself
        render(pair, tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_an_out_that_is_a_file_is_refused(tmp_path, pair):
    (tmp_path / "out").write_text("")
    with pytest.raises(RunFolderError, match="is a file"):
        render(pair, tmp_path / "out")


def test_the_default_place_is_beside_the_last_run(tmp_path):
    runs = [RunFolder(tmp_path / "old" / "base"), RunFolder(tmp_path / "new" / "aug")]
    assert default_out(runs) == tmp_path / "new" / "compare-base-aug"


def test_runs_that_were_not_tested_are_compared_by_heatmaps_alone(tmp_path):
    bare = [make_run(tmp_path / n, images=8, classes=PLAIN[:2], size=32) for n in "ab"]
    for run in bare:
        run.write_part(0, rows_of(run.records().assign(causal_reason="off")), [])
    said = Words(render(bare, tmp_path / "out").read_text()).said
    assert "not to be compared: no image counts in A or B" in said

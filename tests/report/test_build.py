"""A rendered report: its links, its text, its figures, and what a failure leaves behind."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawnruns import HOSTILE, PLAIN, make_run, record, write_predictions
from killed import kill_at_rename
from links import broken, read_site
from uncharted import render

from audit.core.errors import RunFolderError
from audit.report.build import render as render_with_charts
from audit.report.site.builders import BUILDERS
from audit.storage.run import RunFolder
from audit.storage.swap import settle


@pytest.fixture(scope="module")
def pages(report):
    return read_site(report.report_dir)


@pytest.mark.usefixtures("each_builder")
def test_every_link_and_anchor_resolves(pages):
    assert len(pages) > 30
    assert broken(pages) == []


@pytest.mark.usefixtures("each_builder")
def test_ids_are_unique_on_every_page(pages, report):
    for page in [*pages.values(), *read_site(report.report_html.parent).values()]:
        ours = [i for i in page.ids if not i.startswith("__")]  # those are Material's
        assert len(ours) == len(set(ours)), page.file


def test_every_explained_image_has_one_card(pages, report):
    cards = [i for page in pages.values() if page.file.parent.name == "cases" for i in page.ids]
    cards = [i for i in cards if i.startswith("image-")]
    assert len(cards) == len(set(cards)) == 150
    pictures = {f.name for f in (report.report_dir / "pictures").glob("image-*.webp")}
    tested = {name for name in pictures if name.endswith("-tested.webp")}
    heat = {name for name in pictures if name.endswith("-heat.webp")}
    assert len(pictures - tested - heat) == len(heat) == 150
    assert 0 < len(tested) < 150  # of those alone whose verdict accuses


def test_images_have_a_size_and_an_alternative(pages):
    found = 0
    for page in pages.values():
        for tag, attributes in page.elements:
            if tag == "img" and attributes.get("src", "").startswith("../pictures"):
                assert attributes["width"] and attributes["height"]
                # A heatmap lies over a photo, and a foreground that is cut out over another
                # background: the words of what lies below are of both.
                over = attributes["src"].endswith("-heat.webp") or "clip-path" in str(attributes)
                assert attributes["alt"] or over
                found += 1
    assert found > 600


def test_hostile_names_make_no_markup(pages, report):
    for page in [*pages.values(), *read_site(report.report_html.parent).values()]:
        for _, attributes in page.elements:
            assert "onerror" not in attributes, page.file
            assert not any("example.com" in str(v) for k, v in attributes.items() if k == "href")
        text = page.file.read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert "<title></title>" not in text


def test_hostile_names_are_shown_as_they_are(report):
    text = (report.report_dir / "classes.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "*bold* _it_ [link](http://example.com) | # head &amp;amp; &amp;lt;" in text
    assert "{{ 7 * 7 }} {% raw %} ${x}" in text
    assert "../../etc/passwd" in text


def test_no_page_holds_signs_that_reorder_the_text_around_a_name(report):
    assert any("\u202e" in name for name in HOSTILE)
    built = [
        f for f in report.report_dir.rglob("*") if f.suffix in (".html", ".js", ".json", ".md")
    ]
    for file in [*built, report.report_html, report.summary_md]:
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069]|\\u202e", file.read_text("utf-8")), file


def test_a_page_asks_nothing_of_a_network(pages, report):
    single = read_site(report.report_html.parent)
    for page in [*pages.values(), *single.values()]:
        for _, link in page.links:
            assert not re.match(r"(https?:)?//", link), (page.file, link)


def test_the_gallerys_data_is_small_and_holds_every_image(report):
    folder = report.report_dir / "gallery"
    text = (folder / "cases.js").read_text(encoding="ascii")
    cases = json.loads(text.removeprefix("FA_CASES=").removesuffix(";\n"))
    columns = {len(v) for k, v in cases.items() if k in ("name", "anchor", "share", "mass0")}
    assert columns == {150}
    assert None in cases["mass0"]  # undefined is no number
    details = [json.loads(f.read_text().partition("=")[2][:-2]) for f in folder.glob("details-*")]
    assert sum(len(d) for d in details) == 150
    assert sum(f.stat().st_size for f in folder.iterdir()) < 150 * 2_000


def test_the_single_file_is_whole_and_small(report):
    page = read_site(report.root)[report.report_html.resolve()]
    assert all(link.startswith(("data:", "#")) for _, link in page.links)
    assert sum(tag == "img" for tag, _ in page.elements) > 4
    assert report.report_html.stat().st_size < 10_000_000


def test_records_download_whole_and_harmless(report):
    data = report.report_dir / "data"
    assert len(pd.read_parquet(data / "records.parquet")) == 151
    with (data / "records.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 151
    texts = [
        r[c] for r in rows for c in ("name", "label_name", "prediction_name", "verdict_reason")
    ]
    assert not any(t.startswith(("=", "+", "-", "@")) for t in texts)
    assert any(t.startswith("'=HYPERLINK") for t in texts)


def test_a_skipped_image_counts_as_no_answer_in_the_download(report):
    data = report.report_dir / "data"
    for table in (
        pd.read_parquet(data / "records.parquet"),
        pd.read_csv(data / "records.csv", dtype={"correct": "boolean"}, keep_default_na=True),
    ):
        skipped = table[table["skipped"].fillna("") != ""]
        assert len(skipped) and skipped["correct"].isna().all()
        assert skipped["prediction"].isna().all()
        assert (skipped["verdict"].fillna("") == "").all()
        assert not (table["shortcut_class"] == -1).any()


def worked(root) -> RunFolder:
    """Ten explained images with hand-set figures, and two that were only predicted."""
    run = make_run(root, images=10, classes=PLAIN[:2], examined=False)
    frame = run.records()
    first = frame[frame["row"] >= 0].copy()
    first["gradcam_skill"] = [0.5, 0.5, -0.5, np.nan, 0.1, 0.1, 0.1, 0.1, 0.1, -0.2]
    first["correct"] = [True] * 8 + [False] * 2
    first["verdict"] = (
        ["right-reasons"] * 2
        + ["suspect", "undecided"]
        + ["right-reasons"] * 4
        + [
            "misread",
            "distracted",
        ]
    )
    first["causal_reason"], first["verdict_score"] = "not tested by intervention", np.nan
    first["verdict_reason"] = ["", "", "", "the mask is empty", "", "", "", "", "", ""]
    first["shortcut"] = ["", "", "tag", "", "tag"] + [""] * 5
    first["shortcut_class"] = 0
    first["label"], first["prediction"] = 0, [0] * 8 + [1] * 2
    first["confidence"] = 0.9
    first["prediction_without_shortcut"] = [-1, -1, 1, -1, 0] + [-1] * 5
    first["true_effect"] = [0.0, 0.2, 2.5, 0.1, 1.5, 0.7, 0.3, -0.4, 0.0, 0.0]
    first["true_survival"] = [1.0, 1.0, 0.25, 1.0, 0.75] + [1.0] * 5
    skipped = frame[frame["row"] < 0].to_dict("records")
    run.write_part(0, [*first.to_dict("records"), *skipped], list(run.maps(0)))
    labels = {"label": [0] * 12, "prediction": [0] * 8 + [1] * 2 + [0, 1]}
    names = [*first["name"], "image 10", "image 11"]
    write_predictions(run, pd.DataFrame({"name": names, "confidence": 0.9, **labels}))
    return run


def test_the_summary_equals_worked_figures(tmp_path):
    run = worked(tmp_path / "run")
    render(run)
    summary = json.loads(run.summary_json.read_text())
    figures = summary["figures"]
    assert figures["accuracy"]["value"] == pytest.approx(9 / 12)
    # Wilson of 9 of 12, z = 1.96: (0.75 + 3.8415 / 24 -+ 0.2828) / (1 + 3.8415 / 12)
    assert [figures["accuracy"][k] for k in ("low", "high")] == pytest.approx(
        [0.4677, 0.9111], abs=1e-4
    )
    # Eight right predictions, one of them undecided, none tested by intervention.
    assert figures["suspect_share"]["value"] == pytest.approx(1 / 7)
    assert [figures["suspect_share"][k] for k in ("n", "undefined")] == [7, 1]
    assert figures["wrong_reasons_share"]["value"] is None
    assert [figures["wrong_reasons_share"][k] for k in ("n", "undefined")] == [0, 0]
    assert figures["gradcam_skill"]["value"] == pytest.approx(0.8 / 9)
    assert (figures["gradcam_skill"]["n"], figures["gradcam_skill"]["undefined"]) == (9, 1)
    assert summary["verdicts"]["right-reasons"]["correct"] == 6
    assert summary["undecided_reasons"] == {"the mask is empty": 1}
    # The torn test image, and one of training from the manifest.
    assert summary["images"]["skipped"] == 2
    signals = {(s["title"], s["rule"]): s for s in summary["planted"]["signals"]}
    # The fifth right one owes 1.5 log-odds and keeps its answer, the sixth 0.7.
    planted = summary["planted"]
    assert [planted[k] for k in ("cases", "others", "partly", "clean")] == [1, 7, 1, 5]
    assert (planted["worth"]["value"], planted["worth"]["n"]) == (2.0, 2)
    assert planted["learned"] is True
    signal = signals["Grad-CAM skill", "below 0"]
    verdict = signals["Verdict", "wrong reasons or suspect"]
    assert (signal["found"]["value"], signal["found"]["n"], signal["undefined"]) == (1, 1, 1)
    assert (signal["false_alarms"]["value"], signal["false_alarms"]["n"]) == (0, 4)
    assert (signal["auroc"]["value"], verdict["auroc"]["value"]) == (1, None)


def test_figures_under_intervention_equal_worked_ones(tmp_path):
    run = worked(tmp_path / "run")
    frame = run.records()
    frame.loc[frame["row"] >= 0, "causal_reason"] = ""
    tested = frame["row"] >= 0
    words = ["wrong-reasons"] * 2 + ["suspect", "undecided"] + ["right-reasons"] * 4
    given = {
        "verdict": [*words, "misread", "distracted"],
        "prediction": [0] * 8 + [1, 1],
        "without_foreground": [0, 0, 0, 1, 1, 1, 1, 1, 1, 0],
        "mixed_same": [0, 0, 0, 0, -1, -1, 1, 1, 1, 1],
        "mixed_rand": [0.5] * 10,
        "fragile": [True] + [False] * 9,
    }
    for column, values in given.items():
        frame.loc[tested, column] = pd.array(values, dtype=frame[column].dtype)
    run.write_part(0, frame.to_dict("records"), list(run.maps(0)))
    render(run)
    figures = json.loads(run.summary_json.read_text())["figures"]
    values = {key: (f["value"], f["n"], f["undefined"]) for key, f in figures.items()}
    assert values["wrong_reasons_share"] == (pytest.approx(2 / 7), 7, 1)
    assert values["suspect_share"] == (pytest.approx(1 / 7), 7, 1)
    assert values["fragile_share"] == (pytest.approx(1 / 9), 9, 0)
    assert values["survives_without"] == (pytest.approx(3 / 8), 8, 0)  # of the right ones
    assert values["without_foreground"] == (pytest.approx(4 / 10), 10, 0)  # Only-BG
    assert values["mixed_same"] == (pytest.approx(4 / 8), 8, 0)
    assert values["mixed_rand"] == (pytest.approx(0.5), 10, 0)
    assert values["bg_gap"] == (pytest.approx(0), 8, 0)
    assert "2 (28.6%; 95% interval" in run.report_html.read_text(encoding="utf-8")


def test_the_summary_to_paste_has_eleven_lines_and_the_headline(report):
    lines = report.summary_md.read_text(encoding="utf-8").splitlines()
    accuracy = json.loads(report.summary_json.read_text())["figures"]["accuracy"]["value"]
    assert len(lines) == 11
    assert f"{accuracy:.1%}" in lines[3]


@pytest.fixture
def rendered(own_report):
    """A run with its report, of which a test makes something else."""
    return own_report


def test_a_failed_render_keeps_the_old_report(rendered):
    run = rendered
    files = ("index.html", "files.txt")
    before = [(run.report_dir / f).read_bytes() for f in files], run.report_html.read_bytes()
    (run.maps_dir / "part-00001.npz").unlink()
    with pytest.raises(RunFolderError, match=r"part-00001\.npz is missing"):
        render(run)
    after = [(run.report_dir / f).read_bytes() for f in files], run.report_html.read_bytes()
    assert before == after
    assert not list(run.root.glob(".report-*"))


@pytest.mark.parametrize(
    ("rename", "expected"),
    [(1, "before"), (4, "before"), (6, "after"), (8, "after")],  # what is drawn are three
    ids=["while it renders", "all but ready", "no report in place", "half of the files in place"],
)
def test_a_render_that_was_killed_leaves_a_whole_report(rendered, reports, rename, expected):
    run = rendered
    run.update_manifest(data=run.manifest()["data"] | {"name": "after"})
    kill_at_rename(reports, "render", run, rename)
    settle(run.root)
    assert f"Audit of {expected}</title>" in (run.report_dir / "index.html").read_text("utf-8")
    assert f"Audit of {expected}</title>" in run.report_html.read_text("utf-8")
    assert json.loads(run.summary_json.read_text("utf-8"))["data"] == expected
    assert run.summary_md.read_text("utf-8").splitlines()[0].endswith(f" on {expected}")
    assert broken(read_site(run.report_dir)) == []
    assert not list(run.root.glob(".report-*"))


def test_a_render_ends_what_a_killed_one_left(rendered):
    run = rendered
    (run.root / ".report-abcd_123").mkdir()
    run.predictions_file.unlink()
    with pytest.raises(RunFolderError):
        render(run)
    assert not list(run.root.glob(".report-*"))


def test_a_report_is_rendered_again_in_place(rendered):
    first = (rendered.report_dir / "files.txt").read_text()
    render(rendered)
    assert (rendered.report_dir / "files.txt").read_text() == first


def test_a_run_named_by_a_relative_path_renders(tmp_path, monkeypatch):
    make_run(tmp_path / "run", images=4)
    monkeypatch.chdir(tmp_path)
    render(RunFolder(Path("run")))
    assert (tmp_path / "run" / "report" / "index.html").is_file()


def test_files_that_no_render_wrote_are_not_deleted(rendered):
    note = rendered.report_dir / "my notes.txt"
    note.write_text("keep me")
    with pytest.raises(RunFolderError, match=r"my notes\.txt was not written by flower-audit"):
        render(rendered)
    assert note.read_text() == "keep me"


def test_progress_counts_every_part(tmp_path):
    run = make_run(tmp_path / "run", images=7, part_size=3)
    seen = []

    def track(items, label, total):
        for item in items:
            seen.append((label, total))
            yield item

    render(run, track)
    assert seen == [("Drawing pictures", 3)] * 3


def empty(root, rows, predictions=()):
    run = RunFolder.create(root, resume=False)
    if rows:
        run.write_part(0, rows, [])
    columns = ["name", "label", "prediction", "confidence"]
    types = {"name": "str", "label": "int32", "prediction": "int32", "confidence": "float64"}
    pd.DataFrame(predictions, columns=columns).astype(types).to_parquet(run.predictions_file)
    run.update_manifest(flower_audit="0")
    return run


def test_a_run_without_records_renders(tmp_path):
    run = empty(tmp_path / "run", [])
    render_with_charts(run)
    assert "nothing to judge" in (run.report_dir / "index.html").read_text()
    assert json.loads(run.summary_json.read_text())["figures"]["accuracy"]["value"] is None
    assert broken(read_site(run.report_dir)) == []


def test_a_run_of_skipped_images_alone_renders(tmp_path):
    run = empty(tmp_path / "run", [record("torn.jpg", skipped="truncated")])
    render_with_charts(run)
    assert "truncated" in (run.report_dir / "data.html").read_text()


def test_an_unfinished_sweep_is_never_shown_as_finished(tmp_path):
    run = make_run(tmp_path / "run", images=7, part_size=3)
    rows = len(run.records())
    run.update_manifest(sweep={"explained": rows}, finished="2026-01-02T03:04:05+00:00")
    render(run)
    whole = (run.report_dir / "index.html").read_text()
    assert "Finished 2026-01-02" in whole and "unfinished" not in whole
    (run.checksums_dir / "part-00000.json").unlink()
    lost = rows - len(run.records())
    render(run)
    partial = (run.report_dir / "index.html").read_text()
    assert f"{lost} of {rows} images are not explained yet" in partial
    assert "Finished" not in partial
    assert "not explained yet" in run.report_html.read_text()
    assert "Unfinished" in run.summary_md.read_text()
    summary = json.loads(run.summary_json.read_text())
    assert (summary["finished"], summary["images"]["missing"]) == (None, lost)


def test_one_image_of_one_class_renders(tmp_path):
    run = make_run(tmp_path / "run", images=1, classes=["only"])
    render_with_charts(run)
    assert broken(read_site(run.report_dir)) == []
    assert "No test image was predicted wrongly" in (run.report_dir / "confusions.html").read_text()


def test_a_run_without_masks_shows_undefined_never_zero(tmp_path):
    run = make_run(tmp_path / "run", images=8, classes=PLAIN[:3], trained=False)
    frame = run.records()
    scores = [c for c in frame.columns if c == "chance" or c.startswith(("gradcam_", "ig_"))]
    for column in scores:
        if frame[column].dtype == "float64":
            frame[column] = np.nan
    frame.loc[frame["row"] >= 0, ["verdict", "verdict_reason"]] = ["undecided", "no mask"]
    run.write_part(0, frame.to_dict("records"), list(run.maps(0)))
    render_with_charts(run)
    summary = json.loads(run.summary_json.read_text())
    assert summary["figures"]["ig_mass"]["value"] is None
    assert summary["figures"]["suspect_share"]["value"] is None
    assert summary["undecided_reasons"] == {"no mask": 8}
    assert "could be judged" in (run.report_dir / "index.html").read_text()
    assert "given to the audit, not trained" in (run.report_dir / "training.html").read_text()


def test_pictures_of_a_sample_are_said_to_be_one(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run", images=30, classes=PLAIN)
    monkeypatch.setattr("audit.report.source.MOST", 10)
    render(run)
    said = "Pictures are drawn of 10 of 30 explained images"
    assert said in (run.report_dir / "gallery.html").read_text()
    assert all(said in f.read_text() for f in (run.report_dir / "cases").glob("*.html"))
    assert len(list((run.report_dir / "pictures").glob("*-heat.webp"))) == 10
    assert len(pd.read_parquet(run.report_dir / "data" / "records.parquet")) == 31
    assert json.loads(run.summary_json.read_text())["images"]["explained"] == 30
    assert broken(read_site(run.report_dir)) == []


def test_other_kinds_of_map_are_called_by_their_names(tmp_path):
    run = make_run(tmp_path / "run", images=4)
    run.update_manifest(config=run.manifest()["config"] | {"cam": "hirescam", "ig_variant": "idgi"})
    render(run)
    page = run.report_html.read_text(encoding="utf-8")
    assert "HiResCAM skill" in page and "Draelos" in page
    assert "IDGI skill" in page and "2303.14242" in page
    page = re.sub(r'<p><span class="fa-dot.*?</p>', "", page)  # records keep their words
    assert "Grad-CAM" not in page.replace("--cam", "")
    assert "Integrated" not in page and ">Int. Gradients<" not in page
    assert "- HiResCAM: mass" in run.summary_md.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("views", "told"), [(1, None), (2, "over 2 views: the image, its mirror image. "), (4, "parts")]
)
def test_methods_tell_of_views_where_there_are_several(tmp_path, views, told):
    run = make_run(tmp_path / "run", images=4)
    run.update_manifest(config=run.manifest()["config"] | {"tta": views})
    render(run)
    page = (run.report_dir / "methods.html").read_text(encoding="utf-8")
    assert ("Test-time augmentation" in page) == (views > 1)
    assert told is None or told in page


def test_the_methods_say_where_the_time_went(report):
    page = (report.report_dir / "methods.html").read_text(encoding="utf-8")
    assert "Interventions: 950.0 s, 47.5%" in page  # of 1,980 s of the stages and 20 s of rendering


def test_hostile_runs_name_no_template_of_theirs(report, each_builder):
    builder = BUILDERS[each_builder]
    search = (report.report_dir / f"{builder.index}.js").read_text(encoding="utf-8")
    found = json.loads(search.removeprefix("var __index = ").removesuffix(";"))[builder.entries]
    assert not any("<script" in d["title"] or "<img" in d["title"] for d in found)
    assert len(HOSTILE) <= sum(d["location"].startswith("classes/") for d in found)

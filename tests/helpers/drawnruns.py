"""Realistic run folders, drawn and written through `RunFolder`: what a sweep leaves behind."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from drawnhealth import write_health
from PIL import Image

from audit.checks.explainer_sanity.outputs import FILE as TRUST
from audit.checks.groups.outputs import TABLE as GROUPS
from audit.checks.labels.outputs import ANSWERS
from audit.checks.on_data.results import KindRow, OnData, rule
from audit.checks.preflight.outcome import gathered, kept
from audit.checks.robustness.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from audit.checks.sensitivity.outputs import TABLE as SENSITIVITY
from audit.checks.sensitivity.outputs import table_of
from audit.core.estimate import Estimate, rate
from audit.core.observation import Observation
from audit.core.paired import Difference
from audit.core.questions import QUESTIONS, STOPS
from audit.datasets.contents import Contents
from audit.datasets.dataset import Item
from audit.explainers.registry import titles
from audit.report.clusters import GIVEN as CLUSTERS
from audit.settings.verdict import Thresholds
from audit.storage.heatmaps import Maps, pack_donors
from audit.storage.records import NOT_SAMPLED, RECORD_SCHEMA
from audit.storage.run import VERDICTS, RunFolder, write_whole
from audit.verdict.calibration import Calibration
from audit.verdict.sensitivity import KEYS as SENSITIVITY_KEYS
from audit.verdict.sensitivity import Sensitivity
from audit.verdict.verdict import UNTESTED, Labels, judge

HOSTILE = [
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(2)>",
    "quote \" and ' and `tick`",
    "{{ 7 * 7 }} {% raw %} ${x}",
    "*bold* _it_ [link](http://example.com) | # head &amp; &lt;",
    "../../etc/passwd",
    "con",
    "Rose",
    "rose",
    "ורד אדום \u202egnp.exe",
    "薔薇 🌹",
    "line\nbreak\ttab",
    '=HYPERLINK("http://example.com")',
    "very long name " * 20,
]
PLAIN = [
    "pink primrose",
    "hard-leaved pocket orchid",
    "canterbury bells",
    "sweet pea",
    "english marigold",
    "tiger lily",
    "moon orchid",
    "bird of paradise",
]
SHORTCUT_CLASS = 1
DONORS = 6
THRESHOLDS = Thresholds(thresholds="fixed", on_foreground_skill=0.0)


# What a preflight saw, a hostile name among it.
OBSERVED = (
    Observation("pixels", "Pixels", "0..255 names 118 of 128 images rightly"),
    Observation("suffixes", "Files left out", "3 <script>alert(1)</script>.heic files are left out",
                "weak", "pip install 'flower-audit[heic]'"),
)  # fmt: skip


def draw(size: int, kind: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A flower of petals on a gradient, and its trimap."""
    ramp = np.linspace(0, 1, size, dtype=np.float32)
    near, far = random.uniform(20, 110, 3), random.uniform(60, 170, 3)
    field = near + (far - near) * np.add.outer(ramp, ramp)[..., None] / 2
    speck = cv2.GaussianBlur(random.normal(0, 60, (size, size, 3)).astype(np.float32), (0, 0), 2)
    image = np.clip(field + speck, 0, 255).astype(np.uint8)
    trimap = np.zeros((size, size), np.uint8)
    centre = random.uniform(0.38, 0.62, 2) * size
    hue = np.uint8([[[(kind * 47) % 180, 190, 235]]])
    petal = tuple(int(c) for c in cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0])
    petals, reach = 5 + kind % 5, random.uniform(0.16, 0.26) * size
    for angle in np.linspace(0, 360, petals, endpoint=False) + random.uniform(0, 60):
        toward = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        at = tuple(int(v) for v in centre + toward * reach * 0.75)
        axes = (int(reach * 0.7), int(reach * 0.38))
        cv2.ellipse(image, at, axes, angle, 0, 360, petal, -1, cv2.LINE_AA)
        cv2.ellipse(trimap, at, axes, angle, 0, 360, 255, -1)
    at = tuple(int(v) for v in centre)
    cv2.circle(image, at, int(reach * 0.32), (250, 215, 70), -1, cv2.LINE_AA)
    cv2.circle(trimap, at, int(reach * 0.32), 255, -1)
    grown = cv2.dilate(trimap, np.ones((5, 5), np.uint8))
    return image, np.where(grown > trimap, 128, trimap).astype(np.uint8)


def heatmaps(
    trimap: np.ndarray, on: bool, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Grad-CAM and IG that look at the flower, or at the lower left corner."""
    size = trimap.shape[0]
    target = (trimap == 255).astype(np.float32)
    if not on:
        target = np.zeros_like(target)
        target[int(size * 0.75) :, : int(size * 0.25)] = 1
    soft = cv2.GaussianBlur(target, (0, 0), size / 20)
    cam = cv2.resize(soft, (7, 7), interpolation=cv2.INTER_AREA) + random.normal(0, 0.06, (7, 7))
    ig = random.laplace(0, 1, (size, size)) * (0.08 + soft)
    return cam.astype(np.float16), ig.astype(np.float32)


def record(name: str, **given: object) -> dict[str, object]:
    """A record of an image that was skipped, unless ``given`` says more."""
    blanks = {"string": "", "int32": -1, "bool": False, "double": float("nan")}
    blank: dict[str, object] = {f.name: blanks[str(f.type)] for f in RECORD_SCHEMA}
    fixed = {"name": name, "part": 0, "split": "test", "mask_source": "none"}
    fixed["causal_reason"] = UNTESTED
    counts = dict.fromkeys(
        ("label", "ig_steps", "donors", "passes", "removal_controls", "removal_controls_flipped"), 0
    )
    return blank | counts | fixed | given


def _scores(maps: Maps) -> dict[str, float]:
    flower, valid = maps.trimap == 255, maps.trimap != 128
    chance = float(flower.sum() / valid.sum())
    found = {"chance": chance, "valid_share": float(valid.mean())}
    for explainer in ("gradcam", "ig"):
        heat = np.maximum(maps.heatmap(explainer), 0)
        mass = float(heat[flower].sum() / heat[valid].sum())
        found[f"{explainer}_mass"] = mass
        found[f"{explainer}_skill"] = (mass - chance) / (1 - chance)
        found[f"{explainer}_pointing"] = float(flower.flat[int(heat.argmax())])
        hottest = np.argsort(-heat[valid])[: flower.sum()]
        found[f"{explainer}_rank_accuracy"] = float(flower[valid][hottest].mean())
    return found


def make_run(
    root: Path,
    *,
    images: int = 60,
    classes: Sequence[str] = (*PLAIN, *HOSTILE),
    size: int = 96,
    part_size: int = 32,
    planted: bool = False,
    trained: bool = True,
    seed: int = 0,
    data: str = "oxford_flowers102",
    corrupted: int = 12,
    examined: bool = True,
    judged: bool = False,
) -> RunFolder:
    """Write a whole run of drawn images; image ``i`` is of class ``i % len(classes)``."""
    run = RunFolder.create(root, resume=False)
    random = np.random.default_rng(seed)
    rows, tested = [], {}
    for part, start in enumerate(range(0, images, part_size)):
        numbers = range(start, min(start + part_size, images))
        made = [_case(i, classes, size, planted, random) for i in numbers]
        maps = [m for _, m in made]
        records = [r | {"part": part, "row": k} for k, (r, _) in enumerate(made)]
        tested |= {Item(r["name"], r["label"], "test"): m.image for r, m in made}
        if part == 0:
            records.append(record("torn.jpg", skipped="image file is truncated", label_name="x"))
        run.write_part(part, records, maps)
        rows += records
    backgrounds = np.stack([draw(size, k, random)[0] for k in range(DONORS)])
    write_whole(run.donors_file, pack_donors([f"donor {k}" for k in range(DONORS)], backgrounds))
    _write_rest(run, rows, classes, trained, size, data, part_size)
    write_trust(run)
    write_shortcuts(run, [r for r in rows if not r["skipped"]])
    write_opportunity(run, len(classes))
    write_sensitivity(run, len(classes))
    write_groups(run, rows)
    write_clusters(run, rows)
    if judged:
        write_verdicts(run, rows)
    write_self_test(run)
    if corrupted:
        write_corrupted(run, [r for r in rows if not r["skipped"]][:corrupted], size)
    if examined:
        others = np.random.default_rng(3)
        write_health(run, tested, [draw(size, k, others)[0] for k in range(20)])
    return run


def _case(
    i: int, classes: Sequence[str], size: int, planted: bool, random: np.random.Generator
) -> tuple[dict[str, object], Maps]:
    label = i % len(classes)
    correct = bool(random.random() < 0.82) or len(classes) == 1
    prediction = label if correct else (label + 1 + i % 2) % len(classes)
    shortcut = planted and label == SHORTCUT_CLASS and bool(random.random() < 0.7)
    on = bool(random.random() < (0.3 if shortcut else 0.88))
    image, trimap = draw(size, label, random)
    name = f"image_{i:05d}.jpg" if i % 7 else f"image_{i:05d} {classes[label][:60]}.jpg"
    region = np.zeros((size, size), bool)
    region[int(size * 0.8) :, : int(size * 0.2)] = True
    donors = random.permutation(DONORS)[:4].astype(np.int16)
    maps = Maps(name, image, trimap, *heatmaps(trimap, on, random), region, donors)
    evidence = _scores(maps) | _causes(on, prediction, classes, random)
    if i % 23 == 22:
        undefined = {k: float("nan") for k in evidence if isinstance(evidence[k], float)}
        why = dict.fromkeys(("gradcam_reason", "ig_reason", "causal_reason"), "empty mask")
        evidence |= undefined | why
    found = record(name, prediction=prediction, correct=correct, **evidence)
    verdict = judge(found, THRESHOLDS, Labels("flower", titles()))
    return found | {
        "label": label,
        "label_name": classes[label],
        "prediction_name": classes[prediction],
        "confidence": float(random.uniform(0.4, 1)),
        "logit": float(random.normal(8, 2)),
        "mask_source": "none" if i % 23 == 22 else ("folder", "official", "grabcut")[i % 3],
        "mask_doubt": "tiny: 0.4% of the image" if i % 17 == 16 else "",
        "ig_steps": 50,
        "ig_completeness_error": float(random.exponential(0.02)),
        "verdict": verdict.verdict,
        "verdict_reason": verdict.reason,
        "verdict_score": verdict.score,
        "fragile": i % 11 == 3,
        "shortcut": "tag" if shortcut else "",
        "shortcut_class": SHORTCUT_CLASS if shortcut else -1,
        "prediction_without_shortcut": (label if on else 0) if shortcut else -1,
        **(_truth(i, on, shortcut) if planted else {}),
    }, maps


def _truth(i: int, on: bool, shortcut: bool) -> dict[str, float]:
    """What is lost before other backgrounds: much where a shortcut is looked at."""
    little = 0.1 * (i % 7 - 3)
    if shortcut and not on:
        return {"true_effect": 4 + little, "true_survival": 0.125}
    return {"true_effect": little + (1.2 if shortcut else 0), "true_survival": 1.0}


def _causes(
    on: bool, prediction: int, classes: Sequence[str], random: np.random.Generator
) -> dict[str, object]:
    """What interventions would find: the lower left corner decides where ``on`` is false."""
    turned = prediction if on else (prediction + 1) % len(classes)
    share = float(random.beta(2, 8) if on else random.beta(6, 3))
    survived = int(random.integers(3, 6) if on else random.integers(0, 2))
    swapped = [prediction] * survived + [(prediction + 1) % len(classes)] * (5 - survived)
    return {
        "causal_reason": "",
        "log_odds": 3.0,
        "foreground_effect": 8 * (1 - share),
        "background_effect": 8 * share,
        "background_share": share,
        "survival": survived / 5,
        "donors": 5,
        "swap_predictions": ",".join(map(str, swapped)),
        "swap_confidences": "91,82,73,64,55",
        "without_foreground": (prediction + 2) % len(classes),
        "only_foreground": prediction,
        "pasted_back": prediction,
        "mixed_same": prediction,
        "mixed_rand": float(random.integers(2, 5)) / 4,
        "removal_proposer": "scan",
        "removal_area": 0.04,
        "removal_place": "lower left",
        "removal_lost": 0.3 if on else 4.5,
        "removal_prediction": turned,
        "removal_prediction_name": classes[turned],
        "removal_confidence": 0.61,
        "removal_controls": 3,
        "removal_controls_flipped": 0,
        "removal_control_lost": 0.2,
        "passes": 27 if on and share < 0.2 else 52,
        "asked": "parts,region,edits" if on and share < 0.2 else ",".join(QUESTIONS),
        "stopped_by": ",".join(STOPS) if on and share < 0.2 else "",
    }


def write_trust(run: RunFolder) -> None:
    """What the checks of the explainers leave: Grad-CAM beats random pixels, IG does not."""
    random = np.random.default_rng(3)
    fractions = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0])
    bends = {"gradcam": 0.4, "ig": 1.0, "random": 1.0, "centre": 0.6}

    def curves(kind: str) -> dict[str, list[list[float]]]:
        ends = (lambda v: 0.9 - 0.8 * v) if kind == "deletion" else (lambda v: 0.1 + 0.8 * v)
        return {
            name: [ends(fractions ** (bend * random.uniform(0.9, 1.1))).tolist() for _ in range(24)]
            for name, bend in bends.items()
        }

    alike = {"gradcam": 0.1, "ig": 0.6}
    told = {
        "images": 24,
        "fractions": fractions.tolist(),
        "randomised": {
            name: {"rank": random.normal(mean, 0.1, 24).tolist(), "ssim": [mean] * 24}
            for name, mean in alike.items()
        },
        **{kind: curves(kind) for kind in ("deletion", "insertion")},
    }
    write_whole(run.file("trust.json"), json.dumps(told).encode())


def write_verdicts(run: RunFolder, rows: Sequence[dict[str, object]]) -> None:
    """What the whole run says of each image: what its record said by itself."""
    table = pd.DataFrame([row for row in rows if not row["skipped"]], columns=list(VERDICTS))
    accused = table["verdict"] == "wrong-reasons"
    table["verdict_cause"] = np.where(accused, "object", "")
    write_whole(run.verdicts_file, table.to_parquet(index=False))


def write_groups(run: RunFolder, rows: Sequence[dict[str, object]]) -> None:
    """Two backgrounds in turn, the last image without; one is of training images alone."""
    read = [row for row in rows if not row["skipped"]]
    told = [("background", "test", str(row["name"]), int(row["label"]),
             ("land", "<b>water</b>")[i % 2] if i + 1 < len(read) else "")
            for i, row in enumerate(read)]  # fmt: skip
    trained = [("land", 40), ("<b>water</b>", 4), ("snow", 2)]
    told += [("background", "train", f"train_{value}_{k}.jpg", 0, value)
             for value, n in trained for k in range(n)]  # fmt: skip
    keep_groups(run, told)


def keep_groups(run: RunFolder, told: Sequence[tuple[str, str, str, int, str]]) -> None:
    """Keep groups of images: column, split, name, label and value of each."""
    table = pd.DataFrame(told, columns=["column", "split", "name", "label", "value"])
    types = dict.fromkeys(("column", "split", "name", "value"), "str") | {"label": "int64"}
    write_whole(GROUPS.file(run), table.astype(types).to_parquet(index=False))


def write_clusters(run: RunFolder, rows: Sequence[dict[str, object]]) -> None:
    """Every image of a photographer of its own: all are independent."""
    told = [("photographer", str(row["name"]), f"no. {i}") for i, row in enumerate(rows)]
    table = pd.DataFrame(told, columns=["column", "name", "cluster"]).astype("str")
    write_whole(CLUSTERS.file(run), table.to_parquet(index=False))


def write_sensitivity(run: RunFolder, classes: int) -> None:
    """What a run knows of its classes: the first rests on its texture, the last on its scene."""
    found = [_sensitive(k, edit, classes) for k in range(classes) for edit in SENSITIVITY_KEYS]
    write_whole(SENSITIVITY.file(run), table_of(found).to_parquet(index=False))


def _sensitive(target: int, edit: str, classes: int) -> Sensitivity:
    proven = (target, edit) in ((0, "blur"), (classes - 1, "swap"))
    flips, others = rate(18 if proven else 2, 20), rate(3, 60)
    excess = Difference(flips.value - others.value, 0.5 if proven else -0.1, 0.95)
    lost = float("nan") if edit == "swap" else (3.0 if proven else 0.1)
    return Sensitivity(
        target=target,
        edit=edit,
        flips=flips,
        others=others,
        excess=excess,
        lost=lost,
        others_lost=lost * 0 + 0.2,
        p=1e-9 if proven else 0.4,
        corrected=1e-7 if proven else 1.0,
    )


def write_shortcuts(run: RunFolder, rows: Sequence[dict[str, object]]) -> None:
    """What a search for shortcuts leaves: a proven one of most images of a class, and one not."""
    named: list[list[str]] = [[], []]
    for row in rows:
        if row["prediction"] in (0, 1):
            named[int(row["prediction"])].append(str(row["name"]))
    groups = [group(k, names, proven=k == 1) for k, names in enumerate(named) if names][::-1]
    told = {"reason": "", "cases": sum(len(g["members"]) for g in groups) + 2, "groups": groups}
    if not groups:
        told |= {"reason": "the background decides no answer", "cases": 0}
    write_whole(run.file("shortcuts.json"), json.dumps(told).encode())


def group(target: int, names: Sequence[str], *, proven: bool) -> dict[str, Any]:
    """A group of backgrounds as the run keeps it; the first is its only exemplar."""
    exemplar = {"name": names[0], "foreground": names[-1], "answer": target, "gained": 4.0,
                "lost": 3.0, "window": [0.75, 0.0, 1.0, 0.25],
                "place": "lower left"}  # fmt: skip
    rise, answers = (3.0, 2.0, 4.0) if proven else (0.5, -0.5, 1.5), (0.4, 0.3, 0.5)
    keys = ("value", "low", "high")
    return {
        "target": target,
        "members": list(names),
        "rises": [3.0] * min(len(names), 12),
        "rise": dict(zip(keys, rise, strict=True)),
        "answers": dict(zip(keys, answers, strict=True)),
        "taken": 0.5,
        "usual": 0.1,
        "random": 28,
        "foregrounds": 14,
        "p": 0.001,
        "corrected": 0.002 if proven else 0.3,
        "proven": proven,
        "exemplars": [exemplar] if proven else [],
    }


def write_self_test(run: RunFolder) -> None:
    """What a self-test on the run's data leaves: one stamp was learned, another was not."""
    clean = rate(4, 120)
    nothing = dict.fromkeys(("found", "false_alarms", "named", "auroc"), rate(0, 0))
    learned = {"found": rate(18, 20), "false_alarms": clean, "named": rate(17, 18),
               "auroc": Estimate(0.97, 0.94, 0.99, 140, method="bootstrap")}  # fmt: skip
    worths = [Estimate(value, value - 0.4, value + 0.4, 40, method="bootstrap")
              for value in (4.0, 0.3)]  # fmt: skip
    kinds = [
        KindRow("tag", 1, 1, worths[0], **learned),
        KindRow("tint", 1, 0, worths[1], **nothing),
    ]
    found = OnData(80, 1, 90, kinds, rate(18, 20), clean, rate(2, 100), rate(0, 2),
                   Calibration(0.62, 0.083, 220), rule())  # fmt: skip
    write_whole(run.file("selftest.json"), json.dumps(found.json()).encode())


def write_opportunity(run: RunFolder, classes: int) -> None:
    """What a look at backgrounds leaves: colours give the second class away; no cue another."""
    told, by_chance = np.full((classes, classes), 8), np.full((classes, classes), 8)
    told[SHORTCUT_CLASS % classes] = told[:, SHORTCUT_CLASS % classes] = 0
    told[SHORTCUT_CLASS % classes, SHORTCUT_CLASS % classes] = 8 * classes
    splits = [
        {
            "split": split,
            "of": 9 * classes**2 + 2,
            "images": 8 * classes**2 + 1,
            "masked": 8 * classes**2,
            "unread": 1,
            "duplicates": 1,
            "bare": False,
            "classes": classes,
            "cues": {
                "border": of_cue(by_chance, p=0.4),
                "colour": of_cue(told, p=0.0005),
                "texture": of_cue(by_chance, p=0.5),
                "features": of_cue(told, p=0.0005),
                "metadata": of_cue([], p=float("nan"), reason="it is the same for all images"),
            },
        }
        for split in ("train", "test")
    ]
    write_whole(run.file("opportunity.json"), json.dumps({"splits": splits}).encode())


def of_cue(table: Any, p: float, reason: str = "") -> dict[str, Any]:
    """Answers to a cue, images by class and by what they are called."""
    labels = list(range(len(table)))
    if len(labels) == 1:
        labels, table, p, reason = [], [], float("nan"), "fewer than 2 classes"
    chance = 1 / len(labels) if labels else float("nan")
    return {
        "reason": reason,
        "labels": labels,
        "table": np.asarray(table).tolist(),
        "uneven": False,
        "chance": [chance, 0.8 * chance, 1.2 * chance],
        "p": p,
    }


def write_corrupted(run: RunFolder, rows: Sequence[dict[str, object]], size: int) -> None:
    """What a sweep leaves of corruptions: the more severe, the more answers change."""
    random = np.random.default_rng(2)
    table = []
    for index, row in enumerate(rows):
        known = {"name": row["name"], "label": row["label"]}
        table.append(known | _answer("", 0, bool(row["correct"]), True, random, False))
        for kind, key in enumerate(CORRUPTIONS):
            for severity in SEVERITIES:
                holds = bool(random.random() > kind * severity / 60)
                correct = bool(row["correct"]) and holds
                table.append(known | _answer(key, severity, correct, holds, random, index < 4))
    image = draw(size, 1, random)[0]
    small = [
        [cv2.resize(v, (96, 96)) for v in (image, *(corrupt(image, k, s, "") for s in SEVERITIES))]
        for k in CORRUPTIONS
    ]
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate([np.concatenate(r, 1) for r in small])).save(buffer, "WEBP")
    write_whole(run.file("robustness.webp"), buffer.getvalue())
    how = {"pictured": rows[0]["name"], "ig_images": 4, "ig_severity": 3, "ig_steps": 8}
    run.update_manifest(robustness={"images": len(rows), **how})
    pd.DataFrame(table).to_parquet(run.file("robustness.parquet"))


def _answer(
    key: str,
    severity: int,
    correct: bool,
    holds: bool,
    random: np.random.Generator,
    attributed: bool,
) -> dict[str, object]:
    nan = float("nan")
    drawn = [(float(1 - random.beta(2, 20 / (severity + 1))), float(random.normal(-0.02, 0.05)))
             for _ in range(2)]  # fmt: skip
    shown = (bool(key) and holds, holds and attributed and severity == 3)
    return {
        "corruption": key,
        "severity": severity,
        "prediction": 0,
        "correct": correct,
        "holds": holds,
        **{
            f"{explainer}_{column}": value
            for explainer, (rank, mass), there in zip(("gradcam", "ig"), drawn, shown, strict=True)
            for column, value in {
                "rank": rank if there else nan,
                "rank_reason": "" if there else "the answer changed",
                "mass_change": mass if there else nan,
                "mass_reason": "" if there else "the answer changed",
            }.items()
        },
    }


def of_several_labels(run: RunFolder, told: Sequence[tuple[str, int, bool, float]]) -> RunFolder:
    """Make a run one of several labels: of images and labels, if they are there and their logit."""
    table = pd.DataFrame(told, columns=["name", "label", "present", "logit"])
    run.update_manifest(model=run.manifest()["model"] | {"several": True})
    run.keep(ANSWERS.file(run), table.to_parquet(index=False))
    return run


def write_contents(run: RunFolder, names: Iterable[str]) -> None:
    """Hashes of images, as if each held its own name."""
    contents = Contents()
    for name in names:
        contents.heed(name, name.encode("utf-8", "surrogatepass"))
    contents.table().to_parquet(run.contents_file)


def rows_of(records: pd.DataFrame) -> list[dict[str, Any]]:
    """Records as `RunFolder.write_part` takes them, undefined as None."""
    rows = records.to_dict("records")
    return [{k: None if v != v else v for k, v in row.items()} for row in rows]


def predict_again(run: RunFolder, table: pd.DataFrame) -> None:
    """Other answers than a drawn run has, in predictions and records alike."""
    table.to_parquet(run.predictions_file)
    answers = table.set_index("name")[["prediction", "confidence"]]
    for part in run.done_parts():
        records = run.records().query("part == @part").set_index("name", drop=False)
        read = records["skipped"] == ""
        for column in answers:
            found = answers[column].loc[records.index[read]].to_numpy(records[column].dtype)
            records.loc[read, column] = found
        records["correct"] = records["prediction"] == records["label"]
        run.write_part(part, rows_of(records), list(run.maps(part)))


def write_predictions(run: RunFolder, table: pd.DataFrame) -> None:
    """Other predictions than a drawn run has, and their number."""
    table.to_parquet(run.predictions_file)
    run.update_manifest(sweep=run.manifest()["sweep"] | {"test_images": len(table)})


def _write_rest(
    run: RunFolder,
    rows: Sequence[dict[str, object]],
    classes: Sequence[str],
    trained: bool,
    size: int,
    data: str,
    part_size: int,
) -> None:
    columns = ["name", "label", "prediction", "confidence"]
    frame = pd.DataFrame([r for r in rows if not r["skipped"]], columns=columns)
    types = {"name": "str", "label": "int32", "prediction": "int32", "confidence": "float64"}
    frame.astype(types).to_parquet(run.predictions_file)
    write_contents(run, frame["name"])
    training = {}
    if trained:
        epochs = np.arange(1, 8)
        curves = {
            "epoch": epochs,
            "accuracy": 1 - 0.6 * np.exp(-epochs / 1.6),
            "loss": 3.2 * np.exp(-epochs / 2) + 0.1,
            "val_accuracy": 0.86 - 0.5 * np.exp(-epochs / 1.8) - 0.004 * np.maximum(epochs - 5, 0),
            "val_loss": 2.8 * np.exp(-epochs / 2) + 0.35 + 0.03 * np.maximum(epochs - 5, 0),
        }
        pd.DataFrame(curves).to_csv(run.history_file, index=False)
        sheet = np.random.default_rng(1)
        tiles = [draw(size, 3, sheet)[0] for _ in range(9)]
        grid = np.concatenate([np.concatenate(tiles[k : k + 3], 1) for k in (0, 3, 6)])
        buffer = io.BytesIO()
        Image.fromarray(grid).save(buffer, "PNG")
        write_whole(run.augmentations_file, buffer.getvalue())
        training = {
            "training": {
                "pipeline": "augmented",
                "epochs": 7,
                "best_epoch": 5,
                "seed": 0,
                "learning_rate": 0.001,
                "batch_size": 32,
                "val_accuracy": 0.83,
            }
        }
    run.update_manifest(
        flower_audit="0.1.0",
        command="flower-audit run --out RUN",
        started="2026-03-04T10:15:00+00:00",
        finished="2026-03-04T10:58:31+00:00",
        config={"seed": 0, "subject": "flower", "ig_steps": 50, **dict(THRESHOLDS)},
        packages={"tensorflow": "2.20.0", "keras": "3.11.0", "numpy": "2.4.6"},
        host={"platform": "Linux", "python": "3.12.3", "cpus": 2},
        data={
            "name": data,
            "classes": list(classes),
            "counts": {"train": 1020, "validation": 1020, "test": len(rows)},
            "fingerprint": "c0ffee" * 8,
            "skipped": [{"name": "bad<b>.jpg", "split": "train", "reason": "not a JPEG"}],
        },
        preflight=kept(gathered(OBSERVED, anyway=False)),
        model={
            "backbone": "efficientnetb0",
            "source": "trained" if trained else "model.keras",
            "sha256": "ab" * 32,
            "parameters": 4180000,
            "input_size": size,
            "feature_layer": "top_activation",
            "feature_shape": [7, 7, 1280],
            "head": "GlobalAveragePooling2D, Dense",
        },
        sweep={
            "parts": len({row["part"] for row in rows}),
            "part_size": part_size + 1,  # the first has a torn image besides
            "test_images": len(rows),
            "explained": len(rows),
        },
        seconds={"train": 310.2, "predict": 40.5, "explain": 1900.0, "report": 20.0},
        stages={
            "decode": 30,
            "predict": 40,
            "explain": 900,
            "intervene": 950,
            "score": 40,
            "write": 20,
        },
        **training,
    )


FURTHER = ("lime", "shap")


def ask_optional(run: RunFolder, each: int = 2) -> RunFolder:
    """Let LIME and SHAP explain every second image of a run of one part: the flower, in squares."""
    frame, maps = run.records(), list(run.maps(0))
    for name in FURTHER:
        frame[[f"{name}_{c}" for c in ("mass", "rank_accuracy", "pointing", "skill")]] = np.nan
        frame[f"{name}_reason"] = NOT_SAMPLED
    for row in range(0, len(maps), each):
        flower = (maps[row].trimap == 255).astype(np.float32)
        small = cv2.resize(flower, (8, 8), interpolation=cv2.INTER_AREA)
        heat = cv2.resize(small, flower.shape[::-1], interpolation=cv2.INTER_NEAREST)
        maps[row] = replace(maps[row], optional={"lime": heat, "shap": heat - 0.1})
        for name, value in (("lime", 0.7), ("shap", 0.6)):
            frame.loc[frame["row"] == row, [f"{name}_mass", f"{name}_skill"]] = [value, value - 0.1]
            frame.loc[frame["row"] == row, f"{name}_reason"] = ""
    run.write_part(0, frame.to_dict("records"), maps)
    told = TRUST.read(run)
    for kind in ("deletion", "insertion"):
        told[kind] |= dict.fromkeys(FURTHER, told[kind]["gradcam"])
    told["randomised"] |= dict.fromkeys(FURTHER, told["randomised"]["gradcam"])
    told["seconds"] = {"gradcam": 0.01, "ig": 0.2, "lime": 8.0, "shap": 4.0}
    write_whole(run.file("trust.json"), json.dumps(told).encode())
    return run

"""What a report of a whole test set costs, and how soon its pages answer.

python benchmarks/report.py [--images 6149] [--run RUN] [--site-builder zensical]

A run of so many records is made by repeating drawn maps under other names, or those of RUN; it is
rendered in a process of its own, and its pages are opened from disk in Chromium.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from audit.storage.run import RunFolder

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "helpers"))
_COLUMNS = ("name", "label", "prediction", "confidence")
_COPIED = ("history.csv", "donors.npz", "trust.json", "augmentations.png",
           "sensitivity.parquet")  # fmt: skip
_READY = "performance.getEntriesByType('navigation')[0].domInteractive"
_SETTLED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=6149)
    parser.add_argument("--run", type=Path, help="repeat this run's maps instead of drawn ones")
    parser.add_argument("--site-builder", default="mkdocs", help="mkdocs or zensical")
    parser.add_argument("--render", type=Path, help="render this run in this process")
    given = parser.parse_args()
    if given.render:
        print(json.dumps(measure(given.render, given.site_builder)))
        return
    beside = given.run.parent if given.run else None  # maps are linked, not copied
    with tempfile.TemporaryDirectory(dir=beside) as folder:
        run = Path(folder, "run")
        repeated(given.run or drawn(Path(folder, "drawn")), run, given.images)
        builder = ["--site-builder", given.site_builder]
        command = [sys.executable, __file__, "--render", str(run), *builder]
        child = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        found = json.loads(child.stdout.splitlines()[-1])
        found |= sizes(run / "report", given.site_builder)
        found |= {"load": os.getloadavg()[0], "images": given.images, **pages(run / "report")}
    for key, value in found.items():
        print(f"{key}: {value:,.2f}" if isinstance(value, float) else f"{key}: {value}")


def drawn(root: Path) -> Path:
    from drawnruns import PLAIN, make_run

    make_run(root, images=640, classes=[f"{n} {k}" for k in range(13) for n in PLAIN], size=224,
             judged=True)  # fmt: skip
    return root


def repeated(source: Path, target: Path, images: int) -> None:
    """A run whose records are those of ``source`` again and again, under other names."""
    from audit.storage.run import RunFolder

    old, new = RunFolder.open(source), RunFolder.create(target, resume=False)
    shutil.copyfile(source / "manifest.json", target / "manifest.json")
    held, done = [(old.maps_dir / f"part-{k:05d}.npz", _part(old, k)) for k in _numbers(old)], 0
    for part, (maps, records) in enumerate(itertools.cycle(held)):
        rows = records.slice(0, images - done)
        parts = {"part": np.full(len(rows), part)}
        new.keep_part(part, {"records": _packed(_with(_renamed(rows, done), parts))})
        os.link(maps, new.maps_dir / maps.with_stem(f"part-{part:05d}").name)
        done += len(rows)
        if done == images:
            break
    for name in _COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    _write_tables(new, pa.concat_tables(records for _, records in held), images)
    swept = old.manifest()["sweep"] | {"parts": part + 1, "test_images": done, "explained": done}
    new.update_manifest(sweep=swept, checksums={})


def _numbers(run: RunFolder) -> list[int]:
    return sorted(run.done_parts())


def _part(run: RunFolder, part: int) -> pa.Table:
    return _edited(pq.read_table(run.records_dir / f"part-{part:05d}.parquet"), part)


def _edited(records: pa.Table, seed: int) -> pa.Table:
    """Records with answers to edits of the background, which drawn ones hold none of."""
    from audit.core.edits import EDITS

    if pc.max(records["edit_blur_prediction"]).as_py() >= 0:
        return records
    random, answers = np.random.default_rng(seed), records["prediction"].to_numpy()
    tested = np.asarray(pc.equal(records["causal_reason"], ""))
    for key in EDITS:
        lost = np.where(tested, random.normal(0.3, 0.5, len(answers)), np.nan)
        after = np.where(tested, np.where(lost > 1, (answers + 1) % 13, answers), -1)
        records = _with(records, {f"edit_{key}_lost": lost, f"edit_{key}_prediction": after})
    return records


def _renamed(records: pa.Table, first: int) -> pa.Table:
    """Records under names of their own, counted from ``first``."""
    names = [f"image_{n:07d}.jpg" for n in range(first, first + len(records))]
    return _with(records, {"name": names})


def _with(records: pa.Table, columns: Mapping[str, ArrayLike]) -> pa.Table:
    """Records with other values in some columns."""
    for name, values in columns.items():
        place = records.schema.get_field_index(name)
        kind = records.schema.types[place]
        records = records.set_column(place, name, pa.array(np.asarray(values)).cast(kind))
    return records


def _write_tables(run: RunFolder, records: pa.Table, images: int) -> None:
    """What a run says of all its images together: answers, verdicts, hashes, near-duplicates."""
    from audit.storage.run import VERDICTS

    places = pa.array(np.arange(images) % len(records))
    told = records.select([*_COLUMNS, *(c for c in VERDICTS if c != "name"), "skipped"])
    told = _renamed(told.take(places), 0)
    told = told.filter(pc.equal(told["skipped"], ""))
    run.predictions_file.write_bytes(_packed(told.select(_COLUMNS)))
    run.verdicts_file.write_bytes(_packed(told.select(list(VERDICTS))))
    names = told["name"]
    times = pa.array(np.arange(len(names)))
    hashes = pa.array([hashlib.sha256(name.encode()).hexdigest() for name in names.to_pylist()])
    contents = {"name": names, "size": times, "modified": times, "content": hashes}
    run.contents_file.write_bytes(_packed(pa.table(contents)))
    alike = {"a": names[: len(names) // 100], "b": names[len(names) // 2 :][: len(names) // 100]}
    run.file("duplicates.parquet").write_bytes(_packed(pa.table(alike)))


def _packed(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def measure(root: Path, builder: str) -> dict[str, float]:
    from audit.report.build import render
    from audit.storage.run import RunFolder

    began, spent = time.perf_counter(), sum(os.times()[:4])
    render(RunFolder.open(root), site_builder=builder)
    return {
        "seconds": time.perf_counter() - began,
        "CPU seconds": sum(os.times()[:4]) - spent,  # a builder's process among them
        "peak memory, MiB": _peak(),
    }


def _peak() -> float:
    """MiB that this process had at most; `resource` counts what its parent had, too."""
    told = Path("/proc/self/status").read_text()
    return int(told.split("VmHWM:")[1].split()[0]) / 2**10


def sizes(report: Path, builder: str) -> dict[str, float]:
    from audit.report.site.builders import BUILDERS

    files = [f for f in report.rglob("*") if f.is_file()]
    return {
        "site, MB": sum(f.stat().st_size for f in files) / 1e6,
        "files": float(len(files)),
        "pictures, MB": sum(f.stat().st_size for f in (report / "pictures").iterdir()) / 1e6,
        "downloads, MB": sum(f.stat().st_size for f in (report / "data").iterdir()) / 1e6,
        "pages, MB": sum(f.stat().st_size for f in report.rglob("*.html")) / 1e6,
        "largest page, MB": max(f.stat().st_size for f in report.rglob("*.html")) / 1e6,
        "gallery/cases.js, MB": (report / "gallery" / "cases.js").stat().st_size / 1e6,
        "gallery, MB": sum(f.stat().st_size for f in (report / "gallery").iterdir()) / 1e6,
        "search index, MB": (report / f"{BUILDERS[builder].index}.js").stat().st_size / 1e6,
        "report.html, MB": (report.parent / "report.html").stat().st_size / 1e6,
    }


def pages(report: Path) -> dict[str, float]:
    """Milliseconds from disk until a page's document is interactive and its load is over."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("FLOWER_AUDIT_CHROMIUM") or shutil.which("chromium")
    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in ("index", "gallery", "classes"):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto((report / f"{name}.html").as_uri())
            page.wait_for_function(f"{_SETTLED} > 0")
            found[f"{name}.html interactive, ms"] = float(page.evaluate(_READY))
            found[f"{name}.html loaded, ms"] = float(page.evaluate(_SETTLED))
        browser.close()
    return found


if __name__ == "__main__":
    main()

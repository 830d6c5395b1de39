"""What a report of a whole test set costs, and how soon its pages answer.

python benchmarks/report.py [--images 6149] [--run RUN]

A run of so many records is made by repeating drawn maps under other names, or those of RUN; it is
rendered in a process of its own, and its pages are opened from disk in Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "report"))
_COLUMNS = ("name", "label", "prediction", "confidence")
_READY = "performance.getEntriesByType('navigation')[0].domInteractive"
_SETTLED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=6149)
    parser.add_argument("--run", type=Path, help="repeat this run's maps instead of drawn ones")
    parser.add_argument("--render", type=Path, help="render this run in this process")
    given = parser.parse_args()
    if given.render:
        print(json.dumps(measure(given.render)))
        return
    beside = given.run.parent if given.run else None  # maps are linked, not copied
    with tempfile.TemporaryDirectory(dir=beside) as folder:
        run = Path(folder, "run")
        repeated(given.run or drawn(Path(folder, "drawn")), run, given.images)
        command = [sys.executable, __file__, "--render", str(run)]
        child = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        found = json.loads(child.stdout.splitlines()[-1]) | sizes(run / "report")
        found |= {"load": os.getloadavg()[0], "images": given.images, **pages(run / "report")}
    for key, value in found.items():
        print(f"{key}: {value:,.2f}" if isinstance(value, float) else f"{key}: {value}")


def drawn(root: Path) -> Path:
    from drawnruns import PLAIN, make_run

    make_run(root, images=640, classes=[f"{n} {k}" for k in range(13) for n in PLAIN], size=224)
    return root


def repeated(source: Path, target: Path, images: int) -> None:
    """A run whose records are those of ``source`` again and again, under other names."""
    import pandas as pd

    from audit.storage.run import RunFolder

    old, new = RunFolder.open(source), RunFolder.create(target, resume=False)
    for name in ("manifest.json", "history.csv", "donors.npz", "trust.json", "augmentations.png"):
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    answers: list[dict[str, Any]] = []
    for part, (maps, records) in enumerate(_parts(old)):
        if len(answers) >= images:
            break
        numbers = range(len(answers), min(images, len(answers) + len(records)))
        rows = [
            {**r, "name": f"image_{n:06d}.jpg", "part": part}
            for r, n in zip(records, numbers, strict=False)
        ]
        new.write_part(part, rows, [])
        os.link(maps, new.maps_dir / f"part-{part:05d}.npz")
        answers += [{key: r[key] for key in _COLUMNS} for r in rows]
    pd.DataFrame(answers).to_parquet(new.predictions_file)


def _parts(run: Any) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    records = run.records()
    shown = records[records["row"] >= 0]
    held = [
        (run.maps_dir / f"part-{part:05d}.npz", rows.to_dict("records"))
        for part, rows in shown.groupby("part")
    ]
    while True:
        yield from held


def measure(root: Path) -> dict[str, float]:
    from audit.report.build import render
    from audit.storage.run import RunFolder

    began, spent = time.perf_counter(), time.process_time()
    render(RunFolder.open(root))
    return {
        "seconds": time.perf_counter() - began,
        "CPU seconds": time.process_time() - spent,
        "peak memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
    }


def sizes(report: Path) -> dict[str, float]:
    files = [f for f in report.rglob("*") if f.is_file()]
    return {
        "site, MB": sum(f.stat().st_size for f in files) / 1e6,
        "files": float(len(files)),
        "pictures, MB": sum(f.stat().st_size for f in (report / "pictures").iterdir()) / 1e6,
        "pages, MB": sum(f.stat().st_size for f in report.rglob("*.html")) / 1e6,
        "largest page, MB": max(f.stat().st_size for f in report.rglob("*.html")) / 1e6,
        "gallery/cases.js, MB": (report / "gallery" / "cases.js").stat().st_size / 1e6,
        "gallery, MB": sum(f.stat().st_size for f in (report / "gallery").iterdir()) / 1e6,
        "search index, MB": (report / "search" / "search_index.js").stat().st_size / 1e6,
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

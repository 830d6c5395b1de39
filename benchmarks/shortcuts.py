"""Whether planted shortcuts are found as such, and healthy worlds yield none, as Markdown tables.

python benchmarks/shortcuts.py runs/shortcuts                    # all worlds, 3 minutes each
python benchmarks/shortcuts.py runs/shortcuts tag-a:300 none-a:301

Each world is planted, trained and audited anew; finished ones are kept. A planted shortcut is first
where most images of its class's first group show it. The search and its thresholds were chosen on
worlds of half a, 300 to 305; nothing was chosen on the others.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pandas as pd

from audit.checks.shortcuts.summary import Group, Shortcuts, find_shortcuts
from audit.core.statistics import wilson
from audit.datasets.planted.worlds import WORLDS
from audit.report.source import Source, load
from audit.settings import load_config
from audit.stages import commands
from audit.storage.run import RunFolder
from audit.verdict.truth import is_case

NAMES = ("tag-a", "none-a", "tint-a", "unrewarded-a", "texture-a", "object-a",
         "tag-b", "none-b", "tint-b", "unrewarded-b", "texture-b", "object-b",
         "none-a", "unrewarded-b", "mixed", "none-b", "unrewarded-a")  # fmt: skip
FIRST_SEED = 300


def audit(world: str, seed: int, out: Path, **more: bool) -> Source:
    """The run of a world; made where it is not there yet."""
    folder = RunFolder(out / f"{world}-{seed}")
    if not folder.file("shortcuts.json").exists():
        settings = {"world": world, "seed": seed, "robustness": 0, "health": False, **more}
        config = load_config(settings, "planted")
        commands.train(config, folder.root, resume=True)
        commands.sweep(config, folder)
    return load(folder)


def first_of(found: Shortcuts, species: str) -> Group | None:
    """The group of a class that is to be mended first."""
    return next((group for group in found.groups if group.class_name == species), None)


def shows(group: Group, records: pd.DataFrame, shortcut: str) -> float:
    """Share of a group's images that show a shortcut."""
    held = records.set_index("name")["shortcut"]
    return float((held[group.right + group.wrong] == shortcut).mean())


def rated(hits: int, n: int) -> str:
    low, high = wilson(hits, n)
    return f"{hits} of {n} ({hits / n:.0%}; {low:.0%} to {high:.0%})" if n else "none tried"


def planted_rows(source: Source, title: str) -> list[tuple[str, bool, bool]]:
    """A row of the table for each shortcut of a world, whether it is first, and proven so."""
    found, rows = find_shortcuts(source), []
    assert found is not None
    right = source.correct
    rests = right[is_case(right)]
    for shortcut, species in WORLDS[source.config["world"]].taught.items():
        taken, group = int((rests["shortcut"] == shortcut).sum()), first_of(found, species)
        opening = f"| {title} | {shortcut}: {species} | {taken} |"
        if group is None:
            rows.append((f"{opening} no group | | | | |", False, False))
            continue
        pure, e = shows(group, source.records, shortcut), group.rise
        is_first = pure > 0.5
        word = {(True, True): "yes, proven", (True, False): "yes, not proven"}.get(
            (is_first, group.proven), "no"
        )
        rows.append((
            f"{opening} {word} | {group.members}, {pure:.0%} | "
            f"{e.value:+.2f} ({e.low:+.2f} to {e.high:+.2f}, n = {e.n}) | "
            f"{group.usual:.0%} to {group.taken:.0%} | {group.p:.2g} |",
            is_first, is_first and group.proven,
        ))  # fmt: skip
    return rows


def main(out: Path, worlds: list[tuple[str, int]]) -> None:
    logging.disable(logging.WARNING)
    print("| world | shortcut | right answers that rest on it | first group of its class | images, "
          "that show it | log-odds beyond random | becomes the answer | p (Holm) |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    first, proven, worlds_first, healthy, extra, seconds = [], [], [], [], 0, []
    for world, seed in worlds:
        source = audit(world, seed, out)
        found, title = find_shortcuts(source), f"{world}, {seed}"
        assert found is not None
        seconds.append(source.section("seconds").get("shortcuts", float("nan")))
        if not WORLDS[world].rewarded or not WORLDS[world].taught:
            healthy.append(not found.proven)
            print(f"| {title} | none: {len(found.proven)} proven of {len(found.groups)} groups, "
                  f"{found.cases} cases | | | | | | |", flush=True)  # fmt: skip
            continue
        rows = planted_rows(source, title)
        print("\n".join(row for row, _, _ in rows), flush=True)
        first += [is_first for _, is_first, _ in rows]
        proven += [is_proven for _, _, is_proven in rows]
        worlds_first.append(all(is_first for _, is_first, _ in rows))
        extra += len(found.proven) - sum(is_proven for _, _, is_proven in rows)
    print(f"\nPlanted shortcuts that are the first group of their class: "
          f"{rated(sum(first), len(first))}; and proven: {rated(sum(proven), len(proven))}. "
          f"Planted worlds where all are first: {rated(sum(worlds_first), len(worlds_first))}. "
          f"Other groups proven in them: {extra}.")  # fmt: skip
    print(f"Healthy worlds without a proven group: {rated(sum(healthy), len(healthy))}.")
    print(f"Seconds of the stage: {min(seconds):.0f} to {max(seconds):.0f}.")


def named(given: list[str]) -> list[tuple[str, int]]:
    return [(name, int(seed)) for name, seed in (world.split(":") for world in given)]


if __name__ == "__main__":
    folder, *given = sys.argv[1:]
    main(Path(folder), named(given) or [(name, FIRST_SEED + k) for k, name in enumerate(NAMES)])

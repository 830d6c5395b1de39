"""What an image of a sweep costs on this machine by itself, and as a cluster of one by Ray.

python benchmarks/executors.py MODEL.keras --data-dir DATA --masks MASKS

Each executor sweeps two numbers of Oxford test images, each in a process of its own: the difference
is what further images cost, the rest what it takes to begin.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

EXECUTORS = ("local", "ray")
FEW, MANY = 64, 320


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--only", nargs=2, help="measure this executor and number in this process")
    given = parser.parse_args()
    if given.only:
        print(json.dumps(seconds(given, given.only[0], int(given.only[1]))))
        return
    print("| executor | to begin, s | an image, s |")
    print("|---|---|---|")
    for executor in EXECUTORS:
        few, many = (child(executor, count) for count in (FEW, MANY))
        each = (many - few) / (MANY - FEW)
        print(f"| {executor} | {few - FEW * each:.1f} | {each:.3f} |", flush=True)


def child(executor: str, count: int) -> float:
    command = [sys.executable, __file__, *sys.argv[1:], "--only", executor, str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def seconds(given: argparse.Namespace, executor: str, count: int) -> float:
    """Seconds of explaining and testing alone."""
    from audit.settings import load_config
    from audit.stages import commands

    settings = {
        "data_dir": given.data_dir,
        "masks": given.masks,
        "model": given.model,
        "limit": count,
        "executor": executor,
        "worker_cores": os.cpu_count(),
        "robustness": 0,
    }
    with tempfile.TemporaryDirectory() as folder:
        run = commands.run(load_config(settings), Path(folder, "run"))
        return float(run.manifest()["seconds"]["explain"])


if __name__ == "__main__":
    main()

"""Arrows between rooms go one way: from what is asked for to what it stands on."""

import ast
import re
from collections import Counter, defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import audit

ROOT = Path(audit.__file__).parent
# A room may import rooms below its own line, and those beside it; modules import in no circle.
FLOORS = (
    ("cli",),
    ("api",),
    ("stages",),
    ("checks", "execution", "training", "compare", "gate", "mend", "attach", "report"),
    ("explainers", "interventions", "models", "masks", "datasets"),
    ("verdict", "storage", "settings"),
    ("core",),
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


class _Run(ast.NodeTransformer):
    """Leaves out what is imported for types alone."""

    def visit_If(self, node):
        typing = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if typing else self.generic_visit(node)


def _room(module: str) -> str:
    return module.split(".")[1]


def _imported(file: Path) -> set[str]:
    """Modules of the package that a file imports, at its top or late, to run."""
    found = set()
    tree = _Run().visit(ast.parse(file.read_text()))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "audit":
            found |= {f"audit.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("audit."):
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.startswith("audit.")}
    return found - {"audit.__version__"}


def _arrows() -> dict[tuple[str, str], list[str]]:
    arrows = defaultdict(list)
    for file in ROOT.rglob("*.py"):
        here = file.relative_to(ROOT.parent).with_suffix("")
        for module in _imported(file):
            pair = _room(".".join(here.parts)), _room(module)
            if pair[0] != pair[1] and here.name != "__init__":
                arrows[pair].append(f"{here} -> {module}")
    return arrows


ARROWS = _arrows()


def test_every_room_has_its_floor():
    assert {room for pair in ARROWS for room in pair} == set(FLOOR_OF)


@pytest.mark.parametrize("pair", sorted(ARROWS), ids="->".join)
def test_no_arrow_goes_up(pair):
    upper, lower = pair
    assert FLOOR_OF[upper] <= FLOOR_OF[lower], ARROWS[pair]


def test_the_handbook_shows_the_floors_as_they_are():
    shown = re.search(r"^FLOORS = \(\n.*?^\)\n", Path(__file__).read_text(), re.M | re.S)[0]
    assert shown in (ROOT.parent / "site" / "architecture.md").read_text()


def test_modules_import_in_no_circle():
    names = {file: ".".join(file.relative_to(ROOT.parent).with_suffix("").parts)
             for file in ROOT.rglob("*.py")}  # fmt: skip
    graph = {}
    for file, name in names.items():
        tree = ast.parse(file.read_text())
        at_top = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module]
        named = {f"{n.module}.{alias.name}" for n in at_top for alias in n.names}
        wanted = named | {n.module for n in at_top}
        graph[name] = {m for m in wanted if m in names.values() and m != name}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names them


def test_no_two_test_files_share_a_name():
    """Pytest knows a test file by its name alone, and stops at the second of one name."""
    names = Counter(file.name for file in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []

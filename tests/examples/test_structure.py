"""The example is what it says: code of a partner's, which knows Portside by its API only."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "storefront"
MODULES = sorted((FOLDER / "storefront").glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_imports_portside(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert [name for name in imported if name.split(".")[0] in ("portside", "tests")] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_are_short_and_say_what_they_are_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300 and ast.get_docstring(ast.parse(text))


def test_the_reading_order_names_every_module() -> None:
    named = set(re.findall(r"`(\w+\.py)`", (FOLDER / "README.md").read_text(encoding="utf-8")))
    assert {path.name for path in MODULES if not path.name.startswith("__")} <= named


def test_its_requirements_are_those_that_the_suite_runs_with() -> None:
    pinned = dict(
        line.split("==") for line in (FOLDER.parents[1] / "constraints.txt").read_text().split() if "==" in line
    )
    wanted = [line for line in (FOLDER / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    assert [line for line in wanted if pinned[line.split("==")[0]] != line.split("==")[1]] == []

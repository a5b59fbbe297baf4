"""The house rules that no linter knows."""

from __future__ import annotations

import ast
import re

from tests.house.source import PACKAGE, ROOT, functions, modules, name, tree

LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def test_files_and_functions_are_short() -> None:
    own = [path for folder in ("portside", "tests", "bench", "scripts") for path in (ROOT / folder).rglob("*.py")]
    assert len(own) > 50
    long_files = [str(path) for path in own if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE]
    long_functions = [
        f"{path}:{function.name}"
        for path in own
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= LONGEST_FUNCTION
    ]
    assert (long_files, long_functions) == ([], [])


def test_every_module_says_what_it_is_for() -> None:
    assert [name(path) for path in modules() if not ast.get_docstring(tree(path))] == []


def test_every_folder_is_a_package_so_that_the_import_contracts_see_it() -> None:
    folders = {path.parent for path in modules()}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_nothing_is_imported_behind_the_contracts_back() -> None:
    dynamic = re.compile(r"\bimport_module\(|__import__\(")
    assert [name(path) for path in modules() if dynamic.search(path.read_text(encoding="utf-8"))] == []


def test_no_drawer_for_leftovers() -> None:
    drawers = {"helpers.py", "utils.py", "common.py", "misc.py"}
    assert [name(path) for path in PACKAGE.rglob("*.py") if path.name in drawers] == []


def test_promises_are_kept_now() -> None:
    promise = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [name(path) for path in modules() if promise.search(path.read_text(encoding="utf-8"))] == []

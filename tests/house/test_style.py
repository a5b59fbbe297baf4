"""The house rules that no linter knows."""

from __future__ import annotations

import ast
import re
import tomllib

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


def test_the_maps_name_every_folder() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    for page in ("README.md", "docs/codebase.md"):
        words = set(re.findall(r"\w+", (ROOT / page).read_text(encoding="utf-8")))
        assert folders - words == set(), page


def test_every_law_that_is_cited_is_written_down() -> None:
    cited = {law for path in modules() for law in re.findall(r"\blaw (\d+)", path.read_text(encoding="utf-8"))}
    written = re.findall(r"^\| (\d+) \|", (ROOT / "docs/laws.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert cited and cited <= set(written)


def test_pages_of_the_docs_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")]
    links = [(page, to) for page in pages for to in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))]
    missing = [f"{page}: {to}" for page, to in links if "://" not in to and not (page.parent / to).exists()]
    assert links and missing == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [re.split(r"[^\w-]", each)[0] for each in project["dependencies"] + project["optional-dependencies"]["dev"]]
    reasons = set(re.findall(r"[\w-]+", (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")))
    assert named and set(named) - reasons == set()

"""Law 3: every query and action takes `(tx, scope, …)` or drafts that carry their scope; an escape says why."""

from __future__ import annotations

from pathlib import Path

from tests.house.source import PACKAGE, functions, modules, name
from tests.house.test_sql import FILES_OF_SQL, MAY_HOLD_SQL

# Folders that hold no account's data.
UNSCOPED_FOLDERS = {"jobs", "events", "db", "simulator"}


def offenders(path: Path, lines: list[str]) -> list[str]:
    found = []
    for function in functions(path):
        arguments = [argument.arg for argument in function.args.posonlyargs + function.args.args]
        if function.name.startswith("_") or not arguments or arguments[0] != "tx":
            continue
        explained = any("# unscoped:" in line for line in lines[function.lineno - 3 : function.end_lineno])
        carries = len(arguments) > 1 and (arguments[1] == "scope" or "draft" in arguments[1])
        if not carries and not explained:
            found.append(f"{path.name if PACKAGE not in path.parents else name(path)}:{function.name}")
    return found


def test_queries_and_actions_take_the_scope_first() -> None:
    files = [path for path in modules() if path.name in MAY_HOLD_SQL or name(path) in FILES_OF_SQL]
    files = [path for path in files if path.relative_to(PACKAGE).parts[0] not in UNSCOPED_FOLDERS]
    assert len(files) >= 8
    assert [each for path in files for each in offenders(path, path.read_text(encoding="utf-8").splitlines())] == []


def test_the_check_sees_an_unscoped_query(tmp_path: Path) -> None:
    file = tmp_path / "queries.py"
    source = (
        "async def list_all(tx, page): ...\n\n\nasync def find_one(tx, scope, id_): ...\n\n\n"
        "# unscoped: the operator's\nasync def count_all(tx): ...\n"
    )
    file.write_text(source)
    assert offenders(file, source.splitlines()) == ["queries.py:list_all"]

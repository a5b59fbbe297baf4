"""Reads of files of orders and their rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.db.tx import Row as Record
from portside.db.tx import Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.scope import Mode, Scope
from portside.order_imports.models import FileLine, OrderFile, Problem, Row, RowState

_FILE = (
    "SELECT id, file_name, header, unused, state, created_at, updated_at FROM order_imports "
    "WHERE account_id = $1 AND mode = $2"
)
_ROW = (
    "SELECT position, line, state, order_number, given, cells, problems, order_id FROM order_import_rows "
    "WHERE account_id = $1 AND mode = $2 AND import_id = $3"
)


async def get_file(tx: Tx, scope: Scope, import_id: Id, *, lock: bool = False) -> OrderFile:
    """`lock` holds it until the transaction ends. Raises NotFound."""
    sql = f"{_FILE} AND id = $3" + (" FOR NO KEY UPDATE" if lock else "")
    record = await tx.fetchrow(sql, scope.account_id, scope.mode, import_id)
    if record is None:
        raise NotFound
    return _file(record)


async def find_same_file(tx: Tx, scope: Scope, digest: bytes) -> Id | None:
    """The import of a file with these bytes."""
    found: Id | None = await tx.fetchval(
        "SELECT id FROM order_imports WHERE account_id = $1 AND mode = $2 AND digest = $3",
        scope.account_id,
        scope.mode,
        digest,
    )
    return found


async def list_files(tx: Tx, scope: Scope, most: int) -> list[OrderFile]:
    """The newest."""
    records = await tx.fetch(f"{_FILE} ORDER BY id DESC LIMIT $3", scope.account_id, scope.mode, most)
    return [_file(record) for record in records]


async def count_rows(tx: Tx, scope: Scope, import_ids: Sequence[Id]) -> dict[Id, dict[RowState, int]]:
    """Rows by state of each of the imports."""
    records = await tx.fetch(
        "SELECT import_id, state, count(*) AS rows FROM order_import_rows "
        "WHERE account_id = $1 AND mode = $2 AND import_id = ANY($3::uuid[]) GROUP BY import_id, state",
        scope.account_id,
        scope.mode,
        list(import_ids),
    )
    counts: dict[Id, dict[RowState, int]] = {import_id: {} for import_id in import_ids}
    for record in records:
        counts[record["import_id"]][record["state"]] = record["rows"]
    return counts


async def list_rows(tx: Tx, scope: Scope, import_id: Id, state: RowState, most: int, after: int = 0) -> list[Row]:
    """The rows in a state, in the order of the file, those that stand behind position `after`."""
    records = await tx.fetch(
        f"{_ROW} AND state = $4 AND position > $5 ORDER BY position LIMIT $6",
        scope.account_id,
        scope.mode,
        import_id,
        state,
        after,
        most,
    )
    return [_row(record) for record in records]


# unscoped: the sweep looks after all accounts.
async def list_forgotten(tx: Tx, before: dt.datetime) -> list[tuple[Id, Mode, Id]]:
    """(account, mode, import) of those that nobody has worked on since."""
    records = await tx.fetch(
        "SELECT account_id, mode, id FROM order_imports WHERE state = 'importing' AND updated_at < $1 LIMIT 200", before
    )
    return [(record["account_id"], record["mode"], record["id"]) for record in records]


def _file(record: Record) -> OrderFile:
    values = dict(record)
    return OrderFile(**{**values, "header": tuple(values["header"]), "unused": tuple(values["unused"])})


def _row(record: Record) -> Row:
    return Row(
        position=record["position"],
        line=record["line"],
        state=record["state"],
        order_number=record["order_number"],
        given=(record["given"] or "").encode(),
        cells=tuple(msgspec.convert(line, FileLine) for line in record["cells"]),
        problems=tuple(msgspec.convert(problem, Problem) for problem in record["problems"]),
        order_id=record["order_id"],
    )

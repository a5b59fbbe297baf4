"""Reads of the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portside.audit.models import Entry, EntryFilter
from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope

_EVERYTHING = EntryFilter()


async def list_entries(tx: Tx, scope: Scope, page: PageRequest, which: EntryFilter = _EVERYTHING) -> Slice[Entry]:
    """What was done in the account, in both modes, newest first."""
    select = "SELECT * FROM audit_entries WHERE account_id = $1"
    values: list[str] = [scope.account_id]
    for column, value in (("action", which.action), ("actor", which.actor)):
        if value:
            values.append(value)
            select += f" AND {column} = ${len(values)}"
    return (await fetch_page(tx, select, values, page)).map(_entry)


async def list_actors(tx: Tx, scope: Scope) -> Sequence[str]:
    """Everybody who appears in the account's log, as `kind:id`; those who were active last come first."""
    rows = await tx.fetch(
        "SELECT actor FROM audit_entries WHERE account_id = $1 GROUP BY actor ORDER BY max(created_at) DESC LIMIT 100",
        scope.account_id,
    )
    return [row["actor"] for row in rows]


def _entry(row: Row) -> Entry:
    given: dict[str, Any] = {**row, "id": Id(row["id"])}
    return Entry(**{name: given[name] for name in Entry.__struct_fields__})

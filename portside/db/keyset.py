"""Pages by keyset: the same speed at page 1 and at page 80,000, and a window of time found as fast."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from portside.db.tx import Row, Tx
from portside.kit.paging import PageRequest, Slice, cut

# Ids begin with the time they were made at, a little before the row's own; the clocks of two hosts differ too.
_SLACK_MS = 3_600_000
_LAST_MS = (1 << 48) - 1


class Window(Protocol):
    """Bounds of `created_at`; each may be missing."""

    object_created_gt: dt.datetime | None
    object_created_gte: dt.datetime | None
    object_created_lt: dt.datetime | None
    object_created_lte: dt.datetime | None


def created_within(window: Window) -> list[tuple[str, Any]]:
    """The window as conditions (`created_at >=`, value) on a table with the columns `id` and `created_at`.

    A list runs along the ids; without a bound on them too it would step over everything newer than the window.
    """
    conditions: list[tuple[str, Any]] = []
    for operator, moment in (
        (">", window.object_created_gt),
        (">=", window.object_created_gte),
        ("<", window.object_created_lt),
        ("<=", window.object_created_lte),
    ):
        if moment is not None:
            conditions.append((f"created_at {operator}", moment))
            conditions.append((f"id {operator[0]}", _id_at(moment, _SLACK_MS if operator[0] == "<" else -_SLACK_MS)))
    return conditions


def _id_at(moment: dt.datetime, slack_ms: int) -> str:
    milliseconds = int(moment.timestamp() * 1000) + slack_ms
    return f"{min(max(milliseconds, 0), _LAST_MS):012x}" + "0" * 20


async def fetch_page(tx: Tx, select: str, params: Sequence[Any], page: PageRequest) -> Slice[Row]:
    """Rows of `select` (which ends in a WHERE clause over one table with a column `id`), newest first."""
    values = list(params)
    sql = select
    count = await tx.fetchval(f"SELECT count(*) FROM ({select}) AS listed", *values) if page.is_counted else None
    if page.after or page.before:
        values.append(page.after or page.before)
        sql += f" AND id {'<' if page.after else '>'} ${len(values)}"
    values.append(page.size + 1)
    sql += f" ORDER BY id {'ASC' if page.before else 'DESC'} LIMIT ${len(values)}"
    if page.offset:
        values.append(page.offset)
        sql += f" OFFSET ${len(values)}"
    found = cut(await tx.fetch(sql, *values), page)
    return msgspec.structs.replace(found, count=count)

"""Pages by keyset: the same speed at page 1 and at page 80,000."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portside.db.tx import Row, Tx
from portside.kit.paging import PageRequest, Slice, cut


async def fetch_page(tx: Tx, select: str, params: Sequence[Any], page: PageRequest) -> Slice[Row]:
    """Rows of `select` (which ends in a WHERE clause over one table with a column `id`), newest first."""
    values = list(params)
    sql = select
    if page.after or page.before:
        values.append(page.after or page.before)
        sql += f" AND id {'<' if page.after else '>'} ${len(values)}"
    values.append(page.size + 1)
    sql += f" ORDER BY id {'ASC' if page.before else 'DESC'} LIMIT ${len(values)}"
    if page.offset:
        values.append(page.offset)
        sql += f" OFFSET ${len(values)}"
    return cut(await tx.fetch(sql, *values), page)

"""Joining the parts of a write into one statement: one round trip, and atomic without BEGIN."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from portside.db.tx import Tx

_PARAMETER = re.compile(r"\$(\d+)")


class Part(NamedTuple):
    """One data-modifying statement, fed by arrays (one element per row) through `unnest`."""

    sql: str
    arrays: tuple[Sequence[Any], ...]


async def insert_all(tx: Tx, *parts: Part) -> None:
    """Run all parts as ONE statement: atomic without BEGIN, one round trip, no reads between the parts."""
    kept = [part for part in parts if part.arrays and len(part.arrays[0])]
    if not kept:
        return
    statement = _joined(tuple((part.sql, len(part.arrays)) for part in kept))
    await tx.execute(statement, *[array for part in kept for array in part.arrays])


@lru_cache(maxsize=256)
def _joined(parts: tuple[tuple[str, int], ...]) -> str:
    offset = 0
    pieces = []
    for index, (sql, count) in enumerate(parts):
        shifted = _PARAMETER.sub(lambda match, by=offset: f"${int(match[1]) + by}", sql)  # type: ignore[misc]
        pieces.append(f"p{index} AS ({shifted})")
        offset += count
    return f"WITH {', '.join(pieces)} SELECT"

"""Joining the parts of a write into one statement: one round trip, and atomic without BEGIN."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from portside.db.tx import Tx

_PARAMETER = re.compile(r"\$(\d+)")
_UNNEST = re.compile(r"unnest\(([^()]+)\)")


class Part(NamedTuple):
    """One data-modifying statement, fed by arrays (one element per row) through one `unnest(…) AS name`."""

    sql: str
    arrays: tuple[Sequence[Any], ...]


async def insert_all(tx: Tx, *parts: Part) -> None:
    """Run all parts as ONE statement: atomic without BEGIN, one round trip, no reads between the parts."""
    shapes: list[tuple[str, int, bool]] = []
    values: list[Any] = []
    for sql, arrays in parts:
        if rows := len(arrays[0]) if arrays else 0:
            shapes.append((sql, len(arrays), rows == 1))
            values += [array[0] for array in arrays] if rows == 1 else arrays
    if shapes:
        await tx.execute(_joined(tuple(shapes)), *values)


@lru_cache(maxsize=256)
def _joined(shapes: tuple[tuple[str, int, bool], ...]) -> str:
    """The statement for parts of these texts, numbers of parameters, and whether each has one row only: plain values
    then, for making and taking arrays apart costs a third of a pushed order (bench/orders.py)."""
    offset = 0
    pieces = []
    for index, (sql, count, is_single) in enumerate(shapes):
        if is_single:
            sql = _UNNEST.sub(lambda match: f"(VALUES ({match[1].replace('[]', '')}))", sql)
        shifted = _PARAMETER.sub(lambda match, by=offset: f"${int(match[1]) + by}", sql)  # type: ignore[misc]
        pieces.append(f"p{index} AS ({shifted})")
        offset += count
    return f"WITH {', '.join(pieces)} SELECT"

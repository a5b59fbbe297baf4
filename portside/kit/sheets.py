"""CSV that spreadsheets take for what it is: numbers are numbers, and no text is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

# What a spreadsheet would take for a formula, or for what leads to one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(lines: Iterable[Sequence[object]]) -> bytes:
    """Lines as CSV (RFC 4180). Text that would be a formula begins with an apostrophe; numbers (int, Decimal) are
    written as they are, negative ones too: no formula can come of them. None is an empty cell."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in line] for line in lines)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or isinstance(value, int):
        return "" if value is None else str(value)
    shown = str(value)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown

"""The lines of an import."""

from __future__ import annotations

import msgspec

from portside.orders.models import OrderDraft


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line that can be written, counted from 1. `key` is empty unless the request may be repeated."""

    number: int
    raw: bytes
    draft: OrderDraft
    key: str = ""

"""Object ids: UUIDv7 written as 32 lowercase hex, so that they sort by time and look like Shippo's `object_id`."""

from __future__ import annotations

import datetime as dt
import os
import re
import time
from typing import NewType

Id = NewType("Id", str)

_SHAPE = re.compile(r"[0-9a-f]{32}")
_last = 0
_LATEST = dt.datetime(9000, 1, 1, tzinfo=dt.UTC).timestamp()


def new_id() -> Id:
    """A fresh id. Ids made by one process never go backwards: the 12 bits after the milliseconds count up."""
    global _last
    stamp = (time.time_ns() << 12) // 1_000_000
    if stamp <= _last:
        stamp = _last + 1
    _last = stamp
    milliseconds, fraction = stamp >> 12, stamp & 0xFFF
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    return Id(f"{milliseconds:012x}7{fraction:03x}{tail | 0x8000_0000_0000_0000:016x}")


def first_id(moment: dt.datetime) -> Id:
    """An id below every id made at or after this moment, to start reading from."""
    return Id(f"{max(0, int(moment.timestamp() * 1000)):012x}{0:020x}")


def made_at(id_: Id) -> dt.datetime:
    """When an id was made: its first 48 bits are milliseconds (RFC 9562 §5.7). What only looks like an id may say any
    time, and is then taken to be of the year 9000 at the latest."""
    return dt.datetime.fromtimestamp(min(int(id_[:12], 16) / 1000, _LATEST), dt.UTC)


def as_id(text: object) -> Id | None:
    """The id in `text` (dashes, upper case and space around it allowed), or None if it is none."""
    if not isinstance(text, str):
        return None
    if len(text) != 32:
        text = text.strip().replace("-", "")
    text = text.lower()
    return Id(text) if _SHAPE.fullmatch(text) else None

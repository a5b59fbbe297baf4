"""The lines of an import; and files of orders, from upload to result."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.orders.models import OrderDraft

# A file is read and looked at (`checked`), and written by a job once somebody says so.
FileState = Literal["checked", "importing", "done"]
# `known`: an order of this number came by an earlier import.
RowState = Literal["ready", "wrong", "known", "made"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line that can be written, counted from 1. `key` is empty unless the request may be repeated."""

    number: int
    raw: bytes
    draft: OrderDraft
    key: str = ""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A CSV file as read: its columns as they are called there, which of them (by index) says what, and its lines that
    are not blank, each with its number in the file and as many cells as there are columns, or more."""

    header: tuple[str, ...]
    places: dict[str, int]
    lines: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns that mean nothing to us."""
        used = set(self.places.values())
        return tuple(name for index, name in enumerate(self.header) if index not in used and name)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a line, in which of its columns; `column` is empty where it is the line as a whole."""

    line: int
    column: str
    text: str


class FileLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the file as it stood there."""

    number: int
    cells: tuple[str, ...]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a file; `given` is what POST /orders would take, empty when `problems` say why there is none."""

    position: int
    line: int
    state: RowState
    order_number: str | None
    given: bytes
    cells: tuple[FileLine, ...]
    problems: tuple[Problem, ...] = ()
    order_id: Id | None = None


class FileDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was read, with the scope it belongs to (law 3)."""

    scope: Scope
    digest: bytes
    file_name: str
    header: tuple[str, ...]
    unused: tuple[str, ...]
    rows: tuple[Row, ...]


class OrderFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of orders, without its rows."""

    id: Id
    file_name: str
    header: tuple[str, ...]
    unused: tuple[str, ...]
    state: FileState
    created_at: dt.datetime
    updated_at: dt.datetime

"""Pages of lists, newest first: what was asked for, what was found, and the opaque token of a neighbouring page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

import msgspec

from portside.kit.ids import Id, as_id

# Deep pages by number cost what they skip; clients that follow `next` never pay it.
DEEPEST_OFFSET = 100_000

T = TypeVar("T")
U = TypeVar("U")


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`number` counts from 1; with a `token` the page starts beside an id instead of after an offset. `is_counted` asks
    how many rows all pages have."""

    size: int
    number: int = 1
    after: Id | None = None
    before: Id | None = None
    is_counted: bool = False

    @property
    def offset(self) -> int:
        return 0 if self.after or self.before else (self.number - 1) * self.size


class Slice(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of rows and whether there are neighbours; `count` is of all pages, where that was asked for."""

    rows: list[T]
    has_next: bool
    has_previous: bool
    count: int | None = None

    def map(self, render: Callable[[T], U]) -> Slice[U]:
        """The same page with each row rendered."""
        return Slice(
            rows=[render(row) for row in self.rows],
            has_next=self.has_next,
            has_previous=self.has_previous,
            count=self.count,
        )


def cut(rows: list[Any], page: PageRequest) -> Slice[Any]:
    """Make a page of what a query for `size + 1` rows gave (in the order of the query)."""
    more = len(rows) > page.size
    kept = rows[: page.size]
    if page.before:
        return Slice(rows=kept[::-1], has_next=True, has_previous=more)
    return Slice(rows=kept, has_next=more, has_previous=page.number > 1 or page.after is not None)


def write_token(direction: Literal["after", "before"], id_: str) -> str:
    """The `page_token` of the page that lies after (older than) or before (newer than) an id."""
    return ("n" if direction == "after" else "p") + id_


def read_token(text: str) -> tuple[Id | None, Id | None] | None:
    """(after, before) of a page token; None if it is none of ours."""
    id_ = as_id(text[1:])
    if id_ is None or text[:1] not in ("n", "p"):
        return None
    return (id_, None) if text[0] == "n" else (None, id_)

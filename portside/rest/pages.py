"""The list envelope: `{next, previous, results}` with absolute links that repeat the caller's own query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, UnsetType

from portside.errors import FieldErrors, NotFound
from portside.kit.ids import as_id
from portside.kit.paging import DEEPEST_OFFSET, PageRequest, Slice, read_token, write_token

T = TypeVar("T")

LARGEST_PAGE = 100


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """One page of a list, newest first. Follow `next` verbatim; it is null on the last page. `count` is of all pages;
    most lists have it for those who ask in an API version of before 2017-08-01."""

    next: str | None
    previous: str | None
    results: list[T]
    count: int | UnsetType = UNSET


def page_request(query: Mapping[str, Sequence[str]], default: int, *, is_counted: bool = False) -> PageRequest:
    """Read `page`, `results` and `page_token`; sizes above the limit are cut. Raises FieldErrors."""
    size = _number(query, "results", default)
    number = _number(query, "page", 1)
    token = (query.get("page_token") or [""])[-1]
    after, before = None, None
    if token:
        place = read_token(token)
        if place is None:
            raise FieldErrors({"page_token": ["This is not a token that a next or previous link carried."]})
        after, before = place
    size = min(size, LARGEST_PAGE)
    if not token and (number - 1) * size > DEEPEST_OFFSET:
        raise NotFound(f"Invalid page. Beyond {DEEPEST_OFFSET} objects, follow the links in `next`.")
    return PageRequest(size=size, number=number, after=after, before=before, is_counted=is_counted)


def _number(query: Mapping[str, Sequence[str]], name: str, default: int) -> int:
    text = (query.get(name) or [""])[-1].strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:10]) <= 2**31:
        raise FieldErrors({name: ["A positive integer is required."]})
    return int(text[:10])


def page_of(
    found: Slice[T], page: PageRequest, url: str, query: Sequence[tuple[str, str]], ids: Sequence[str]
) -> Page[T]:
    """Wrap rendered rows; `ids` are theirs, in the same order, for the tokens of the neighbours."""
    following = previous = None
    if found.has_next and ids:
        following = _link(url, query, page.number + 1, write_token("after", ids[-1]))
    if found.has_previous and ids:
        number = max(page.number - 1, 1)
        previous = _link(url, query, number, None if number == 1 else write_token("before", ids[0]))
    count = UNSET if found.count is None else found.count
    return Page(next=following, previous=previous, results=found.rows, count=count)


def _link(url: str, query: Sequence[tuple[str, str]], number: int, token: str | None) -> str:
    kept = [(name, value) for name, value in query if name not in ("page", "page_token")]
    kept.append(("page", str(number)))
    if token:
        kept.append(("page_token", token))
    return f"{url}?{urlencode(kept)}"


def object_id(row: Any) -> str:
    """The id of a rendered object, whichever way it was rendered."""
    found = row["object_id"] if isinstance(row, Mapping) else row.object_id
    return as_id(found) or ""

"""Lists on pages: where in one a visitor is, as the address says it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from portside.kit.ids import Id, as_id
from portside.kit.paging import PageRequest
from portside.web.visit import Visit

PAGE_SIZE = 50


class ListView(msgspec.Struct, frozen=True, kw_only=True):
    """The page of a list: beside a row, or the first."""

    after: Id | None
    before: Id | None

    def here(self) -> dict[str, str]:
        """The page, for `address`."""
        return {"after": self.after or "", "before": self.before or ""}

    def page(self, size: int | None = None) -> PageRequest:
        """The page, for queries. An address that names both neighbours means the one that comes before."""
        return PageRequest(size=size or PAGE_SIZE, after=self.after, before=None if self.after else self.before)


def list_view(visit: Visit) -> ListView:
    """The page that the address asks for, where nothing else is to be chosen."""
    return ListView(after=as_id(visit.given("after")), before=as_id(visit.given("before")))


def address(path: str, values: Mapping[str, str | None]) -> str:
    """The path with those values that say something as its query."""
    given = urlencode({name: value for name, value in values.items() if value})
    return f"{path}?{given}" if given else path

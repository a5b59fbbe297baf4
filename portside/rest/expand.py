"""`?expand=rate`: ids in an answer replaced by the objects they name: one level deep, own objects only."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from portside.db.begin import reading
from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.rest.pages import Page

# Rendered objects by id. An id that it does not find stays as it is.
Loader = Callable[[Tx, Scope, Sequence[Id]], Awaitable[Mapping[Id, Any]]]

_WORD = re.compile(r"[a-z_]+")


def asked_for(pairs: Sequence[tuple[str, str]]) -> set[str]:
    """The names in a query: `expand=rate`, `expand="rate"`, `expand=["rate","parcel"]`, repeated, or with commas."""
    return {word for name, value in pairs if name in ("expand", "expand[]") for word in _WORD.findall(value)}


async def expand(answer: Any, scope: Scope, loaders: Mapping[str, Loader], asked: set[str]) -> None:
    """Replace ids in a rendered object, or in each of a page of them. Names without a loader mean nothing."""
    rows = answer.results if isinstance(answer, Page) else [answer]
    async with reading() as tx:
        for name in sorted(asked & loaders.keys()):
            if ids := list(dict.fromkeys(id_ for row in rows for id_ in _ids(getattr(row, name)))):
                found = await loaders[name](tx, scope, ids)
                for row in rows:
                    setattr(row, name, _replaced(getattr(row, name), found))


def _ids(value: Any) -> list[Id]:
    values = value if isinstance(value, list) else [value]
    return [Id(one) for one in values if isinstance(one, str) and one]


def _replaced(value: Any, found: Mapping[Id, Any]) -> Any:
    if isinstance(value, list):
        return [_replaced(one, found) for one in value]
    return found.get(Id(value), value) if isinstance(value, str) else value

"""One request on the way through the connect page, and the moment at which it becomes somebody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response

from portside.accounts.models import User
from portside.db.begin import begin
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.oauth.actions import sign_in_interaction
from portside.web import authorize_pages as pages
from portside.web.authorize_request import Asked
from portside.web.entry import note_sign_in

_OVER = (
    "This page was open for too long, or its answer was given already; an answer counts once. "
    "If you are not connected yet, start again."
)


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """`handle` is what the interaction is called now; `form` is what was posted."""

    request: Request[Any, Any, Any]
    asked: Asked
    handle: str
    form: Mapping[str, str]

    def field(self, name: str, longest: int = 254) -> str:
        """A field without outer spaces, cut to a length that no honest form exceeds."""
        return self.form.get(name, "").strip()[:longest]


async def sign_in(way: Way, user: User, account_id: Id, *, typed: bool = False) -> Way | None:
    """From here on the way is this person's, and has another name. None when it is over.

    `typed`: the person has just proved who they are, which the account's log tells of.
    """
    try:
        async with begin() as tx:
            handle = await sign_in_interaction(tx, way.handle, user.id, account_id)
            if typed:
                how = f"to connect {way.asked.app.name}"
                await note_sign_in(tx, way.request, user, account_id, way.asked.details.mode, how)
    except NotFound:
        return None
    return msgspec.structs.replace(way, handle=handle)


def is_over(way: Way) -> Response[bytes]:
    """A reload, the back button, a second press, a forged or an old form: it is said, and nothing happens."""
    return pages.stopped(way.asked, "This page is no longer valid", _OVER, 410)

"""What a handler of a page is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from portside.accounts.models import User
from portside.errors import BadRequest, Forbidden, NotFound
from portside.kit.ids import Id, as_id
from portside.kit.scope import Scope
from portside.rest.body import form_values
from portside.web.answers import Flash
from portside.web.session import SignedIn, client_address, csrf_token


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A template with its context. A whole page names its entry of the navigation; a fragment has no `section`.

    `flash` is said beside it; `headers` tell htmx where to put it.
    """

    template: str
    context: Mapping[str, Any]
    section: str = ""
    child: str = ""
    status: int = 200
    flash: Flash | None = None
    headers: Mapping[str, str] = {}


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a signed-in person. `form` is what it posts, already known to come from a page of ours."""

    request: Request[Any, Any, Any]
    signed_in: SignedIn
    form: Mapping[str, str]

    @property
    def scope(self) -> Scope:
        return self.signed_in.session.scope

    @property
    def user(self) -> User:
        return self.signed_in.session.user

    @property
    def is_owner(self) -> bool:
        return self.signed_in.session.role == "owner"

    @property
    def address(self) -> str:
        """Where the person is, for the audit log."""
        return client_address(self.request)

    def check_owner(self) -> None:
        """Raises Forbidden for members, who may work but not decide who else does."""
        if not self.is_owner:
            raise Forbidden("Only an owner of this account may do this. Ask one of them.")

    @property
    def csrf_token(self) -> str:
        """What this session's forms carry."""
        return csrf_token(self.signed_in.token)

    @property
    def wants_fragment(self) -> bool:
        """Whether htmx puts the answer into a page that is open already."""
        return wants_fragment(self.request)

    def id(self, name: str) -> Id:
        """An object id in the path; anything that is no id is simply not found."""
        found = as_id(self.request.path_params[name])
        if found is None:
            raise NotFound
        return found

    def field(self, name: str, longest: int = 200) -> str:
        """A field of the form without outer spaces, cut to a length that no honest form exceeds."""
        return self.form.get(name, "").strip()[:longest]

    async def file(self, name: str, longest: int) -> bytes:
        """An uploaded file, cut one byte above a length that is too long; empty without one."""
        given = (await self.request.form()).get(name)
        return await given.read(longest + 1) if isinstance(given, UploadFile) else b""

    async def picked(self, name: str) -> Sequence[str]:
        """The values of the boxes called `name[]` that are ticked in the form."""
        found = form_values(await self.request.body()).get(name, ())
        return found if isinstance(found, list) else ()

    def given(self, name: str, longest: int = 200) -> str:
        """A value of the query string; empty when absent."""
        value = str(self.request.query_params.get(name, ""))
        if "\x00" in value:
            raise BadRequest("Null characters are not allowed.")
        return value.strip()[:longest]


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """htmx says `full` when it restores a page from the history, and nothing says so but htmx."""
    return request.headers.get("hx-request-type") == "partial"

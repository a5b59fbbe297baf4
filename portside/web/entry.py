"""The door: attempts are counted, passwords checked and sessions begun here, for every page that lets people in."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any, Literal

import msgspec
import structlog
from litestar import Request, Response

from portside.accounts import actions, queries
from portside.accounts.models import User
from portside.audit.actions import note
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.kit.clock import now
from portside.kit.crypto import hash_token
from portside.kit.ids import Id
from portside.kit.password import DamagedHash
from portside.kit.scope import Actor, Mode
from portside.kit.services import services
from portside.people.actions import note_refusals
from portside.web import session
from portside.web.answers import HOME, Flash, redirect

_log = structlog.get_logger(__name__)

What = Literal["sign-in", "sign-up", "code", "resend", "reset", "invite", "connect"]


class Limit(msgspec.Struct, frozen=True):
    """Attempts within so many minutes, whether they were right or wrong, for all processes together: of one e-mail
    (or whatever else is named), and of one address, behind which there may be an office."""

    per_name: int
    per_address: int
    minutes: int


LIMITS: dict[What, Limit] = {
    "sign-in": Limit(10, 100, 15),
    "sign-up": Limit(5, 50, 60),
    "code": Limit(20, 200, 15),
    "resend": Limit(5, 50, 60),
    "reset": Limit(5, 50, 60),
    # Of one account: mail to strangers in its name.
    "invite": Limit(30, 100, 60),
    # Openings of the connect page, each of which is remembered for a while: they are counted by address alone.
    "connect": Limit(300, 300, 15),
}


async def is_throttled(request: Request[Any, Any, Any], what: What, name: str) -> bool:
    """Count this attempt, before anything is looked at, so that many at once count as many.

    `name` is the e-mail as it was typed, known or not; for codes, the handle of the form.
    """
    limit = LIMITS[what]
    async with begin() as tx:
        by_name = await _count(tx, counter(what, name), limit)
        by_address = await _count(tx, f"{what} address {session.client_address(request)}", limit)
        if what == "sign-in" and by_name == limit.per_name + 1:
            # Once: whoever guesses must not be able to fill the log.
            await note_refusals(tx, name, session.client_address(request))
    return by_name > limit.per_name or by_address > limit.per_address


def retry_after(what: What) -> str:
    """The header of a 429 (RFC 9110 §10.2.3), in seconds."""
    return str(LIMITS[what].minutes * 60)


def counter(what: What, name: str) -> str:
    """The name that attempts are counted under. Hashed, because people also type passwords into that field."""
    digest = hashlib.sha256(name.strip().casefold().encode("utf-8", "surrogatepass")).hexdigest()
    return f"{what} e-mail {digest}"


async def _count(tx: Tx, name: str, limit: Limit) -> int:
    """Attempts of that name in the window, this one included."""
    minute = now().replace(second=0, microsecond=0)
    await actions.note_attempt(tx, name, minute)
    return await queries.count_attempts(tx, name, minute - dt.timedelta(minutes=limit.minutes))


async def person_of(email: str, password: str) -> tuple[User, Id] | None:
    """Who that is, and the account to open; after the same work for known and unknown people. Raises Overloaded."""
    async with reading() as tx:
        found = await queries.find_sign_in(tx, email)
    passwords = services().passwords
    try:
        right = await passwords.verify(found[1] if found else None, password)
    except DamagedHash:
        _log.error("password_hash_damaged", user_id=found[0].id if found else None)
        return None
    if found is None or not right:
        return None
    user, stored, account_id = found
    if passwords.needs_rehash(stored):
        renewed = await passwords.hash(password)
        async with begin() as tx:
            await actions.renew_password_hash(tx, user.id, stored, renewed)
    return user, account_id


async def note_sign_in(
    tx: Tx, request: Request[Any, Any, Any], user: User, account_id: Id, mode: Mode, how: str = ""
) -> None:
    """It was the right person: attempts are counted anew, and the account's log tells of the sign-in.

    `how` names another way in than the sign-in page.
    """
    await actions.forget_attempts(tx, counter("sign-in", user.email))
    scope = await queries.get_scope(tx, account_id, mode, Actor("user", user.id))
    details = {"how": how} if how else None
    await note(tx, scope, "sign_in", user.email, details, session.client_address(request))


async def begin_session(
    request: Request[Any, Any, Any], user: User, account_id: Id, target: str = "", flash: Flash | None = None
) -> Response[bytes]:
    """A new session with a token of its own; one that the browser had before ends. Leads to `target`, a path."""
    mode = mode_of(session.read_cookie(request, session.MODE)) or "test"
    before = session.read_cookie(request, session.SESSION)
    async with begin() as tx:
        if before:
            await actions.end_session(tx, hash_token(before))
        token = await actions.create_session(tx, user.id, account_id, mode, services().settings.session_hours)
        await note_sign_in(tx, request, user, account_id, mode)
    response = redirect(target or HOME, flash)
    response.set_cookie(session.session_cookie(token))
    response.set_cookie(session.no_cookie(session.VISITOR))
    return response


def mode_of(text: str) -> Mode | None:
    """`test` or `live`; None for anything else."""
    return "test" if text == "test" else "live" if text == "live" else None

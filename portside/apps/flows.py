"""What an app needs from outside the database: its logo in the file store, and its sites' word that they are its."""

from __future__ import annotations

import secrets

import msgspec

from portside.apps import actions
from portside.apps.logos import draw_logo
from portside.apps.models import App
from portside.apps.queries import get_app
from portside.db.begin import begin, reading
from portside.errors import FieldErrors, NotFound
from portside.kit.http import USER, Answer, BadURL, BlockedAddress, DoorError, SendFailed
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services

# Where a site publishes the text that is asked of it (RFC 8615).
WELL_KNOWN = "/.well-known/portside-app.txt"
_LONGEST_WAIT = 10.0
_MOST_BYTES = 4096
_SHOWN = 80


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a site published the text; `found` is a sentence on what was there instead."""

    verified: bool
    found: str = ""


async def save_logo(scope: Scope, app_id: Id, content: bytes, *, address: str = "") -> None:
    """Draw a picture anew and show it as the app's logo. Raises FieldErrors on `logo`, NotFound."""
    async with reading() as tx:
        await get_app(tx, scope, app_id)
    try:
        drawn = await draw_logo(content)
    except ValueError as refused:
        raise FieldErrors({"logo": [str(refused)]}) from refused
    await store_logo(scope, app_id, drawn, address=address)


async def store_logo(scope: Scope, app_id: Id, drawn: bytes, *, by_operator: bool = False, address: str = "") -> None:
    """Show what `draw_logo` gave as the app's logo. Raises NotFound, StoreUnavailable."""
    # A key of its own for every picture: browsers keep what is at an address.
    key = f"app-logos/{app_id}/{secrets.token_hex(8)}.png"
    await services().files.put(key, drawn)
    async with begin() as tx:
        await actions.set_logo(tx, scope, app_id, key, by_operator=by_operator, address=address)


async def verify_origin(scope: Scope, app_id: Id, origin: str, *, address: str = "") -> Verdict:
    """Look whether the site publishes what it was asked to, and remember it if so. Raises NotFound."""
    async with reading() as tx:
        app = await get_app(tx, scope, app_id)
    challenge = _challenge(app, origin)
    try:
        answer = await services().door.send(
            "GET",
            origin + WELL_KNOWN,
            headers={"Accept": "text/plain"},
            timeout=_LONGEST_WAIT,
            destination=USER,
            max_response_bytes=_MOST_BYTES,
        )
    except DoorError as error:
        return Verdict(verified=False, found=_failure(error))
    if not is_published(answer, challenge):
        return Verdict(verified=False, found=_found(answer))
    async with begin() as tx:
        await actions.mark_origin_verified(tx, scope, app_id, origin, address=address)
    return Verdict(verified=True)


def is_published(answer: Answer, challenge: str) -> bool:
    """Whether the text is a line of a plain answer: several apps may share a site, a line for each."""
    if answer.status != 200:
        return False
    lines = answer.body.decode("utf-8-sig", "replace").splitlines()
    return challenge in (line.strip() for line in lines)


def _challenge(app: App, origin: str) -> str:
    for known in app.origins:
        if known.origin == origin:
            return known.challenge
    raise NotFound


def _failure(error: DoorError) -> str:
    match error:
        case BlockedAddress():
            return f"{error} The operator of this installation can approve the app instead."
        case SendFailed():
            return f"No answer: {error.detail}."
        case BadURL():
            return str(error)
        case _:
            return "It could not be asked."


def _found(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return f"It redirects (status {answer.status}); the text must be at this very address."
    if answer.status != 200:
        return f"The answer has status {answer.status}."
    text = " ".join(answer.body.decode("utf-8", "replace").split())
    if not text:
        return "The answer is empty."
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:_SHOWN])
    return f"There is another text: “{plain}{'…' if len(text) > _SHOWN else ''}”"

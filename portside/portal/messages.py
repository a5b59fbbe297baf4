"""/t/{link}/messages: the buyer says whether they want to hear of their parcels from this merchant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post

from portside.buyers.models import CHANNELS
from portside.buyers.rules import recipient_of
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import AppError
from portside.notifications.actions import end_suppression, suppress
from portside.notifications.models import Channel
from portside.notifications.queries import is_suppressed
from portside.portal.parcels import Page, find_page
from portside.portal.render import not_found, shown
from portside.rest.body import form_values

# What mail readers post when somebody presses their button (RFC 8058), as a form of either kind.
_ONE_CLICK = (b"List-Unsubscribe=One-Click", b'name="List-Unsubscribe"')


@get("/t/{link:str}/messages")
async def show_messages(request: Request[Any, Any, Any], link: str) -> Response[bytes]:
    """What goes where, with a button each. Reading it changes nothing: mail scanners open every link."""
    async with reading() as tx:
        page = await find_page(tx, link)
        ways = await _ways(tx, page) if page is not None else []
    return _page(page, ways)


@post("/t/{link:str}/messages", status_code=200)
async def change_messages(request: Request[Any, Any, Any], link: str) -> Response[bytes]:
    """Stop messages by one channel, or allow them again. There is no cookie that another site could abuse."""
    body = await request.body()
    wish, channel = _wish(body)
    async with begin() as tx:
        page = await find_page(tx, link)
        if page is None:
            return not_found()
        addresses = _addresses(page)
        if wish is not None and channel in addresses:
            change = suppress if wish == "stop" else end_suppression
            await change(tx, page.scope, channel, addresses[channel])
        ways = await _ways(tx, page)
    return _page(page, ways, saved=wish is not None)


def _wish(body: bytes) -> tuple[str | None, Channel]:
    """(stop, again or nothing that we know, of which channel)."""
    if any(mark in body for mark in _ONE_CLICK):
        return "stop", "email"
    try:
        given = form_values(body)
    except (AppError, UnicodeError):
        given = {}
    channel: Channel = next((each for each in CHANNELS if each == given.get("channel")), "email")
    return next((wish for wish in ("stop", "again") if wish == given.get("do")), None), channel


def _addresses(page: Page) -> Mapping[Channel, str]:
    """Where messages about the parcel may go."""
    address = page.parcel.address if page.parcel else None
    found = {channel: recipient_of(channel, address) for channel in CHANNELS}
    return {channel: recipient for channel, (recipient, wrong) in found.items() if wrong is None}


async def _ways(tx: Tx, page: Page) -> list[Mapping[str, Any]]:
    return [
        {
            "channel": channel,
            "address": masked(address),
            "is_on": not await is_suppressed(tx, page.scope, channel, address),
        }
        for channel, address in _addresses(page).items()
    ]


def masked(address: str) -> str:
    """`c•••@example.com`, `•••0100`: who has the link need not be the buyer."""
    name, at, host = address.partition("@")
    return f"{name[:1]}•••@{host}" if at else f"•••{address[-4:]}"


def _page(page: Page | None, ways: list[Mapping[str, Any]], *, saved: bool = False) -> Response[bytes]:
    if page is None:
        return not_found()
    context = {"ways": ways, "saved": saved, "page_url": f"/t/{page.link}", "url": f"/t/{page.link}/messages"}
    return shown("messages.html", context, page.look)


routes = [show_messages, change_messages]

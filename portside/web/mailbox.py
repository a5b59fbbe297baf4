"""/app/mailbox: the mail of an account where there is no server to send it, so that a trial needs none.

With a server the page does not exist, for mail is for its recipient's eyes; but what a test label would tell its buyer
can be looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response

from portside.db.begin import reading
from portside.errors import NotFound
from portside.kit.services import services
from portside.notifications import queries
from portside.notifications.models import Message
from portside.web.answers import HEADERS, HTML
from portside.web.lists import list_view
from portside.web.page import page
from portside.web.shell import has_mailbox
from portside.web.visit import Shown, Visit

PATH = "/app/mailbox"
# What a mail reader allows: its own styles, nothing from elsewhere, no scripts; links open a page of their own.
READER = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


@page("GET", PATH)
async def list_mail(visit: Visit) -> Shown:
    """The messages, newest first; to htmx their rows."""
    await _check_local(visit)
    request = list_view(visit).page()
    async with reading() as tx:
        found = await queries.list_messages(tx, visit.scope, request, kept_to_buyers=services().mailer is not None)
    rows = found.rows
    context = {
        "messages": [_row(message) for message in rows],
        "page": {
            "previous_url": f"{PATH}?before={rows[0].id}" if found.has_previous and rows else None,
            "next_url": f"{PATH}?after={rows[-1].id}" if found.has_next and rows else None,
            "note": f"{len(rows)} {'message' if len(rows) == 1 else 'messages'} on this page",
        },
    }
    if visit.wants_fragment:
        return Shown(template="mailbox/_rows.html", context=context)
    return Shown(template="mailbox/list.html", context=context, section="settings", child="mailbox")


@page("GET", PATH + "/{message_id}")
async def show_mail(visit: Visit) -> Shown:
    """One message, as text and as a mail reader shows it."""
    message = await _message(visit)
    context = {
        "message": {
            **_row(message),
            "text": message.body_text,
            "html_url": f"{PATH}/{message.id}/html" if message.body_html else "",
            "error": message.error or "",
        },
        "back_url": PATH,
    }
    return Shown(template="mailbox/message.html", context=context, section="settings", child="mailbox")


@page("GET", PATH + "/{message_id}/html")
async def show_html(visit: Visit) -> Response[bytes]:
    """The HTML of a message alone, for the frame."""
    message = await _message(visit)
    headers = {**HEADERS, "Content-Security-Policy": READER}
    return Response(message.body_html.encode(), media_type=HTML, headers=headers)


async def _message(visit: Visit) -> Message:
    await _check_local(visit)
    async with reading() as tx:
        message = await queries.get_message(tx, visit.scope, visit.id("message_id"))
    if services().mailer is not None and (message.state, message.name) != ("kept", "parcel"):
        raise NotFound
    return message


async def _check_local(visit: Visit) -> None:
    """Raises NotFound where mail is sent."""
    async with reading() as tx:
        if not await has_mailbox(tx, visit.scope):
            raise NotFound


def _row(message: Message) -> Mapping[str, Any]:
    return {
        "href": f"{PATH}/{message.id}",
        "subject": message.subject,
        "recipient": message.recipient,
        "state": message.state,
        "at": message.created_at,
    }


routes = [list_mail, show_mail, show_html]

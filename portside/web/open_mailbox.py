"""/mailbox: codes, links and invitations, to be read without a sign-in where the product is tried on one's own machine.

They belong to no account yet, and whoever reads them can take somebody's place; so the page exists only where the
setting allows it, and only under the installation's own names (a page that has rebound its name to this address is
told that there is nothing).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, get

from portside.apps.rules import is_loopback
from portside.db.begin import reading
from portside.errors import NotFound
from portside.kit.ids import as_id
from portside.kit.paging import PageRequest
from portside.kit.services import services
from portside.notifications import queries
from portside.notifications.models import SystemMail
from portside.web.answers import HEADERS, HTML, html
from portside.web.mailbox import READER

PATH = "/mailbox"
SHOWN = 50


def mailbox_url(request: Request[Any, Any, Any]) -> str | None:
    """Where this visitor may read codes and links; None where they go by mail, or are the operator's to read."""
    return PATH if _is_open(request) else None


@get(PATH)
async def list_open_mail(request: Request[Any, Any, Any]) -> Response[bytes]:
    """What is still of use, newest first."""
    _check_open(request)
    async with reading() as tx:
        found = await queries.list_kept_mails(tx, services().keys, PageRequest(size=SHOWN))
    messages = [_row(mail) for mail in found.rows]
    return html("mailbox/open.html", {"list_url": PATH, "messages": messages, "message": None})


@get(PATH + "/{mail_id:str}")
async def show_open_mail(request: Request[Any, Any, Any], mail_id: str) -> Response[bytes]:
    """One message, as it looks."""
    mail = await _mail(request, mail_id)
    message = {**_row(mail), "html_url": f"{PATH}/{mail.id}/html"}
    return html("mailbox/open.html", {"list_url": PATH, "messages": [], "message": message})


@get(PATH + "/{mail_id:str}/html")
async def show_open_html(request: Request[Any, Any, Any], mail_id: str) -> Response[bytes]:
    """The HTML of a message alone, for the frame."""
    mail = await _mail(request, mail_id)
    body = mail.text.html if mail.text else ""
    headers = {**HEADERS, "Content-Security-Policy": READER, "Referrer-Policy": "no-referrer"}
    return Response(body.encode(), media_type=HTML, headers=headers)


async def _mail(request: Request[Any, Any, Any], given: str) -> SystemMail:
    _check_open(request)
    mail_id = as_id(given)
    if mail_id is None:
        raise NotFound
    async with reading() as tx:
        return await queries.get_system_mail(tx, services().keys, mail_id)


def _check_open(request: Request[Any, Any, Any]) -> None:
    if not _is_open(request):
        raise NotFound


def _is_open(request: Request[Any, Any, Any]) -> bool:
    if services().mailer is not None or services().settings.open_mailbox != "on":
        return False
    host = request.headers.get("host", "")
    # Without its port: `127.0.0.1:8000`, `[::1]:8000`.
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return host == urlsplit(services().public_url).netloc or is_loopback(name.strip("[]"))


def _row(mail: SystemMail) -> Mapping[str, Any]:
    return {
        "href": f"{PATH}/{mail.id}",
        "subject": mail.text.subject if mail.text else "",
        "recipient": mail.recipient,
        "text": mail.text.text if mail.text else "",
        "at": mail.created_at,
    }


routes = [list_open_mail, show_open_mail, show_open_html]

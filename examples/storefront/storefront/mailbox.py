"""The demo's outside world: every mail and text message that buyers got, and the ways in which they say no."""

from __future__ import annotations

import hmac
import re

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template
from markupsafe import Markup, escape

from storefront import messages, sessions
from storefront.database import one, rows
from storefront.web import Form, Store, WebRequest, go, page, shop_of


@get("/mailbox", sync_to_thread=True)
def mailbox(store: Store) -> Template:
    """What everybody got, newest first. Only the demo has such a page."""
    _only_in_demo(store)
    with store.database.reading() as db:
        found = rows(
            db,
            "SELECT m.*, s.name AS shop FROM messages m JOIN merchants s ON s.id = m.merchant_id "
            "ORDER BY m.id DESC LIMIT 200",
        )
    return page("mailbox.html", messages=found, with_links=with_links)


@post("/mailbox/{message_id:int}/stop", sync_to_thread=True)
def answer_stop(store: Store, message_id: int) -> Redirect:
    """The buyer answers STOP to a text message; a real store hears of it from its SMS service."""
    _only_in_demo(store)
    with store.database.writing() as db:
        message = one(db, "SELECT * FROM messages WHERE id = ? AND channel = 'sms'", message_id)
        if message is None:
            raise NotFoundException("There is no such message.")
        messages.opt_out(db, message["merchant_id"], "sms", message["recipient"])
    return go("/mailbox", f"{message['recipient']} gets no more text messages from this shop.")


@get("/unsubscribe", sync_to_thread=True)
def unsubscribe_page(request: WebRequest, store: Store) -> Template:
    """The link at the end of mails. It only asks: mail programs open links on their own."""
    given = {name: request.query_params.get(name, "") for name in ("shop", "email", "signature")}
    _check_signature(store, given)
    with store.database.reading() as db:
        merchant = shop_of(db, given["shop"])
    return page("unsubscribe.html", given=given, shop=merchant)


@post("/unsubscribe", sync_to_thread=True)
def unsubscribe(store: Store, data: Form) -> Redirect:
    """No more tracking mails from this shop to this address."""
    _check_signature(store, data)
    with store.database.writing() as db:
        shop_of(db, data["shop"])
        messages.opt_out(db, data["shop"], "mail", data["email"])
    return go(f"/shops/{data['shop']}", "You get no more mails about parcels.")


def _check_signature(store: Store, given: dict[str, str]) -> None:
    expected = sessions.sign(store.settings.secret, given.get("shop", ""), given.get("email", ""))
    if not hmac.compare_digest(expected.encode(), given.get("signature", "").encode()):
        raise NotFoundException("This link is not complete.")


def _only_in_demo(store: Store) -> None:
    if not store.settings.demo:
        raise NotFoundException("Mails go to their recipients.")


def with_links(text: str) -> Markup:
    """Plain text with its addresses clickable, as mail programs show it."""
    return Markup(re.sub(r"(https?://[^\s]+)", r'<a href="\1">\1</a>', str(escape(text))))  # noqa: S704


routes = [mailbox, answer_stop, unsubscribe_page, unsubscribe]

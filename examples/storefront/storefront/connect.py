"""Connect shipping: OAuth 2.0 from the store's side, in a frame on our page, in a popup or in a tab.

1. The merchant clicks. We make a `state`, keep its hash with the merchant's id, and send the browser to Portside.
2. There the merchant signs in or registers, and agrees. Portside sends the browser back with `code` and `state`.
3. The browser is back on `/shippo-oauth-redirect/`. In a frame it comes from another site, so it brings no cookie of
   ours; that page therefore posts code and state on to us once more, from our own site, and now the cookie is there.
4. We check that the state is this merchant's and unused, and exchange the code for an access token, server to server.
   A token that it replaces is given back: tokens do not expire, and one that nobody uses must not go on opening doors.
5. We set up what we need in the account: a webhook, and speeds for the checkout.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any
from urllib.parse import urlencode

import httpx
from litestar import get, post
from litestar.response import Redirect, Template

from storefront import alerts
from storefront.database import Connection, Row, changed, now, one, rows
from storefront.refusals import ShippingError, TokenRefused, refusal
from storefront.sessions import digest
from storefront.settings import Settings
from storefront.shipping import Shipping
from storefront.web import Form, Store, WebRequest, go, merchant_of, page

log = logging.getLogger("storefront")


@get("/dashboard/connect", sync_to_thread=True)
def connect_page(request: WebRequest, store: Store) -> Template:
    """What is connected, and three ways to connect."""
    with store.database.reading() as db:
        merchant = merchant_of(request, db)
        connection = one(db, "SELECT * FROM connections WHERE merchant_id = ?", merchant["id"])
        waiting = alerts.waiting(db, merchant["id"])
    in_frame = request.query_params.get("way") == "frame"
    return page("connect.html", merchant=merchant, waiting=waiting, connection=connection, in_frame=in_frame)


@get("/dashboard/connect/start", sync_to_thread=True)
def start(request: WebRequest, store: Store) -> Redirect:
    """To Portside. What we know of the merchant fills in the registration form there."""
    with store.database.writing() as db:
        merchant = merchant_of(request, db)
        state = begin(db, merchant["id"])
    query = {
        "response_type": "code",
        "client_id": store.settings.client_id,
        "scope": "*",
        "state": state,
        "redirect_uri": store.settings.redirect_uri,
        "email": merchant["email"],
        "company_name": merchant["name"],
    }
    if request.query_params.get("display") == "frame":
        # For browsers that do not tell Portside that it stands in a frame.
        query["display"] = "frame"
    return Redirect(f"{store.settings.portside_url}/oauth/authorize?{urlencode(query)}", status_code=303)


def begin(db: Connection, merchant_id: str) -> str:
    """A state for one trip to Portside: random, for this merchant, a quarter of an hour."""
    state = secrets.token_urlsafe(24)
    db.execute("DELETE FROM oauth_states WHERE expires_at < ?", (now(),))
    db.execute("INSERT INTO oauth_states VALUES (?, ?, ?)", (digest(state), merchant_id, now(minutes=15)))
    return state


def consume(db: Connection, merchant_id: str, state: str) -> bool:
    """Whether this merchant began a trip with this state; it can be used once."""
    done = db.execute(
        "DELETE FROM oauth_states WHERE state_hash = ? AND merchant_id = ? AND expires_at > ?",
        (digest(state), merchant_id, now()),
    )
    return done.rowcount == 1


@get("/shippo-oauth-redirect", sync_to_thread=True)
def come_back(request: WebRequest) -> Template:
    """The browser is back. Nothing is decided yet: this page only posts what it was given, from our own site."""
    given = {name: request.query_params.get(name, "")[:500] for name in ("code", "state", "error")}
    return page("come_back.html", given=given)


@post("/dashboard/connect/finish", sync_to_thread=True)
def finish(request: WebRequest, store: Store, data: Form) -> Template | Redirect:
    """Exchange the code, keep the token, set up the account."""
    with store.database.writing() as db:
        merchant = merchant_of(request, db)
        is_ours = consume(db, merchant["id"], data.get("state", ""))
    if not is_ours:
        return page("connected.html", problem="This did not begin on your dashboard. Please start again.", status=400)
    if data.get("error"):
        return page("connected.html", problem="You did not agree, so nothing was connected.")
    try:
        granted = exchange(store.settings, data.get("code", ""))
        replaced = _keep(store, merchant, granted)
        if replaced and not give_back(store.settings, replaced):
            log.warning("The token that %s had before could not be revoked", merchant["id"])
        set_up(store, merchant["id"])
    except ShippingError as error:
        return page("connected.html", problem=str(error), status=502)
    store.bell.set()
    return page("connected.html", problem="")


def exchange(settings: Settings, code: str) -> dict[str, Any]:
    """The code for a token: server to server, with our secret (RFC 6749, 4.1.3)."""
    form = {
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "code": code,
        "grant_type": "authorization_code",
        "redirect_uri": settings.redirect_uri,
    }
    try:
        answer = httpx.post(f"{settings.portside_url}/oauth/access_token", data=form, timeout=20)
    except httpx.HTTPError as error:
        raise ShippingError("Portside cannot be reached just now.") from error
    if answer.status_code != 200:
        body = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        raise ShippingError(body.get("error_description") or str(refusal(answer.status_code, "")))
    granted: dict[str, Any] = answer.json()
    return granted


def give_back(settings: Settings, token: str) -> bool:
    """End a token (RFC 7009), and with the last one of a merchant our webhook there; False if Portside did not."""
    form = {"client_id": settings.client_id, "client_secret": settings.client_secret, "token": token}
    try:
        return httpx.post(f"{settings.portside_url}/oauth/revoke", data=form, timeout=20).is_success
    except httpx.HTTPError as error:
        log.warning("Could not revoke a token: %s", error)
        return False


def _keep(store: Store, merchant: Row, granted: dict[str, Any]) -> str:
    """Keep the new token; gives the one before, or an empty text."""
    with store.database.writing() as db:
        before = one(db, "SELECT account_id, access_token FROM connections WHERE merchant_id = ?", merchant["id"])
        db.execute(
            "INSERT INTO connections (merchant_id, account_id, access_token, connected_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (merchant_id) DO UPDATE SET account_id = excluded.account_id, ready = 0, broken_at = NULL, "
            "access_token = excluded.access_token, connected_at = excluded.connected_at",
            (merchant["id"], granted["account_id"], granted["access_token"], now()),
        )
        if before is not None and before["account_id"] != granted["account_id"]:
            # Another account: it knows none of our orders, and those that are still open go there now.
            db.execute(
                "UPDATE orders SET portside_id = NULL WHERE merchant_id = ? AND status = 'open'", (merchant["id"],)
            )
    return before["access_token"] if before else ""


def set_up(store: Store, merchant_id: str) -> None:
    """What we need in the merchant's account. Doing it again changes nothing."""
    with store.database.reading() as db:
        connection = one(db, "SELECT * FROM connections WHERE merchant_id = ?", merchant_id)
    assert connection is not None
    shipping = Shipping(store.settings.portside_url, connection["access_token"])
    hook, secret = "", ""
    if store.settings.webhooks == "merchant":
        url = f"{store.settings.webhook_url}/webhooks/portside/{merchant_id}"
        hook, secret = shipping.subscribe(url, is_test=store.settings.demo)
    shipping.offer_speeds()
    with store.database.writing() as db:
        db.execute(
            "UPDATE connections SET webhook_id = ?, webhook_secret = ?, ready = 1 WHERE merchant_id = ?",
            (hook, secret, merchant_id),
        )
        changed(db, merchant_id)


def check_connections(store: Store) -> None:
    """Now and then: fetch secrets that were replaced, and notice merchants who disconnected us at Portside."""
    with store.database.reading() as db:
        connections = rows(db, "SELECT merchant_id FROM connections WHERE broken_at IS NULL")
    for connection in connections:
        try:
            set_up(store, connection["merchant_id"])
        except TokenRefused:
            with store.database.writing() as db:
                db.execute(
                    "UPDATE connections SET broken_at = ? WHERE merchant_id = ?", (now(), connection["merchant_id"])
                )
                changed(db, connection["merchant_id"])
        except ShippingError as error:
            log.warning("Could not check the connection of %s: %s", connection["merchant_id"], error)


@post("/dashboard/connect/end", sync_to_thread=True)
def disconnect(request: WebRequest, store: Store) -> Redirect:
    """Forget the token and give it back. Portside deletes our webhook with it."""
    with store.database.writing() as db:
        merchant = merchant_of(request, db)
        connection = one(db, "SELECT * FROM connections WHERE merchant_id = ?", merchant["id"])
        db.execute("DELETE FROM connections WHERE merchant_id = ?", (merchant["id"],))
        changed(db, merchant["id"])
    if connection is not None and not give_back(store.settings, connection["access_token"]):
        return go("/dashboard/connect", "Forgotten here, but Portside could not be told. Disconnect us there, too.")
    return go("/dashboard/connect", "Shipping is disconnected.")


routes = [connect_page, start, come_back, finish, disconnect]

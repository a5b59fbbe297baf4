"""What buyers see after the purchase: their own orders, where the parcels are, and the way to the carrier's page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template

from storefront import carriers, messages, sessions
from storefront.database import Connection, Row, one, rows
from storefront.web import BUYER_COOKIE, Form, SignInNeeded, Store, WebRequest, cookie, go, page, shop_of

# Two kinds of sessions, and what of an order says that it is theirs.
BUYERS: tuple[tuple[sessions.Kind, str], ...] = (("buyer", "email"), ("order", "id"))
SENT = "If we know this address, a mail with a link is on its way."


@get("/shops/{shop:str}/account", sync_to_thread=True)
def account(request: WebRequest, store: Store, shop: str) -> Template:
    """The buyer's orders in this shop; without a session, two ways to sign in."""
    with store.database.reading() as db:
        merchant = shop_of(db, shop)
        try:
            found = own_orders(request, db, shop)
        except SignInNeeded:
            return page("account_sign_in.html", shop=merchant)
    return page("account.html", shop=merchant, orders=found)


@post("/shops/{shop:str}/account/link", sync_to_thread=True)
def send_link(store: Store, shop: str, data: Form) -> Redirect:
    """Mail a link that signs in. Whether the address is known is not told."""
    email = data.get("email", "").strip().lower()
    with store.database.writing() as db:
        merchant = shop_of(db, shop)
        knows = one(db, "SELECT 1 FROM orders WHERE merchant_id = ? AND email = ?", shop, email)
        if knows and sessions.may_try(db, f"link {shop} {email}"):
            token = sessions.begin(db, "magic link", f"{shop}/{email}")
            link = f"{store.settings.public_url}/shops/{shop}/account/enter?{urlencode({'token': token})}"
            text = f"Open this link within a quarter of an hour to see your orders:\n\n{link}"
            messages.send_plain(db, merchant, email, "Your orders", text, None)
    return go(f"/shops/{shop}/account", SENT)


@get("/shops/{shop:str}/account/enter", sync_to_thread=True)
def enter_page(request: WebRequest, store: Store, shop: str) -> Template:
    """The link of the mail leads to a button, because mail programs open links on their own."""
    with store.database.reading() as db:
        return page("account_enter.html", shop=shop_of(db, shop), token=request.query_params.get("token", ""))


@post("/shops/{shop:str}/account/enter", sync_to_thread=True)
def enter(store: Store, shop: str, data: Form) -> Redirect:
    """Sign in with the link, once."""
    with store.database.writing() as db:
        shop_of(db, shop)
        who = sessions.find(db, "magic link", data.get("token", ""))
        if who is None or not who.startswith(f"{shop}/"):
            return go(f"/shops/{shop}/account", "This link is used or too old. Ask for another one.")
        sessions.end(db, data["token"])
        token = sessions.begin(db, "buyer", who)
    return go(f"/shops/{shop}/account", cookies=[cookie(store.settings, BUYER_COOKIE, token)])


@post("/shops/{shop:str}/account/order", sync_to_thread=True)
def enter_with_number(store: Store, shop: str, data: Form) -> Redirect:
    """Sign in with order number and e-mail. That is less of a proof than a link, so it shows this order only."""
    email, number = data.get("email", "").strip().lower(), data.get("number", "").strip().upper()
    with store.database.writing() as db:
        shop_of(db, shop)
        may_try = sessions.may_try(db, f"order {shop} {email}")
        order = one(db, "SELECT id FROM orders WHERE merchant_id = ? AND number = ? AND email = ?", shop, number, email)
        if not may_try or order is None or not email:
            return go(f"/shops/{shop}/account", "There is no order with this number and e-mail address.")
        token = sessions.begin(db, "order", f"{shop}/{order['id']}")
    return go(f"/shops/{shop}/account", cookies=[cookie(store.settings, BUYER_COOKIE, token)])


@post("/shops/{shop:str}/account/leave", sync_to_thread=True)
def leave(request: WebRequest, store: Store, shop: str) -> Redirect:
    with store.database.writing() as db:
        sessions.end(db, request.cookies.get(BUYER_COOKIE, ""))
    return go(f"/shops/{shop}/account", "You are signed out.")


@get("/shops/{shop:str}/account/orders/{order_id:int}", sync_to_thread=True)
def account_order(request: WebRequest, store: Store, shop: str, order_id: int) -> Template:
    """One order: its parcels with their history, newest first."""
    with store.database.reading() as db:
        merchant = shop_of(db, shop)
        order = next((each for each in own_orders(request, db, shop) if each["id"] == order_id), None)
        if order is None:
            raise NotFoundException("There is no such order.")
        parcels = rows(
            db, "SELECT * FROM parcels WHERE order_id = ? AND label_status IN ('SUCCESS', 'ELSEWHERE')", order_id
        )
        lines = rows(db, "SELECT * FROM order_lines WHERE order_id = ?", order_id)
        return page(
            "account_order.html",
            shop=merchant,
            order=order,
            lines=lines,
            parcels=parcels,
            history=_history(db, parcels),
        )


def own_orders(request: WebRequest, db: Connection, shop: str) -> list[Row]:
    """The orders that this browser may see in this shop."""
    token = request.cookies.get(BUYER_COOKIE, "")
    for kind, column in BUYERS:
        signed_in_at, _, who = (sessions.find(db, kind, token) or "").partition("/")
        if signed_in_at == shop:
            query = f"SELECT * FROM orders WHERE merchant_id = ? AND {column} = ? ORDER BY id DESC"
            return rows(db, query, shop, who)
    raise SignInNeeded(f"/shops/{shop}/account")


@get("/shops/{shop:str}/account/changes", sync_to_thread=True)
def account_changes(request: WebRequest, store: Store, shop: str) -> Response[dict[str, Any]]:
    """As for merchants: a number that grows with every change."""
    with store.database.reading() as db:
        own_orders(request, db, shop)
        return Response({"version": shop_of(db, shop)["version"]})


@get("/t/{token:str}", sync_to_thread=True)
def follow_link(store: Store, token: str) -> Template | Redirect:
    """The link in mails and text messages: our page, or straight to the carrier's, as the merchant likes."""
    with store.database.reading() as db:
        parcel = parcel_of(db, token)
        shop = shop_of(db, parcel["merchant_id"])
        if shop["link_to"] == "carrier" and (url := _carrier_page(parcel)):
            return Redirect(url, status_code=302)
        history = _history(db, [parcel])
    return page("track.html", shop=shop, parcel=parcel, history=history)


@get("/t/{token:str}/carrier", sync_to_thread=True)
def to_carrier(store: Store, token: str) -> Redirect:
    """To the carrier's page. The request names a parcel, never an address, so it leads nowhere else."""
    with store.database.reading() as db:
        parcel = parcel_of(db, token)
    return Redirect(_carrier_page(parcel) or f"/t/{token}", status_code=302)


def _carrier_page(parcel: Row) -> str | None:
    return carriers.tracking_page(parcel["carrier"], parcel["tracking_number"] or "", parcel["carrier_url"])


def parcel_of(db: Connection, token: str) -> Row:
    parcel = one(db, "SELECT * FROM parcels WHERE token = ?", token)
    if parcel is None:
        raise NotFoundException("There is no such parcel.")
    return parcel


def _history(db: Connection, parcels: list[Row]) -> dict[int, list[Row]]:
    return {
        parcel["id"]: rows(db, "SELECT * FROM scans WHERE parcel_id = ? ORDER BY at DESC", parcel["id"])
        for parcel in parcels
    }


routes = [
    account,
    send_link,
    enter_page,
    enter,
    enter_with_number,
    leave,
    account_order,
    account_changes,
    follow_link,
    to_carrier,
]

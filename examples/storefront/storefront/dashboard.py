"""What merchants see: their orders, each with its labels and parcels. Nothing here belongs to another merchant."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect, Template

from storefront import alerts, carriers, messages, orders, sessions
from storefront.database import Connection, Row, changed, one, rows
from storefront.demo_data import PASSWORDS
from storefront.refusals import ShippingError, TokenRefused
from storefront.shipping import Shipping
from storefront.web import MERCHANT_COOKIE, Buttons, Form, Store, WebRequest, cookie, go, merchant_of, own_order, page

TRACKABLE = (*carriers.CARRIERS, "shippo")


@get("/dashboard/sign-in", sync_to_thread=True)
def sign_in_page(store: Store) -> Template:
    """For merchants."""
    with store.database.reading() as db:
        merchants = rows(db, "SELECT * FROM merchants ORDER BY name") if store.settings.demo else []
    return page("sign_in.html", merchants=merchants, passwords=PASSWORDS, wrong=False)


@post("/dashboard/sign-in", sync_to_thread=True)
def sign_in(store: Store, data: Form) -> Template | Redirect:
    """With e-mail and password; after too many tries not even the right one is looked at."""
    email = data.get("email", "").strip().lower()
    with store.database.writing() as db:
        may_try = sessions.may_try(db, f"sign-in {email}")
        merchant = one(db, "SELECT * FROM merchants WHERE email = ?", email)
    if not may_try or merchant is None or not sessions.is_password(data.get("password", ""), merchant["password_hash"]):
        return page("sign_in.html", status=422, merchants=[], passwords={}, wrong=True)
    with store.database.writing() as db:
        token = sessions.begin(db, "merchant", merchant["id"])
    return go("/dashboard", cookies=[cookie(store.settings, MERCHANT_COOKIE, token, days=1)])


@post("/dashboard/sign-out", sync_to_thread=True)
def sign_out(request: WebRequest, store: Store) -> Redirect:
    with store.database.writing() as db:
        sessions.end(db, request.cookies.get(MERCHANT_COOKIE, ""))
    return go("/dashboard/sign-in", "You are signed out.")


@get("/dashboard", sync_to_thread=True)
def order_list(request: WebRequest, store: Store) -> Template:
    """All orders, newest first, with their tracking numbers."""
    with store.database.reading() as db:
        merchant = merchant_of(request, db)
        found = rows(
            db,
            "SELECT * FROM orders WHERE merchant_id = ? ORDER BY id DESC LIMIT 200",
            merchant["id"],
        )
        parcels: dict[int, list[Row]] = {}
        for parcel in rows(db, "SELECT * FROM parcels WHERE merchant_id = ? ORDER BY id", merchant["id"]):
            parcels.setdefault(parcel["order_id"], []).append(parcel)
        return page("orders.html", **_frame(db, merchant), orders=found, parcels=parcels)


@get("/dashboard/orders/{order_id:int}", sync_to_thread=True)
def order_page(request: WebRequest, store: Store, order_id: int) -> Template:
    """One order: goods, address, rates, labels with their history, and what the buyer was told."""
    with store.database.reading() as db:
        merchant = merchant_of(request, db)
        order = own_order(db, merchant, order_id)
        parcels = rows(db, "SELECT * FROM parcels WHERE order_id = ? ORDER BY id", order_id)
        return page(
            "order.html",
            **_frame(db, merchant),
            order=order,
            lines=orders.lines_of(db, order),
            rates=rows(db, "SELECT * FROM rates WHERE order_id = ? ORDER BY CAST(amount AS REAL)", order_id),
            parcels=parcels,
            history={
                parcel["id"]: rows(db, "SELECT * FROM scans WHERE parcel_id = ? ORDER BY at DESC", parcel["id"])
                for parcel in parcels
            },
            silent={parcel["id"]: _silent(db, store, order, parcel) for parcel in parcels},
            messages=rows(db, "SELECT * FROM messages WHERE order_id = ? ORDER BY id DESC", order_id),
            connected=one(db, "SELECT * FROM connections WHERE merchant_id = ?", merchant["id"]) is not None,
            trackable=TRACKABLE,
            settings=store.settings,
        )


def _silent(db: Connection, store: Store, order: Row, parcel: Row) -> list[str]:
    """Why the buyer is told nothing about this parcel, by channel."""
    reasons = [(name, messages.why_not(db, store.settings, order, parcel, name)) for name in messages.CHANNELS]
    return [f"No {'mail' if name == 'mail' else 'text message'}: {why}." for name, why in reasons if why]


@post("/dashboard/orders/{order_id:int}/{action:str}", sync_to_thread=True)
def act(request: WebRequest, store: Store, order_id: int, action: str, data: Buttons = None) -> Redirect:
    """One button of the order's page. What Portside refuses is shown on the page that we come back to."""
    with store.database.reading() as db:
        merchant = merchant_of(request, db)
        order = own_order(db, merchant, order_id)
    try:
        said = _act(store, order, action, data or {})
    except TokenRefused as error:
        orders.mark_broken(store, merchant["id"])
        said = str(error)
    except ShippingError as error:
        said = str(error)
    return go(f"/dashboard/orders/{order_id}", said)


def _act(store: Store, order: Row, action: str, form: dict[str, str]) -> str:
    match action:
        case "rates":
            orders.fetch_rates(store, order)
            return ""
        case "buy":
            orders.buy(store, order, form.get("rate", ""))
            return "Bought. The label is below."
        case "buy-at-once":
            orders.buy_at_once(store, order)
            return "Bought. The label is below."
        case "address":
            orders.change_address(store, order, form)
            return "The address is changed, here and at Portside."
        case "cancel":
            orders.cancel(store, order)
            return "The order is cancelled, here and at Portside."
        case "follow":
            orders.follow(store, order, form.get("carrier", ""), form.get("number", "").strip()[:60])
            return "This number is followed now."
        case "resend":
            return _resend(store, order, form.get("message", ""))
    return _act_on_parcel(store, order, action, form.get("parcel", ""))


def _act_on_parcel(store: Store, order: Row, action: str, parcel_id: str) -> str:
    with store.database.reading() as db:
        parcel = one(db, "SELECT * FROM parcels WHERE id = ? AND order_id = ?", parcel_id, order["id"])
    if parcel is None:
        return "There is no such parcel."
    shipping: Shipping = orders.acting_for(store, order["merchant_id"])
    match action:
        case "refresh":
            orders.check_now(store, parcel)
            return "This is what the carrier says now."
        case "refund" if parcel["transaction_id"]:
            shipping.refund(parcel["transaction_id"])
            return "The refund is asked for."
        case "next-scan" if store.settings.demo:
            shipping.advance(parcel["tracking_number"])
            return "The carrier has seen it again; the news come by webhook."
        case "next-day" if store.settings.demo:
            shipping.advance()
            return "A day has passed at the carriers; the news come by webhook."
    return "Nothing was done."


def _resend(store: Store, order: Row, message_id: str) -> str:
    with store.database.writing() as db:
        message = one(
            db,
            "SELECT * FROM messages WHERE id = ? AND order_id = ? AND parcel_id IS NOT NULL",
            message_id,
            order["id"],
        )
        if message is None:
            return "There is no such message."
        reason = messages.resend(db, store.settings, message)
    return f"Not sent: {reason}." if reason else "Sent again."


@get("/dashboard/orders/{order_id:int}/packing-slip", sync_to_thread=True)
def packing_slip(request: WebRequest, store: Store, order_id: int) -> Redirect:
    """The PDF, from Portside."""
    with store.database.reading() as db:
        merchant = merchant_of(request, db)
        order = own_order(db, merchant, order_id)
    try:
        if not order["portside_id"]:
            raise ShippingError("Portside does not have this order yet.")
        return Redirect(orders.acting_for(store, merchant["id"]).packing_slip(order["portside_id"]), status_code=303)
    except ShippingError as error:
        return go(f"/dashboard/orders/{order_id}", str(error))


@get("/dashboard/changes", sync_to_thread=True)
def changes(request: WebRequest, store: Store) -> Response[dict[str, Any]]:
    """A number that grows with every change; open pages ask for it and load what is new."""
    with store.database.reading() as db:
        return Response({"version": merchant_of(request, db)["version"]})


@get("/dashboard/settings", sync_to_thread=True)
def settings_page(request: WebRequest, store: Store) -> Template:
    """What buyers are told, and when."""
    with store.database.reading() as db:
        return page("settings.html", **_frame(db, merchant_of(request, db)))


@post("/dashboard/settings", sync_to_thread=True)
def change_settings(request: WebRequest, store: Store, data: Buttons = None) -> Redirect:
    form = data or {}
    values = (
        "scan" if form.get("tell_at") == "scan" else "label",
        int("tell_progress" in form),
        int("tell_exceptions" in form),
        "carrier" if form.get("link_to") == "carrier" else "page",
    )
    with store.database.writing() as db:
        merchant = merchant_of(request, db)
        db.execute(
            "UPDATE merchants SET tell_at = ?, tell_progress = ?, tell_exceptions = ?, link_to = ? WHERE id = ?",
            (*values, merchant["id"]),
        )
        changed(db, merchant["id"])
    return go("/dashboard/settings", "Saved.")


def _frame(db: Connection, merchant: Row) -> dict[str, Any]:
    """What every page of the dashboard shows around its own content."""
    return {"merchant": merchant, "waiting": alerts.waiting(db, merchant["id"])}


routes = [
    sign_in_page,
    sign_in,
    sign_out,
    order_list,
    order_page,
    act,
    packing_slip,
    changes,
    settings_page,
    change_settings,
]

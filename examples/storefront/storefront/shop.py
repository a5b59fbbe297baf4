"""What buyers see: the shops, a cart, and a checkout with the carriers' own prices."""

from __future__ import annotations

import json
import secrets
from typing import Any

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template

from storefront import orders
from storefront.database import Connection, Row, now, one, rows
from storefront.refusals import ShippingError
from storefront.shipping import CHECKOUT_SECONDS, SPEEDS, Offer
from storefront.web import CART_COOKIE, Form, Store, WebRequest, cookie, go, page, shop_of

MOST_OF_ONE = 20
NEEDED = ("name", "email", "street1", "city", "state", "zip")


@get("/", sync_to_thread=True)
def front_page(store: Store) -> Template:
    """All shops of the platform."""
    with store.database.reading() as db:
        shops = rows(db, "SELECT * FROM merchants ORDER BY name")
        products = rows(db, "SELECT * FROM products ORDER BY title")
    return page("front.html", shops=shops, products=products, demo=store.settings.demo)


@get("/shops/{shop:str}", sync_to_thread=True)
def catalogue(request: WebRequest, store: Store, shop: str) -> Template:
    """What one shop sells."""
    with store.database.reading() as db:
        merchant = shop_of(db, shop)
        products = rows(db, "SELECT * FROM products WHERE merchant_id = ? ORDER BY title", shop)
        lines = cart_lines(db, merchant, request.cookies.get(CART_COOKIE, ""))
    return page("catalogue.html", shop=merchant, products=products, in_cart=sum(line["quantity"] for line in lines))


@post("/shops/{shop:str}/cart", sync_to_thread=True)
def change_cart(request: WebRequest, store: Store, shop: str, data: Form) -> Redirect:
    """Add a product (`by` 1) or take one out (`by` -1). The cart lives in a cookie, as `pot:2.can:1`."""
    with store.database.reading() as db:
        merchant = shop_of(db, shop)
        lines = cart_lines(db, merchant, request.cookies.get(CART_COOKIE, ""))
    counts = {line["product_id"]: line["quantity"] for line in lines}
    product, by = data.get("product", ""), -1 if data.get("by") == "-1" else 1
    counts[product] = min(MOST_OF_ONE, counts.get(product, 0) + by)
    # Ids that do not exist are dropped when the cart is read.
    text = ".".join(f"{name}:{count}" for name, count in counts.items() if count > 0 and name.isalnum())
    return go(f"/shops/{merchant['id']}/cart", cookies=[cookie(store.settings, CART_COOKIE, text)])


@get("/shops/{shop:str}/cart", sync_to_thread=True)
def cart(request: WebRequest, store: Store, shop: str) -> Template:
    """What is in the cart, and where to send it."""
    with store.database.reading() as db:
        merchant = shop_of(db, shop)
        lines = cart_lines(db, merchant, request.cookies.get(CART_COOKIE, ""))
    return _cart_page(merchant, lines, {}, [])


@post("/shops/{shop:str}/checkout", sync_to_thread=True)
def checkout(request: WebRequest, store: Store, shop: str, data: Form) -> Template:
    """The address is known: what would shipping cost?"""
    buyer = {name: value.strip()[:120] for name, value in data.items()} | {"country": "US"}
    buyer["email"] = buyer.get("email", "").lower()
    with store.database.reading() as db:
        merchant = shop_of(db, shop)
        lines = cart_lines(db, merchant, request.cookies.get(CART_COOKIE, ""))
    wrong = [name for name in NEEDED if not buyer.get(name)]
    if "email" not in wrong and "@" not in buyer["email"]:
        wrong.append("email")
    if wrong or not lines:
        return _cart_page(merchant, lines, buyer, wrong)
    offers, are_live = _offers(store, merchant, buyer, lines)
    checkout_id = secrets.token_urlsafe(16)
    with store.database.writing() as db:
        kept = json.dumps([[offer.title, offer.price, offer.days] for offer in offers])
        db.execute(
            "INSERT INTO checkouts VALUES (?, ?, ?, ?, ?, ?)",
            (checkout_id, shop, json.dumps(lines), json.dumps(buyer), kept, now()),
        )
    total = sum(line["price"] for line in lines)
    return page(
        "checkout.html", shop=merchant, buyer=buyer, offers=offers, are_live=are_live, id=checkout_id, total=total
    )


def _offers(
    store: Store, merchant: Row, buyer: dict[str, str], lines: list[dict[str, Any]]
) -> tuple[list[Offer], bool]:
    """The carriers' prices; the shop's own when there are none, for a checkout must not end here."""
    address = {field: buyer.get(field, "") for field in orders.BUYER}
    try:
        shipping = orders.acting_for(store, merchant["id"], seconds=CHECKOUT_SECONDS)
        if found := shipping.live_rates(json.loads(merchant["ships_from"]), address, lines):
            return found, True
    except ShippingError:
        pass
    return [Offer(str(speed["name"]), round(float(str(speed["flat_rate"])) * 100), None) for speed in SPEEDS], False


@post("/shops/{shop:str}/orders", sync_to_thread=True)
def place_order(store: Store, shop: str, data: Form) -> Redirect:
    """Buy. Prices are those that this checkout was offered, whatever the form says."""
    with store.database.writing() as db:
        merchant = shop_of(db, shop)
        kept = one(
            db,
            "DELETE FROM checkouts WHERE id = ? AND merchant_id = ? AND created_at > ? RETURNING *",
            data.get("checkout", ""),
            shop,
            now(hours=-2),
        )
        offers = [Offer(*each) for each in json.loads(kept["options"])] if kept else []
        chosen = next((offer for offer in offers if offer.title == data.get("shipping")), None)
        if kept is None or chosen is None:
            return go(f"/shops/{shop}/cart", "This took too long; please look at the prices again.")
        order = orders.place(db, merchant, json.loads(kept["buyer"]), json.loads(kept["cart"]), chosen)
    store.bell.set()
    return go(f"/shops/{shop}/thanks/{order['token']}", cookies=[cookie(store.settings, CART_COOKIE, "")])


@get("/shops/{shop:str}/thanks/{token:str}", sync_to_thread=True)
def thanks(store: Store, shop: str, token: str) -> Template:
    """The order is placed. The token cannot be guessed."""
    with store.database.reading() as db:
        merchant = shop_of(db, shop)
        order = one(db, "SELECT * FROM orders WHERE merchant_id = ? AND token = ?", shop, token)
    if order is None:
        raise NotFoundException("There is no such order.")
    return page("thanks.html", shop=merchant, order=order)


def cart_lines(db: Connection, merchant: Row, cookie_text: str) -> list[dict[str, Any]]:
    """The cart in this shop. Prices and weights are the shop's, and what it does not sell is not in it."""
    lines = []
    for part in cookie_text.split(".")[:50]:
        product_id, _, count = part.partition(":")
        found = one(db, "SELECT * FROM products WHERE id = ? AND merchant_id = ?", product_id, merchant["id"])
        if found is None or not count.isdecimal() or not 0 < int(count[:3]) <= MOST_OF_ONE:
            continue
        quantity = int(count)
        pounds = f"{float(found['pounds']) * quantity:.2f}"
        lines.append(
            {
                "product_id": product_id,
                "title": found["title"],
                "quantity": quantity,
                "price": found["price"] * quantity,
                "pounds": pounds,
            }
        )
    return lines


def _cart_page(merchant: Row, lines: list[dict[str, Any]], buyer: dict[str, str], wrong: list[str]) -> Template:
    total = sum(line["price"] for line in lines)
    status = 422 if wrong else 200
    return page("cart.html", status=status, shop=merchant, lines=lines, total=total, buyer=buyer, wrong=wrong)


routes = [front_page, catalogue, change_cart, cart, checkout, place_order, thanks]

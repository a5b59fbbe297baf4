"""The demo: an account with orders to ship, made on the first start, and the tour that is printed at each."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import click
import msgspec

from portside.accounts import actions as accounts
from portside.accounts import queries as account_queries
from portside.addresses.wire import AddressIn
from portside.cli.accounts import open_account
from portside.cli.root import data_dir_option, main, run
from portside.db.begin import begin
from portside.kit.clock import now
from portside.kit.scope import Scope
from portside.kit.services import Services
from portside.labels.flows import buy_label
from portside.labels.models import LabelRequest
from portside.orders import actions as orders
from portside.orders.models import Order, ShopApp
from portside.orders.wire import LineItemIn, OrderIn, order_draft
from portside.rest.parse import parse_values
from portside.shipments.flows import create_and_rate
from portside.shipments.wire import ShipmentIn

EMAIL = "alice@demo.example"
TOUR_FILE = "demo.json"
ORDERS = 60
SHIPPED = 4

# A city, its state and a ZIP code of it: real places, so that the simulated carriers can measure distances.
_PLACES = (
    ("Portland", "ME", "04101"),
    ("Boston", "MA", "02108"),
    ("New York", "NY", "10001"),
    ("Philadelphia", "PA", "19103"),
    ("Baltimore", "MD", "21202"),
    ("Richmond", "VA", "23219"),
    ("Charleston", "SC", "29401"),
    ("Savannah", "GA", "31401"),
    ("Miami", "FL", "33130"),
    ("New Orleans", "LA", "70112"),
    ("Houston", "TX", "77002"),
    ("Austin", "TX", "78701"),
    ("Denver", "CO", "80202"),
    ("Chicago", "IL", "60601"),
    ("Minneapolis", "MN", "55401"),
    ("Detroit", "MI", "48226"),
    ("Phoenix", "AZ", "85004"),
    ("Los Angeles", "CA", "90012"),
    ("San Francisco", "CA", "94103"),
    ("Seattle", "WA", "98101"),
)
_BUYERS = ("Bob Buoy", "Charlie Anchor", "Paula Pier", "Alice Harbor", "Łucja Latarnia", "Νίκος Λιμάνης", "Ольга Маяк")
_GOODS = (
    ("Brass compass", "COMPASS-1", "34.00", "0.9"),
    ("Rope, 20 m", "ROPE-20", "18.50", "3.2"),
    ("Signal flag set", "FLAGS-26", "42.00", "1.6"),
    ("Enamel mug", "MUG-EN", "12.10", "0.8"),
    ("Sea chart, framed", "CHART-FR", "89.00", "6.5"),
    ("Wool watch cap", "CAP-WO", "24.90", "0.3"),
)
_BOX = {"length": "12", "width": "9", "height": "4", "distance_unit": "in"}
_SENDER = AddressIn(
    country="US",
    name="Alice Harbor",
    company="Harbor Supply (demo)",
    street1="1 Demo Wharf",
    city="San Francisco",
    state="CA",
    zip="94111",
    phone="+1 555 010 0100",
    email=EMAIL,
)


class Tour(msgspec.Struct, frozen=True):
    """What the tour prints; kept beside the demo's data with mode 0600, because the database has only hashes."""

    email: str
    password: str
    token: str


async def set_up_demo(services: Services) -> Tour:
    """The demo account with its orders; made once per data directory and database."""
    path = services.settings.data_dir / TOUR_FILE
    tour = _read(path)
    async with begin() as tx:
        account = await account_queries.find_account_by_email(tx, EMAIL)
    if tour is not None and account is not None:
        return tour
    if account is None:
        click.echo("Making the demo account …")
        password = secrets.token_urlsafe(9)
        account_id = await open_account(
            services, email=EMAIL, company="Harbor Supply (demo)", name="Alice Harbor", password=password
        )
        scope = Scope(account_id, "test", EMAIL)
        await _ship_oldest(scope, await _make_orders(scope))
    else:
        account_id, password = account.id, secrets.token_urlsafe(9)
        password_hash = await services.passwords.hash(password)
        async with begin() as tx:
            await accounts.set_password(tx, EMAIL, password_hash)
    async with begin() as tx:
        token = await accounts.create_token(tx, account_id, "test", name="demo tour")
    tour = Tour(EMAIL, password, token)
    _write(path, tour)
    return tour


async def _make_orders(scope: Scope) -> list[Order]:
    made: list[Order] = []
    for first in range(0, ORDERS, 20):
        drafts = [order_draft(scope, _order(number), shop_app=_shop(number)) for number in range(first, first + 20)]
        async with begin() as tx:
            await orders.create_orders(tx, drafts)
        made += [draft.order for draft in drafts]
        click.echo(f"  {first + 20} of {ORDERS} orders")
    return made


async def _ship_oldest(scope: Scope, made: Sequence[Order]) -> None:
    """Some orders have left already, so that no page is empty and the parcel form remembers a box."""
    for number, order in enumerate(made[:SHIPPED], 1):
        sender = order.details.from_address
        assert sender is not None
        weight = {"weight": order.details.weight, "mass_unit": order.details.weight_unit}
        body = {"address_from": sender.id, "address_to": order.details.to_address.id, "parcels": [_BOX | weight]}
        _, rates = await create_and_rate(scope, parse_values(ShipmentIn, {**body, "order": order.id}))
        cheapest = min(rates, key=lambda rate: rate.amount)
        await buy_label(scope, cheapest.id, LabelRequest(order_id=order.id))
        click.echo(f"  {number} of {SHIPPED} labels")


def _shop(number: int) -> ShopApp:
    shops: tuple[ShopApp, ...] = ("Shopify", "WooCommerce", "Shippo", "Etsy")
    return shops[number % len(shops)]


def _order(number: int) -> OrderIn:
    city, state, zip_code = _PLACES[number * 7 % len(_PLACES)]
    title, sku, price, pounds = _GOODS[number * 5 % len(_GOODS)]
    quantity = 1 + number % 3
    total = Decimal(price) * quantity
    buyer = _BUYERS[number % len(_BUYERS)]
    return OrderIn(
        order_number=f"#{1001 + number}",
        order_status="AWAITPAY" if number % 11 == 10 else "PAID",
        placed_at=now() - dt.timedelta(hours=3 * (ORDERS - number)),
        from_address=_SENDER,
        to_address=AddressIn(
            country="US",
            name=buyer,
            street1=f"{100 + number} Sample Street",
            city=city,
            state=state,
            zip=zip_code,
            phone="+1 555 010 0199",
            email=f"buyer{number}@demo.example",
        ),
        line_items=[
            LineItemIn(
                title=title,
                sku=sku,
                quantity=quantity,
                total_price=str(total),
                currency="USD",
                weight=str(Decimal(pounds) * quantity),
                weight_unit="lb",
            )
        ],
        currency="USD",
        subtotal_price=str(total),
        shipping_cost="7.90",
        shipping_cost_currency="USD",
        shipping_method=("Standard", "Express")[number % 2],
        total_tax="0.00",
        total_price=str(total + Decimal("7.90")),
    )


def _read(path: Path) -> Tour | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Tour)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _write(path: Path, tour: Tour) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(tour))


def print_tour(address: str, tour: Tour) -> None:
    """What to do first: sign in, and push an order."""
    body = {
        "to_address": {"name": "Mr Hippo", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA"}
        | {"zip": "94117", "country": "US", "email": "hippo@demo.example"},
        "line_items": [{"title": "Hippo Magazines", "quantity": 1, "weight": "0.40", "weight_unit": "lb"}],
        "placed_at": "2026-01-31T12:00:00Z",
        "order_number": "#1068",
        "order_status": "PAID",
    }
    click.echo(
        f"\n  Sign in       {address}/  as {tour.email} with password {tour.password}"
        f"\n  API token     {tour.token}"
        f"\n\n  Push an order and watch it appear:\n\n"
        f'  curl {address}/orders/ -H "Authorization: ShippoToken {tour.token}" \\\n'
        f"    -d '{json.dumps(body)}'\n"
    )


@main.command()
@data_dir_option
def demo(data_dir: Path | None) -> None:
    """Make the demo account and its data, and print how to use it."""
    tour = run(data_dir, set_up_demo)
    print_tour("http://127.0.0.1:8000", tour)

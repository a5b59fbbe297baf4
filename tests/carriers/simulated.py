"""What the tests of the simulated carriers share: a world of their own, shipments, an account at the carrier."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from portside.carriers import registry
from portside.carriers.contract import (
    BuyLabel,
    CallContext,
    Credentials,
    Customs,
    CustomsItem,
    Options,
    Parcel,
    Party,
    Quote,
    RateQuery,
)
from portside.carriers.simulated.ups import ups
from portside.carriers.simulated.usps import usps
from portside.kit.crypto import KeyRing, new_key
from portside.kit.ids import new_id
from portside.simulator.pushes import Deliver
from portside.simulator.world import World

SAN_FRANCISCO = Party(
    country="US", name="Alice Example", street1="215 Clayton St.", city="San Francisco", state="CA", zip="94117"
)
NEW_YORK = Party(
    country="US", name="Bob Example", street1="1 Broadway", city="New York", state="NY", zip="10004",
    is_residential=True,
)  # fmt: skip
OAKLAND = Party(
    country="US", name="Bob Example", street1="1 Broadway", city="Oakland", state="CA", zip="94607",
    is_residential=True,
)  # fmt: skip
LONDON = Party(country="GB", name="Bob Example", street1="1 Fleet St", city="London", zip="EC4Y 1AA", phone="020 1")
CUSTOMS = Customs(
    contents_type="MERCHANDISE",
    non_delivery_option="RETURN",
    certify_signer="Alice Example",
    items=(
        CustomsItem(
            description="Brass compass",
            quantity=1,
            net_grams=450,
            value=Decimal(25),
            currency="USD",
            origin_country="US",
        ),
    ),
)
BOX = Parcel(length_mm=254, width_mm=203, height_mm=115, grams=908)

CARRIERS = ("usps", "ups")
QUICK = {"usps": "usps_priority", "ups": "ups_ground"}


class Host:
    """A world, and a record of every request that reached it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.requests: list[tuple[str, Mapping[str, Any]]] = []

    async def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.requests.append((operation, msgspec.json.decode(msgspec.json.encode(request))))
        return await self.world.call(operation, request)


@asynccontextmanager
async def installed(dsn: str, deliver: Deliver | None = None) -> AsyncIterator[Host]:
    """This process speaks to USPS and UPS in a world of its own."""
    keys = KeyRing.parse(new_key())
    world = World(dsn, sign=partial(keys.sign, "push"), deliver=deliver)
    host = Host(world)
    before = list(registry.adapters().values())
    verify = partial(keys.verify, "push")
    registry.install([usps(host, verify), ups(host, verify)])
    yield host
    registry.install(before)
    await world.close()


def account(*, is_test: bool = True, timeout: float = 20, number: str = "") -> CallContext:
    """A new account at the carrier."""
    return CallContext(credentials=Credentials(id=new_id(), number=number, is_test=is_test), timeout=timeout)


def query(to: Party = NEW_YORK, *, parcels: int = 1, hint: str = "", **options: Any) -> RateQuery:
    return RateQuery(
        ship_from=SAN_FRANCISCO,
        ship_to=to,
        return_to=SAN_FRANCISCO,
        parcels=(BOX,) * parcels,
        ship_date=dt.datetime.now(dt.UTC),
        options=Options(**options),
        hint=hint,
    )


def purchase(shipment: RateQuery, quote: Quote, hint: str = "") -> BuyLabel:
    return BuyLabel(query=shipment, quote=quote, reference=new_id(), hint=hint)


def quote_of(quotes: tuple[Quote, ...], service: str) -> Quote:
    return next(quote for quote in quotes if quote.service_token == service)


def cents(quote: Quote) -> int:
    return int(quote.amount * Decimal(100))

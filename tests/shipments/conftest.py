"""Carriers of the tests' own, and accounts with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from portside.carrier_accounts.actions import open_default_accounts
from portside.carriers import registry
from portside.db.begin import begin
from tests.support.carriers import UPS_TARIFF, USPS_TARIFF, TariffCarrier
from tests.support.cast import Person

FROM = {
    "name": "Mr Hippo",
    "street1": "215 Clayton St.",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94117",
    "country": "US",
}
TO = FROM | {"name": "Mrs Hippo", "street1": "965 Mission St", "zip": "94103"}
PARCEL = {"length": "10", "width": "8", "height": "4.5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}
SHIPMENT = {"address_from": FROM, "address_to": TO, "parcels": [PARCEL]}
ITEM = {
    "description": "Guitar pedal",
    "quantity": 1,
    "net_weight": "1",
    "mass_unit": "lb",
    "value_amount": "200",
    "value_currency": "USD",
    "origin_country": "US",
}
DECLARATION = {
    "contents_type": "MERCHANDISE",
    "non_delivery_option": "RETURN",
    "certify": True,
    "certify_signer": "Mr Hippo",
    "eel_pfc": "NOEEI_30_37_a",
    "items": [ITEM],
}
UNKNOWN = "0" * 32


class Carriers(NamedTuple):
    """The two carriers of a fresh account."""

    usps: TariffCarrier
    ups: TariffCarrier


@pytest.fixture
def carriers(product: object) -> Iterator[Carriers]:
    """This process speaks to two carriers that the test controls."""
    before = list(registry.adapters().values())
    installed = Carriers(TariffCarrier("usps", "USPS", USPS_TARIFF), TariffCarrier("ups", "UPS", UPS_TARIFF))
    registry.install(installed)
    yield installed
    registry.install(before)


@pytest.fixture
async def merchant(alice: Person, api: httpx.AsyncClient, carriers: Carriers) -> httpx.AsyncClient:
    """alice's client; she has the accounts that everybody starts with."""
    await start_accounts(alice)
    return api


async def start_accounts(person: Person) -> None:
    """USPS and UPS, unless signing up has opened them already."""
    async with begin() as tx:
        await open_default_accounts(tx, person.account_id)


async def account_ids(client: httpx.AsyncClient) -> dict[str, str]:
    """The client's carrier accounts by carrier."""
    listed = (await client.get("/carrier_accounts?results=100")).json()["results"]
    return {row["carrier"]: row["object_id"] for row in listed}

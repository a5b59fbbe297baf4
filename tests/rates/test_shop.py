"""Shopping for rates: every account within its own time, nobody spoiling it for the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from portside.carrier_accounts.models import CarrierAccount
from portside.carriers import registry
from portside.carriers.contract import Parcel, Party, RateQuery
from portside.carriers.errors import CarrierError
from portside.db.begin import reading
from portside.kit.clock import now
from portside.kit.ids import new_id
from portside.kit.tripwire import NetworkInsideTransaction
from portside.rates.flows import shop
from tests.support.carriers import UPS_TARIFF, USPS_TARIFF, TariffCarrier

QUERY = RateQuery(
    ship_from=Party(country="US"),
    ship_to=Party(country="GB"),
    return_to=Party(country="US"),
    parcels=(Parcel(length_mm=100, width_mm=100, height_mm=100, grams=500),),
    ship_date=now(),
)


def account(carrier: str, sealed: bytes | None = None) -> CarrierAccount:
    return CarrierAccount(
        id=new_id(),
        carrier=carrier,
        account_id=f"{carrier}-{new_id()[-4:]}",
        parameters_sealed=sealed,
        parameter_names=(),
        active=True,
        is_test=True,
        is_shippo_account=False,
        metadata="",
        authorization=None,
        created_at=now(),
        updated_at=now(),
    )


@pytest.fixture
def usps(product: object) -> TariffCarrier:
    return TariffCarrier("usps", "USPS", USPS_TARIFF)


@pytest.fixture
def ups(usps: TariffCarrier) -> Iterator[TariffCarrier]:
    """The second carrier; both are installed."""
    carrier = TariffCarrier("ups", "UPS", UPS_TARIFF)
    before = list(registry.adapters().values())
    registry.install([usps, carrier])
    yield carrier
    registry.install(before)


async def test_a_late_carrier_is_left_out(usps: TariffCarrier, ups: TariffCarrier) -> None:
    ups.waits_for = asyncio.Event()
    offers = await shop(QUERY, [account("usps"), account("ups")], 0.5, terms=None)
    assert {offer.carrier for offer in offers.offers} == {"usps"}
    assert [(message.source, message.code) for message in offers.messages] == [("UPS", "carrier_timeout")]


async def test_carriers_are_asked_all_at_once(usps: TariffCarrier, ups: TariffCarrier) -> None:
    usps.waits_for = asyncio.Event()
    ups.on_asked = usps.waits_for
    offers = await shop(QUERY, [account("usps"), account("ups")], 5, terms=None)
    assert {offer.carrier for offer in offers.offers} == {"usps", "ups"} and not offers.messages


async def test_a_carrier_that_is_briefly_down_is_asked_once_more(usps: TariffCarrier, ups: TariffCarrier) -> None:
    ups.refusal = CarrierError("carrier_down", "Try later.")
    offers = await shop(QUERY, [account("ups")], 5, terms=None)
    assert len(ups.asked) == 2 and [message.text for message in offers.messages] == ["Try later."]


async def test_each_account_is_asked_with_its_own_number(usps: TariffCarrier, ups: TariffCarrier) -> None:
    first, second = account("ups"), account("ups")
    offers = await shop(QUERY, [first, second], 5, terms=None)
    assert [context.credentials.number for _, context in ups.asked] == [first.account_id, second.account_id]
    assert {offer.carrier_account_id for offer in offers.offers} == {first.id, second.id}
    assert [offer.quote.rating["account"] for offer in offers.offers if offer.carrier_account_id == second.id] == [
        second.account_id
    ] * len(UPS_TARIFF)


async def test_offers_come_cheapest_first_with_the_recipients_currency(usps: TariffCarrier, ups: TariffCarrier) -> None:
    offers = await shop(QUERY, [account("ups"), account("usps")], 5, terms=None)
    amounts = [offer.quote.amount for offer in offers.offers]
    assert amounts == sorted(amounts) and offers.currency_local == "GBP"


async def test_a_carrier_that_this_installation_does_not_speak_to_is_a_message(
    usps: TariffCarrier, ups: TariffCarrier
) -> None:
    offers = await shop(QUERY, [account("dhl_express"), account("usps")], 5, terms=None)
    assert [message.source for message in offers.messages] == ["DHL Express"] and len(offers.offers) == 2


async def test_credentials_that_cannot_be_opened_are_a_message(usps: TariffCarrier, ups: TariffCarrier) -> None:
    offers = await shop(QUERY, [account("ups", sealed=b"garbage"), account("usps")], 5, terms=None)
    assert [message.source for message in offers.messages] == ["UPS"] and len(offers.offers) == 2


async def test_carriers_are_never_asked_inside_a_transaction(
    usps: TariffCarrier, ups: TariffCarrier, database: str
) -> None:
    async with reading():
        with pytest.raises(NetworkInsideTransaction):
            await shop(QUERY, [account("usps")], 5, terms=None)
    assert not usps.asked

"""What the simulated carriers do after a sale: take pieces back, close days, fetch parcels; the same again for the same
reference."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import msgspec
import pytest

from portside.carriers import client
from portside.carriers.contract import CallContext, ManifestRequest, PickupRequest
from portside.carriers.errors import CarrierError
from portside.kit.ids import new_id
from tests.carriers.simulated import SAN_FRANCISCO, Host, account, installed, purchase, query, quote_of

MONDAY = dt.datetime(2026, 11, 23, 17, tzinfo=dt.UTC)
SUNDAY_OF_THE_CLOCKS = dt.datetime(2026, 11, 1, 18, tzinfo=dt.UTC)


@pytest.fixture
async def host(database: str) -> AsyncIterator[Host]:
    async with installed(database) as host:
        yield host


@pytest.fixture
def context() -> CallContext:
    return account(number="shippo_usps_account")


async def sold(context: CallContext, carrier: str = "usps", parcels: int = 1, hint: str = "") -> tuple[str, ...]:
    """The numbers of a purchase's parcels; the first is also the carrier's reference."""
    shipment = query(parcels=parcels, hint=hint)
    quotes = await client.rates(carrier, shipment, context)
    service = "usps_priority" if carrier == "usps" else "ups_ground"
    made = await client.buy(carrier, purchase(shipment, quote_of(quotes, service)), context)
    return tuple(piece.tracking_number for piece in made.pieces)


def form_of(*numbers: str) -> ManifestRequest:
    return ManifestRequest(
        reference=new_id(), ship_from=SAN_FRANCISCO, ship_date=MONDAY.date(), tracking_numbers=numbers
    )


def pickup_of(*numbers: str, start: dt.datetime = MONDAY, hours: int = 3) -> PickupRequest:
    end = start + dt.timedelta(hours=hours)
    return PickupRequest(
        reference=new_id(), ship_from=SAN_FRANCISCO, spot="Office", start=start, end=end, tracking_numbers=numbers
    )


async def code_of(call: object) -> str:
    with pytest.raises(CarrierError) as caught:
        await call  # type: ignore[misc]
    assert caught.value.kind == "input" and caught.value.text
    return caught.value.code


async def test_pieces_are_taken_back_one_by_one(host: Host, context: CallContext) -> None:
    first, second = await sold(context, "ups", parcels=2)
    for _ in range(2):
        await client.void("ups", first, context, second)
    await host.world.advance([context.credentials.id], dt.timedelta(days=20))
    kept, gone = await client.track("ups", first, context), await client.track("ups", second, context)
    assert kept is not None and kept.scans[-1].status == "DELIVERED"
    assert gone is not None and [scan.substatus for scan in gone.scans] == ["information_received"]
    assert await code_of(client.void("ups", first, context, first)) == "in_transit"
    assert await code_of(client.void("ups", first, context, "1Z")) == "unknown_parcel"


async def test_a_purchase_is_voided_with_its_last_piece(host: Host, context: CallContext) -> None:
    shipment = query(parcels=2)
    quote = quote_of(await client.rates("ups", shipment, context), "ups_ground")
    order = purchase(shipment, quote)
    made = await client.buy("ups", order, context)
    for left, piece in ((1, made.pieces[0]), (0, made.pieces[1])):
        await client.void("ups", made.carrier_reference, context, piece.tracking_number)
        found = await client.find("ups", order.reference, context)
        assert found is not None and found.is_voided is not bool(left)


async def test_a_form_is_made_once(host: Host, context: CallContext) -> None:
    numbers = await sold(context) + await sold(context)
    request = form_of(*numbers)
    made = await client.manifest("usps", request, context)
    assert made.content.startswith(b"%PDF") and len(made.carrier_reference) == 22
    assert await client.manifest("usps", request, context) == made
    assert await code_of(client.manifest("usps", form_of(numbers[0]), context)) == "on_another_form"


async def test_a_form_lists_good_labels_of_the_account_only(host: Host, context: CallContext) -> None:
    (mine,), (voided,), (theirs,) = await sold(context), await sold(context), await sold(account())
    await client.void("usps", voided, context)
    assert await code_of(client.manifest("usps", form_of(mine, theirs), context)) == "unknown_parcel"
    assert await code_of(client.manifest("usps", form_of(mine, voided), context)) == "voided"
    assert await code_of(client.manifest("usps", form_of(*[mine] * 501), context)) == "too_many"
    assert await code_of(client.manifest("usps", form_of(), context)) == "too_many"
    assert (await client.manifest("usps", form_of(mine), context)).content


async def test_a_pickup_is_booked_once(host: Host, context: CallContext) -> None:
    request = pickup_of(*await sold(context))
    booking = await client.book_pickup("usps", request, context)
    assert (booking.start, booking.end, booking.timezone) == (request.start, request.end, "America/Los_Angeles")
    assert booking.cancel_by == request.end - dt.timedelta(hours=1) and booking.messages == ()
    assert await client.book_pickup("usps", request, context) == booking
    other = await client.book_pickup("usps", msgspec.structs.replace(request, reference=new_id()), context)
    assert other.confirmation_code != booking.confirmation_code
    assert await code_of(client.book_pickup("usps", pickup_of("9205"), context)) == "unknown_parcel"


async def test_on_a_sunday_it_is_booked_for_the_same_hour_of_monday(host: Host, context: CallContext) -> None:
    request = pickup_of(*await sold(context), start=SUNDAY_OF_THE_CLOCKS - dt.timedelta(hours=11))
    booking = await client.book_pickup("usps", request, context)
    # From midnight by daylight time to midnight by standard time it is 25 hours.
    assert booking.start - request.start == dt.timedelta(hours=25)
    assert booking.end - booking.start == request.end - request.start and "Sundays" in booking.messages[0]


async def test_only_who_booked_cancels(host: Host, context: CallContext) -> None:
    start = dt.datetime.now(dt.UTC) + dt.timedelta(days=5)
    booking = await client.book_pickup("usps", pickup_of(*await sold(context), start=start), context)
    assert await code_of(client.cancel_pickup("usps", booking.confirmation_code, account())) == "unknown_pickup"
    for _ in range(2):
        await client.cancel_pickup("usps", booking.confirmation_code, context)
    late = await client.book_pickup("usps", pickup_of(*await sold(context), start=start), context)
    await host.world.advance([context.credentials.id], dt.timedelta(days=8))
    assert await code_of(client.cancel_pickup("usps", late.confirmation_code, context)) == "too_late"
    await client.cancel_pickup("usps", booking.confirmation_code, context)


async def test_magic_words_are_heard(host: Host, context: CallContext) -> None:
    (grumpy,), (shy,) = await sold(context, hint="SIM_MANIFEST_REFUSE"), await sold(context, hint="SIM_PICKUP_REFUSE")
    assert await code_of(client.manifest("usps", form_of(grumpy), context)) == "input"
    assert await code_of(client.book_pickup("usps", pickup_of(shy), context)) == "input"
    assert (await client.manifest("usps", form_of(shy), context)).content
    assert (await client.book_pickup("usps", pickup_of(grumpy), context)).confirmation_code


async def test_who_offers_none_is_not_asked(host: Host, context: CallContext) -> None:
    assert [client.can("ups", capability) for capability in ("manifest", "pickup")] == [False, False]
    with pytest.raises(CarrierError, match="UPS does not offer this here"):
        await client.manifest("ups", form_of("1Z"), context)

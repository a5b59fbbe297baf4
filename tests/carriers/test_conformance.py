"""What every carrier behind the contract must do, run on both simulated ones all the way: adapter, host, books.

The cases are the hazards measured in another SDK: purchases sent twice, outcomes lost, refusals without a kind.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import msgspec
import pytest

from portside.carriers import client
from portside.carriers.contract import BuyLabel, Purchase
from portside.carriers.errors import CarrierError, ErrorKind
from portside.carriers.registry import find_adapter
from portside.carriers.service_levels import SHEET
from portside.simulator import tariff
from portside.simulator.books import LoggedCall
from portside.simulator.numbers import is_valid, tracking_number
from tests.carriers.simulated import (
    CARRIERS,
    CUSTOMS,
    LONDON,
    OAKLAND,
    QUICK,
    Host,
    account,
    cents,
    installed,
    purchase,
    query,
    quote_of,
)

# Seconds in which a carrier has sold, even on a busy machine; a silent one is waited for so long.
ENOUGH = 5.0


@pytest.fixture
async def host(database: str) -> AsyncIterator[Host]:
    async with installed(database) as host:
        yield host


@pytest.fixture(params=CARRIERS)
def carrier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def quoted(carrier: str, hint: str = "", at_purchase: str = "", parcels: int = 1) -> BuyLabel:
    """A purchase of the carrier's plain service, ready to be sent."""
    shipment = query(hint=hint, parcels=parcels)
    quotes = await client.rates(carrier, msgspec.structs.replace(shipment, hint=""), account())
    return purchase(shipment, quote_of(quotes, QUICK[carrier]), hint=at_purchase)


async def bought(carrier: str, hint: str = "") -> tuple[Purchase, BuyLabel]:
    order = await quoted(carrier, hint)
    return await client.buy(carrier, order, account()), order


async def log_of(host: Host, reference: str, operation: str = "buy") -> list[LoggedCall]:
    return [call for call in await host.world.calls(reference=reference) if call.operation == operation]


async def refused(kind: ErrorKind, call: object) -> CarrierError:
    with pytest.raises(CarrierError) as caught:
        await call  # type: ignore[misc]
    assert caught.value.kind == kind, caught.value
    assert caught.value.text
    return caught.value


async def test_rates_are_deterministic_and_follow_the_distance(host: Host, carrier: str) -> None:
    far = await client.rates(carrier, query(), account())
    again = await client.rates(carrier, query(), account())
    near = await client.rates(carrier, query(OAKLAND), account())
    assert far == again and len(far) >= 3
    service = QUICK[carrier]
    assert cents(quote_of(near, service)) < cents(quote_of(far, service))
    assert {quote.service_token for quote in far} <= find_adapter(carrier).services.keys()  # type: ignore[union-attr]
    assert all(quote.currency == "USD" and quote.amount > 0 and quote.estimated_days for quote in far)


async def test_the_services_are_those_that_the_carrier_sells_and_shippo_names(carrier: str, host: Host) -> None:
    adapter = find_adapter(carrier)
    assert adapter is not None
    sold = {service.token: service.name for service in tariff.services(carrier)}  # type: ignore[arg-type]
    assert adapter.services == sold
    assert all(f"  {token}  " in SHEET for token in sold)


async def test_one_purchase_is_one_call_and_its_label_scans_as_its_number(host: Host, carrier: str) -> None:
    made, order = await bought(carrier)
    (piece,) = made.pieces
    assert is_valid(carrier, piece.tracking_number)  # type: ignore[arg-type]
    assert barcodes_say(piece.content, piece.tracking_number)
    assert page_says_sample(piece.content)
    (logged,) = await log_of(host, order.reference)
    assert (logged.outcome, logged.tracking_number) == ("bought", made.carrier_reference)
    assert made.eta is not None and made.eta > dt.datetime.now(dt.UTC) + dt.timedelta(hours=20)


async def test_buying_sends_exactly_what_the_quote_pinned(host: Host, carrier: str) -> None:
    for quote in await client.rates(carrier, query(), account()):
        await client.buy(carrier, purchase(query(), quote), account())
        operation, request = host.requests[-1]
        assert (operation, request["rating"]) == ("buy", quote.rating)
        assert quote.rating["service"] == quote.service_token


async def test_a_shipment_that_was_not_quoted_is_refused(host: Host, carrier: str) -> None:
    order = await quoted(carrier)
    heavier = (msgspec.structs.replace(order.query.parcels[0], grams=9000),)
    other = msgspec.structs.replace(order, query=msgspec.structs.replace(order.query, parcels=heavier))
    assert (await refused("input", client.buy(carrier, other, account()))).code == "not_as_quoted"


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("SIM_REFUSE", "input"),
        ("SIM_AUTH", "auth"),
        ("SIM_UNSERVICEABLE", "unserviceable"),
        ("SIM_LIMITED", "rate_limited"),
        ("SIM_DOWN", "carrier_down"),
        ("SIM_NONSENSE", "input"),
    ],
)
async def test_a_refused_purchase_is_sent_once_and_buys_nothing(
    host: Host, carrier: str, word: str, kind: ErrorKind
) -> None:
    order, context = await quoted(carrier, at_purchase=word), account()
    await refused(kind, client.buy(carrier, order, context))
    assert len(await log_of(host, order.reference)) == 1
    assert await client.find(carrier, order.reference, context) is None


@pytest.mark.parametrize("word", ["SIM_UNREADABLE", "SIM_DROPPED", "SIM_TIMEOUT_UNKNOWN_LOST"])
async def test_without_an_answer_the_outcome_is_unknown_and_nothing_was_bought(
    host: Host, carrier: str, word: str
) -> None:
    order, context = await quoted(carrier, at_purchase=word), account(timeout=ENOUGH)
    await refused("timeout_unknown", client.buy(carrier, order, context))
    assert len(await log_of(host, order.reference)) == 1
    assert await client.find(carrier, order.reference, context) is None


async def test_a_purchase_whose_answer_is_lost_is_found_by_its_reference(host: Host, carrier: str) -> None:
    order = await quoted(carrier, at_purchase="SIM_TIMEOUT_UNKNOWN_BOUGHT")
    context = account(timeout=ENOUGH)
    await refused("timeout_unknown", client.buy(carrier, order, context))
    found = await client.find(carrier, order.reference, context)
    assert found is not None and not found.is_voided
    assert barcodes_say(found.pieces[0].content, found.pieces[0].tracking_number)
    (logged,) = await log_of(host, order.reference)
    assert logged.outcome == "bought"


async def test_a_slow_answer_past_the_deadline_was_bought_all_the_same(host: Host, carrier: str) -> None:
    order, context = await quoted(carrier, at_purchase="SIM_SLOW_30S"), account(timeout=ENOUGH)
    await refused("timeout_unknown", client.buy(carrier, order, context))
    assert await client.find(carrier, order.reference, context) is not None


async def test_a_slow_carrier_is_given_up_at_the_deadline(host: Host, carrier: str) -> None:
    error = await refused("carrier_down", client.rates(carrier, query(hint="SIM_SLOW_30S"), account(timeout=0.3)))
    assert error.code == "carrier_timeout"


@pytest.mark.parametrize(
    ("word", "kind", "calls"),
    [
        ("SIM_NO_RATES", "unserviceable", 1),
        ("SIM_RATES_REFUSE", "input", 1),
        ("SIM_RATES_AUTH", "auth", 1),
        ("SIM_RATES_LIMITED", "rate_limited", 2),
        ("SIM_RATES_DOWN", "carrier_down", 2),
        ("SIM_NONSENSE", "input", 1),
    ],
)
async def test_rating_is_asked_again_only_where_that_may_help(
    host: Host, carrier: str, word: str, kind: ErrorKind, calls: int
) -> None:
    await refused(kind, client.rates(carrier, query(hint=f"please {word.lower()}"), account()))
    assert [operation for operation, _ in host.requests] == ["rates"] * calls


async def test_the_same_reference_again_gives_the_same_purchase_and_is_a_second_call(host: Host, carrier: str) -> None:
    order, context = await quoted(carrier), account()
    once, twice = await asyncio.gather(client.buy(carrier, order, context), client.buy(carrier, order, context))
    assert once == twice
    assert len(await log_of(host, order.reference)) == 2


async def test_a_voided_purchase_stays_voided(host: Host, carrier: str) -> None:
    order, context = await quoted(carrier), account()
    made = await client.buy(carrier, order, context)
    await client.void(carrier, made.carrier_reference, context)
    await client.void(carrier, made.carrier_reference, context)
    found = await client.find(carrier, order.reference, context)
    assert found is not None and found.is_voided
    await refused("input", client.void(carrier, "no such purchase", context))


async def test_who_did_not_buy_it_can_neither_find_nor_void_it(host: Host, carrier: str) -> None:
    made, order = await bought(carrier)
    await refused("input", client.void(carrier, made.carrier_reference, account()))
    assert await client.find(carrier, order.reference, account()) is None
    assert (await refused("input", client.buy(carrier, order, account()))).code == "reference_taken"


async def test_a_label_in_use_cannot_be_voided(host: Host, carrier: str) -> None:
    order, context = await quoted(carrier), account()
    made = await client.buy(carrier, order, context)
    await host.world.advance([context.credentials.id], dt.timedelta(days=1))
    assert (await refused("input", client.void(carrier, made.carrier_reference, context))).code == "in_transit"


async def test_voiding_fails_when_asked_to(host: Host, carrier: str) -> None:
    order, context = await quoted(carrier, at_purchase="SIM_VOID_REFUSE"), account()
    made = await client.buy(carrier, order, context)
    await refused("input", client.void(carrier, made.carrier_reference, context))
    found = await client.find(carrier, order.reference, context)
    assert found is not None and not found.is_voided


async def test_an_unknown_service_reaches_no_carrier(host: Host, carrier: str) -> None:
    order = await quoted(carrier)
    host.requests.clear()
    quote = msgspec.structs.replace(order.quote, service_token="priority_by_rocket")
    await refused("input", client.buy(carrier, msgspec.structs.replace(order, quote=quote), account()))
    assert host.requests == []


async def test_live_tokens_get_no_simulated_labels(host: Host, carrier: str) -> None:
    order, live = await quoted(carrier), account(is_test=False)
    host.requests.clear()
    error = await refused("unserviceable", client.rates(carrier, query(), live))
    assert "test tokens only" in error.text
    await refused("unserviceable", client.buy(carrier, order, live))
    assert await client.track(carrier, "9205500000000000000000", live) is None
    assert host.requests == []


async def test_a_number_nobody_uses_is_unknown_and_a_malformed_one_is_refused(host: Host, carrier: str) -> None:
    last_of_all = {"usps": 10**10 - 1, "ups": 36**3 * 10**7 - 1}[carrier]
    wellformed = tracking_number(QUICK[carrier], last_of_all)
    assert await client.track(carrier, wellformed, account()) is None
    await refused("input", client.track(carrier, "hello world", account()))


async def test_several_pieces_where_the_carrier_takes_them(host: Host, carrier: str) -> None:
    shipment = query(parcels=3)
    if not client.can(carrier, "multi_piece"):
        error = await refused("unserviceable", client.rates(carrier, shipment, account()))
        assert "1 parcel" in error.text
        return
    quote = quote_of(await client.rates(carrier, shipment, account()), QUICK[carrier])
    made = await client.buy(carrier, purchase(shipment, quote), account())
    assert len({piece.tracking_number for piece in made.pieces}) == 3
    assert all(barcodes_say(piece.content, piece.tracking_number) for piece in made.pieces)
    assert made.carrier_reference == made.pieces[0].tracking_number


async def test_a_label_across_the_border_needs_a_customs_declaration(host: Host, carrier: str) -> None:
    context, shipment = account(), query(LONDON)
    quotes = await client.rates(carrier, shipment, context)
    error = await refused("input", client.buy(carrier, purchase(shipment, quotes[0]), context))
    assert (error.code, error.text) == ("customs_missing", "A customs declaration is required from US to GB.")


async def test_across_the_border(host: Host, carrier: str) -> None:
    context, shipment = account(), msgspec.structs.replace(query(LONDON), customs=CUSTOMS)
    quotes = await client.rates(carrier, shipment, context)
    made = await client.buy(carrier, purchase(shipment, quotes[0]), context)
    await host.world.advance([context.credentials.id], dt.timedelta(days=60))
    snapshot = await client.track(carrier, made.pieces[0].tracking_number, context)
    assert snapshot is not None and snapshot.scans[-1].status == "DELIVERED"
    assert {scan.location.country for scan in snapshot.scans if scan.location} == {"US", "GB"}


async def test_credentials_are_checked(host: Host, carrier: str) -> None:
    adapter = find_adapter(carrier)
    assert adapter is not None
    await adapter.check_credentials(account(number="12345"))
    await refused("auth", adapter.check_credentials(account(number="SIM_AUTH")))


async def test_a_push_is_believed_only_when_it_is_signed(host: Host, carrier: str) -> None:
    reader = client.push_reader(carrier)
    assert reader is not None
    body = b'{"event_id": "1", "tracking_number": "1Z"}'
    for headers in ({}, {"x-simulated-carrier-signature": "forged"}):
        with pytest.raises(CarrierError) as caught:
            reader.parse_push(headers, body)
        assert caught.value.kind == "auth"


def barcodes_say(pdf: bytes, number: str) -> bool:
    """Whether a scanner that reads the label's barcodes finds the number in one of them."""
    import pypdfium2
    import zxingcpp

    image = pypdfium2.PdfDocument(pdf)[0].render(scale=203 / 72).to_pil()
    return any(
        number in "".join(char for char in code.text if char.isalnum()) for code in zxingcpp.read_barcodes(image)
    )


def page_says_sample(pdf: bytes) -> bool:
    import pypdfium2

    page = pypdfium2.PdfDocument(pdf)[0]
    return page.get_size() == (288, 432) and "SAMPLE" in page.get_textpage().get_text_range()

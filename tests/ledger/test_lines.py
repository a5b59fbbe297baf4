"""A line per purchase and per refund, exactly once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.jobs.drain import drain
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.money import places
from portside.kit.scope import Scope
from portside.labels import actions
from portside.labels.errands import settle
from portside.ledger.rules import divided
from portside.rates.models import Message
from tests.support.cast import Person
from tests.support.checkout import account_ids
from tests.support.labelling import PARCEL, SHIPMENT, LabelCarrier
from tests.support.partners import Partner, grant
from tests.support.terms import bought, ledger, put, rate_of, settled, shipped

pytestmark = pytest.mark.usefixtures("usps")
Maker = Callable[..., httpx.AsyncClient]


def told(lines: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    return [(line["kind"], line["cost"], line["charged"], line["margin"]) for line in lines]


async def refund(api: httpx.AsyncClient, label: dict[str, Any]) -> None:
    answer = await api.post("/refunds", json={"transaction": label["object_id"], "async": False})
    assert answer.status_code == 201, answer.text
    await drain(lanes=["fast"])


@given(st.decimals(0, 10_000, places=4), st.integers(1, 50), st.sampled_from(("USD", "JPY")))
def test_a_purchase_is_divided_exactly(amount: Decimal, parts: int, currency: str) -> None:
    found = divided(amount, parts, currency)
    assert sum(found) == amount and len(found) == parts and min(found) >= 0
    assert all(part == part.quantize(places(currency)) for part in found[1:])
    assert found[0] - found[-1] < parts * places(currency)


async def test_a_purchase_says_what_it_cost_and_what_was_charged(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    await settled(platform, merchant, price_rule={"percent": "10"})
    label = await bought(acting, rate_of(await shipped(acting), "usps_priority"))
    (line,) = await ledger(platform)
    assert line.pop("object_id") and line.pop("object_created").endswith("Z")
    assert line == {
        "account": merchant,
        "account_name": "Hippo Hats",
        "kind": "purchase",
        "transaction": label["object_id"],
        "carrier": "usps",
        "servicelevel_token": "usps_priority",
        "tracking_number": label["tracking_number"],
        "cost": "8.70",
        "charged": "9.57",
        "margin": "0.87",
        "currency": "USD",
        "note": "",
        "test": True,
    }
    # Neither the merchant nor anybody else has a ledger of it.
    assert (await acting.get("/partner/ledger")).json()["results"] == []


async def test_a_managed_account_without_terms_is_in_the_ledger_too(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient
) -> None:
    await bought(acting, rate_of(await shipped(acting), "ups_ground"))
    assert told(await ledger(platform)) == [("purchase", "7.455", "7.455", "0.00")]


async def test_a_discount_may_cost_the_platform_money(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    await put(platform, "/partner/discount-tiers/silver", {"percent": "10"})
    await settled(platform, merchant, discount_tier="silver")
    await bought(acting, rate_of(await shipped(acting), "usps_priority"))
    assert told(await ledger(platform)) == [("purchase", "8.70", "7.83", "-0.87")]


async def test_buying_twice_is_one_line(platform: httpx.AsyncClient, acting: httpx.AsyncClient) -> None:
    rate = rate_of(await shipped(acting), "usps_priority")
    await asyncio.gather(*(bought(acting, rate) for _ in range(4)))
    await bought(acting, rate)
    assert told(await ledger(platform)) == [("purchase", "8.70", "8.70", "0.00")]


async def test_what_was_not_bought_has_no_line(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, usps: LabelCarrier
) -> None:
    rate = rate_of(await shipped(acting), "usps_priority")
    usps.refuses = CarrierError("input", "No.")
    assert (await bought(acting, rate))["status"] == "ERROR"
    assert await ledger(platform) == []
    usps.refuses = None
    assert (await bought(acting, rate))["status"] == "SUCCESS"
    assert len(await ledger(platform)) == 1


async def test_a_refund_takes_both_amounts_back_and_the_rate_may_be_sold_again(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    await settled(platform, merchant, price_rule={"percent": "10"})
    rate = rate_of(await shipped(acting), "usps_priority")
    label = await bought(acting, rate)
    await refund(acting, label)
    await bought(acting, rate)
    lines = await ledger(platform)
    assert told(lines) == [
        ("purchase", "8.70", "9.57", "0.87"),
        ("refund", "-8.70", "-9.57", "-0.87"),
        ("purchase", "8.70", "9.57", "0.87"),
    ]
    assert lines[1]["transaction"] == label["object_id"] and lines[1]["tracking_number"] == label["tracking_number"]
    totals = (await platform.get("/partner/ledger/totals")).json()["results"]
    assert totals == [{"currency": "USD", "lines": 3, "cost": "8.70", "charged": "9.57", "margin": "0.87"}]


async def test_a_refused_refund_changes_nothing(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    label = await bought(acting, rate_of(await shipped(acting), "usps_priority"))
    scope = Scope(Id(merchant), "test", "hippo@example.com")
    label_id = Id(label["object_id"])
    async with begin() as tx:
        await actions.mark_refund(tx, scope, label_id, "REFUNDPENDING")
        await actions.mark_refund(tx, scope, label_id, "REFUNDREJECTED")
        assert await actions.mark_refund(tx, scope, label_id, "REFUNDED") is None
    assert [line["kind"] for line in await ledger(platform)] == ["purchase"]


async def test_the_parcels_of_a_shipment_share_its_price_exactly(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    await settled(platform, merchant, price_rule={"percent": "10"})
    rate = rate_of(await shipped(acting, parcels=[PARCEL] * 3), "usps_priority")
    await bought(acting, rate)
    lines = await ledger(platform)
    # Two kilograms: 17.40 and 19.14.
    assert [(line["cost"], line["charged"]) for line in lines] == [("5.80", "6.38")] * 3
    labels = (await acting.get(f"/transactions?rate={rate}")).json()["results"]
    assert {line["transaction"] for line in lines} == {label["object_id"] for label in labels}
    await refund(acting, labels[0])
    totals = (await platform.get("/partner/ledger/totals")).json()["results"]
    assert (totals[0]["lines"], totals[0]["cost"], totals[0]["charged"]) == (4, "11.60", "12.76")


async def test_an_answer_that_was_lost_makes_one_line_when_it_is_found(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    label = await bought(acting, rate_of(await shipped(acting), "usps_priority"))
    assert label["status"] == "QUEUED" and await ledger(platform) == []
    usps.is_mute = False
    scope = Scope(Id(merchant), "test", "hippo@example.com")
    async with begin() as tx:
        purchase = await tx.fetchval("SELECT purchase_id FROM labels WHERE id = $1", label["object_id"])
        await tx.execute("UPDATE purchases SET settle_after = now() WHERE id = $1", purchase)
    await asyncio.gather(*(settle(scope, Id(purchase)) for _ in range(3)))
    assert told(await ledger(platform)) == [("purchase", "8.70", "8.70", "0.00")]
    assert len(usps.purchases) == 1


async def test_a_purchase_that_is_released_has_no_line(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str, usps: LabelCarrier
) -> None:
    scope = Scope(Id(merchant), "test", "hippo@example.com")
    usps.is_mute = True
    await bought(acting, rate_of(await shipped(acting), "usps_priority"))
    async with begin() as tx:
        purchase = Id(await tx.fetchval("SELECT id FROM purchases WHERE account_id = $1", merchant))
        await actions.flag_purchase(tx, scope, purchase, "Nobody knows.", is_open=True)
        word = Message(source="Portside", code="released", text="There is none.")
        assert await actions.release_purchase(tx, scope, purchase, word)
    # The carrier did sell it, and is told that nobody wants it.
    await drain(until=now() + dt.timedelta(minutes=3), lanes=["fast"])
    assert usps.voided == [f"C-{purchase}"] and await ledger(platform) == []


async def test_instalabels_and_batches_are_in_the_ledger(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    await settled(platform, merchant, price_rule={"percent": "10"})
    account = (await account_ids(acting))["usps"]
    body = {"shipment": SHIPMENT, "carrier_account": account, "servicelevel_token": "usps_priority"}
    assert (await acting.post("/transactions", json=body)).json()["status"] == "SUCCESS"
    rows = [{"shipment": SHIPMENT}] * 3
    batch = {"default_carrier_account": account, "default_servicelevel_token": "usps_priority", "batch_shipments": rows}
    made = (await acting.post("/batches", json=batch)).json()["object_id"]
    await drain(lanes=["bulk"])
    await acting.post(f"/batches/{made}/purchase")
    await drain(lanes=["bulk"])
    assert told(await ledger(platform)) == [("purchase", "8.70", "9.57", "0.87")] * 4


async def test_a_connected_merchant_is_in_the_ledger_of_who_settled_its_terms(
    product: Maker, platform: httpx.AsyncClient, api: httpx.AsyncClient, paula: Partner, alice: Person
) -> None:
    await grant(alice.scope, paula.app)
    await bought(api, rate_of(await shipped(api), "usps_priority"))
    assert await ledger(platform) == []
    await settled(platform, alice.account_id, price_rule={"percent": "10"})
    await bought(api, rate_of(await shipped(api), "usps_priority"))
    (line,) = await ledger(platform)
    assert (line["account"], line["charged"]) == (alice.account_id, "9.57")
    async with product(paula.person.live_token) as live:
        assert await ledger(live) == []

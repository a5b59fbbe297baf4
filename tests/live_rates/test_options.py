"""What a checkout shows: live rates, flat rates and free shipping, of the simulated carriers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from portside.accounts.actions import change_settings
from portside.db.begin import begin
from portside.kit.ids import new_id
from tests.support.cast import Person
from tests.support.checkout import BUYER, CART, LINE, PARCEL, SENDER, account_ids, made_group

SETTING = "/live-rates/settings/parcel-template"


async def shown(api: httpx.AsyncClient, **changes: Any) -> list[dict[str, Any]]:
    answer = await api.post("/live-rates", json={**CART, **changes})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


async def carriers_prices(api: httpx.AsyncClient, **changes: Any) -> dict[str, dict[str, Any]]:
    """What the carriers ask for the same parcel as a shipment, by service."""
    shipment = {"address_from": SENDER, "address_to": BUYER, "parcels": [PARCEL], "async": False}
    answer = await api.post("/shipments", json=shipment | changes)
    assert answer.status_code == 201, answer.text
    return {rate["servicelevel"]["token"]: rate for rate in answer.json()["rates"]}


async def test_a_live_rate_is_the_cheapest_of_its_group(api: httpx.AsyncClient) -> None:
    services = ("usps_priority", "ups_ground", "ups_next_day_air_saver")
    await made_group(api, *services)
    prices = await carriers_prices(api)
    cheapest = min((prices[service] for service in services), key=lambda rate: Decimal(rate["amount"]))
    answer = await api.post("/v1/live-rates/", json=CART)
    assert answer.status_code == 200
    assert answer.json() == {
        "next": None,
        "previous": None,
        "count": 1,
        "results": [
            {
                "title": "Standard",
                "description": "In a few days",
                "amount": cheapest["amount"],
                "amount_local": cheapest["amount_local"],
                "currency": "USD",
                "currency_local": "USD",
                "estimated_days": cheapest["estimated_days"],
            }
        ],
        "messages": [],
    }


async def test_prices_are_adjusted_to_the_cent(api: httpx.AsyncClient) -> None:
    await made_group(api, name="Dearer", rate_adjustment=15)
    await made_group(api, name="Cheaper", rate_adjustment=-100)
    price = Decimal((await carriers_prices(api))["usps_priority"]["amount"])
    amounts = {rate["title"]: rate["amount"] for rate in await shown(api)}
    assert amounts["Cheaper"] == "0.00"
    assert abs(Decimal(amounts["Dearer"]) - price * Decimal("1.15")) <= Decimal("0.005")


async def test_each_active_group_is_one_option_and_the_cheapest_comes_first(api: httpx.AsyncClient) -> None:
    await made_group(api, "ups_next_day_air_saver", name="Express")
    await made_group(api, name="Flat", type="FLAT_RATE", flat_rate="4", rate_adjustment=50)
    await made_group(api, name="Off", is_active=False)
    rates = await shown(api)
    assert [rate["title"] for rate in rates] == ["Flat", "Express"]
    assert rates[0] | {"description": ""} == {
        "title": "Flat",
        "description": "",
        "amount": "4.00",
        "amount_local": "4.00",
        "currency": "USD",
        "currency_local": "USD",
        "estimated_days": None,
    }


async def test_a_refused_group_falls_back_to_its_flat_rate_and_says_why(api: httpx.AsyncClient) -> None:
    await made_group(api)
    answer = (await api.post("/live-rates", json=CART | {"address_to": BUYER | {"company": "SIM_NO_RATES"}})).json()
    assert [(rate["amount"], rate["estimated_days"]) for rate in answer["results"]] == [("9.90", None)]
    assert [message["source"] for message in answer["messages"]] == ["USPS"]


async def test_a_carrier_account_that_is_switched_off_is_not_asked(api: httpx.AsyncClient) -> None:
    await made_group(api)
    await api.put(f"/carrier_accounts/{(await account_ids(api))['usps']}", json={"active": False})
    assert [rate["amount"] for rate in await shown(api)] == ["9.90"]


@pytest.mark.parametrize(
    ("prices", "offered"),
    [
        ([("49.99", "USD")], False),
        ([("50.00", "USD")], True),
        ([("30", "USD"), ("20", None)], True),
        # At indicative rates 50 EUR are more than 50 USD, and 50 CAD less.
        ([("50", "EUR")], True),
        ([("50", "CAD")], False),
        ([("50", "USD"), ("1", "XTS")], False),
        ([(None, None)], False),
    ],
)
async def test_shipping_is_free_from_a_total_on(
    api: httpx.AsyncClient, prices: list[tuple[str | None, str | None]], offered: bool
) -> None:
    threshold = {"free_shipping_threshold_min": "50", "free_shipping_threshold_currency": "USD"}
    await made_group(api, name="Free", type="FREE_SHIPPING", **threshold)
    lines = [LINE | {"total_price": price, "currency": currency} for price, currency in prices]
    rates = await shown(api, line_items=lines)
    assert [(rate["title"], rate["amount"], rate["currency"]) for rate in rates] == (
        [("Free", "0.00", "USD")] if offered else []
    )


async def test_the_buyer_sees_about_what_it_is_in_local_money(api: httpx.AsyncClient) -> None:
    await made_group(api, name="Flat", type="FLAT_RATE", flat_rate="100")
    abroad = {"name": "Carla Example", "street1": "3 Sample Allee", "city": "Berlin", "zip": "10115", "country": "DE"}
    (rate,) = await shown(api, address_to=abroad)
    assert (rate["amount"], rate["currency"], rate["currency_local"]) == ("100.00", "USD", "EUR")
    assert Decimal("80") < Decimal(rate["amount_local"]) < Decimal("100")


async def test_addresses_may_be_ids(api: httpx.AsyncClient) -> None:
    await made_group(api)
    sender, buyer = [(await api.post("/addresses", json=body)).json()["object_id"] for body in (SENDER, BUYER)]
    assert await shown(api, address_from=sender, address_to=buyer) == await shown(api)


async def test_a_parcel_may_be_a_template_a_carriers_packaging_or_the_default(api: httpx.AsyncClient) -> None:
    await made_group(api)
    box = {key: PARCEL[key] for key in ("length", "width", "height", "distance_unit")}
    template = (await api.post("/user-parcel-templates", json=box | {"name": "Box"})).json()
    expected = await shown(api, parcel=PARCEL | {"weight": "2"})
    # The template says no weight, so the parcel weighs what is in it.
    assert await shown(api, parcel=template["object_id"]) == expected
    assert await shown(api, parcel=template) == expected
    await api.put(SETTING, json={"object_id": template["object_id"]})
    for nothing in (None, ""):
        assert await shown(api, parcel=nothing) == expected
    flat = {"template": "USPS_SmallFlatRateBox", "weight": "1", "mass_unit": "lb"}
    prices = await carriers_prices(api, parcels=[flat])
    (rate,) = await shown(api, parcel=flat)
    assert rate["amount"] == prices["usps_priority"]["amount"] != expected[0]["amount"]


async def test_a_parcel_is_never_lighter_than_what_is_in_it(api: httpx.AsyncClient) -> None:
    await made_group(api, "ups_ground")
    lines = [LINE | {"weight": "10"}, LINE | {"weight": "160", "weight_unit": "oz"}]
    prices = {
        weight: (await carriers_prices(api, parcels=[PARCEL | {"weight": weight}]))["ups_ground"]["amount"]
        for weight in ("3", "20", "40")
    }
    assert len(set(prices.values())) == 3
    for weight, weighed in (("3", "20"), ("40", "40")):
        (rate,) = await shown(api, line_items=lines, parcel=PARCEL | {"weight": weight})
        assert rate["amount"] == prices[weighed]


async def test_without_a_sender_it_ships_from_the_accounts_address_or_where_it_did_last(
    api: httpx.AsyncClient, alice: Person
) -> None:
    await made_group(api)
    near = {"name": "Alice", "street1": "4 Demo Road", "city": "Chicago", "state": "IL", "zip": "60614"}
    order = {"to_address": BUYER, "from_address": near | {"country": "US"}, "line_items": [LINE]}
    order["placed_at"] = "2026-11-01T12:00:00Z"
    assert (await api.post("/orders", json=order)).status_code == 201
    assert (await api.post("/orders", json=order | {"from_address": None})).status_code == 201
    from_near = await shown(api, address_from=near | {"country": "US"})
    assert await shown(api, address_from=None) == from_near
    await carriers_prices(api)
    from_far = await shown(api)
    assert await shown(api, address_from=None) == from_far != from_near
    async with begin() as tx:
        await change_settings(tx, alice.scope, {"sender": near | {"country": "US", "id": new_id()}})
    assert await shown(api, address_from=None) == from_near


async def test_nothing_is_needed_where_no_carrier_is_asked(api: httpx.AsyncClient) -> None:
    empty = await api.post("/live-rates", json={"address_to": BUYER, "line_items": []})
    assert (empty.status_code, empty.json()["count"], empty.json()["results"]) == (200, 0, [])
    await made_group(api, name="Flat", type="FLAT_RATE")
    flat = await api.post("/live-rates", json={"address_to": BUYER, "line_items": []})
    assert [rate["title"] for rate in flat.json()["results"]] == ["Flat"]


async def test_charlie_and_the_other_mode_have_their_own(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    await made_group(api)
    buyer = (await api.post("/addresses", json=BUYER)).json()["object_id"]
    box = {"name": "Box", "length": "6", "width": "3", "height": "9", "distance_unit": "in"}
    template = (await api.post("/user-parcel-templates", json=box)).json()["object_id"]
    async with product(alice.live_token) as live:
        for client in (charlie_api, live):
            assert await shown(client) == []
            foreign = await client.post("/live-rates", json=CART | {"address_to": buyer, "parcel": template})
            assert (foreign.status_code, set(foreign.json())) == (400, {"address_to", "parcel"})
        # The simulated carriers serve no live account: the flat rate stands in for them.
        await made_group(live, name="Live")
        (rate,) = await shown(live)
        assert (rate["title"], rate["amount"]) == ("Live", "9.90")

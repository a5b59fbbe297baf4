"""Terms where they matter: in every way to a rate, and when a label is bought."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from portside.db.begin import begin, reading
from portside.jobs.drain import drain
from tests.support.cast import Person
from tests.support.checkout import CART, account_ids, made_group
from tests.support.labelling import SHIPMENT, LabelCarrier
from tests.support.partners import Partner, disconnect, grant
from tests.support.terms import bought, prices, put, rate_of, settings_path, settled, shipped

pytestmark = pytest.mark.usefixtures("usps")
Maker = Callable[..., httpx.AsyncClient]

# For a parcel of one pound.
COSTS = {
    "usps_ground_advantage": "6.20",
    "usps_priority": "8.70",
    "ups_ground": "7.46",
    "ups_next_day_air_saver": "31.00",
}


async def text_of_everything(api: httpx.AsyncClient, shipment: dict[str, Any]) -> str:
    """All that the merchant can read of a shipment's rates."""
    paths = [f"/shipments/{shipment['object_id']}", f"/shipments/{shipment['object_id']}/rates", "/rates"]
    paths += [f"/rates/{rate['object_id']}" for rate in shipment["rates"]]
    return "".join([(await api.get(path)).text for path in paths])


async def test_without_terms_prices_are_the_carriers(acting: httpx.AsyncClient) -> None:
    assert prices(await shipped(acting)) == COSTS


async def test_the_price_rule_makes_the_price_everywhere(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    await settled(
        platform,
        merchant,
        price_rule={
            "percent": "10",
            "minimum": {"amount": "7.00", "currency": "USD"},
            "carriers": {"ups": {"percent": "50"}},
            "services": {"ups_next_day_air_saver": {"fixed": {"amount": "1.99", "currency": "USD"}}},
        },
    )
    shipment = await shipped(acting)
    expected = {
        "usps_ground_advantage": "7.00",
        "usps_priority": "9.57",
        # Of the carrier's 7.455, not of what it is rounded to.
        "ups_ground": "11.18",
        "ups_next_day_air_saver": "32.99",
    }
    assert prices(shipment) == expected
    assert [rate["servicelevel"]["token"] for rate in shipment["rates"]] == list(expected)
    assert [label for label in shipment["rates"][0]["attributes"] if label == "CHEAPEST"] == ["CHEAPEST"], shipment[
        "rates"
    ]
    # The same wherever it is read; what the carrier asks is nowhere.
    text = await text_of_everything(acting, shipment)
    for service, amount in expected.items():
        assert f'"{amount}"' in text, service
    for cost in ("6.20", "6.2", "8.70", "8.7", "7.46", "7.455", "31.00", "31"):
        assert f'"{cost}"' not in text, cost
    yen = (await acting.get(f"/shipments/{shipment['object_id']}/rates/JPY")).json()["results"]
    assert {rate["amount"] for rate in yen} == set(expected.values())
    # 7.00 USD is 7 / 1.039 * 163.1 yen.
    assert min(Decimal(rate["amount_local"]) for rate in yen) == Decimal("1098.85")


async def test_the_discount_tier_is_taken_off_first(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    await put(platform, "/partner/discount-tiers/silver", {"percent": "10", "carriers": {"ups": "0"}})
    await settled(platform, merchant, discount_tier="silver", price_rule={"percent": "100"})
    assert prices(await shipped(acting))["usps_priority"] == "15.66"
    assert prices(await shipped(acting))["ups_ground"] == "14.91"
    # A tier that changes changes the next rates of all its accounts.
    await put(platform, "/partner/discount-tiers/silver", {"percent": "100"})
    assert set(prices(await shipped(acting)).values()) == {"0.00"}


async def test_a_plan_is_a_rule_for_many(platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str) -> None:
    await put(platform, "/partner/plans/gold", {"fixed": {"amount": "1.00", "currency": "USD"}})
    await settled(platform, merchant, price_rule={"plan": "gold"})
    assert prices(await shipped(acting))["usps_priority"] == "9.70"
    await put(platform, "/partner/plans/gold", {"fixed": {"amount": "2.00", "currency": "EUR"}})
    # 2 EUR are 2.08 USD.
    assert prices(await shipped(acting))["usps_priority"] == "10.78"


async def test_what_is_not_allowed_is_neither_asked_nor_shown(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str, usps: LabelCarrier
) -> None:
    await settled(platform, merchant, allowed_carriers=["ups"])
    shipment = await shipped(acting)
    assert set(prices(shipment)) == {"ups_ground", "ups_next_day_air_saver"} and usps.asked == []
    assert [message["text"] for message in shipment["messages"]] == [
        "USPS is not among the carriers that your platform allows."
    ]
    await settled(platform, merchant, allowed_services=["usps_priority"])
    shipment = await shipped(acting)
    assert set(prices(shipment)) == {"usps_priority"}
    assert [message["source"] for message in shipment["messages"]] == ["UPS"]
    # A carrier account that is named in the request is no way around.
    accounts = await account_ids(acting)
    named = await shipped(acting, carrier_accounts=[accounts["ups"]])
    assert named["rates"] == [] and "UPS" in named["messages"][0]["text"]


async def test_the_price_shown_is_the_price_bought(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str, usps: LabelCarrier
) -> None:
    await settled(platform, merchant, price_rule={"percent": "10"})
    shipment = await shipped(acting)
    await settled(platform, merchant, price_rule={"percent": "500"})
    label = await bought(acting, rate_of(shipment, "usps_priority"), metadata="late")
    assert label["status"] == "SUCCESS"
    (line,) = (await platform.get("/partner/ledger")).json()["results"]
    assert (line["cost"], line["charged"]) == ("8.70", "9.57")
    # The carrier is sent its own quote, not ours.
    assert usps.purchases[0].quote.amount == Decimal("8.70")
    assert "8.70" not in (await acting.get(f"/transactions/{label['object_id']}?expand=rate")).text


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_service_that_is_allowed_no_more_is_not_sold(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str, usps: LabelCarrier, is_async: bool
) -> None:
    shipment = await shipped(acting)
    await settled(platform, merchant, allowed_services=["usps_ground_advantage"])
    rate = rate_of(shipment, "usps_priority")
    label = await bought(acting, rate, **{"async": is_async})
    await drain(lanes=["fast"])
    label = (await acting.get(f"/transactions/{label['object_id']}")).json()
    assert (label["status"], usps.purchases) == ("ERROR", [])
    assert [message["text"] for message in label["messages"]] == [
        "usps_priority is not among the services that your platform allows."
    ]
    # Once it is allowed again the same rate can be bought.
    await settled(platform, merchant)
    assert (await bought(acting, rate))["status"] == "SUCCESS"
    assert len(usps.purchases) == 1


async def test_an_instalabel_follows_the_terms(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str, usps: LabelCarrier
) -> None:
    await settled(
        platform, merchant, price_rule={"percent": "10"}, allowed_services=["usps_priority"], label_format="PDF_A6"
    )
    accounts = await account_ids(acting)
    body = {"shipment": SHIPMENT, "carrier_account": accounts["usps"], "servicelevel_token": "usps_priority"}
    label = (await acting.post("/transactions", json=body)).json()
    assert (label["status"], label["label_file_type"], label["rate"]["amount"]) == ("SUCCESS", "PDF_A6", "9.57")
    other = {**body, "servicelevel_token": "usps_ground_advantage"}
    refused = await acting.post("/transactions", json=other)
    assert (refused.status_code, refused.json()["status"]) == (201, "ERROR")
    assert "usps_ground_advantage" in refused.json()["messages"][0]["text"]
    barred = {**body, "carrier_account": accounts["ups"], "servicelevel_token": "ups_ground"}
    assert "UPS" in (await acting.post("/transactions", json=barred)).json()["messages"][0]["text"]
    assert len(usps.purchases) == 1


async def test_a_batch_follows_the_terms(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str, usps: LabelCarrier
) -> None:
    await settled(
        platform, merchant, price_rule={"percent": "10"}, allowed_services=["usps_priority"], label_format="PDF_A6"
    )
    account = (await account_ids(acting))["usps"]
    body = {
        "default_carrier_account": account,
        "default_servicelevel_token": "usps_priority",
        "batch_shipments": [
            {"shipment": SHIPMENT},
            {"shipment": SHIPMENT, "servicelevel_token": "usps_ground_advantage"},
        ],
    }
    made = await acting.post("/batches", json=body)
    assert made.json()["label_filetype"] == "PDF_A6", made.text
    path = f"/batches/{made.json()['object_id']}"
    await drain(lanes=["bulk"])
    rows = (await acting.get(path)).json()["batch_shipments"]["results"]
    assert [row["status"] for row in rows] == ["VALID", "INVALID"]
    assert "usps_ground_advantage is not among" in str(rows[1]["messages"])
    # Allowed when it was looked at, barred when it is bought.
    await settled(platform, merchant, allowed_services=["usps_ground_advantage"])
    await acting.post(f"{path}/remove_shipments", json=[rows[1]["object_id"]])
    await acting.post(f"{path}/purchase")
    await drain(lanes=["bulk"])
    (row,) = (await acting.get(path)).json()["batch_shipments"]["results"]
    assert "usps_priority is not among" in str(row["messages"]) and usps.purchases == []


async def test_live_rates_follow_the_terms(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    await made_group(acting, "usps_priority", "ups_next_day_air_saver")
    parcel = {**CART["parcel"], "weight": "1"}
    cart = {**CART, "parcel": parcel, "line_items": [{**CART["line_items"][0], "weight": "1"}]}
    await settled(platform, merchant, price_rule={"percent": "10"})
    (option,) = (await acting.post("/live-rates", json=cart)).json()["results"]
    assert option["amount"] == option["amount_local"] == "9.57"
    await settled(platform, merchant, allowed_carriers=["ups"])
    answer = (await acting.post("/live-rates", json=cart)).json()
    assert answer["results"][0]["amount"] == "31.00" and "USPS" in answer["messages"][0]["text"]


async def test_returns_and_shipments_rated_in_the_background_follow_the_terms(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    await settled(platform, merchant, price_rule={"percent": "10"})
    there = await bought(acting, rate_of(await shipped(acting), "usps_priority"))
    back = await shipped(acting, extra={"is_return": True}, return_of=there["object_id"])
    assert prices(back)["usps_priority"] == "9.57"
    queued = (await acting.post("/shipments", json={**SHIPMENT, "async": True})).json()
    await drain(lanes=["fast"])
    assert prices((await acting.get(f"/shipments/{queued['object_id']}")).json())["usps_priority"] == "9.57"


async def test_the_label_format_of_the_request_comes_first(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str
) -> None:
    await settled(platform, merchant, label_format="PDF_A6")
    chosen = await bought(acting, rate_of(await shipped(acting), "usps_priority"), label_file_type="PNG")
    default = await bought(acting, rate_of(await shipped(acting), "usps_priority"))
    assert (chosen["label_file_type"], default["label_file_type"]) == ("PNG", "PDF_A6")
    await settled(platform, merchant)
    plain = await bought(acting, rate_of(await shipped(acting), "usps_priority"))
    assert plain["label_file_type"] == "PDF_4x6"


async def test_a_connected_merchants_terms_end_with_the_connection(
    platform: httpx.AsyncClient, api: httpx.AsyncClient, paula: Partner, alice: Person
) -> None:
    await grant(alice.scope, paula.app)
    assert prices(await shipped(api)) == COSTS
    await settled(platform, alice.account_id, price_rule={"percent": "10"}, allowed_carriers=["usps"])
    before = await shipped(api)
    assert prices(before) == {"usps_ground_advantage": "6.82", "usps_priority": "9.57"}
    await disconnect(alice.scope, paula.app)
    assert prices(await shipped(api)) == COSTS
    # What was shown is still sold at the price that was shown, and is told to the platform that made it.
    label = await bought(api, rate_of(before, "usps_priority"))
    assert label["status"] == "SUCCESS"
    (line,) = (await platform.get("/partner/ledger")).json()["results"]
    assert (line["transaction"], line["charged"]) == (label["object_id"], "9.57")


async def test_terms_hold_no_longer_than_the_connection_whoever_ended_it(
    platform: httpx.AsyncClient, api: httpx.AsyncClient, paula: Partner, alice: Person
) -> None:
    await grant(alice.scope, paula.app)
    await settled(platform, alice.account_id, price_rule={"percent": "10"})
    async with begin() as tx:
        await tx.execute("UPDATE connections SET ended_at = now() WHERE app_id = $1", paula.app.id)
    assert prices(await shipped(api)) == COSTS
    assert (await platform.get(settings_path(alice.account_id))).status_code == 404


async def test_other_accounts_do_not_notice(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, api: httpx.AsyncClient, merchant: str
) -> None:
    await settled(platform, merchant, price_rule={"percent": "10"}, allowed_carriers=["usps"], label_format="PNG")
    for client in (api, platform):
        assert prices(await shipped(client)) == COSTS
    label = await bought(api, rate_of(await shipped(api), "usps_priority"))
    assert label["label_file_type"] == "PDF_4x6"
    async with reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM ledger_lines WHERE label_id = $1", label["object_id"]) == 0

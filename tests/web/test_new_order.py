"""An order that is typed in: the same order as by API, told field by field what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from portside.jobs.drain import drain
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.web.conftest import Browser

PATH = "/app/orders/new"
RECIPIENT = {
    "name": "Mr Hippo",
    "street1": "215 Clayton St",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94117",
    "country": "US",
}
ORDER = {
    **RECIPIENT,
    "order_number": "#7",
    "order_status": "PAID",
    "weight": "1,5",
    "weight_unit": "lb",
    "total_price": "",
    "currency": "USD",
    "shipping_method": "Express",
    "notes": "Ring twice\nand wait",
}


def item(number: int, **said: str) -> dict[str, str]:
    given = {"title": "", "sku": "", "quantity": "", "weight": "", "total_price": ""} | said
    return {f"item{number}_{name}": value for name, value in given.items()}


async def send(browser: Browser, fields: Mapping[str, str], **headers: str) -> httpx.Response:
    page = await browser.get(PATH)
    key = re.search(r'name="key" value="(\w+)"', page.text)
    assert key is not None
    return await browser.post(PATH, {"key": key[1], **fields}, **headers)


async def order_of(api: httpx.AsyncClient, answer: httpx.Response) -> Any:
    assert answer.status_code == 303, answer.text
    return (await api.get(f"/orders/{answer.headers['location'].rpartition('/')[2]}")).json()


async def test_the_order_is_made_and_shown(at_desk: Browser, api: httpx.AsyncClient) -> None:
    assert f'href="{PATH}"' in (await at_desk.get("/app/orders")).text
    fields = ORDER | item(0, title="Mug", sku="M-1", quantity="2", weight="0.5", total_price="18.20") | item(1)
    answer = await send(at_desk, fields | item(2, title="Rope", total_price="4"))
    order = await order_of(api, answer)
    to = order["to_address"]
    assert {name: to[name] for name in RECIPIENT} == RECIPIENT
    assert (order["order_number"], order["order_status"], order["shop_app"]) == ("#7", "PAID", "Shippo")
    assert (order["weight"], order["weight_unit"], order["shipping_method"]) == ("1.50", "lb", "Express")
    assert order["notes"].splitlines() == ["Ring twice", "and wait"]
    lines = [(line["title"], line["sku"], line["quantity"], line["total_price"]) for line in order["line_items"]]
    assert lines == [("Mug", "M-1", 2, "18.20"), ("Rope", None, 1, "4.00")]
    shown = (await at_desk.get(answer.headers["location"])).text
    assert "Mr Hippo" in shown and "Ring twice" in shown and "The order is made." in shown


async def test_the_platform_hears_of_it_as_of_any_order(at_desk: Browser, api: httpx.AsyncClient) -> None:
    order = await order_of(api, await send(at_desk, ORDER))
    await drain()
    events = (await api.get(f"/events?subject={order['object_id']}")).json()["results"]
    assert [event["event"] for event in events] == ["order_created"]


async def test_without_a_weight_it_weighs_what_its_items_do(at_desk: Browser, api: httpx.AsyncClient) -> None:
    unweighed = ORDER | {"weight": ""}
    made = await order_of(
        api, await send(at_desk, unweighed | item(0, title="Mug", weight="0.25") | item(1, sku="R", weight="1"))
    )
    assert (made["weight"], made["weight_unit"]) == ("1.25", "lb")
    refused = await send(at_desk, unweighed | item(0, title="Mug", weight="0.25") | item(1, title="Rope"))
    assert refused.status_code == 422
    assert "Give the weight of the order, or of each item." in refused.text


async def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(
    at_desk: Browser, api: httpx.AsyncClient
) -> None:
    wrong = {"city": "", "state": "", "email": "nobody", "weight": "heavy", "total_price": "-1", "currency": "dollar"}
    answer = await send(at_desk, ORDER | wrong | item(0) | item(1, title="Mug", quantity="half"))
    assert answer.status_code == 422
    for field in ("weight", "currency", "item1_quantity"):
        assert f'id="{field}-wrong"' in answer.text, field
    assert "Ring twice" in answer.text and 'value="heavy"' in answer.text and 'value="half"' in answer.text
    right = {"weight": "1", "currency": "USD", "total_price": ""}
    answer = await send(at_desk, ORDER | wrong | right | item(0))
    assert answer.status_code == 422 and 'id="email-wrong"' in answer.text
    answer = await send(at_desk, ORDER | wrong | right | {"email": ""} | item(0))
    for field in ("city", "state"):
        assert f'id="{field}-wrong"' in answer.text, field
    assert "Carriers need the city." in answer.text
    assert (await api.get("/orders")).json()["results"] == []


async def test_a_click_too_many_makes_one_order_and_a_changed_form_another(
    at_desk: Browser, api: httpx.AsyncClient
) -> None:
    page = await at_desk.get(PATH)
    key = re.search(r'name="key" value="(\w+)"', page.text)
    assert key is not None
    fields = ORDER | {"key": key[1]}
    first, again = [await at_desk.post(PATH, fields) for _ in range(2)]
    assert first.status_code == 303 and first.headers["location"] == again.headers["location"]
    other = await at_desk.post(PATH, fields | {"name": "Mrs Hippo"})
    assert other.headers["location"] != first.headers["location"]
    assert len((await api.get("/orders")).json()["results"]) == 2


async def test_another_line_is_added_with_and_without_scripts(at_desk: Browser) -> None:
    fields = ORDER | {"name": "", "do": "add"} | item(0, title="Mug")
    whole = await send(at_desk, fields)
    part = await send(at_desk, fields, **{"HX-Request": "true", "HX-Request-Type": "partial"})
    for answer in (whole, part):
        assert answer.status_code == 200
        assert 'name="item0_title" value="Mug"' in answer.text
        assert re.search(r'name="item1_title"[^>]* autofocus', answer.text)
        assert 'name="item2_title"' not in answer.text and "-wrong" not in answer.text
    assert "<html" in whole.text and "<html" not in part.text
    assert "Ring twice" in whole.text


async def test_the_form_begins_with_what_the_last_order_had(at_desk: Browser, api: httpx.AsyncClient) -> None:
    await api.post("/orders", json=order_body(currency="EUR", total_price="5", weight="1", weight_unit="kg"))
    page = (await at_desk.get(PATH)).text
    assert re.search(r'name="currency" value="EUR"', page)
    assert "<option selected>kg</option>" in page


async def test_only_who_is_signed_in_may_and_only_by_our_form(
    at_desk: Browser,
    teammate: Browser,
    charlie: Person,
    product: Callable[..., httpx.AsyncClient],
    api: httpx.AsyncClient,
) -> None:
    made = await send(teammate, ORDER)
    assert (await at_desk.get(made.headers["location"])).status_code == 200
    stranger = Browser(product(Accept="text/html"))
    assert (await stranger.get(PATH)).headers["location"].startswith("/sign-in")
    await stranger.sign_in(charlie)
    assert (await stranger.get(made.headers["location"])).status_code == 404
    at_desk.token = "stolen"
    assert (await at_desk.post(PATH, ORDER)).status_code == 403
    assert len((await api.get("/orders")).json()["results"]) == 1

"""The customs form of an order that crosses a border: filled in from the items, checked field by field, declared."""

from __future__ import annotations

import re

import httpx
import pytest

from portside.jobs.drain import drain
from tests.web.conftest import Browser
from tests.web.test_order_page import PARCEL, Desk, attribute
from tests.web.test_orders import push

GDANSK = {
    "name": "Łucja Example",
    "street1": "Prosta 1",
    "city": "Gdańsk",
    "zip": "80-001",
    "country": "PL",
    "phone": "+48 555 010 010",
    "email": "lucja@example.com",
}
LANTERN = {
    "title": "Brass lantern",
    "quantity": 2,
    "total_price": "48.00",
    "currency": "USD",
    "weight": "1.5",
    "weight_unit": "lb",
    "manufacture_country": "IN",
}
ROPE = {"title": "Rope", "quantity": 1, "total_price": "9.50", "weight": "453.59237", "weight_unit": "g"}


@pytest.fixture
async def desk(at_desk: Browser, api: httpx.AsyncClient) -> Desk:
    order = await push(api, to_address=GDANSK, line_items=[LANTERN, ROPE], currency="USD", weight="2.5")
    desk = Desk(at_desk, order)
    await desk.say_sender()
    return desk


def fields(page: str) -> dict[str, str]:
    """What the parcel form would send as it stands."""
    form = page[page.index('id="parcel"') :]
    found = {}
    for tag in re.findall(r"<input[^>]+>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and ('type="checkbox"' not in tag or "checked" in tag):
            found[name[1]] = value[1]
    for name, options in re.findall(r'<select[^>]+name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        picked = re.search(r'<option(?: value="([^"]*)")?[^>]*selected>([^<]*)', options)
        found[name] = (picked[1] if picked[1] is not None else picked[2]) if picked else ""
    return found | PARCEL


async def test_it_knows_the_items_already(desk: Desk) -> None:
    given = fields(await desk.page())
    first = {name: given[f"line0_{name}"] for name in ("description", "quantity", "weight", "value", "origin")}
    assert first == {"description": "Brass lantern", "quantity": "2", "weight": "1.5", "value": "48.00", "origin": "IN"}
    assert (given["line1_weight"], given["line1_origin"], given["customs_mass_unit"]) == ("1", "US", "lb")
    assert (given["customs_currency"], given["contents_type"], given["certify_signer"]) == (
        "USD",
        "MERCHANDISE",
        "Alice",
    )
    assert "certify" not in given


async def test_a_declared_order_gets_a_label_with_an_invoice(desk: Desk, api: httpx.AsyncClient) -> None:
    given = {**fields(await desk.page()), "certify": "true", "line0_hs_code": "9405.50"}
    answer = await desk.browser.post(f"{desk.path}/rates", given, **{"HX-Request-Type": "partial"})
    assert answer.status_code == 200, answer.text
    url = attribute(answer.text, "hx-get", "/rates/")
    await drain()
    rates = (await desk.browser.poll(url)).text
    [shipment] = (await api.get("/shipments")).json()["results"]
    again = fields((await desk.browser.get(f"{desk.path}?shipment={shipment['object_id']}")).text)
    assert (again["line0_hs_code"], again["line1_weight"], again["certify"]) == ("9405.50", "1", "true")
    bought = await desk.buy(re.findall(r'name="rate" value="([0-9a-f]{32})"', rates)[0])
    assert bought.status_code == 200, bought.text
    await drain()
    [label] = (await api.get("/transactions")).json()["results"]
    assert (label["status"], bool(label["commercial_invoice_url"])) == ("SUCCESS", True)
    declared = shipment["customs_declaration"]
    assert (declared["eel_pfc"], declared["certify_signer"]) == ("NOEEI_30_37_a", "Alice")
    items = [(await api.get(f"/customs/items/{item}")).json() for item in declared["items"]]
    assert [(item["description"], item["origin_country"], item["net_weight"]) for item in items] == [
        ("Brass lantern", "IN", "1.5000"),
        ("Rope", "US", "1.0000"),
    ]
    assert (items[0]["hs_code"], items[0]["tariff_number"]) == ("9405.50", "940550")


async def test_every_field_says_what_is_wrong_with_it(desk: Desk) -> None:
    given = {
        **fields(await desk.page()),
        "weight": "heavy",
        "certify_signer": " ",
        "contents_type": "OTHER",
        "line0_weight": "0",
        "line1_value": "-3",
        "line2_hs_code": "1",
    }
    answer = await desk.browser.post(f"{desk.path}/rates", given, **{"HX-Request-Type": "partial"})
    assert answer.status_code == 422
    wrong = set(re.findall(r'id="([a-z0-9_]+)-wrong"', answer.text))
    expected = {"weight", "certify_signer", "contents_explanation", "certify", "line0_weight", "line1_value"}
    assert wrong >= expected | {"line2_description", "line2_weight"}
    assert fields(answer.text)["line2_hs_code"] == "1", "what was typed is still there"


async def test_nothing_declared_is_told_at_the_first_line(desk: Desk) -> None:
    given = {name: value for name, value in fields(await desk.page()).items() if not name.startswith("line")}
    answer = await desk.browser.post(f"{desk.path}/rates", given, **{"HX-Request-Type": "partial"})
    assert answer.status_code == 422
    assert "Say what is inside." in answer.text


async def test_many_items_are_summed_up(at_desk: Browser, api: httpx.AsyncClient) -> None:
    lines = [{**LANTERN, "title": f"Lantern {number}"} for number in range(25)]
    desk = Desk(at_desk, await push(api, to_address=GDANSK, line_items=lines))
    await desk.say_sender()
    given = fields(await desk.page())
    last = {name: given[f"line19_{name}"] for name in ("description", "quantity", "weight", "value")}
    assert last == {"description": "Other items of this order", "quantity": "12", "weight": "9", "value": "288.00"}
    assert "line20_description" not in given


async def test_an_order_within_the_country_is_asked_nothing(at_desk: Browser, api: httpx.AsyncClient) -> None:
    desk = Desk(at_desk, await push(api))
    await desk.say_sender()
    assert "line0_description" not in await desk.page()

"""A mistyped address is corrected before a label is bought for it, and never under one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from portside.jobs.drain import drain
from portside.kit.services import services
from tests.support.cast import Person
from tests.web.conftest import Browser
from tests.web.test_order_page import PARCEL, SENDER, Desk, attribute
from tests.web.test_orders import push

HIPPO = {
    "name": "Mr Hippo",
    "company": "",
    "street1": "215 CLAYTON ST",
    "street2": "",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94117",
    "country": "US",
    "phone": "",
    "email": "",
}


@pytest.fixture(autouse=True)
def patient(product: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Carriers are waited for: what happens without their rates is tried elsewhere."""
    settings = msgspec.structs.replace(services().settings, rate_budget_seconds=60.0)
    monkeypatch.setattr("portside.kit.services._installed", msgspec.structs.replace(services(), settings=settings))


async def opened(browser: Browser, api: httpx.AsyncClient, **changes: Any) -> str:
    """The page of an order's address."""
    order_id = await push(api, to_address=HIPPO | {"zip": "9411"} | changes)
    path = f"/app/orders/{order_id}"
    page = await browser.get(path)
    assert f'href="{path}/recipient"' in page.text
    form = await browser.get(f"{path}/recipient")
    assert form.status_code == 200 and "215 CLAYTON ST" in form.text
    return f"{path}/recipient"


async def address_of(api: httpx.AsyncClient, path: str) -> Any:
    return (await api.get(f"/orders/{path.split('/')[3]}")).json()["to_address"]


async def test_a_right_address_is_saved_at_once_and_told(at_desk: Browser, api: httpx.AsyncClient) -> None:
    path = await opened(at_desk, api, is_residential=True, metadata="Customer 12")
    answer = await at_desk.post(path, HIPPO | {"phone": "+1 555 010 0101"})
    assert (answer.status_code, answer.headers["location"]) == (303, path.removesuffix("/recipient"))
    saved = await address_of(api, path)
    assert (saved["zip"], saved["phone"], saved["is_residential"]) == ("94117", "0015550100101", True)
    assert saved["validation_results"]["is_valid"] is True
    assert "Address checked" in (await at_desk.get(answer.headers["location"])).text
    await drain()
    events = (await api.get(f"/events?subject={path.split('/')[3]}")).json()["results"]
    assert {event["event"] for event in events} == {"order_created", "order_updated"}


async def test_a_suggestion_is_shown_and_only_taken_when_somebody_says_so(
    at_desk: Browser, api: httpx.AsyncClient
) -> None:
    path = await opened(at_desk, api)
    typed = HIPPO | {"city": "San Fransisco"}
    answer = await at_desk.post(path, typed)
    assert answer.status_code == 422
    assert "Use the suggestion" in answer.text and "Nothing is changed yet." in answer.text
    assert 'id="city" name="city" type="text" value="San Fransisco"' in answer.text
    assert (await address_of(api, path))["zip"] == "9411"
    suggested = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    assert suggested["city"].upper() == "SAN FRANCISCO"
    taken = await at_desk.post(path, {**suggested, "do": "use"})
    assert taken.status_code == 303
    saved = await address_of(api, path)
    assert saved["city"].upper() == "SAN FRANCISCO" and saved["validation_results"]["is_valid"] is True


async def test_what_is_not_found_may_be_kept_as_it_was_typed(at_desk: Browser, api: httpx.AsyncClient) -> None:
    path = await opened(at_desk, api)
    typed = HIPPO | {"zip": "99999", "street1": "1 Quiet Lane"}
    answer = await at_desk.post(path, typed)
    assert answer.status_code == 422
    assert "This address was not found" in answer.text and "Use the suggestion" not in answer.text
    kept = await at_desk.post(path, typed | {"do": "keep"})
    assert kept.status_code == 303
    saved = await address_of(api, path)
    assert (saved["zip"], saved["street1"], saved["validation_results"]) == ("99999", "1 Quiet Lane", {})


async def test_what_is_wrong_is_told_beside_its_field(at_desk: Browser, api: httpx.AsyncClient) -> None:
    path = await opened(at_desk, api)
    for changes, field in (({"zip": ""}, "zip"), ({"email": "nobody"}, "email"), ({"name": "x" * 101}, "name")):
        for choice in ("", "keep", "use"):
            answer = await at_desk.post(path, HIPPO | changes | {"do": choice})
            assert answer.status_code == 422 and f'id="{field}-wrong"' in answer.text, (field, choice)
    assert (await address_of(api, path))["zip"] == "9411"


async def test_what_few_shops_fill_in_is_there_where_it_is_filled(at_desk: Browser, api: httpx.AsyncClient) -> None:
    there = {"name": "Ida", "street1": "Am Kai", "street_no": "12", "city": "Bremen", "zip": "28195", "country": "DE"}
    path = await opened(at_desk, api, **there, street2="215 CLAYTON ST")
    page = (await at_desk.get(path)).text
    assert 'name="street_no"' in page and 'name="street3"' not in page
    fields = HIPPO | there | {"state": "", "city": "Hamburg", "zip": "20457", "do": "keep"}
    assert (await at_desk.post(path, fields)).status_code == 303
    saved = await address_of(api, path)
    assert (saved["street1"], saved["street_no"], saved["city"]) == ("Am Kai", "12", "Hamburg")


async def test_under_a_label_the_address_stays(at_desk: Browser, api: httpx.AsyncClient) -> None:
    path = await opened(at_desk, api, zip="94117")
    desk = Desk(at_desk, path.split("/")[3])
    await desk.page()
    await desk.say_sender()
    rates = await desk.rated()
    await desk.page()
    await desk.buy(re.findall(r'name="rate" value="(\w+)"', rates)[0])
    for moment in ("while it is bought", "afterwards"):
        page = await desk.page()
        assert f'href="{path}"' not in page, moment
        for answer in (await at_desk.get(path), await at_desk.post(path, HIPPO | {"zip": "10001", "do": "keep"})):
            assert answer.headers["location"] == desk.path, moment
        assert "its address stays as it is" in await desk.page()
        await drain()
    assert (await address_of(api, path))["zip"] == "94117"


async def test_rates_of_the_address_before_buy_nothing(at_desk: Browser, api: httpx.AsyncClient) -> None:
    path = await opened(at_desk, api, zip="94117", street2="Apt 4")
    desk = Desk(at_desk, path.split("/")[3])
    await desk.page()
    await desk.say_sender()
    rate = re.findall(r'name="rate" value="(\w+)"', await desk.rated())[0]
    await desk.page()
    assert (await at_desk.post(path, HIPPO)).status_code == 303
    await desk.page()
    refused = await desk.buy(rate)
    assert "The address of the order was changed after these rates were asked for." in refused.text
    await drain()
    assert (await api.get("/transactions")).json()["results"] == []
    fresh = re.findall(r'name="rate" value="(\w+)"', await desk.rated())[0]
    await desk.page()
    await desk.buy(fresh)
    await drain()
    (label,) = (await api.get("/transactions")).json()["results"]
    assert label["status"] == "SUCCESS"


async def test_many_at_once_leave_out_who_was_corrected_meanwhile(at_desk: Browser, api: httpx.AsyncClient) -> None:
    paths = [await opened(at_desk, api, zip="94117", street2="Apt 4") for _ in range(2)]
    ids = [path.split("/")[3] for path in paths]
    await at_desk.post(f"/app/orders/{ids[0]}/sender", SENDER)
    fields = {name: PARCEL[name] for name in ("length", "width", "height", "distance_unit")} | {"orders": ",".join(ids)}
    fields |= {f"weight_{each}": "1" for each in ids} | {f"unit_{each}": "lb" for each in ids}
    await at_desk.get(f"/app/bulk?orders={','.join(ids)}")
    rated = await at_desk.post("/app/bulk/rates", fields)
    await drain()
    before = await at_desk.get(rated.headers["location"])
    chosen = dict(re.findall(r'name="(rate_\w+)".*?<option value="(\w+)"', before.text, re.DOTALL))
    assert len(chosen) == 2
    await at_desk.get(paths[0])
    assert (await at_desk.post(paths[0], HIPPO)).status_code == 303
    page = await at_desk.get(rated.headers["location"])
    assert page.text.count("The address of the order was changed") == 1
    shipments = attribute(page.text, "value", 'name="shipments"')
    await at_desk.post("/app/bulk/labels", {"shipments": shipments, "label_file_type": "PDF_4x6", **chosen})
    await drain()
    labels = (await api.get("/transactions")).json()["results"]
    assert [label["order"] for label in labels] == [ids[1]]


async def test_a_teammate_may_and_charlie_sees_nothing(
    at_desk: Browser,
    teammate: Browser,
    charlie: Person,
    product: Callable[..., httpx.AsyncClient],
    api: httpx.AsyncClient,
) -> None:
    path = await opened(at_desk, api)
    stranger = Browser(product(Accept="text/html"))
    await stranger.sign_in(charlie)
    await stranger.get("/app/orders")
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(path, HIPPO | {"do": "keep"})).status_code == 404
    at_desk.token = "stolen"
    assert (await at_desk.post(path, HIPPO)).status_code == 403
    assert (await address_of(api, path))["zip"] == "9411"
    await teammate.get(path)
    assert (await teammate.post(path, HIPPO)).status_code == 303
    assert (await address_of(api, path))["zip"] == "94117"

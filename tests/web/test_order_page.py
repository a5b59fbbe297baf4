"""An order's page, request by request: from whom it is shipped, its rates, its label, and where the parcel is."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from portside.jobs.drain import drain
from tests.support.cast import Person
from tests.support.objects import DECLARATION, shipment_body
from tests.web.conftest import Browser
from tests.web.test_orders import push

SENDER = {
    "name": "Alice",
    "street1": "1 Demo Wharf",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94111",
    "country": "US",
    "phone": "+1 555 010 0100",
}
PARCEL = {"length": "10", "width": "8", "height": "4", "distance_unit": "in", "weight": "0.4", "mass_unit": "lb"}


def attribute(text: str, name: str, near: str) -> str:
    """The value of an attribute of the tag that has `near` in it."""
    tag = next(tag for tag in re.findall(r"<[^>]+>", text) if near in tag and f"{name}=" in tag)
    found = re.search(rf'{name}="([^"]*)"', tag)
    assert found is not None
    return found[1].replace("&amp;", "&")


class Desk:
    """alice at the page of one order."""

    def __init__(self, browser: Browser, order_id: str) -> None:
        self.browser = browser
        self.path = f"/app/orders/{order_id}"

    async def page(self) -> str:
        answer = await self.browser.get(self.path)
        assert answer.status_code == 200
        return answer.text

    async def say_sender(self) -> httpx.Response:
        return await self.browser.post(f"{self.path}/sender", SENDER)

    async def get_rates(self, **changes: str) -> httpx.Response:
        return await self.browser.post(f"{self.path}/rates", {**PARCEL, **changes}, **{"HX-Request-Type": "partial"})

    async def rated(self) -> str:
        """The rates, after the job has run."""
        waiting = await self.get_rates()
        assert waiting.status_code == 200, waiting.text
        url = attribute(waiting.text, "hx-get", "/rates/")
        assert (await self.browser.poll(url)).status_code == 204
        await drain()
        return (await self.browser.poll(url)).text

    async def buy(self, rate: str, file_type: str = "PDF_4x6") -> httpx.Response:
        fields = {"rate": rate, "label_file_type": file_type}
        return await self.browser.post(f"{self.path}/labels", fields, **{"HX-Request-Type": "partial"})


@pytest.fixture
async def desk(at_desk: Browser, api: httpx.AsyncClient) -> Desk:
    return Desk(at_desk, await push(api, order_number="#1068"))


@pytest.fixture
async def sending(desk: Desk) -> Desk:
    """The same once she has said where she ships from."""
    assert (await desk.say_sender()).status_code == 303
    return desk


async def test_from_the_order_to_the_parcel_on_its_way(sending: Desk, api: httpx.AsyncClient) -> None:
    rates = await sending.rated()
    chosen = attribute(rates, "value", "checked")
    bought = await sending.buy(chosen)
    assert "In progress" in bought.text
    assert "Buy label" not in bought.text
    poll = attribute(bought.text, "hx-get", "/labels/")
    assert (await sending.browser.poll(poll)).status_code == 204
    await drain()
    done = (await sending.browser.poll(poll)).text
    assert "Bought" in done and "Open PDF" in done and "Shipped" in done
    pdf = await sending.browser.get(attribute(done, "href", "/files/labels/"))
    assert pdf.content.startswith(b"%PDF-") and pdf.headers["content-type"] == "application/pdf"
    track = attribute(done, "hx-get", "/tracks/")
    assert (await sending.browser.poll(track)).status_code == 204
    number = (await api.get("/transactions")).json()["results"][0]["tracking_number"]
    for _ in range(2):
        assert (
            await api.post("/simulator/advance", json={"to_next_scan": True, "tracking_number": number})
        ).status_code < 300
        await drain()
    news = await sending.browser.poll(track)
    assert "Accepted by carrier" in news.text
    page = await sending.page()
    assert number in page and "Accepted by carrier" in page and "Get rates" not in page
    listed = (await sending.browser.get("/app/shipments")).text
    assert number in listed and "#1068" in listed and "Mr Hippo" in listed and "In transit" in listed


async def test_buying_twice_shows_the_one_label(sending: Desk, api: httpx.AsyncClient) -> None:
    rate = attribute(await sending.rated(), "value", "checked")
    first, second = await sending.buy(rate), await sending.buy(rate)
    ids = [re.findall(r'id="label-([0-9a-f]{32})"', answer.text) for answer in (first, second)]
    assert ids[0] == ids[1] and len(ids[0]) == 1
    await drain()
    third = await sending.buy(rate)
    assert "Open PDF" in third.text
    assert len((await api.get("/transactions")).json()["results"]) == 1


async def test_a_refunded_label_frees_the_order_again(sending: Desk) -> None:
    await sending.buy(attribute(await sending.rated(), "value", "checked"))
    await drain()
    refund = attribute(await sending.page(), "action", "/refund")
    asked = await sending.browser.post(refund)
    assert asked.headers["location"] == sending.path
    page = await sending.page()
    assert "Refund requested" in page and "Open PDF" not in page and "is asked for the refund" in page
    poll = attribute(page, "hx-get", "/labels/")
    assert (await sending.browser.poll(poll)).status_code == 204
    await drain()
    done = (await sending.browser.poll(poll)).text
    assert "Refunded" in done and "Paid" in done and "Get new rates" in done
    again = await sending.browser.post(refund)
    assert again.status_code == 303
    assert "Get rates" in await sending.page()


async def test_an_order_is_cancelled_unless_it_was_shipped(sending: Desk, api: httpx.AsyncClient) -> None:
    cancel = attribute(await sending.page(), "action", "/cancel")
    await sending.browser.post(cancel)
    page = await sending.page()
    assert "The order was cancelled." in page and "Get rates" not in page and "/cancel" not in page
    other = Desk(sending.browser, await push(api, order_number="#2"))
    await other.buy(attribute(await other.rated(), "value", "checked"))
    await drain()
    assert "/cancel" not in await other.page()
    await other.browser.post(f"{other.path}/cancel")
    page = await other.page()
    assert "Shipped" in page and 'data-toast="error"' in page


async def test_the_packing_slip_is_a_pdf(desk: Desk) -> None:
    link = attribute(await desk.page(), "href", "/slip")
    made = await desk.browser.get(link)
    assert made.status_code == 303
    slip = await desk.browser.get(made.headers["location"])
    assert slip.content.startswith(b"%PDF-")


async def test_the_page_knows_label_and_rates_after_a_reload(sending: Desk) -> None:
    waiting = await sending.get_rates()
    await drain()
    again = await sending.browser.get(waiting.headers["hx-replace-url"])
    assert "USPS" in again.text and "Get new rates" in again.text
    assert 'value="10"' in again.text
    await sending.buy(attribute(again.text, "value", "checked"))
    buying = await sending.page()
    assert "In progress" in buying and "Get rates" not in buying
    await drain()
    assert "Open PDF" in await sending.page()


async def test_the_parcel_form_starts_from_the_order_and_the_last_parcel(sending: Desk, api: httpx.AsyncClient) -> None:
    assert re.search(r'name="weight" value="0.4"', await sending.page())
    await sending.get_rates()
    other = Desk(sending.browser, await push(api, order_number="#2", weight="3.50", weight_unit="kg"))
    page = await other.page()
    assert "Last used · 10 × 8 × 4 in" in page
    assert re.search(r'name="weight" value="3.5"', page)
    assert "USPS Medium Flat Rate Box 1" in page


async def test_a_packaging_of_a_carrier_is_asked_for_as_such(sending: Desk, api: httpx.AsyncClient) -> None:
    answer = await sending.get_rates(preset="USPS_MediumFlatRateBox1", length="", width="", height="")
    assert answer.status_code == 200, answer.text
    shipment = (await api.get("/shipments")).json()["results"][0]
    assert shipment["parcels"][0]["template"] == "USPS_MediumFlatRateBox1"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("weight", "", "This field is required."),
        ("weight", "0", "Ensure this value is greater than 0."),
        ("length", "ten", "A valid number is required."),
        ("height", "-1", "Ensure this value is greater than 0."),
        ("width", "1e9", "no more than 6 digits"),
        ("mass_unit", "stone", "is not a valid choice."),
    ],
)
async def test_what_is_wrong_with_a_parcel_is_said_at_its_field(
    sending: Desk, field: str, value: str, told: str
) -> None:
    answer = await sending.get_rates(**{field: value})
    assert answer.status_code == 422
    assert told in answer.text.replace("&#34;", '"')
    assert 'id="parcel"' in answer.text and "<html" not in answer.text
    assert 'value="4"' in answer.text or field == "height"


async def test_a_comma_is_a_point_too(sending: Desk, api: httpx.AsyncClient) -> None:
    assert (await sending.get_rates(weight="2,5", length="10,25")).status_code == 200
    parcel = (await api.get("/shipments")).json()["results"][0]["parcels"][0]
    assert (float(parcel["weight"]), float(parcel["length"])) == (2.5, 10.25)


async def test_nothing_is_rated_before_somebody_says_where_it_is_sent_from(desk: Desk) -> None:
    page = await desk.page()
    assert "Where do you ship from?" in page and "Get rates" not in page
    assert (await desk.get_rates()).status_code == 422
    wrong = await desk.browser.post(f"{desk.path}/sender", {**SENDER, "zip": "", "state": ""})
    assert wrong.status_code == 422
    assert "Carriers need the postal code." in wrong.text and "Carriers need the state." in wrong.text
    assert 'value="1 Demo Wharf"' in wrong.text
    await desk.say_sender()
    page = await desk.page()
    assert "Get rates" in page and "Where do you ship from?" not in page and "You ship from this address" in page
    change = (await desk.browser.get(f"{desk.path}?edit=sender")).text
    assert 'value="+15550100100"' in change and "Get rates" in change


async def test_an_order_that_says_where_it_is_sent_from_needs_no_asking(
    at_desk: Browser, api: httpx.AsyncClient
) -> None:
    sender = {**SENDER, "name": "Harbor Warehouse"}
    desk = Desk(at_desk, await push(api, from_address=sender))
    page = await desk.page()
    assert "Harbor Warehouse" in page and "Get rates" in page and "?edit=sender" not in page
    await desk.rated()
    assert (await api.get("/shipments")).json()["results"][0]["address_from"]["name"] == "Harbor Warehouse"


async def test_why_a_label_cannot_be_bought_is_said_beside_the_rates(at_desk: Browser, api: httpx.AsyncClient) -> None:
    to = {"name": "Mr Hippo", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"}
    desk = Desk(at_desk, await push(api, to_address=to, from_address=SENDER))
    answer = await desk.buy(attribute(await desk.rated(), "value", "checked"))
    assert answer.status_code == 200
    assert answer.headers["hx-retarget"] == "#rates"
    assert "Ship to, street: This field is required to buy a label." in answer.text
    assert "Buy label" in answer.text


@pytest.mark.parametrize("fields", [{}, {"rate": "x", "label_file_type": "PDF"}, {"rate": "0" * 32}])
async def test_a_purchase_of_nothing_is_refused(desk: Desk, fields: dict[str, str]) -> None:
    answer = await desk.browser.post(f"{desk.path}/labels", fields)
    assert answer.status_code in (400, 404)


async def test_charlie_finds_nothing_of_it(
    sending: Desk,
    api: httpx.AsyncClient,
    charlie: Person,
    product: Callable[..., httpx.AsyncClient],
) -> None:
    waiting = await sending.get_rates()
    rates_url = attribute(waiting.text, "hx-get", "/rates/")
    await drain()
    rate = attribute((await sending.browser.poll(rates_url)).text, "value", "checked")
    bought = await sending.buy(rate)
    label_url = attribute(bought.text, "hx-get", "/labels/")
    await drain()
    track_url = attribute((await sending.browser.poll(label_url)).text, "hx-get", "/tracks/")
    other = Browser(product(Accept="text/html"))
    await other.sign_in(charlie)
    await other.get("/app/orders")
    for path in (sending.path, f"{sending.path}/slip", rates_url, label_url, track_url, "/app/orders/nonsense"):
        assert (await other.get(path)).status_code == 404, path
    posts = {
        f"{sending.path}/rates": PARCEL,
        f"{sending.path}/labels": {"rate": rate, "label_file_type": "PDF_4x6"},
        track_url.partition("?")[0]: {},
        f"{sending.path}/cancel": {},
        f"{label_url.partition('?')[0]}/refund": {},
    }
    for path, fields in posts.items():
        assert (await other.post(path, fields)).status_code == 404, path
    assert (await other.get(f"/app/shipments?q={(await number_of(api))}")).text.count("data-row-link") == 0


async def test_what_belongs_to_another_order_is_not_found_here(sending: Desk, api: httpx.AsyncClient) -> None:
    rate = attribute(await sending.rated(), "value", "checked")
    other = Desk(sending.browser, await push(api, order_number="#2"))
    assert (await other.buy(rate)).status_code == 404
    assert (await api.get("/transactions")).json()["results"] == []


async def test_shipments_are_found_by_number_name_and_state(sending: Desk, api: httpx.AsyncClient) -> None:
    await sending.buy(attribute(await sending.rated(), "value", "checked"))
    await drain()
    number = await number_of(api)

    async def rows(**query: str) -> int:
        answer = await sending.browser.client.get("/app/shipments", params=query)
        assert answer.status_code == 200
        return answer.text.count("data-row-link")

    assert [await rows(), await rows(q=number), await rows(q="hippo #1068"), await rows(tab="waiting")] == [1, 1, 1, 1]
    assert [await rows(q="nobody"), await rows(tab="delivered"), await rows(q=number, tab="moving")] == [0, 0, 0]
    spaced = " ".join(number[start : start + 4] for start in range(0, len(number), 4))
    assert await rows(q=spaced) == 1


async def number_of(api: httpx.AsyncClient) -> str:
    number: str = (await api.get("/transactions")).json()["results"][0]["tracking_number"]
    return number


async def test_an_invoice_is_opened_from_the_page(desk: Desk, api: httpx.AsyncClient) -> None:
    toronto = {**SENDER, "name": "Carla Example", "city": "Toronto", "state": "ON", "zip": "M5V 2T6", "country": "CA"}
    order = desk.path.rpartition("/")[2]
    body = shipment_body(address_to=toronto, customs_declaration=DECLARATION, order=order)
    rates = (await api.post("/shipments", json=body)).json()["rates"]
    label = (await api.post("/transactions", json={"rate": rates[0]["object_id"], "async": False})).json()
    assert label["status"] == "SUCCESS", label["messages"]
    page = await desk.page()
    assert "Commercial invoice" in page
    invoice = await desk.browser.get(attribute(page, "href", "/files/invoices/"))
    assert invoice.content.startswith(b"%PDF-")

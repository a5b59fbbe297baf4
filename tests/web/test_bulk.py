"""Many orders at once: from the boxes in the list to one batch and one file to print."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import httpx
import pypdfium2
import pytest

from portside.jobs.drain import drain
from tests.support.cast import Person
from tests.web.conftest import Browser
from tests.web.test_customs import GDANSK
from tests.web.test_order_page import PARCEL, Desk
from tests.web.test_orders import push

SIZE = {name: PARCEL[name] for name in ("length", "width", "height", "distance_unit")}
PARTIAL = {"HX-Request-Type": "partial"}


@pytest.fixture
async def clerk(at_desk: Browser, api: httpx.AsyncClient) -> Browser:
    """alice, who has said where she ships from."""
    await Desk(at_desk, await push(api, order_number="#first", order_status="CANCELLED")).say_sender()
    await at_desk.get("/app/orders")
    return at_desk


async def picked(clerk: Browser, orders: Sequence[str]) -> httpx.Response:
    """The page that the button under the boxes leads to."""
    answer = await clerk.client.post("/app/orders/ship", data={"_csrf_token": clerk.token, "order[]": list(orders)})
    assert answer.status_code == 303
    return await clerk.get(answer.headers["location"])


async def rated(clerk: Browser, orders: Sequence[str], **changes: str) -> httpx.Response:
    """What follows the form of the parcels."""
    weights = {f"weight_{order}": "0.5" for order in orders} | {f"unit_{order}": "lb" for order in orders}
    return await clerk.post("/app/bulk/rates", {"orders": ",".join(orders), **SIZE, **weights, **changes})


def chosen(page: str) -> dict[str, str]:
    """The rates that the form would buy as it stands."""
    found = {}
    for name, options in re.findall(r'<select[^>]+name="(rate_[0-9a-f]{32})"[^>]*>(.*?)</select>', page, re.S):
        picked_option = re.search(r'<option value="([0-9a-f]*)"[^>]*selected', options)
        assert picked_option is not None
        found[name] = picked_option[1]
    return found


async def test_ten_orders_become_one_file(clerk: Browser, api: httpx.AsyncClient) -> None:
    orders = [await push(api, order_number=f"#{number}") for number in range(10)]
    form = await picked(clerk, orders)
    assert "Ship 10 orders" in form.text
    answer = await rated(clerk, orders)
    rates_url = answer.headers["location"]
    waiting = await clerk.get(rates_url)
    assert "0 of 10 orders are rated" in waiting.text and "Buy" not in waiting.text
    poll = re.search(r'hx-get="([^"]+waiting=10)"', waiting.text)
    assert poll is not None
    assert (await clerk.poll(poll[1].replace("&amp;", "&"))).status_code == 204
    await drain()
    page = (await clerk.poll(poll[1].replace("&amp;", "&"))).text
    rates = chosen(page)
    assert len(rates) == 10
    shipments = parse_qs(urlsplit(rates_url).query)["shipments"][0]
    fields = {"shipments": shipments, "label_file_type": "PDF_4x6", **rates}
    batch_url = (await clerk.post("/app/bulk/labels", fields)).headers["location"]
    assert "Buying labels: 0 of 10 labels" in (await clerk.get(batch_url)).text
    await drain()
    news = (await clerk.poll(f"{batch_url}?seen=earlier")).text
    assert 'hx-target="#count-orders" hx-swap="innerHTML"></hx-partial>' in news
    done = (await clerk.get(batch_url)).text
    assert "Bought: 10 of 10 labels" in done
    file = re.search(r'href="([^"]+)"[^>]*>(?:(?!</a>).)*Print 10 labels', done, re.S)
    assert file is not None
    pdf = await api.get(file[1].replace("&amp;", "&"))
    assert len(pypdfium2.PdfDocument(io.BytesIO(pdf.content))) == 10
    listed = (await api.get("/orders?results=50")).json()["results"]
    assert sorted(order["order_number"] for order in listed if order["order_status"] == "SHIPPED") == [
        f"#{number}" for number in range(10)
    ]
    labels = (await api.get("/transactions?results=50")).json()["results"]
    assert {label["rate"] for label in labels} == set(rates.values()), "what was shown is what was bought"


async def test_the_cheapest_or_the_fastest_is_chosen_for_all(clerk: Browser, api: httpx.AsyncClient) -> None:
    orders = [await push(api, order_number=f"#{number}") for number in range(2)]
    url = (await rated(clerk, orders)).headers["location"]
    await drain()
    cheap, fast = [chosen((await clerk.get(f"{url}&prefer={prefer}")).text) for prefer in ("", "fastest")]
    assert cheap.keys() == fast.keys() and not set(cheap.values()) & set(fast.values())
    for wanted, attribute in ((cheap, "CHEAPEST"), (fast, "FASTEST")):
        for rate in wanted.values():
            assert attribute in (await api.get(f"/rates/{rate}")).json()["attributes"]


async def test_bought_twice_it_is_bought_once(clerk: Browser, api: httpx.AsyncClient) -> None:
    order = await push(api)
    url = (await rated(clerk, [order])).headers["location"]
    await drain()
    fields = {"label_file_type": "PDF_4x6", "shipments": url.partition("=")[2], **chosen((await clerk.get(url)).text)}
    first = await clerk.post("/app/bulk/labels", fields)
    second = await clerk.post("/app/bulk/labels", fields)
    await drain()
    assert first.headers["location"] != second.headers["location"]
    assert len((await api.get("/transactions")).json()["results"]) == 1
    again = await clerk.post("/app/bulk/labels", fields)
    assert again.headers["location"] == "/app/orders", "the order is shipped"


async def test_some_are_left_out_and_it_says_why(clerk: Browser, api: httpx.AsyncClient) -> None:
    plain, abroad = await push(api), await push(api, to_address=GDANSK)
    gone = await push(api, order_status="CANCELLED")
    page = await picked(clerk, [plain, abroad, gone])
    assert "Ship 1 order" in page.text
    assert "where customs are declared" in page.text and "Shipped already, or cancelled." in page.text
    url = (await rated(clerk, [plain, abroad, gone])).headers["location"]
    assert url.count("%2C") == 0, "one shipment"


async def test_a_wrong_weight_is_marked_at_its_order(clerk: Browser, api: httpx.AsyncClient) -> None:
    one, other = await push(api), await push(api)
    wrong = await rated(clerk, [one, other], **{f"weight_{other}": "heavy"})
    assert wrong.status_code == 422
    assert f'id="weight_{other}-wrong"' in wrong.text and f'id="weight_{one}-wrong"' not in wrong.text
    assert 'value="heavy"' in wrong.text
    assert (await api.get("/shipments")).json()["results"] == []


async def test_a_refused_label_is_told_and_leaves_the_others(clerk: Browser, api: httpx.AsyncClient) -> None:
    good = await push(api, order_number="#good")
    refused = {"name": "Bob", "company": "SIM_REFUSE", "street1": "1 Broadway", "city": "New York", "state": "NY"}
    bad = await push(api, order_number="#bad", to_address={**refused, "zip": "10004", "country": "US"})
    url = (await rated(clerk, [good, bad])).headers["location"]
    await drain()
    shipments = parse_qs(urlsplit(url).query)["shipments"][0]
    fields = {"label_file_type": "PDF_4x6", "shipments": shipments, **chosen((await clerk.get(url)).text)}
    batch = (await clerk.post("/app/bulk/labels", fields)).headers["location"]
    await drain()
    page = (await clerk.get(batch)).text
    assert "Bought: 1 of 2 labels, 1 failed" in page and "1 label was not bought" in page
    failed = (await clerk.get(f"{batch}?failed=1")).text
    assert "#bad" in failed and "#good" not in failed
    assert "Bought" in (await clerk.get("/app/batches")).text


async def test_nothing_of_anybody_else_is_seen_or_bought(
    clerk: Browser, charlie_api: httpx.AsyncClient, api: httpx.AsyncClient
) -> None:
    foreign = await push(charlie_api, order_number="#charlies")
    answer = await clerk.client.post("/app/orders/ship", data={"_csrf_token": clerk.token, "order[]": [foreign]})
    page = await clerk.get(answer.headers["location"])
    assert page.headers["location"] == "/app/orders"
    assert "#charlies" not in page.text
    assert (await rated(clerk, [foreign])).headers["location"] == "/app/orders"
    own = (await rated(clerk, [await push(api)])).headers["location"].partition("=")[2]
    await drain()
    fields = {"shipments": own, f"rate_{own}": foreign, "label_file_type": "PDF_4x6"}
    assert (await clerk.post("/app/bulk/labels", fields)).headers["location"] == "/app/orders"
    assert (await api.get("/transactions")).json()["results"] == []


async def test_nonsense_is_refused_politely(clerk: Browser, alice: Person) -> None:
    for path in ("/app/bulk", "/app/bulk?orders=x,,y"):
        assert (await clerk.get(path)).headers["location"] == "/app/orders"
    empty = await clerk.post("/app/orders/ship", {})
    assert empty.headers["location"] == "/app/orders"
    assert (await clerk.post("/app/bulk/labels", {"label_file_type": "GIF"})).status_code == 400
    assert (await clerk.get(f"/app/batches/{alice.account_id}")).status_code == 404

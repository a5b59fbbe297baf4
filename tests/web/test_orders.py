"""The list of orders: what is pushed appears, what is looked for is found, and nobody sees another's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.orders.data import order_body
from tests.support.cast import Person
from tests.web.conftest import Browser

LIST = "/app/orders"


async def push(api: httpx.AsyncClient, **changes: Any) -> str:
    answer = await api.post("/orders", json=order_body(**changes))
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["object_id"]
    return number


def poll_path(page: httpx.Response) -> str:
    found = re.search(r'<div id="results"\s*hx-get="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1].replace("&amp;", "&")


async def test_a_pushed_order_reaches_the_open_page_and_news_is_told_once(
    at_desk: Browser, api: httpx.AsyncClient
) -> None:
    page = await at_desk.get(LIST)
    assert "Nothing to ship" in page.text
    assert (await at_desk.poll(poll_path(page))).status_code == 204
    await push(api, order_number="#1068")
    news = await at_desk.poll(poll_path(page))
    assert news.status_code == 200
    assert "#1068" in news.text and "<html" not in news.text
    assert 'hx-target="#tabs"' in news.text and 'hx-target="#count-orders"' in news.text
    assert (await at_desk.poll(poll_path(news))).status_code == 204
    await push(api, order_number="#1069")
    assert "#1069" in (await at_desk.poll(poll_path(news))).text


async def test_going_back_in_history_gets_the_whole_page(at_desk: Browser) -> None:
    answer = await at_desk.get(LIST, **{"HX-Request": "true", "HX-Request-Type": "full"})
    assert "<html" in answer.text


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("1068", True),
        ("#1068", True),
        ("zolkiewska", True),
        ("ŻÓŁ lodz", True),
        ("mug-9", True),
        ("1068 zofia", True),
        ("1068 nobody", False),
        ("100%", False),
        ("_", False),
        ("\\", False),
    ],
)
async def test_orders_are_found_by_what_people_type(
    at_desk: Browser, api: httpx.AsyncClient, q: str, found: bool
) -> None:
    to = {"name": "Zofia Żółkiewska", "street1": "Piotrkowska 1", "city": "Łódź", "zip": "90-001", "country": "PL"}
    line = {"title": "Mug", "sku": "MUG-9", "quantity": 2, "weight": "1", "weight_unit": "lb"}
    await push(api, order_number="#1068", to_address=to, line_items=[line])
    page = await at_desk.client.get(LIST, params={"q": q})
    assert ("Zofia" in page.text) is found
    assert ("Nothing fits" in page.text) is not found
    # Looking through everything whenever an order comes would be too much.
    assert "data-live=" not in page.text


async def test_tabs_and_filters_choose(at_desk: Browser, api: httpx.AsyncClient) -> None:
    await push(api, order_number="paid", order_status="PAID")
    await push(api, order_number="unpaid", order_status="AWAITPAY")
    await push(api, order_number="gone", order_status="CANCELLED")
    await push(api, order_number="ancient", order_status="PAID", placed_at="2001-01-01T00:00:00Z")

    async def shown(**query: str) -> set[str]:
        page = await at_desk.client.get(LIST, params=query)
        assert page.status_code == 200
        return set(re.findall(r"data-row-link>(\w+)<", page.text))

    assert await shown() == {"paid", "ancient"}
    assert await shown(tab="unpaid") == {"unpaid"}
    assert await shown(tab="closed") == {"gone"}
    assert await shown(tab="all") == {"paid", "unpaid", "gone", "ancient"}
    assert await shown(placed="30") <= {"paid"}
    assert await shown(store="Etsy") == set()
    assert await shown(store="Shippo") == {"paid", "ancient"}
    assert await shown(tab="nonsense", store="x", placed="y", after="z") == {"paid", "ancient"}
    page = await at_desk.get(LIST)
    counts = re.findall(r'class="count">([^<]+)<', page.text)
    assert counts == ["2", "1"]
    assert 'id="count-orders">2<' in page.text


async def test_pages_follow_each_other_both_ways(
    at_desk: Browser, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portside.web.lists.PAGE_SIZE", 2)
    for number in range(5):
        await push(api, order_number=f"n{number}")

    def rows(page: httpx.Response) -> list[str]:
        return re.findall(r"data-row-link>(\w+)<", page.text)

    def link(page: httpx.Response, rel: str) -> str:
        found = re.search(rf'rel="{rel}" href="([^"]+)"', page.text)
        return found[1].replace("&amp;", "&") if found else ""

    first = await at_desk.get(LIST)
    second = await at_desk.get(link(first, "next"))
    third = await at_desk.get(link(second, "next"))
    assert [rows(first), rows(second), rows(third)] == [["n4", "n3"], ["n2", "n1"], ["n0"]]
    assert (link(first, "prev"), link(third, "next")) == ("", "")
    back = await at_desk.get(link(third, "prev"))
    assert rows(back) == ["n2", "n1"]
    assert rows(await at_desk.get(link(back, "prev"))) == ["n4", "n3"]


async def test_charlie_and_the_other_mode_see_nothing(
    at_desk: Browser, api: httpx.AsyncClient, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    await push(api, order_number="secret", order_status="PAID")
    assert "secret" in (await at_desk.get(LIST)).text
    other = Browser(product(Accept="text/html"))
    await other.sign_in(charlie)
    for path in (LIST, f"{LIST}?tab=all", f"{LIST}?q=secret"):
        assert "data-row-link>secret" not in (await other.get(path)).text
    await at_desk.post("/app/mode", {"mode": "live"})
    assert "secret" not in (await at_desk.get(LIST)).text


async def test_what_a_store_sends_is_only_ever_text(at_desk: Browser, api: httpx.AsyncClient) -> None:
    await push(api, order_number="<script>alert(1)</script>", shipping_method='"><img src=x onerror=y>')
    page = await at_desk.get(LIST)
    assert "<script>alert" not in page.text and "<img src=x" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text

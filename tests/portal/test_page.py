"""The public page of a parcel: what it says, to whom, and what it never does."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Callable

import httpx
import pytest

from portside.db.begin import begin
from portside.kit.clock import now
from portside.tracking.actions import register_track
from portside.tracking.rules import page_path, read_link
from tests.support.buying import Shop, words
from tests.support.cast import Person
from tests.support.labelling import scan


async def page_of(visitor: httpx.AsyncClient, shop: Shop, label: dict[str, str]) -> str:
    answer = await visitor.get(await shop.link(label))
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_it_says_where_the_parcel_is_and_what_is_in_it(shop: Shop, visitor: httpx.AsyncClient) -> None:
    await shop.looks(name="Lantern & Rope", support_email="help@lantern.example")
    label = await shop.buy(order=await shop.order())
    early = words(await page_of(visitor, shop, label))
    assert "No news yet" in early and "No scans yet" in early and "Test label" in early
    moved = now() + dt.timedelta(days=3)
    await shop.scan(
        label, scan("TRANSIT", "package_accepted", 1), scan("TRANSIT", "package_departed", 3, "Left", "Elko"), eta=moved
    )
    page = words(await page_of(visitor, shop, label))
    assert "Lantern &amp; Rope" in page and "help@lantern.example" in page
    assert (
        "Left a facility" in page
        and "Your parcel is on to its next station" in page
        and f"Expected {moved:%a} {moved.day} {moved:%b}" in page
    )
    assert "was expected Mon 2 Mar" in page
    assert label["tracking_number"] in page and "USPS" in page and "#1068" in page
    assert page.index("Elko, NV, US · Mon 2 Mar, 11:00 UTC") < page.index("Reno, NV, US · Mon 2 Mar, 09:00 UTC")
    assert "$" not in page and "Sample Street" not in page and "carla@" not in page


async def test_items_of_the_order_are_named_without_prices(shop: Shop, visitor: httpx.AsyncClient) -> None:
    label = await shop.buy(
        order=await shop.order(
            line_items=[{"title": "<b>Rope</b>", "quantity": 2, "total_price": "9.75", "currency": "USD"}]
        )
    )
    page = await page_of(visitor, shop, label)
    assert "2 × &lt;b&gt;Rope&lt;/b&gt;" in page and "9.75" not in page
    alone = await shop.buy()
    assert "Rope" not in await page_of(visitor, shop, alone)


async def test_an_exception_is_explained_with_what_to_do(shop: Shop, visitor: httpx.AsyncClient) -> None:
    await shop.looks(name="Lantern & Rope")
    label = await shop.buy()
    await shop.scan(label, scan("TRANSIT", "address_issue", 5))
    page = words(await page_of(visitor, shop, label))
    assert "Address problem" in page and "Send your full address to Lantern &amp; Rope" in page
    await shop.scan(label, scan("RETURNED", "package_unclaimed", 90))
    assert "Call USPS now: it may still be there" in words(await page_of(visitor, shop, label))


async def test_a_day_that_is_over_was_expected(shop: Shop, visitor: httpx.AsyncClient) -> None:
    label = await shop.buy()
    await shop.scan(label, scan("TRANSIT", "package_accepted", 1))
    assert "Was expected Mon 2 Mar It is later than planned" in words(await page_of(visitor, shop, label))
    await shop.scan(label, scan("DELIVERED", "delivered", 48))
    page = words(await page_of(visitor, shop, label))
    assert "Arrived Wed 4 Mar" in page and "expected" not in page


async def test_a_refunded_label_says_so(shop: Shop, visitor: httpx.AsyncClient) -> None:
    label = await shop.buy()
    assert (await shop.api.post("/refunds", json={"transaction": label["object_id"]})).status_code == 201
    assert "The sender has cancelled this label" in words(await page_of(visitor, shop, label))


async def test_parcels_of_one_purchase_lead_to_each_other(shop: Shop, visitor: httpx.AsyncClient) -> None:
    parcel = {"length": "10", "width": "8", "height": "4", "distance_unit": "in", "weight": "1", "mass_unit": "lb"}
    label = await shop.buy(parcels=[parcel, parcel])
    page = await page_of(visitor, shop, label)
    (other,) = re.findall(r'href="(/t/[^"/]+)"', page)
    assert other != await shop.link(label)
    assert await shop.link(label) in (await visitor.get(other)).text


async def test_a_number_that_was_not_bought_here_has_a_page_too(
    shop: Shop, visitor: httpx.AsyncClient, alice: Person
) -> None:
    async with begin() as tx:
        track = await register_track(tx, alice.scope, "usps", "ABCD1234")
    page = await visitor.get(page_path(track.link))
    assert page.status_code == 200 and "ABCD1234" in page.text and "https://usps.example/ABCD1234" in page.text
    assert "Messages about" not in page.text
    answer = await visitor.get(page_path(track.link) + "/messages")
    assert "Nothing is sent about this parcel" in answer.text


async def test_the_merchant_may_send_buyers_to_the_carrier(shop: Shop, visitor: httpx.AsyncClient) -> None:
    label = await shop.buy()
    page = await page_of(visitor, shop, label)
    assert f'href="{label["tracking_url_provider"]}"' in page
    await shop.looks(tracking_page="carrier")
    answer = await visitor.get(await shop.link(label) + "?next=https://evil.example&url=https://evil.example")
    assert (answer.status_code, answer.headers["location"]) == (302, label["tracking_url_provider"])
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_two_merchants_with_one_number_have_two_pages(
    shop: Shop, visitor: httpx.AsyncClient, charlie: Person
) -> None:
    await shop.looks(name="Lantern & Rope")
    label = await shop.buy(order=await shop.order())
    async with begin() as tx:
        theirs = await register_track(tx, charlie.scope, "usps", label["tracking_number"])
    assert page_path(theirs.link) != await shop.link(label)
    page = words((await visitor.get(page_path(theirs.link))).text)
    assert "Charlie Ltd" in page and "Lantern" not in page and "#1068" not in page


async def test_nobody_is_tracked_and_nothing_but_the_page_is_loaded(shop: Shop, visitor: httpx.AsyncClient) -> None:
    label = await shop.buy()
    answer = await visitor.get(await shop.link(label))
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-robots-tag"] == "noindex, nofollow" and 'content="noindex' in answer.text
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "<script" not in answer.text and "style=" not in answer.text and len(answer.content) < 20_000


BAD = [
    "A" * 22,
    "x",
    "A" * 21 + "B",
    "%00" * 22,
    "AAAAAAAAAA%00AAAAAAAAAAA",
    "..%2F..%2Fetc%2Fpasswd",
    "é" * 22,
    "A" * 60_000,
    "' OR 1=1 --",
]


@pytest.mark.parametrize("link", BAD, ids=range(len(BAD)))
async def test_a_link_that_is_none_is_not_found(visitor: httpx.AsyncClient, link: str) -> None:
    for path in (f"/t/{link}", f"/t/{link}/messages", f"/track/{link}"):
        assert (await visitor.get(path)).status_code == 404, path[:60]
    assert (await visitor.post(f"/t/{link}/messages", content=b"\x00" * 100)).status_code == 404


async def test_what_is_known_of_a_parcel_leads_to_no_page(shop: Shop, visitor: httpx.AsyncClient) -> None:
    label = await shop.buy()
    for guess in (label["tracking_number"], label["object_id"], shop.owner.account_id):
        for path in ("/t/", "/track/"):
            assert (await visitor.get(path + guess)).status_code == 404
    link = await shop.link(label)
    moved = await visitor.get(link.replace("/t/", "/track/"))
    assert (moved.status_code, moved.headers["location"]) == (301, link)


def test_a_link_is_written_in_one_way_only() -> None:
    link = page_path(read_link("A" * 21 + "A") or "")  # type: ignore[arg-type]
    assert link == "/t/" + "A" * 22
    assert read_link("A" * 21 + "B") is None and read_link("A" * 22 + "\n") is None and read_link("") is None


async def test_the_page_goes_with_its_track(shop: Shop, visitor: httpx.AsyncClient, alice: Person) -> None:
    async with begin() as tx:
        track = await register_track(tx, alice.scope, "usps", "GONE1234")
    assert (await visitor.get(page_path(track.link))).status_code == 200
    async with begin() as tx:
        await tx.execute("DELETE FROM tracks WHERE link = $1", track.link)
    assert (await visitor.get(page_path(track.link))).status_code == 404


async def test_a_live_page_does_not_speak_of_tests(
    product: Callable[..., httpx.AsyncClient], alice: Person, visitor: httpx.AsyncClient
) -> None:
    async with begin() as tx:
        track = await register_track(tx, alice.live_scope, "usps", "LIVE1234")
    assert "Test label" not in (await visitor.get(page_path(track.link))).text

"""Buyers' pages in a real browser: styled under their policy, on a small phone, by day and by night."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Request, Route

from tests.support.browser import browser_page, skip_without_browser
from tests.support.buying import Shop
from tests.support.labelling import scan

HOST = "http://portside.test"
# A word that no line can hold.
LONG = "W" * 90


def look_at(answers: dict[str, httpx.Response], path: str, *, dark: bool) -> dict[str, object]:
    """What a browser makes of one of the answers."""
    with browser_page(width=360, height=740, dark=dark) as page:
        if page is None:
            skip_without_browser()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))

        def answer(route: Route, request: Request) -> None:
            given = answers[urlsplit(request.url).path]
            route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

        page.route("**/*", answer)
        page.goto(HOST + path)
        found: dict[str, object] = page.evaluate(
            "() => ({width: document.documentElement.scrollWidth, "
            "band: getComputedStyle(document.querySelector('.band')).backgroundColor, "
            "ground: getComputedStyle(document.body).backgroundColor, "
            "ink: getComputedStyle(document.body).color})"
        )
        return {**found, "told": told, "cookies": page.context.cookies()}


@pytest.mark.browser
async def test_it_is_styled_and_fits_a_phone_by_day_and_by_night(shop: Shop, visitor: httpx.AsyncClient) -> None:
    await shop.looks(name=LONG, color="#ffd200", support_email=f"help@{'lantern' * 8}.example")
    item = {"title": LONG, "quantity": 2, "total_price": "9.75", "currency": "USD"}
    label = await shop.buy(order=await shop.order(line_items=[item]))
    await shop.scan(label, scan("TRANSIT", "delivery_attempted", 5, LONG, LONG))
    link = await shop.link(label)
    for path in (link, f"{link}/messages"):
        answers = {path: await visitor.get(path)}
        day = await asyncio.to_thread(look_at, answers, path, dark=False)
        night = await asyncio.to_thread(look_at, answers, path, dark=True)
        for seen in (day, night):
            assert (seen["told"], seen["cookies"], seen["width"]) == ([], [], 360), path
            assert seen["band"] == "rgb(255, 210, 0)"
        assert (day["ground"], day["ink"]) == ("rgb(243, 245, 247)", "rgb(23, 33, 43)")
        assert (night["ground"], night["ink"]) == ("rgb(17, 23, 28)", "rgb(232, 237, 242)")

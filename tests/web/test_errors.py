"""Who gets an error as a page, and who as the API documents it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.support.cast import Person
from tests.support.connecting import Partner, Visit
from tests.web.conftest import Browser


async def test_a_person_who_lost_the_way_gets_a_page(browser: Browser) -> None:
    answer = await browser.get("/nowhere")
    assert answer.status_code == 404
    assert "Back to orders" in answer.text


async def test_old_clients_of_the_api_keep_their_404(product: Callable[..., httpx.AsyncClient], alice: Person) -> None:
    missing = "/orders/" + "0" * 32
    async with product(alice.token, Accept="text/html") as client:
        answer = await client.get(missing)
        unknown = await client.get("/nowhere")
    for each in (answer, unknown):
        assert each.status_code == 404
        assert each.text.startswith("<h1>Not Found</h1><p>The requested URL ")
    async with product(alice.token) as client:
        assert (await client.get(missing)).json() == {"detail": "Not found."}
        assert (await client.get("/nowhere")).json() == {"detail": "Not found."}


async def test_a_browser_at_a_path_of_the_api_is_answered_by_the_api(at_desk: Browser) -> None:
    answer = await at_desk.get("/orders")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/json"
    assert "<h1>Not Found</h1>" in (await at_desk.get("/orders/x/y/z")).text


async def test_fragments_get_a_status_and_no_page(at_desk: Browser) -> None:
    answer = await at_desk.poll("/app/orders/" + "0" * 32)
    assert (answer.status_code, answer.text) == (404, "")


async def test_a_page_that_cannot_be_posted_to_says_so(at_desk: Browser) -> None:
    answer = await at_desk.post("/app/orders")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert "Back to orders" in answer.text


@pytest.mark.parametrize("wrong", ["https://[evil", "https://[evil]x/", "//", "x", "http://"])
async def test_headers_that_hold_no_url_are_nobodys_fault(
    at_desk: Browser, window: Visit, partner: Partner, wrong: str
) -> None:
    framed = {"Sec-Fetch-Dest": "iframe", "Referer": wrong}
    assert (await window.client.get(partner.asks(), headers=framed)).status_code in (200, 403)
    posted = await window.client.post(partner.asks(), data={"step": "allow"}, headers={"Origin": wrong})
    assert posted.status_code in (403, 410)
    assert (await at_desk.post("/app/mode", {"mode": "test"}, Referer=wrong)).status_code == 303
    fragment = {"HX-Request-Type": "partial", "HX-Current-URL": wrong}
    for headers in ({"Referer": wrong}, fragment):
        lost = await window.client.post("/app/mode", headers=headers)
        assert lost.status_code in (204, 303)
        assert "evil" not in lost.headers.get("location", lost.headers.get("hx-redirect", ""))


@pytest.mark.parametrize("host", ["evil:99999999", "[evil", "[::1", "evil:x"])
async def test_a_host_that_is_none_is_nobodys_fault(browser: Browser, host: str) -> None:
    for path in ("/app/orders?q=1", "/nowhere", "/orders/x", "/mailbox", "/oauth/authorize", "/files/x"):
        answer = await browser.client.get(path, headers={"Host": host})
        assert answer.status_code in (303, 400, 401, 403, 404), path
    assert (await browser.client.post("/oauth/revoke", headers={"Host": host})).status_code == 401

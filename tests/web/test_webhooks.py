"""The webhooks page: subscribe, see the secret, pause, delete, and see how the deliveries went."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from portside.jobs.drain import drain
from tests.support.cast import Person
from tests.support.receiver import receiving
from tests.web.conftest import Browser
from tests.web.test_orders import push

PATH = "/app/settings/webhooks"


async def add(browser: Browser, url: str, event: str = "order_created") -> str:
    """Gives the id of the new webhook."""
    answer = await browser.post(PATH, {"url": url, "event": event})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?secret=")[2]


async def test_an_event_is_delivered_and_its_answer_shown(at_desk: Browser, api: httpx.AsyncClient) -> None:
    await at_desk.get(PATH)
    with receiving() as receiver:
        made = await add(at_desk, receiver.url)
        page = await at_desk.get(f"{PATH}?secret={made}")
        assert re.search(r"whsec_[A-Za-z0-9+/=]{20,}", page.text)
        assert "whsec_" not in (await at_desk.get(PATH)).text
        assert "Nothing sent yet" in page.text
        await push(api)
        await drain()
        receiver.wait_for(lambda: receiver.events("order_created"))
    page = await at_desk.get(PATH)
    assert "order_created" in page.text and "Delivered" in page.text
    assert re.search(r"</svg>200\s*</span>", page.text)


async def test_pausing_resuming_and_deleting(at_desk: Browser, api: httpx.AsyncClient) -> None:
    await at_desk.get(PATH)
    with receiving() as receiver:
        made = await add(at_desk, receiver.url)
        await at_desk.post(f"{PATH}/{made}/toggle")
        page = (await at_desk.get(PATH)).text
        assert "Paused" in page and "Resume" in page and "Nothing is sent there until you resume it." in page
        await push(api)
        await drain()
        assert receiver.events("order_created") == []
        await at_desk.post(f"{PATH}/{made}/toggle")
        await push(api)
        await drain()
        receiver.wait_for(lambda: receiver.events("order_created"))
        again = re.search(r'action="(/app/settings/webhooks/[^"]+/resend)"', (await at_desk.get(PATH)).text)
        assert again is not None
        await at_desk.post(again[1])
        await drain()
        receiver.wait_for(lambda: len(receiver.deliveries) >= 2)
    await at_desk.post(f"{PATH}/{made}/delete")
    assert "No webhooks yet" in (await at_desk.get(PATH)).text


@pytest.mark.parametrize(
    ("url", "told"),
    [("", "valid URL"), ("ftp://shop.example", "valid URL"), ("https://" + "a" * 300 + ".example", "no more than 199")],
)
async def test_an_address_that_is_none_is_refused_at_its_field(at_desk: Browser, url: str, told: str) -> None:
    await at_desk.get(PATH)
    answer = await at_desk.post(PATH, {"url": url, "event": "all"})
    assert answer.status_code == 422
    assert told in answer.text and 'data-open-dialog="create"' in answer.text


async def test_charlie_can_do_nothing_with_them(
    at_desk: Browser, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    await at_desk.get(PATH)
    made = await add(at_desk, "https://harbor.example/hooks")
    other = Browser(product(Accept="text/html"))
    await other.sign_in(charlie)
    page = await other.get(f"{PATH}?secret={made}")
    assert page.status_code == 200 and "harbor.example" not in page.text and "whsec_" not in page.text
    for deed in ("toggle", "delete", f"deliveries/{made}/resend"):
        assert (await other.post(f"{PATH}/{made}/{deed}")).status_code == 404
    assert "harbor.example/hooks" in (await at_desk.get(PATH)).text

"""The webhooks page: subscribe, see the secret, pause, delete, and see how the deliveries went."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from portside.apps.actions import create_app
from portside.apps.models import AppDraft
from portside.db.begin import begin
from portside.jobs.drain import drain
from tests.support.cast import Person, make_person
from tests.support.partners import grant, make_partner
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


async def test_what_an_app_subscribed_is_shown_and_can_only_be_ended(
    at_desk: Browser, api: httpx.AsyncClient, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    paula = await make_partner()
    await at_desk.get(PATH)
    async with product(await grant(alice.scope, paula.app)) as app_api:
        made = await app_api.post("/webhooks", json={"event": "all", "url": "https://shops.example/hook"})
        hook = made.json()["object_id"]
        page = (await at_desk.get(f"{PATH}?secret={hook}")).text
        assert "shops.example/hook" in page
        assert "Added by Paula&#39;s Shops" in page and f"{hook}/delete" in page
        for hidden in ("whsec_", f"?secret={hook}", f"{hook}/toggle", f"{hook}/test"):
            assert hidden not in page
        for path in ("toggle", "test"):
            assert (await at_desk.post(f"{PATH}/{hook}/{path}")).status_code == 404
        await at_desk.post(f"{PATH}/{hook}/delete")
        assert (await app_api.get("/webhooks")).json()["count"] == 0


async def test_a_partner_chooses_whose_events_are_sent(at_desk: Browser, api: httpx.AsyncClient, alice: Person) -> None:
    assert "All accounts connected to" not in (await at_desk.get(PATH)).text
    async with begin() as tx:
        draft = AppDraft(scope=alice.scope, name="Lantern Shops", redirect_uris=("https://lantern.example/back",))
        app, _ = await create_app(tx, draft)
    assert "All accounts connected to Lantern Shops" in (await at_desk.get(PATH)).text
    given = {"url": "https://lantern.example/hook", "event": "all"}
    assert (await at_desk.post(PATH, {**given, "reach": app.client_id})).status_code == 303
    assert (await at_desk.post(PATH, {**given, "reach": "nobody"})).status_code == 422
    (made,) = (await api.get("/webhooks")).json()["results"]
    assert (made["app"]["name"], made["all_accounts"]) == ("Lantern Shops", True)
    assert (await at_desk.post(f"/app/settings/apps/{app.id}/delete")).status_code == 303
    assert (await api.get("/webhooks")).json()["count"] == 0


async def test_a_partner_reads_in_the_log_what_happened_at_a_merchant(
    at_desk: Browser, api: httpx.AsyncClient, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    merchant = await make_person("merchant")
    async with begin() as tx:
        draft = AppDraft(scope=alice.scope, name="Lantern Shops", redirect_uris=("https://lantern.example/back",))
        app, _ = await create_app(tx, draft)
    await grant(merchant.scope, app)
    with receiving() as receiver:
        given = {"url": receiver.url, "event": "order_created", "app": app.client_id}
        hook = (await api.post("/webhooks", json=given)).json()["object_id"]
        async with product(merchant.token) as merchants_api:
            await push(merchants_api)
        await drain()
        receiver.wait_for(lambda: receiver.events("order_created"))
    log = (await at_desk.get(f"{PATH}/log?webhook={hook}")).text
    found = re.search(r'href="(/app/settings/webhooks/log/[0-9a-f]{32})"', log)
    assert found is not None and merchant.account_id in (await at_desk.get(found[1])).text
    assert found[1] not in (await at_desk.get(f"{PATH}/log")).text

"""Verify my code, and what the app says of webhooks in trouble."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import httpx
import pytest

from portside.jobs.drain import drain
from portside.webhooks import rules
from tests.support.cast import Person
from tests.support.receiver import receiving
from tests.web.conftest import Browser
from tests.web.test_webhooks import add
from tests.webhooks.conftest import happen, nobody_else

__all__ = ["nobody_else"]

PATH = "/app/settings/webhooks"


async def test_a_sample_is_sent_and_its_answer_shown(at_desk: Browser) -> None:
    await at_desk.get(PATH)
    with receiving() as receiver:
        made = await add(at_desk, receiver.url, "track_updated")
        assert f"{PATH}/{made}/test" in (await at_desk.get(f"{PATH}?secret={made}")).text
        page = await at_desk.get(f"{PATH}/{made}/test")
        assert "Nothing was sent yet." in page.text
        receiver.answers = [401, 200, 200]
        refused = unescape((await at_desk.post(f"{PATH}/{made}/test", {"event": "track_updated"})).text)
        assert "The receiver answered 401." in refused and "Portside test webhook" in refused
        taken = await at_desk.post(f"{PATH}/{made}/test", {"event": "track_updated", "signature": "right"})
        assert "Your code took it." in taken.text
        headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
        forged = await at_desk.post(f"{PATH}/{made}/test", {"event": "track_updated", "signature": "wrong"}, **headers)
        assert "Your code took a wrong signature" in forged.text and "<html" not in forged.text
        assert len(receiver.deliveries) == 3


async def test_wrong_forms_and_haste(at_desk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    await at_desk.get(PATH)
    with receiving() as receiver:
        made = await add(at_desk, receiver.url, "track_updated")
        for event in ("order_created", "nothing"):
            answer = await at_desk.post(f"{PATH}/{made}/test", {"event": event})
            assert answer.status_code == 422 and 'data-toast="error"' in answer.text
        monkeypatch.setattr(rules, "TRIALS_OF_WEBHOOK", 0)
        answer = await at_desk.post(f"{PATH}/{made}/test", {"event": "track_updated"})
        assert answer.status_code == 200 and "That was quick." in answer.text
        assert receiver.deliveries == []


async def test_charlie_cannot_test_nor_recover(
    at_desk: Browser, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    await at_desk.get(PATH)
    with receiving() as receiver:
        made = await add(at_desk, receiver.url)
        other = Browser(product(Accept="text/html"))
        await other.sign_in(charlie)
        await other.get(PATH)
        assert (await other.get(f"{PATH}/{made}/test")).status_code == 404
        assert (await other.post(f"{PATH}/{made}/test", {})).status_code == 404
        assert (await other.post(f"{PATH}/{made}/recover")).status_code == 404
        forged = await at_desk.client.post(f"{PATH}/{made}/test", data={"_csrf_token": "forged"})
        assert forged.status_code == 403 and receiver.deliveries == []


def alerts(text: str) -> int:
    """How often the frame of a page says that a webhook is in trouble."""
    return len(re.findall(r'aria-label="A webhook is in trouble"', text))


async def test_a_webhook_that_was_switched_off_is_told_and_recovers_by_one_click(
    at_desk: Browser, alice: Person
) -> None:
    await at_desk.get(PATH)
    assert alerts((await at_desk.get("/app/orders")).text) == 0
    with receiving() as receiver:
        await add(at_desk, receiver.url, "track_updated")
        receiver.answers = [410]
        missed = [await happen(alice.scope)]
        await drain()
        missed.append(await happen(alice.scope))
        await drain()
        assert len(receiver.deliveries) == 1
        assert alerts((await at_desk.get("/app/orders")).text) >= 1
        page = await at_desk.get(PATH)
        assert "is switched off" in page.text and "It answered 410 Gone" in page.text
        recover = re.search(rf'action="({PATH}/[0-9a-f]+/recover)"', page.text)
        assert recover
        await at_desk.post(recover[1])
        await drain()
        assert {delivery.headers["webhook-id"] for delivery in receiver.deliveries[1:]} == set(missed)
    page = await at_desk.get(PATH)
    assert alerts(page.text) == 0 and "is switched off" not in page.text


async def test_a_failing_webhook_is_told_until_it_works_again(at_desk: Browser, alice: Person) -> None:
    await at_desk.get(PATH)
    with receiving() as receiver:
        made = await add(at_desk, receiver.url, "track_updated")
        receiver.answers = [500]
        await happen(alice.scope)
        await drain()
        page = await at_desk.get(PATH)
        assert "is failing" in page.text and alerts(page.text) >= 1 and "its last answer was: 500" in page.text
        await at_desk.post(f"{PATH}/{made}/recover")
        await drain()
        assert len(receiver.deliveries) == 2
    page = await at_desk.get(PATH)
    assert "is failing" not in page.text and alerts(page.text) == 0


async def test_a_webhook_that_its_owner_paused_is_no_trouble(at_desk: Browser) -> None:
    await at_desk.get(PATH)
    made = await add(at_desk, "https://harbor.example/hooks")
    await at_desk.post(f"{PATH}/{made}/toggle")
    page = await at_desk.get(PATH)
    assert "Paused" in page.text and alerts(page.text) == 0

"""Buyers decide whether they hear of their parcels: by a button, by their mail reader's, and back again."""

from __future__ import annotations

import httpx
import pytest

from portside.db.begin import reading
from portside.notifications.models import Channel
from portside.notifications.queries import is_suppressed
from tests.support.buying import BUYER, Shop, words
from tests.support.cast import Person


async def is_stopped(person: Person, channel: Channel = "email", address: str = BUYER["email"]) -> bool:
    async with reading() as tx:
        return await is_suppressed(tx, person.scope, channel, address)


@pytest.fixture
async def path(shop: Shop) -> str:
    """The page of a label's messages."""
    await shop.looks(name="Lantern & Rope")
    return await shop.link(await shop.buy()) + "/messages"


async def test_reading_the_page_changes_nothing_and_tells_no_address(
    path: str, visitor: httpx.AsyncClient, alice: Person
) -> None:
    page = await visitor.get(path)
    assert page.status_code == 200 and not await is_stopped(alice)
    assert "c•••@buyer.example" in page.text and "•••0177" in page.text
    assert "carla@" not in page.text and "5550100177" not in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]


async def test_stop_and_again(path: str, visitor: httpx.AsyncClient, alice: Person, charlie: Person) -> None:
    stopped = await visitor.post(path, data={"channel": "email", "do": "stop"})
    assert "You get no more of them from Lantern &amp; Rope" in words(stopped.text)
    assert await is_stopped(alice) and not await is_stopped(charlie)
    assert not await is_stopped(alice, "sms", "+15550100177")
    await visitor.post(path, data={"channel": "sms", "do": "stop"})
    assert await is_stopped(alice, "sms", "+15550100177")
    again = await visitor.post(path, data={"channel": "email", "do": "again"})
    assert again.status_code == 200 and not await is_stopped(alice)
    assert "set-cookie" not in again.headers


async def test_the_mail_readers_own_button_works(path: str, visitor: httpx.AsyncClient, alice: Person) -> None:
    assert (await visitor.post(path, data={"List-Unsubscribe": "One-Click"})).status_code == 200
    assert await is_stopped(alice)
    await visitor.post(path, data={"channel": "email", "do": "again"})
    assert not await is_stopped(alice)
    parts = {"List-Unsubscribe": (None, "One-Click")}
    assert (await visitor.post(path, files=parts)).status_code == 200
    assert await is_stopped(alice)


async def test_a_stopped_buyer_hears_no_more(shop: Shop, visitor: httpx.AsyncClient) -> None:
    await shop.tells()
    first = await shop.buy()
    await visitor.post(await shop.link(first) + "/messages", data={"channel": "email", "do": "stop"})
    second = await shop.buy()
    assert [(each.message_id is None, each.reason) for each in await shop.told(second)] == [(True, "stopped")]


NONSENSE = [b"", b"\x00\xff" * 50, b"{", b"do=%00&channel=%ff", b"channel=email", b"a=b&" * 5000]


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
async def test_nonsense_changes_nothing(path: str, visitor: httpx.AsyncClient, alice: Person, body: bytes) -> None:
    answer = await visitor.post(path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200 and not await is_stopped(alice)

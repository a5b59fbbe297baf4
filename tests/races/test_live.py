"""Streams of several servers on one database: what one of them writes is heard at all, by those whom it concerns, in
spite of transactions that commit late, broken lines and ended sessions; and a server can be stopped under them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import asyncpg
import httpx
import pytest

from tests.orders.data import order_body
from tests.support.live import browsing, push_orders
from tests.support.patience import PATIENCE
from tests.support.process import Installation

EMAIL, PASSWORD = "alice@live.example", "a long enough secret"
OUTSIDER = "charlie@live.example"
_LATE = (
    "INSERT INTO events (id, account_id, mode, name, object_id, seq, actor, created_at) "
    "SELECT gen_random_uuid(), account_id, 'test', 'order_updated', gen_random_uuid(), 1, 'system:x', now() "
    "FROM credentials LIMIT 1 RETURNING object_id"
)


@pytest.fixture
def token(installation: Installation) -> str:
    for email in (EMAIL, OUTSIDER):
        installation.command("create-account", "--email", email, "--password", PASSWORD)
    return installation.command("create-token", "--email", EMAIL, "--mode", "test")


async def test_what_one_server_writes_is_heard_at_the_other_by_whom_it_concerns(
    installation: Installation, token: str
) -> None:
    near, far = installation.serve(), installation.serve("--no-worker")
    live = installation.command("create-token", "--email", EMAIL, "--mode", "live")
    async with (
        browsing(near.url, EMAIL, PASSWORD) as alice,
        browsing(far.url, OUTSIDER, PASSWORD) as charlie,
        alice.listening() as here,
        alice.listening(url=far.url) as there,
        charlie.listening() as elsewhere,
    ):
        assert [one.heard[0].kind for one in (here, there)] == ["hello", "hello"]
        other_mode = await push_orders(near.url, live, [order_body()])
        orders = await push_orders(near.url, token, [order_body(order_number=str(n)) for n in range(5)])
        for listener in (here, there):
            await listener.until(lambda one: one.objects >= orders)
            assert not listener.objects & other_mode
        # By now the outsider would have heard of it too.
        assert elsewhere.objects == set()


async def test_a_broken_line_is_resumed_without_loss_among_concurrent_writers(
    installation: Installation, token: str
) -> None:
    url = installation.serve("--no-worker").url
    writer = await asyncpg.connect(installation.environ["DATABASE_URL"])
    async with browsing(url, EMAIL, PASSWORD) as browser:
        async with browser.listening() as listener:
            await push_orders(url, token, [order_body()])
            await listener.until(lambda one: bool(one.objects))
            heard, last = set(listener.objects), listener.last_id
        # This transaction began before all that follows, and commits after it.
        late = writer.transaction()
        await late.start()
        late_object = (await writer.fetchval(_LATE)).hex
        pushing = asyncio.create_task(push_orders(url, token, [order_body(order_number=str(n)) for n in range(60)]))
        for _ in range(4):
            async with browser.listening(last) as listener:
                heard |= listener.objects
                last = listener.last_id
        orders = await pushing
        async with browser.listening(last) as listener:
            heard |= listener.objects
            last = listener.last_id
            assert late_object not in heard
        await late.commit()
        await writer.close()
        async with browser.listening(last) as listener:
            await listener.until(lambda one: heard | one.objects >= orders | {late_object})


async def test_a_session_that_ends_ends_its_streams_and_the_rest_end_with_the_server(
    installation: Installation, token: str
) -> None:
    serving = installation.serve()
    async with AsyncExitStack() as stack:
        leaving = await stack.enter_async_context(browsing(serving.url, EMAIL, PASSWORD))
        switching = await stack.enter_async_context(browsing(serving.url, EMAIL, PASSWORD))
        staying = await stack.enter_async_context(browsing(serving.url, EMAIL, PASSWORD))
        left = [await stack.enter_async_context(one.listening()) for one in (leaving, switching)]
        tabs = [await stack.enter_async_context(staying.listening()) for _ in range(7)]
        await leaving.post("/sign-out")
        await switching.post("/app/mode", mode="live")
        async with asyncio.timeout(60):
            for listener in left:
                await listener.ended.wait()
        assert [listener.ended.is_set() for listener in tabs] == [False] * 7
        # To an EventSource, this means that there is nothing to come back for.
        for browser in (leaving, switching):
            answer = await browser.client.get(browser.stream, headers={"Accept": "text/event-stream"})
            assert answer.status_code == 204
        status = await asyncio.to_thread(serving.end)
        assert status == 0
        async with asyncio.timeout(PATIENCE):
            for listener in tabs:
                await listener.ended.wait()
    assert "Cancel" not in installation.logs()
    assert "Exception" not in installation.logs()


async def test_a_browser_gets_so_many_streams_and_a_stranger_none(installation: Installation, token: str) -> None:
    url = installation.serve("--no-worker").url
    headers = {"Accept": "text/event-stream"}
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(browsing(url, EMAIL, PASSWORD))
        charlie = await stack.enter_async_context(browsing(url, OUTSIDER, PASSWORD))
        for _ in range(10):
            await stack.enter_async_context(alice.listening())
        assert (await alice.client.get(alice.stream, headers=headers)).status_code == 429
        assert (await charlie.client.get(alice.stream, headers=headers)).status_code == 204
        assert (await alice.client.get(alice.stream)).status_code == 404
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as stranger:
            assert (await stranger.get(alice.stream, headers=headers)).status_code == 204

"""The feed: one reader of the log, many followers in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from portside.db.begin import begin
from portside.db.pool import current_pool
from portside.events import feed as feeds
from portside.events import outbox
from portside.events.feed import Feed, Follower
from portside.events.models import Event
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from tests.support.patience import PATIENCE


@pytest.fixture
async def feed(database: str) -> AsyncIterator[Feed]:
    feed = Feed()
    running = asyncio.create_task(feed.run())
    yield feed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def write(scope: Scope, count: int = 1) -> set[Id]:
    """Record events of as many objects; gives their ids."""
    ids = {new_id() for _ in range(count)}
    async with begin() as tx:
        events = [Event(scope=scope, name="order_updated", object_id=one, seq=1, payload="{}") for one in ids]
        await outbox.record(tx, *events)
    return ids


async def hear(follower: Follower, count: int) -> set[Id]:
    """The objects that it is told of, until they are so many."""
    heard: set[Id] = set()
    async with asyncio.timeout(PATIENCE):
        while len(heard) < count:
            await follower.roused.wait()
            news, is_cut = follower.take()
            assert not is_cut
            heard |= {one.object_id for one in news}
    return heard


async def test_followers_hear_of_their_own_account_and_mode(feed: Feed, scope: Scope) -> None:
    other = Scope(account_id=new_id(), mode="test", owner="charlie@example.com")
    live = Scope(account_id=scope.account_id, mode="live", owner=scope.owner)
    async with (
        feed.following(scope.account_id, "test", None) as own,
        feed.following(live.account_id, "live", None) as own_live,
        feed.following(other.account_id, "test", None) as others,
    ):
        ids, live_ids, other_ids = await write(scope, 3), await write(live, 2), await write(other)
        assert await hear(own, 3) == ids
        assert await hear(own_live, 2) == live_ids
        assert await hear(others, 1) == other_ids


async def test_who_comes_back_gets_what_it_missed(feed: Feed, scope: Scope) -> None:
    async with feed.following(scope.account_id, "test", None) as follower:
        first = await write(scope)
        assert await hear(follower, 1) == first
    missed = await write(scope, 4)
    async with feed.following(scope.account_id, "test", follower.horizon) as again:
        assert await hear(again, 4) >= missed


async def test_nothing_is_lost_to_whoever_joins_among_writers(feed: Feed, scope: Scope) -> None:
    async def follow(one: Scope) -> None:
        async with feed.following(one.account_id, "test", None) as follower:
            ids = await write(one, 2)
            await asyncio.gather(*[write(one) for _ in range(3)])
            assert await hear(follower, 5) >= ids

    scopes = [Scope(account_id=new_id(), mode="test", owner="x@example.com") for _ in range(12)]
    async with asyncio.TaskGroup() as group:
        for one in scopes:
            group.create_task(follow(one))


async def test_who_is_slow_is_told_to_look_at_everything_and_keeps_no_backlog(
    feed: Feed, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST_WAITING", 5)
    async with (
        feed.following(scope.account_id, "test", None) as slow,
        feed.following(scope.account_id, "test", None) as quick,
    ):
        for _ in range(4):
            await hear_one(quick, await write(scope, 2))
        assert slow.take() == ([], True)
        later = await write(scope)
        assert await hear(slow, 1) == later


async def hear_one(follower: Follower, ids: set[Id]) -> None:
    assert await hear(follower, len(ids)) == ids


async def test_a_follower_keeps_no_connection(feed: Feed, scope: Scope) -> None:
    pool = current_pool()
    async with (
        feed.following(scope.account_id, "test", None),
        feed.following(scope.account_id, "live", None),
    ):
        # The feed itself looks now and then, on a connection that it gives back at once.
        async with asyncio.timeout(PATIENCE):
            while pool.get_idle_size() != pool.get_size():
                await asyncio.sleep(0.01)
